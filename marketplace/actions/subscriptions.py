"""The import of subscriptions that were sold elsewhere, until the portal itself sells them (MM-1, CA-20, E-8)."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.models import Organization
from marketplace.content import list_combinations
from marketplace.events import SubscriptionEvent
from marketplace.models import Audience, Authorization, Offer, Plan, PricingModel, Subscription, SubscriptionTerm
from marketplace.models.subscription import get_last_day_of_term
from marketplace.policies import SELLERS
from marketplace.queries.sales import SaleReferences, list_uncovered_sellers
from notifications.actions.recording import make_event, record_events
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.changes import list_changes_between
from partnerportal.lib.json_lines.facts import Answers, LineOutcome, LineProblem, ValidLine
from partnerportal.lib.policies import authorize_system
from partnerportal.lib.states import change_locked_row_states

FIXED = ("offer_id", "buyer_id", "customer_id", "purchased_at")  # what a subscription keeps for good
CHANGEABLE = (
    "plan_id",
    "version_id",
    "reseller_id",
    "quantity",
    "term",
    "billing",
    "is_renewed",
    "activated_at",
    "ended_at",
)


@dataclass
class _Sale:
    """A line about a subscription, with the values of the row that it makes and of its present term."""

    line: ValidLine
    offer: Offer
    buyer: Organization
    values: dict[str, Any]
    term: dict[str, Any] | None
    row: Subscription | None = None  # as stored

    @property
    def sellers(self) -> set[Organization]:
        """Who has resold: the buyer, and the partner on record if there is one."""
        return {self.buyer, self.values["reseller"] or self.buyer}

    @property
    def counts_as_resold(self) -> bool:
        """Whether it counts as resold, as `SubscriptionQuerySet.resold` does."""
        return self.values["state"] == Subscription.State.PENDING or self.values["activated_at"] is not None


class _Refused(Exception):
    """Raised for a line that contradicts what is stored."""

    def __init__(self, field: str, code: str, reason: str) -> None:
        super().__init__(reason)
        self.problem = LineProblem(code, reason, field)


@transaction.atomic
def import_subscriptions(*, actor: Actor, lines: list[ValidLine], with_events: bool = True) -> Answers:
    """Store subscriptions from lines of SubscriptionLineSerializer; no external id may occur twice among them.

    Returns a dict from the line number to the outcome of the line, or to the problem that refused it. A line is the
    whole fact: stored again, it changes nothing. Whoever sold an offer with selected partners, and is none of them,
    becomes one, because who has sales is never outside the audience (CA-20, CA-26). Only a change of state takes a
    statement of its own. Raises ActionRefused unless the actor is the system.
    """
    authorize_system(actor)
    known = SaleReferences.read_and_lock(lines)
    answers: Answers = {}
    sales: list[_Sale] = []
    for line in lines:
        try:
            sales.append(_read_sale(line, known))
        except _Refused as refused:
            answers[line.line] = refused.problem
    events = _add([sale for sale in sales if sale.row is None], answers, actor)
    events += _change([sale for sale in sales if sale.row and sale.line.line not in answers], answers, actor)
    _authorize_sellers(sales)
    if with_events:
        record_events(events)
    return answers


def _read_sale(line: ValidLine, known: SaleReferences) -> _Sale:
    values, stored = line.values, known.subscriptions.get(line.key)
    offer, plan = _find_offer_and_plan(values, known)
    buyer, reseller, customer = _find_parties(values, known)
    version = known.get_version(offer, values["version"], stored)
    if version is None:
        raise _Refused("version", "unknown_version", "The offer has no published version of this number.")
    _check_plan(values, offer, next((p for p in version.content["plans"] if p["code"] == plan.code), None))
    row = {
        "offer": offer, "plan": plan, "version": version, "publisher": offer.publisher, "buyer": buyer,
        "reseller": reseller, "customer": customer, "customer_name": values["customer_name"] or customer.name,
        "is_renewed": values["auto_renew"],
    }  # fmt: skip
    row |= {
        name: values[name]
        for name in ("state", "quantity", "term", "billing", "purchased_at", "activated_at", "ended_at")
    }
    sale = _Sale(line, offer, buyer, row, _find_term(values, known, plan, buyer, stored))
    if stored:
        _compare(sale, stored)
    return sale


def _find_parties(
    values: dict[str, Any], known: SaleReferences
) -> tuple[Organization, Organization | None, Organization]:
    """Return buyer, reseller on record and customer. Raises _Refused for one that is unknown, or cannot sell."""
    found = {name: known.organizations.get(values[name]) for name in ("buyer", "reseller", "customer") if values[name]}
    for name, organization in found.items():
        if organization is None:
            raise _Refused(name, "unknown_organization", "No organisation has this ORGID.")
        if name != "customer" and organization.kind not in SELLERS:
            raise _Refused(name, "wrong_kind", "This is neither a partner nor a distributor.")
    buyer, customer = found["buyer"], found["customer"]
    assert buyer and customer
    return buyer, found.get("reseller"), customer


def _find_offer_and_plan(values: dict[str, Any], known: SaleReferences) -> tuple[Offer, Plan]:
    offer = known.offers.get((values["publisher"], values["offer"]))
    if offer is None:
        raise _Refused("offer", "unknown_offer", "This publisher has no offer with this code.")
    if not offer.is_published:
        raise _Refused("offer", "not_published", "This offer was never published.")
    plan = known.plans.get((offer.pk, values["plan"]))
    if plan is None or not plan.published_in:
        raise _Refused("plan", "unknown_plan", "The offer has no published plan with this code.")
    return offer, plan


def _check_plan(values: dict[str, Any], offer: Offer, content: dict[str, Any] | None) -> None:
    """Raise _Refused unless the plan, as the version has it, is sold for the line's term and quantity."""
    if content is None:
        raise _Refused("plan", "not_in_version", "That version of the offer has no such plan.")
    if values["term"] not in content["terms"]:
        raise _Refused("term", "term_not_of_plan", f"The plan is sold for {', '.join(content['terms']) or 'no term'}.")
    if (values["term"], values["billing"]) not in list_combinations(content):
        raise _Refused("billing", "billing_not_of_plan", f"The plan is billed {', '.join(content['billing'])}.")
    is_flat = offer.pricing_model == PricingModel.FLAT
    least, most = (1, 1) if is_flat else (content["min_seats"] or 1, content["max_seats"])
    if values["quantity"] < least or (most and values["quantity"] > most):
        limits = f"from {least:,} to {most:,}" if most else f"{least:,} or more"
        raise _Refused("quantity", "not_in_plan", f"The plan is sold in quantities of {limits}.")


