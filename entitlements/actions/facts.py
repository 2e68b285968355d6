"""Stores one batch of facts. The number of statements does not depend on the number of facts."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction

from accounts.models import Organization
from entitlements.actions.publishers import store_sku_publishers
from entitlements.actions.rollups import recompute_usage_totals_of_skus
from entitlements.events import EntitlementEventKind
from entitlements.facts import ReferencedCustomersAndSkus, ReferencedPublishers
from entitlements.models import Entitlement, Order, OrderLine, Sku
from notifications.actions.recording import make_event, record_events
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.changes import Changes, list_changes_between
from partnerportal.lib.json_lines.facts import Answers, LineOutcome, LineProblem, ValidLine
from partnerportal.lib.locks import AdvisoryLock, acquire_lock

NOT_NEWS = {"assigned"}  # fields that change every day, so that nobody wants a notice about them


@dataclass
class FeedLineChange:
    """A line of the feed, the row that it makes (`row`), and the stored row of the same key (`old`, or None).

    `before` holds the stored values of the fields in which the two rows differ.
    """

    fact: ValidLine
    row: Any
    old: Any
    before: dict[str, Any]

    @property
    def outcome(self) -> LineOutcome:
        """The outcome that is reported for the line: added, changed or unchanged."""
        if self.old is None:
            return LineOutcome.ADDED
        return LineOutcome.CHANGED if self.before else LineOutcome.UNCHANGED


@transaction.atomic
def store_feed_lines(*, actor: Actor, lines: list[ValidLine], with_events: bool, at: dt.datetime) -> Answers:
    """Store SKUs, entitlements and orders from lines of the vendor's feed. No key may occur twice among them.

    Returns a dict from the line number to the outcome of the line, or to the problem that refused it. SKUs are stored
    first, because the other lines refer to them. With `with_events` the additions and changes that customers are told
    about, and those of publishers, are recorded as events, dated `at`.
    """
    acquire_lock(AdvisoryLock.FACTS)
    answers: Answers = {}
    published = _store_skus([fact for fact in lines if fact.type == "sku"], answers, actor, at)
    others = [fact for fact in lines if fact.type != "sku"]
    known = ReferencedCustomersAndSkus.read_for_lines(others)
    for fact in others:
        if problem := known.find_problem(fact):
            answers[fact.line] = problem
    sound = [fact for fact in others if fact.line not in answers]
    entitlements = _store_entitlements([f for f in sound if f.type == "entitlement"], known, answers, at)
    orders = _store_orders([f for f in sound if f.type == "order"], known, answers)
    news = [_entitlement_news(change, known, actor, at) for change in entitlements if _is_news(change)]
    news += [_order_news(change, known, actor, at) for change in orders if change.old is None]
    if with_events:
        record_events(published + news)
    return answers


def _store_skus(facts: list[ValidLine], answers: Answers, actor: Actor, at: dt.datetime) -> list[Event]:
    """Store SKUs and answer their lines. The use of a SKU that is now counted in another way is counted anew.

    Returns the events of SKUs that have another publisher now.
    """
    known = ReferencedPublishers.read_for_lines(facts)
    answers.update((fact.line, problem) for fact in facts if (problem := known.find_problem(fact)))
    sound = [fact for fact in facts if fact.line not in answers]
    named = {fact.line: known.publishers.get(fact.values["publisher"]) for fact in sound if "publisher" in fact.values}
    pairs = [(fact, {name: value for name, value in fact.values.items() if name != "publisher"}) for fact in sound]
    changes = _compare(Sku, "code", pairs)
    _write(Sku, "code", changes, ["service", "name", "kind", "licence_model"])
    if recounted := [change.old.pk for change in changes if "licence_model" in change.before]:
        recompute_usage_totals_of_skus(recounted)
    of_line = {change.fact.line: change.old or change.row for change in changes}
    events = store_sku_publishers(actor, {of_line[line]: who for line, who in named.items()}, at) if named else []
    moved = {event.data["sku"] for event in events}
    for change in changes:
        is_moved = change.fact.key in moved and change.outcome is LineOutcome.UNCHANGED
        answers[change.fact.line] = LineOutcome.CHANGED if is_moved else change.outcome
    return events


def _store_entitlements(
    facts: list[ValidLine], known: ReferencedCustomersAndSkus, answers: Answers, at: dt.datetime
) -> list[FeedLineChange]:
    """Store entitlements and answer their lines. Return all that were not refused, changed or not."""
    pairs = []
    for fact in facts:
        values = dict(fact.values)
        values["customer_id"] = known.customers[values.pop("customer")].pk
        values["sku_id"] = known.skus[values.pop("sku")].pk
        pairs.append((fact, values))
    changes = _of_same_customer(_compare(Entitlement, "external_id", pairs, with_related=("sku",)), answers)
    for change in changes:
        change.row.updated_at = at
    fields = ["sku", "kind", "state", "source", "quantity", "assigned", "starts_on", "ends_on", "updated_at"]
    _write(Entitlement, "external_id", changes, fields)
    answers.update((change.fact.line, change.outcome) for change in changes)
    return changes


def _store_orders(facts: list[ValidLine], known: ReferencedCustomersAndSkus, answers: Answers) -> list[FeedLineChange]:
    """Store orders with their lines and answer the feed's lines. Return all that were not refused, changed or not."""
    pairs = []
    for fact in facts:
        values = {name: value for name, value in fact.values.items() if name not in ("customer", "lines")}
        pairs.append((fact, values | {"customer_id": known.customers[fact.values["customer"]].pk}))
    changes = _of_same_customer(_compare(Order, "number", pairs), answers)
    _write(Order, "number", changes, ["placed_on", "state", "currency", "total"])
    _store_lines(changes, known)
    answers.update((change.fact.line, change.outcome) for change in changes)
    return changes


