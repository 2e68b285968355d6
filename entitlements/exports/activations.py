"""Exported lists of pending customers and pending partners: the activation links that were sent to them."""

from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from entitlements.filters import ActivationFilterSet
from entitlements.lists.activations import DEFINITIONS
from entitlements.models import ActivationLink
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.activation import annotate_present_step, list_activation_links
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.columns import (
    make_datetime_column,
    make_identifier_column,
    make_text_column,
    make_unchanged_column,
)
from partnerportal.lib.exports.lists import ExportableList, Query
from partnerportal.lib.visible_rows import parse_public_ids

Kind = ActivationLink.Kind


def _links(kind: str, actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the links that the page shows, in its order, or without a state those of all states."""
    rows = annotate_present_step(ActivationFilterSet(query, list_activation_links(actor, kind)).qs)
    if query.get("ids"):
        rows = rows.filter(public_id__in=parse_public_ids(query["ids"]))
    return rows.order_by(*DEFINITIONS[Kind(kind)].list_order_fields(query))


_COMMON = (
    make_identifier_column("link", "public_id"),
    make_text_column("organization_name", "name"),
    make_text_column("email"),
    make_unchanged_column("country"),
    make_unchanged_column("language"),
)
_STEPS = (
    make_text_column("sent_by", "sender_name"),
    make_unchanged_column("state"),
    make_datetime_column("created_at"),
    make_datetime_column("opened_at"),
    make_datetime_column("signed_in_at"),
    make_datetime_column("bounced_at"),
    make_unchanged_column("problem"),
    make_datetime_column("expires_at"),
    make_datetime_column("closed_at"),
    make_text_column("reason"),
)
FILTERS = frozenset({*ActivationFilterSet.base_filters, "sort"})
PENDING_CUSTOMERS = ExportableList(
    key="pending_customers",
    label=_("Pending customers"),
    rows=partial(_links, Kind.CUSTOMER),
    rule=(ROLE_TABLE, EntitlementPermission.VIEW_PENDING_CUSTOMERS),
    filters=FILTERS,
    columns=(
        *_COMMON,
        make_unchanged_column("sku", "sku__code"),
        make_unchanged_column("licences", "seats"),
        make_text_column("partner", "partner_name"),
        *_STEPS,
    ),
)
PENDING_PARTNERS = ExportableList(
    key="pending_partners",
    label=_("Pending partners"),
    rows=partial(_links, Kind.PARTNER),
    rule=(ROLE_TABLE, EntitlementPermission.VIEW_PENDING_PARTNERS),
    filters=FILTERS,
    columns=(*_COMMON, make_unchanged_column("program", "program__code"), *_STEPS),
)
LISTS = (PENDING_CUSTOMERS, PENDING_PARTNERS)
