"""Exported lists of licence users, and of what is asked of the vendor: trials and releases."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from entitlements.exports.columns import SERVICE_COLUMNS, SKU_COLUMNS
from entitlements.filters import HolderFilterSet
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.releases import list_released_licences, list_releases
from entitlements.queries.trials import TRIAL_VIEWS, list_trials
from entitlements.queries.usage import list_holders
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.columns import identifier_column, moment_column, raw_column, text_column
from partnerportal.lib.exports.lists import ExportList, Query


def _holders(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return who holds licences of the actor's own organisation, and never of any other (CC-32)."""
    return HolderFilterSet(query, list_holders(actor)).qs.order_by("holder", "pk")


def _trials(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the trials of the view that the page shows, in its order, or all trials without a view."""
    rows = list_trials(actor)
    if query.get("view") in TRIAL_VIEWS:
        rows = rows.filter(state__in=TRIAL_VIEWS[query["view"]])
    return rows.order_by("pk" if query.get("view") == "waiting" else "-pk")


def _releases(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the releases of the view that the page shows, in its order."""
    if query.get("view") == "released":
        return list_released_licences(actor).order_by("-released_at", "-pk")
    return list_releases(actor).order_by("asked_at", "pk")


LISTS = (
    ExportList(
        key="licence_users",
        label=_("Licence users"),
        rows=_holders,
        rule=(ROLE_TABLE, EntitlementPermission.MANAGE_HOLDERS),
        filters=frozenset(HolderFilterSet.base_filters),
        columns=(
            text_column("holder"),
            raw_column("holder_kind"),
            *SKU_COLUMNS,
            text_column("sku_name", "sku__name"),
            moment_column("assigned_at"),
            moment_column("last_used_at"),
            moment_column("release_asked_at"),
        ),
    ),
    ExportList(
        key="trials",
        label=_("Trials"),
        rows=_trials,
        rule=(ROLE_TABLE, EntitlementPermission.VIEW_TRIALS),
        filters=frozenset({"view"}),
        columns=(
            *SERVICE_COLUMNS,
            raw_column("country", "customer__country"),
            moment_column("changed_at", "updated_at"),
            text_column("reason"),
        ),
    ),
    ExportList(
        key="releases",
        label=_("Licence releases"),
        rows=_releases,
        rule=(ROLE_TABLE, EntitlementPermission.VIEW_RELEASES),
        filters=frozenset({"view"}),
        columns=(
            text_column("customer", "customer_name"),
            identifier_column("org_id"),
            raw_column("country"),
            *SKU_COLUMNS,
            text_column("sku_name", "sku__name"),
            text_column("key"),
            moment_column("asked_at"),
            moment_column("released_at"),
            text_column("released_by"),
        ),
    ),
)
