"""The lists of connections that can be exported: active ones, and those that have ended."""

from typing import Any

from django.db.models import Case, CharField, F, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from connections.models import Connection
from connections.policies import ROLE_TABLE, ConnectionPermission
from connections.queries import list_active_connections, list_customer_activity_events, list_ended_connections
from connections.timeline import list_activity_event_kinds
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.columns import make_datetime_column, make_text_column, make_unchanged_column
from partnerportal.lib.exports.lists import ExportableList, ExportSubject, Query


def _with_other_side(actor: Actor, rows: QuerySet[Connection]) -> QuerySet[Connection]:
    """Add the other side to each connection of the actor: `other` is its name, `other_is` "customer" or "partner".

    The names are those that the connection itself keeps.
    """
    mine = When(partner=actor.organization_id, then=F("customer_name"))
    is_customer = When(partner=actor.organization_id, then=Value("customer"))
    return rows.annotate(
        other=Case(mine, default=F("partner_name")),
        other_is=Case(is_customer, default=Value("partner"), output_field=CharField()),
    )


def _connections(actor: Actor, _query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the active connections of the actor's organisation, the latest first."""
    country = Case(When(partner=actor.organization_id, then=F("customer__country")), default=F("partner__country"))
    rows = _with_other_side(actor, list_active_connections(actor)).annotate(other_country=country)
    return rows.order_by("-connected_at", "-pk")


def _ended(actor: Actor, _query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the ended connections of the actor's organisation, the latest end first; `by` is "us" or "them"."""
    us = When(ended_by=actor.organization_id, then=Value("us"))
    by = Case(us, default=Value("them"), output_field=CharField())
    return _with_other_side(actor, list_ended_connections(actor)).annotate(by=by).order_by("-ended_at", "-pk")


def _activity(actor: Actor, _query: Query, customer: int | None) -> QuerySet[Any]:
    return list_customer_activity_events(actor, customer).filter(kind__in=list_activity_event_kinds()).order_by("-pk")


LISTS = (
    ExportableList(
        key="connections",
        label=_("Active connections"),
        rows=_connections,
        rule=(ROLE_TABLE, ConnectionPermission.VIEW),
        columns=(
            make_text_column("organization", "other"),
            make_unchanged_column("relation", "other_is"),
            make_unchanged_column("country", "other_country"),
            make_datetime_column("connected_at"),
        ),
    ),
    ExportableList(
        key="ended_connections",
        label=_("Ended connections"),
        rows=_ended,
        rule=(ROLE_TABLE, ConnectionPermission.VIEW),
        columns=(
            make_text_column("organization", "other"),
            make_unchanged_column("relation", "other_is"),
            make_datetime_column("connected_at"),
            make_datetime_column("ended_at"),
            make_unchanged_column("ended_by", "by"),
        ),
    ),
    ExportableList(
        key="activity",
        label=_("Activity"),
        rows=_activity,
        subject=ExportSubject.ONE,
        rule=(ROLE_TABLE, ConnectionPermission.VIEW_CUSTOMERS),
        own_rule=(ROLE_TABLE, ConnectionPermission.VIEW),
        columns=(
            make_datetime_column("at"),
            make_unchanged_column("event", "kind"),
            make_text_column("organization", "organization_label"),
            make_text_column("counterpart", "counterpart_label"),
            make_text_column("subject", "subject_label"),
        ),
    ),
)