def _find_term(
    values: dict[str, Any], known: SaleReferences, plan: Plan, buyer: Organization, stored: Subscription | None
) -> dict[str, Any] | None:
    """Return the values of the line's term with its price: as sold, as stored, or as in force on its first day."""
    starts_on = values["starts_on"]
    if starts_on is None:
        return None
    place = known.places.get(buyer.country)
    if place is None:
        raise _Refused("buyer", "no_market", "The buyer's country is in no market.")
    if values["currency"] not in (None, place.currency):
        raise _Refused("currency", "wrong_currency", f"The buyer pays in {place.currency}.")
    last = values["ends_on"] or get_last_day_of_term(starts_on, values["term"])
    term = {"starts_on": starts_on, "ends_on": last, "currency": place.currency}
    before = _find_stored_term(stored, starts_on) if stored else None
    if before and values["amount"] is None:
        return term | {"amount": before.amount, "price": before.price}
    key = (plan.pk, place.market_id, place.currency, values["term"], values["billing"])
    price = known.find_price(key, starts_on)
    if price is None and values["amount"] is None:
        reason = f"The plan has no price in {place.currency} on that day. Name the amount at which it was sold."
        raise _Refused("amount", "no_price", reason)
    amount = price.amount if price and values["amount"] is None else values["amount"]
    return term | {"amount": amount, "price": price if price and price.amount == amount else None}


def _find_stored_term(row: Subscription, starts_on: dt.date) -> SubscriptionTerm | None:
    return next((term for term in row.terms.all() if term.starts_on == starts_on), None)


def _compare(sale: _Sale, row: Subscription) -> None:
    """Note the stored row of a sale. Raises _Refused where the line would change what is fixed."""
    fresh = Subscription(**sale.values)
    for name in FIXED:
        if getattr(row, name) != getattr(fresh, name):
            field = name.removesuffix("_id")
            raise _Refused(field, "fixed", f"The subscription was imported with another {field}.")
    if row.activated_at and not sale.values["activated_at"]:  # its seller would count as one that has sold nothing
        raise _Refused("activated_at", "fixed", "The subscription was activated, and that does not change.")
    if sale.values["state"] not in (row.state, *Subscription.MOVES[Subscription.State(row.state)]):
        raise _Refused("state", "no_move", f"A subscription does not go from {row.state} to {sale.values['state']}.")
    # A partner on record has sold what ran, and stays locked (CA-20): it is neither replaced nor taken off.
    if row.activated_at and row.reseller_id not in (None, fresh.reseller_id):
        raise _Refused("reseller", "fixed", "The partner on record has sold this subscription, so it stays.")
    same = _find_stored_term(row, sale.term["starts_on"]) if sale.term else None
    if same and sale.term and (same.amount, same.currency) != (sale.term["amount"], sale.term["currency"]):
        raise _Refused("amount", "fixed", "The price of a term that has begun does not change.")
    sale.row = row