def _store_lines(changes: list[FeedLineChange], known: ReferencedCustomersAndSkus) -> None:
    """Write all lines of an order anew where one of them differs. The order then counts as changed."""
    stored: dict[int, list[tuple[Any, ...]]] = {change.old.pk: [] for change in changes if change.old}
    rows = OrderLine.objects.filter(order__in=list(stored)).order_by("order_id", "position")
    for row in rows:
        stored[row.order_id].append((row.sku_id, row.quantity, row.unit_price))
    written, fresh = [], []
    for change in changes:
        items = [(known.skus[i["sku"]].pk, i["quantity"], i["unit_price"]) for i in change.fact.values["lines"]]
        if change.old:
            if items == stored[change.old.pk]:
                continue
            change.before["lines"] = len(stored[change.old.pk])
            written.append(change.old.pk)
        order_id = change.old.pk if change.old else change.row.pk
        fresh += [
            OrderLine(order_id=order_id, position=position, sku_id=sku_id, quantity=quantity, unit_price=price)
            for position, (sku_id, quantity, price) in enumerate(items, 1)
        ]
    if written:
        OrderLine.objects.filter(order__in=written).delete()
    if fresh:
        OrderLine.objects.bulk_create(fresh)


def _compare(
    model: type[models.Model],
    key: str,
    pairs: list[tuple[ValidLine, dict[str, Any]]],
    with_related: tuple[str, ...] = (),
) -> list[FeedLineChange]:
    """Return each fact of `pairs`, which come with their values, beside the row that has its key. Rows are locked."""
    if not pairs:
        return []
    rows = model._default_manager.filter(**{f"{key}__in": [fact.key for fact, _values in pairs]})
    rows = rows.select_for_update(no_key=True, of=("self",))
    if with_related:
        rows = rows.select_related(*with_related)
    stored = {getattr(row, key): row for row in rows}
    changes = []
    for fact, values in pairs:
        old = stored.get(fact.key)
        before = {name: getattr(old, name) for name, new in values.items() if getattr(old, name) != new} if old else {}
        changes.append(FeedLineChange(fact, model(**{key: fact.key}, **values), old, before))
    return changes


def _of_same_customer(changes: list[FeedLineChange], answers: Answers) -> list[FeedLineChange]:
    """Answer `other_customer` to changes that would move a row to another customer, and return the other changes.

    A feed that moves a row would show one customer's data to another's partners.
    """
    for change in changes:
        if "customer_id" in change.before:
            answers[change.fact.line] = LineProblem("other_customer", "This belongs to another ORGID.", "customer")
    return [change for change in changes if "customer_id" not in change.before]


def _write(model: type[models.Model], key: str, changes: list[FeedLineChange], fields: list[str]) -> None:
    rows = [change.row for change in changes if change.outcome is not LineOutcome.UNCHANGED]
    if rows:
        model._default_manager.bulk_create(rows, update_conflicts=True, unique_fields=[key], update_fields=fields)


def _is_news(change: FeedLineChange) -> bool:
    return change.old is None or bool(change.before.keys() - NOT_NEWS)


def _entitlement_news(
    change: FeedLineChange, known: ReferencedCustomersAndSkus, actor: Actor, at: dt.datetime
) -> Event:
    row, sku = change.row, known.skus[change.fact.values["sku"]]
    before = {name: value for name, value in change.before.items() if name != "sku_id"}
    after = {name: getattr(row, name) for name in before}
    if "sku_id" in change.before:
        before["sku"], after["sku"] = change.old.sku.code, sku.code
    details = {
        "sku": sku.code,
        "sku_name": sku.name,
        "kind": row.kind,
        "state": row.state,
        "quantity": row.quantity,
    }
    subject = change.old or row  # a changed row keeps the public id that it has
    customer = known.customers[change.fact.values["customer"]]
    changes = list_changes_between(before, after)
    return _event(_event_kind(change), subject, sku.name, customer, details, actor, at, changes)


def _event_kind(change: FeedLineChange) -> EntitlementEventKind:
    row = change.row
    arrived = change.old is None or "state" in change.before
    if arrived and row.state == Entitlement.State.ACTIVE:
        return EntitlementEventKind.ADDED
    if arrived and row.kind == Entitlement.Kind.TRIAL and row.state == Entitlement.State.REQUESTED:
        return EntitlementEventKind.TRIAL_REQUESTED
    if arrived and row.kind == Entitlement.Kind.TRIAL and row.state == Entitlement.State.EXPIRED:
        return EntitlementEventKind.TRIAL_EXPIRED
    return EntitlementEventKind.CHANGED


def _order_news(change: FeedLineChange, known: ReferencedCustomersAndSkus, actor: Actor, at: dt.datetime) -> Event:
    row = change.row
    details = {"number": row.number, "total": str(row.total), "currency": row.currency}
    customer = known.customers[change.fact.values["customer"]]
    return _event(EntitlementEventKind.ORDER_PLACED, row, row.number, customer, details, actor, at)


def _event(
    kind: EntitlementEventKind,
    subject: Any,
    label: str,
    customer: Organization,
    details: dict[str, Any],
    actor: Actor,
    at: dt.datetime,
    changes: Changes | None = None,
) -> Event:
    data = {"customer": str(customer.public_id), "customer_name": customer.name, **details}
    return make_event(
        kind,
        actor=actor,
        subject=subject,
        label=label,
        customer_id=customer.pk,
        scopes=kind.scopes,
        data=data,
        changes=changes,
        at=at,
    )
