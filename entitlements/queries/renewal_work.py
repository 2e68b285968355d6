"""Queries of what an organisation does about ends: its work, the history of it, and what an end is worth."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    DecimalField,
    Exists,
    F,
    Field,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Concat, Lower

from accounts.models import Operator
from accounts.queries.operators import list_operators
from entitlements.models import Entitlement, Order, OrderLine, RenewalState, RenewalStep, RenewalWork
from entitlements.queries.renewals import list_upcoming_renewals
from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import get_by_public_id

UNASSIGNED = "none"  # the value of the filter by owner that keeps what nobody looks after
ADDED_UP = 1000  # renewals that a page adds up at most, so that it costs the same for 20 customers and 20,000
VALUE_ORDER, OWNER_ORDER, STATE_ORDER = "value_order", "owner_order", "state_order"  # annotations to sort by
AMOUNT = "FM000000000000000.00"  # the form of a number whose texts have its order


@dataclass(frozen=True)
class RenewalValue:
    """What an end is worth: the licences at the unit price of the last order, in its currency."""

    amount: Decimal
    currency: str


@dataclass(frozen=True)
class RenewalTotal:
    """What several ends are worth together: the sum in each currency, and how many of them have a value."""

    sums: tuple[RenewalValue, ...]  # by currency
    known: int


class FormattedNumber(Func):
    """An SQL expression that writes a number as a text, by a format of PostgreSQL."""

    function = "to_char"
    output_field = CharField()


def get_upcoming_renewal(actor: Actor, public_id: UUID) -> Entitlement:
    """Return an entitlement of a customer that ends within 90 days, with SKU and customer.

    Raises NotFound for any other, for one that the actor does not see, and for one that has ended.
    """
    return get_by_public_id(list_upcoming_renewals(actor).select_related("sku", "customer"), public_id)


def find_renewal_work(actor: Actor, entitlement: Entitlement) -> RenewalWork:
    """Return the actor's organisation's work on the present end of an entitlement; unsaved if there is none yet."""
    same: dict[str, Any] = {"entitlement_id": entitlement.pk, "ends_on": entitlement.ends_on}
    work = RenewalWork.objects.visible_to(actor).filter(**same).first()
    return work or RenewalWork(**same)


def list_renewal_work(actor: Actor, entitlements: Iterable[Entitlement]) -> dict[int, RenewalWork]:
    """Return the work on the present ends of these entitlements, where there is any, by the entitlement's key."""
    ends = {row.pk: row.ends_on for row in entitlements}
    rows = RenewalWork.objects.visible_to(actor).filter(entitlement__in=ends)
    return {row.entitlement_id: row for row in rows if ends[row.entitlement_id] == row.ends_on}


def list_renewal_steps(actor: Actor, entitlement: Entitlement) -> list[RenewalStep]:
    """Return what the actor's organisation did about all ends of an entitlement, the latest first, with its work."""
    rows = RenewalStep.objects.visible_to(actor).filter(work__entitlement=entitlement.pk)
    return list(rows.select_related("work").order_by("-work__ends_on", "-revision"))


def find_step_before(actor: Actor, work: RenewalWork) -> RenewalStep | None:
    """Return how the work stood before its latest change, or None before the second."""
    return RenewalStep.objects.visible_to(actor).filter(work=work.pk, revision=work.revision - 1).first()


def list_renewal_owners(actor: Actor) -> QuerySet[Operator]:
    """Return the operators of the actor's organisation, by name, each with its person: who can look after an end."""
    return list_operators(actor)


def list_owner_names(actor: Actor) -> dict[int, str]:
    """Return the names of the operators of the actor's organisation, by the primary key of the person."""
    return {row.person_id: str(row.person) for row in list_renewal_owners(actor)}


def make_work_condition(actor: Actor, **conditions: object) -> Exists:
    """Return a condition for entitlements on whose present end the actor's organisation has such work."""
    return Exists(_work_of_row(actor).filter(**conditions))


def make_state_condition(actor: Actor, state: str) -> Q:
    """Return a condition for entitlements whose work has this state. What nobody has touched is open."""
    if state == RenewalState.OPEN:
        return ~Q(Exists(_work_of_row(actor).exclude(state=state)))
    return Q(make_work_condition(actor, state=state))


def make_owners_condition(actor: Actor, owners: Sequence[str]) -> Q:
    """Return a condition for entitlements that any of these looks after: public ids of operators, or UNASSIGNED.

    An owner who is no operator any more counts as none. Without one, every row meets it.
    """
    if not owners:
        return Q()
    operators = list_renewal_owners(actor).order_by()
    chosen = operators.filter(public_id__in=[owner for owner in owners if owner != UNASSIGNED])
    condition = Q(make_work_condition(actor, owner_id__in=chosen.values("person_id")))
    if UNASSIGNED in owners:
        condition |= ~Q(make_work_condition(actor, owner_id__in=operators.values("person_id")))
    return condition