def _add(sales: list[_Sale], answers: Answers, actor: Actor) -> list[Event]:
    for sale in sales:
        sale.row = Subscription(external_id=sale.line.key, **sale.values)
        answers[sale.line.line] = LineOutcome.ADDED
    Subscription.objects.bulk_create([sale.row for sale in sales if sale.row])
    SubscriptionTerm.objects.bulk_create([SubscriptionTerm(subscription=s.row, **s.term) for s in sales if s.term])
    return [_make_event(SubscriptionEvent.ADDED, sale, actor) for sale in sales]


def _change(sales: list[_Sale], answers: Answers, actor: Actor) -> list[Event]:
    """Write what differs from the stored rows: columns, states by their moves, and the present terms."""
    events: list[Event] = []
    changed: list[Subscription] = []
    terms: list[SubscriptionTerm] = []
    for sale in sales:
        row, fresh = sale.row, Subscription(**sale.values)
        assert row is not None
        before = {name: getattr(row, name) for name in ("state", *CHANGEABLE)}
        after = {name: getattr(fresh, name) for name in before}
        told = _describe_columns(before, row), _describe_columns(after, fresh)
        for name in CHANGEABLE:
            setattr(row, name, after[name])
        if before["state"] != after["state"]:
            change_locked_row_states([row], after["state"], activated_at=row.activated_at, ended_at=row.ended_at)
        if before != after:
            changed.append(row)
        new_term = _make_changed_term(sale, row)
        terms += new_term
        is_changed = before != after or bool(new_term)
        answers[sale.line.line] = LineOutcome.CHANGED if is_changed else LineOutcome.UNCHANGED
        if is_changed:
            event = _make_event(SubscriptionEvent.CHANGED, sale, actor)
            event.changes = list_changes_between(*told)
            events.append(event)
    Subscription.objects.bulk_update(changed, CHANGEABLE)
    SubscriptionTerm.objects.bulk_create(
        terms, update_conflicts=True, unique_fields=["subscription", "starts_on"], update_fields=["ends_on"]
    )
    return events


def _describe_columns(values: dict[str, Any], row: Subscription) -> dict[str, Any]:
    """Return the columns of a subscription as the log says them: what they refer to by its code, number or ORGID."""
    told = {name: value for name, value in values.items() if not name.endswith("_id")}
    reseller = row.reseller.org_id if row.reseller else ""
    return told | {"plan": row.plan.code, "version": row.version.number, "reseller": reseller}


def _make_changed_term(sale: _Sale, row: Subscription) -> list[SubscriptionTerm]:
    """Return the term of a sale where it is not stored, or ends on another day."""
    if sale.term is None:
        return []
    before = _find_stored_term(row, sale.term["starts_on"])
    if before and before.ends_on == sale.term["ends_on"]:
        return []
    return [SubscriptionTerm(subscription=row, **sale.term)]


def _authorize_sellers(sales: list[_Sale]) -> None:
    sold = {
        (sale.offer, seller)
        for sale in sales
        if sale.counts_as_resold and sale.offer.audience == Audience.SPECIFIC
        for seller in sale.sellers
    }
    source = Authorization.Source.RESOLD
    Authorization.objects.bulk_create(
        Authorization(offer=offer, organization=seller, source=source) for offer, seller in list_uncovered_sellers(sold)
    )


def _make_event(kind: SubscriptionEvent, sale: _Sale, actor: Actor) -> Event:
    """Return an event for the buyer and the customer. For other partners of the customer it is no news."""
    assert sale.row is not None
    return make_event(
        kind,
        actor=actor,
        subject=sale.row,
        label=f"{sale.offer.code} {sale.values['plan'].code}",
        counterpart=sale.buyer,
        customer_id=sale.values["customer"].pk,
        data={"state": str(sale.values["state"]), "quantity": sale.values["quantity"], "term": sale.values["term"]},
    )
