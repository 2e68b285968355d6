"""The lists that can be exported: active and ended connections, a customer's activity, and the activity log."""

from typing import Any

from django.db.models import (
    BinaryField,
    Case,
    CharField,
    F,
    Func,
    OuterRef,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from connections.customer_activity import list_customer_activity
from connections.directory import list_organizations_with_visible_name
from connections.filters import ActivityFilterSet
from connections.models import Connection
from connections.policies import ROLE_TABLE, ConnectionPermission
from connections.queries import (
    list_active_connections,
    list_ended_connections,
    list_own_activity,
)
from connections.timeline import name_actor, name_on_behalf
from notifications.models import Event, EventSeal
from notifications.sealing import CLOSED_FIELDS
from notifications.timeline import build_change_rows, find_activity_description
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.columns import (
    ExportColumn,
    make_datetime_column,
    make_identifier_column,
    make_text_column,
    make_translated_column,
    make_unchanged_column,
)
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
    return list_customer_activity(actor, customer).order_by("-at", "-pk")


def _activity_log(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the events of the activity log that its page shows, in its order, each with its link of the chain."""
    rows = ActivityFilterSet(query, list_own_activity(actor), acting=actor).qs
    links = EventSeal.objects.visible_to(actor).filter(event_id=OuterRef("pk"))
    link = {
        f"link_{name}": Subquery(links.values(name)[:1]) for name in ("position", "sealed_at", "previous", "digest")
    }
    customer = list_organizations_with_visible_name(actor).filter(pk=OuterRef("customer_id")).values("name")[:1]
    concerns = Coalesce(Subquery(customer), "counterpart_label")
    order = ("at", "pk") if query.get("sort") == "at" else ("-at", "-pk")
    return rows.annotate(**link, concerns=concerns, reader_id=Value(actor.organization_id)).order_by(*order)


def _name_actor(event: Any) -> str:
    return name_actor(event, event.reader_id)


def _describe_action(event: Event) -> str:
    description = find_activity_description(event.kind)
    detail = description.detail(event)
    return f"{description.build_sentence(event)} · {detail}" if detail else description.build_sentence(event)


def _name_on_behalf(event: Any) -> str:
    return name_on_behalf(event, event.reader_id)


def _describe_changes(event: Event) -> str:
    rows = build_change_rows(event)
    return " · ".join(row.label if row.is_secret else f"{row.label}: {row.before} → {row.after}" for row in rows)


def _make_exact_time(value: str) -> Func:
    utc = Func(Value("UTC"), F(value), function="timezone")
    return Func(utc, Value('YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), function="to_char", output_field=CharField())


def _make_hex(value: Any) -> Func:
    return Func(value, Value("hex"), function="encode", output_field=CharField())


_REST = Func(*CLOSED_FIELDS, function="event_rest", output_field=BinaryField())
# First what people read, then what the digest is made of, then the digest and the link: `verify_export` checks these.
_LOG_COLUMNS = (
    make_unchanged_column("at", _make_exact_time("at")),
    make_translated_column("done_by", _name_actor),
    make_translated_column("on_behalf", _name_on_behalf),
    make_text_column("concerns"),
    make_translated_column("action", _describe_action),
    make_text_column("object", "subject_label"),
    make_translated_column("before_after", _describe_changes),
    ExportColumn("changes", Cast("changes", TextField()), is_quoted=True),
    make_text_column("note"),
    make_identifier_column("event", "public_id"),
    make_unchanged_column("kind"),
    make_unchanged_column("actor_kind"),
    make_unchanged_column("subject_kind"),
    make_identifier_column("subject", "subject_id"),
    make_unchanged_column("rest", _make_hex(_REST)),
    make_unchanged_column("digest", _make_hex(F("digest"))),
    make_unchanged_column("number", "pk"),
    make_unchanged_column("position", "link_position"),
    make_unchanged_column("sealed_at", _make_exact_time("link_sealed_at")),
    make_unchanged_column("previous_link", _make_hex(F("link_previous"))),
    make_unchanged_column("link", _make_hex(F("link_digest"))),
)

LISTS = (
    ExportableList(
        key="connections",
        label=_("Active connections"),
        counted_rows=ngettext_lazy("%(total)s active connection", "%(total)s active connections", "number"),
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
        counted_rows=ngettext_lazy("%(total)s ended connection", "%(total)s ended connections", "number"),
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
    ExportableList(
        key="activity_log",
        label=_("Activity log"),
        rows=_activity_log,
        rule=(ROLE_TABLE, ConnectionPermission.VIEW_ACTIVITY),
        filters=frozenset(ActivityFilterSet.base_filters) | {"sort"},
        columns=_LOG_COLUMNS,
    ),
)