def annotate_renewal_work(actor: Actor, rows: QuerySet[Entitlement]) -> QuerySet[Entitlement]:
    """Add to each entitlement what the actor's organisation does about its end, and what it is worth, for a file.

    The names are `work_state`, `work_owner`, `work_note`, `work_noted_at`, and of what is bought and not tried `worth`
    and `currency`.
    """
    work = _work_of_row(actor)
    owner = list_renewal_owners(actor).order_by().filter(person_id=OuterRef("work_owner_id"))
    last = _last_line_of_row(actor)
    return rows.annotate(
        work_state=Subquery(work.values("state")[:1]),
        work_owner_id=Subquery(work.values("owner_id")[:1]),
        work_note=Subquery(work.values("note")[:1]),
        work_noted_at=Subquery(work.values("noted_at")[:1]),
        work_owner=Subquery(owner.values("person__name")[:1]),
        work_owner_public_id=Subquery(owner.values("public_id")[:1]),
        worth=_if_bought(F("quantity") * Subquery(last.values("unit_price")[:1]), DecimalField()),
        currency=_if_bought(Subquery(last.values("order__currency")[:1]), CharField()),
    )


def _if_bought(expression: Any, output: Field) -> Case:
    return Case(When(kind=Entitlement.Kind.PRODUCTION, then=expression), output_field=output)


def annotate_renewal_order(
    actor: Actor, rows: QuerySet[Entitlement], column: str, *, is_descending: bool
) -> QuerySet[Entitlement]:
    """Add to each entitlement the annotation `column`, if it is one of those that renewals are sorted by.

    What has no value and no owner comes last in both directions. Values are ordered within their currency, because a
    yen is no euro. Each row is looked up, so the cost is that of the rows: what ends within 90 days, however many
    entitlements there are.
    """
    known, unknown = ("1", "0") if is_descending else ("0", "1")
    if column == STATE_ORDER:
        state = Coalesce(Subquery(_work_of_row(actor).values("state")[:1]), Value(RenewalState.OPEN.value))
        steps = [When(_of_work=value, then=Value(at)) for at, value in enumerate(RenewalState.values)]
        return rows.alias(_of_work=state).annotate(state_order=Case(*steps, output_field=IntegerField()))
    if column == OWNER_ORDER:
        owner = list_renewal_owners(actor).order_by().filter(person_id=OuterRef("_owner_id"))
        name = Case(When(person__name="", then="person__email"), default="person__name", output_field=CharField())
        named = owner.annotate(_name=Concat(Value(known), Lower(name))).values("_name")[:1]
        rows = rows.alias(_owner_id=Subquery(_work_of_row(actor).values("owner_id")[:1]))
        return rows.annotate(owner_order=_text_or(Subquery(named), unknown))
    if column == VALUE_ORDER:
        amount = FormattedNumber(OuterRef("quantity") * F("unit_price"), Value(AMOUNT))
        priced = _last_line_of_row(actor).annotate(_worth=Concat(Value(known), "order__currency", amount))
        return rows.annotate(
            value_order=_text_or(_if_bought(Subquery(priced.values("_worth")[:1]), CharField()), unknown)
        )
    return rows


def _text_or(expression: Any, unknown: str) -> Coalesce:
    return Coalesce(expression, Value(unknown), output_field=CharField())


def _last_line_of_row(actor: Actor) -> QuerySet[OrderLine]:
    """Return the lines of the orders for an entitlement's SKU, the latest first, for a subquery."""
    line = _list_priced_lines(actor).filter(order__customer=OuterRef("customer"), sku=OuterRef("sku"))
    return line.order_by("-order__placed_on", "-order_id", "-position")


def add_up_renewals(actor: Actor, rows: QuerySet[Entitlement]) -> RenewalTotal:
    """Return what these entitlements are worth together, by two queries, whatever their number.

    A caller hands over at most ADDED_UP of them.
    """
    bought = rows.filter(kind=Entitlement.Kind.PRODUCTION).order_by()
    values = list_renewal_values(actor, list(bought.only("customer_id", "sku_id", "quantity", "kind")))
    sums: dict[str, Decimal] = {}
    for value in values.values():
        sums[value.currency] = sums.get(value.currency, Decimal()) + value.amount
    return RenewalTotal(tuple(RenewalValue(sums[currency], currency) for currency in sorted(sums)), len(values))


def list_renewal_values(actor: Actor, entitlements: Collection[Entitlement]) -> dict[int, RenewalValue]:
    """Return what each entitlement is worth, by its primary key, where it is known.

    It takes an order of the SKU that was not cancelled and that the actor sees: shared by the customer, and with
    finance sight. A trial is worth nothing yet, so it is left out.
    """
    bought = [row for row in entitlements if row.kind == Entitlement.Kind.PRODUCTION]
    customers, skus = {row.customer_id for row in bought}, {row.sku_id for row in bought}
    lines = _list_priced_lines(actor).filter(order__customer__in=customers, sku__in=skus)
    newest = lines.order_by("order__customer", "sku", "-order__placed_on", "-order_id", "-position")
    prices = {
        (customer, sku): (price, currency)
        for customer, sku, price, currency in newest.distinct("order__customer", "sku").values_list(
            "order__customer", "sku", "unit_price", "order__currency"
        )
    }
    found = {row.pk: prices.get((row.customer_id, row.sku_id)) for row in bought}
    quantities = {row.pk: row.quantity for row in bought}
    return {pk: RenewalValue(quantities[pk] * price[0], price[1]) for pk, price in found.items() if price}


def _list_priced_lines(actor: Actor) -> QuerySet[OrderLine]:
    return OrderLine.objects.visible_to(actor).exclude(order__state=Order.State.CANCELLED)


def _work_of_row(actor: Actor) -> QuerySet[RenewalWork]:
    """Return the work of the actor's organisation on the end of an entitlement, for a subquery."""
    rows = RenewalWork.objects.visible_to(actor)
    return rows.filter(entitlement=OuterRef("pk"), ends_on=OuterRef("ends_on"))
