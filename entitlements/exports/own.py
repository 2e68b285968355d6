"""Lists that are not of customers alone: connections, notices, operators, holders, what is asked of the vendor."""

from typing import Any

from django.db.models import Case, CharField, F, QuerySet, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext_lazy as _

from accounts.policies import ROLE_TABLE as ACCOUNTS
from accounts.policies import AccountPermission
from accounts.queries import operators
from connections.models import Connection
from connections.policies import ROLE_TABLE as CONNECTIONS
from connections.policies import ConnectionPermission
from connections.queries import active_connections, ended_connections
from entitlements import queries
from entitlements.exports.base import SERVICE_COLUMNS, SKU_COLUMNS, List, Query
from entitlements.exports.columns import code, flag, in_words, joined, moment, raw, text
from entitlements.filters import HolderFilterSet
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from notifications.filters import NoticeFilterSet
from notifications.queries import inbox
from notifications.rows import body, subject
from partnerportal.lib.actors import Actor


def _other(actor: Actor, rows: QuerySet[Connection]) -> QuerySet[Connection]:
    """Each with the `other` side's name, as it was kept, and what that side is."""
    mine = When(partner=actor.organization_id, then=F("customer_name"))
    is_customer = When(partner=actor.organization_id, then=Value("customer"))
    return rows.annotate(
        other=Case(mine, default=F("partner_name")),
        other_is=Case(is_customer, default=Value("partner"), output_field=CharField()),
    )


def _connections(actor: Actor, _query: Query, _customer: int | None) -> QuerySet[Any]:
    country = Case(When(partner=actor.organization_id, then=F("customer__country")), default=F("partner__country"))
    rows = _other(actor, active_connections(actor)).annotate(other_country=country)
    return rows.order_by("-connected_at", "-pk")


def _ended(actor: Actor, _query: Query, _customer: int | None) -> QuerySet[Any]:
    us = When(ended_by=actor.organization_id, then=Value("us"))
    by = Case(us, default=Value("them"), output_field=CharField())
    return _other(actor, ended_connections(actor)).annotate(by=by).order_by("-ended_at", "-pk")


def _inbox(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Open notices, unless the others are asked for."""
    return NoticeFilterSet(query, inbox(actor)).qs


def _holders(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Of the actor's own organisation, and never of any other (CC-32)."""
    return HolderFilterSet(query, queries.holders(actor)).qs.order_by("holder", "pk")


def _trials(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """The view that the page shows, in its order; without one, all."""
    rows = queries.trials(actor)
    if query.get("view") in queries.TRIAL_VIEWS:
        rows = rows.filter(state__in=queries.TRIAL_VIEWS[query["view"]])
    return rows.order_by("pk" if query.get("view") == "waiting" else "-pk")


def _operators(actor: Actor, _query: Query, _customer: int | None) -> QuerySet[Any]:
    """Of the actor's own organisation."""
    return operators(actor)


def _releases(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """The view that the page shows, in its order."""
    if query.get("view") == "released":
        return queries.released(actor).order_by("-released_at", "-pk")
    return queries.releases(actor).order_by("asked_at", "pk")


LISTS = (
    List(
        key="connections",
        label=_("Active connections"),
        rows=_connections,
        rule=(CONNECTIONS, ConnectionPermission.VIEW),
        columns=(
            text("organization", "other"),
            raw("relation", "other_is"),
            raw("country", "other_country"),
            moment("connected_at"),
        ),
    ),
    List(
        key="ended_connections",
        label=_("Ended connections"),
        rows=_ended,
        rule=(CONNECTIONS, ConnectionPermission.VIEW),
        columns=(
            text("organization", "other"),
            raw("relation", "other_is"),
            moment("connected_at"),
            moment("ended_at"),
            raw("ended_by", "by"),
        ),
    ),
    List(
        key="inbox",
        label=_("Inbox"),
        rows=_inbox,
        of_own=True,
        filters=frozenset(NoticeFilterSet.base_filters),
        columns=(
            moment("at"),
            raw("kind"),
            text("about", "about_label"),
            text("service", KeyTextTransform("sku_name", "params")),
            in_words("text", subject),
            in_words("details", body),
            flag("is_unread"),
            moment("dismissed_at"),
        ),
    ),
    List(
        key="operators",
        label=_("Operators & roles"),
        rows=_operators,
        rule=(ACCOUNTS, AccountPermission.VIEW_OPERATORS),
        columns=(
            text("name", "person__name"),
            text("email", "person__email"),
            raw("roles", joined("roles")),
            moment("since", "created_at"),
        ),
    ),
    List(
        key="licence_users",
        label=_("Licence users"),
        rows=_holders,
        rule=(ROLE_TABLE, EntitlementPermission.MANAGE_HOLDERS),
        filters=frozenset(HolderFilterSet.base_filters),
        columns=(
            text("holder"),
            raw("holder_kind"),
            *SKU_COLUMNS,
            text("sku_name", "sku__name"),
            moment("assigned_at"),
            moment("last_used_at"),
            moment("release_asked_at"),
        ),
    ),
    List(
        key="trials",
        label=_("Trials"),
        rows=_trials,
        rule=(ROLE_TABLE, EntitlementPermission.VIEW_TRIALS),
        filters=frozenset({"view"}),
        columns=(
            *SERVICE_COLUMNS,
            raw("country", "customer__country"),
            moment("changed_at", "updated_at"),
            text("reason"),
        ),
    ),
    List(
        key="releases",
        label=_("Licence releases"),
        rows=_releases,
        rule=(ROLE_TABLE, EntitlementPermission.VIEW_RELEASES),
        filters=frozenset({"view"}),
        columns=(
            text("customer", "customer_name"),
            code("org_id"),
            raw("country"),
            *SKU_COLUMNS,
            text("sku_name", "sku__name"),
            text("key"),
            moment("asked_at"),
            moment("released_at"),
            text("released_by"),
        ),
    ),
)
