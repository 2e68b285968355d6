"""Exported lists of requests: an organisation's own, and the vendor's queue."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.columns import (
    make_datetime_column,
    make_identifier_column,
    make_text_column,
    make_unchanged_column,
)
from partnerportal.lib.exports.lists import ExportableList, Query
from support.filters import OwnRequestFilterSet, RequestQueueFilterSet
from support.policies import ROLE_TABLE, SupportPermission
from support.queries import list_request_rows


def _own(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the organisation's own requests that the page shows, in its order."""
    return OwnRequestFilterSet(query, list_request_rows(actor)).qs.order_by("-pk")


def _queue(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the requests that the page shows, in its order, or without a state those of all states."""
    order = "-pk" if query.get("state") == "closed" else "pk"
    return RequestQueueFilterSet(query, list_request_rows(actor)).qs.order_by(order)


COLUMNS = (
    make_text_column("kind"),
    make_text_column("subject", "subject_label"),
    make_text_column("title"),
    make_unchanged_column("severity"),
    make_unchanged_column("state"),
    make_unchanged_column("revision"),
    make_datetime_column("submitted_at"),
    make_datetime_column("decided_at"),
    make_text_column("reason"),
)
LISTS = (
    ExportableList(
        key="own_requests",
        label=_("Requests"),
        counted_rows=ngettext_lazy("%(total)s request", "%(total)s requests", "number"),
        rows=_own,
        rule=(ROLE_TABLE, SupportPermission.LIST_REQUESTS),
        filters=frozenset(OwnRequestFilterSet.base_filters),
        columns=(make_identifier_column("number"), *COLUMNS),
    ),
    ExportableList(
        key="requests",
        label=_("Requests"),
        counted_rows=ngettext_lazy("%(total)s request", "%(total)s requests", "number"),
        rows=_queue,
        rule=(ROLE_TABLE, SupportPermission.VIEW_QUEUE),
        filters=frozenset(RequestQueueFilterSet.base_filters),
        columns=(
            make_identifier_column("number"),
            make_text_column("organization", "organization__name"),
            make_identifier_column("org_id", "organization__org_id"),
            *COLUMNS,
        ),
    ),
)
