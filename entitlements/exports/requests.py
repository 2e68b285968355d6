"""Exported lists of licence users, and of what is asked of the vendor: trials and releases."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from entitlements.exports.columns import SERVICE_COLUMNS, SKU_COLUMNS
from entitlements.filters import LicenceHolderFilterSet, LicenceReleaseFilterSet, TrialFilterSet
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.releases import RELEASED, list_all_licence_releases
from entitlements.queries.trials import list_trials, order_trials
from entitlements.queries.usage import list_licence_holders
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.columns import (
    make_datetime_column,
    make_identifier_column,
    make_text_column,
    make_unchanged_column,
)
from partnerportal.lib.exports.lists import ExportableList, Query
from partnerportal.lib.visible_rows import parse_public_ids


def _holders(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return who holds licences of the actor's own organisation, and never of any other (CC-32)."""
    return LicenceHolderFilterSet(query, list_licence_holders(actor)).qs.order_by("holder", "pk")


def _trials(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the trials that the page shows, in its order, or without a state those of all states."""
    trials, sort, descending = order_trials(list_trials(actor), query.get("state"))
    rows = TrialFilterSet(query, trials).qs
    if query.get("ids"):
        rows = rows.filter(public_id__in=parse_public_ids(query["ids"]))
    return rows.order_by(*(f"-{name}" if descending else name for name in (sort, "pk")))


def _releases(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the releases that the page shows, in its order."""
    order = ("-released_at", "-pk") if query.get("state") == RELEASED else ("asked_at", "pk")
    return LicenceReleaseFilterSet(query, list_all_licence_releases(actor)).qs.order_by(*order)


LISTS = (
    ExportableList(
        key="licence_users",
        label=_("Licence users"),
        rows=_holders,
        rule=(ROLE_TABLE, EntitlementPermission.MANAGE_HOLDERS),
        filters=frozenset(LicenceHolderFilterSet.base_filters),
        columns=(
            make_text_column("holder"),
            make_unchanged_column("holder_kind"),
            *SKU_COLUMNS,
            make_datetime_column("assigned_at"),
            make_datetime_column("last_used_at"),
            make_datetime_column("release_asked_at"),
        ),
    ),
    ExportableList(
        key="trials",
        label=_("Trials"),
        counted_rows=ngettext_lazy("%(total)s trial", "%(total)s trials", "number"),
        rows=_trials,
        rule=(ROLE_TABLE, EntitlementPermission.VIEW_TRIALS),
        filters=frozenset(TrialFilterSet.base_filters),
        columns=(
            *SERVICE_COLUMNS,
            make_unchanged_column("country", "customer__country"),
            make_datetime_column("changed_at", "updated_at"),
            make_text_column("reason"),
        ),
    ),
    ExportableList(
        key="releases",
        label=_("Licence releases"),
        counted_rows=ngettext_lazy("%(total)s licence release", "%(total)s licence releases", "number"),
        rows=_releases,
        rule=(ROLE_TABLE, EntitlementPermission.VIEW_RELEASES),
        filters=frozenset(LicenceReleaseFilterSet.base_filters),
        columns=(
            make_text_column("customer", "customer_name"),
            make_identifier_column("org_id"),
            make_unchanged_column("country"),
            *SKU_COLUMNS,
            make_text_column("key"),
            make_datetime_column("asked_at"),
            make_datetime_column("released_at"),
            make_text_column("released_by"),
        ),
    ),
)
