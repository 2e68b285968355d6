"""Actions on prices: add some, each from a day on, and withdraw one that has not begun (E-10)."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.content import Problem
from marketplace.events import OfferEvent
from marketplace.models import Offer, Price
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.pricing import ALREADY_PRICED, CONFLICTS, CheckedChange, PriceChange, check_changes
from marketplace.queries.offers import lock_own_offer
from marketplace.queries.prices import list_priced_plans, load_pricing_facts
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.errors import Conflict, InvalidInput, NotFound
from partnerportal.lib.policies import authorize

MOST_CHANGES = 1000  # at once
TOO_MANY = _("Change at most %(most)s prices at a time.")
BEGUN = _("This price is already in force and can no longer be withdrawn. Add another one instead.")


class PricesInvalid(InvalidInput):
    """Raised for changes of prices that break a rule; `problems` has all of them. Nothing was stored."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].code, problems[0].message)
        self.problems = problems


class PricesOvertaken(Conflict):
    """Raised for changes of prices that others have changed by now; `problems` has all of them. Nothing was stored."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].code, problems[0].message)
        self.problems = problems


@transaction.atomic
def add_prices(*, actor: Actor, offer: Offer, changes: Sequence[PriceChange], most: int = MOST_CHANGES) -> list[Price]:
    """Add prices to an offer of the acting publisher, all or none; return for each change the price that says so.

    Whatever already stands so is not added again. Raises PricesInvalid with every problem, and PricesOvertaken if the
    only ones are that another amount is in force by now, or that another price begins on the same day.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT)
    if len(changes) > most:
        raise InvalidInput("too_many_changes", TOO_MANY % {"most": most}, field="changes")
    locked = lock_own_offer(actor, offer)
    codes = {change.plan for change in changes}
    plans = [priced for priced in list_priced_plans(actor, locked) if priced.plan.code in codes]
    facts = load_pricing_facts(actor, plans)
    checked, problems = check_changes(facts, changes)
    if problems:
        raise (PricesOvertaken if {problem.code for problem in problems} <= CONFLICTS else PricesInvalid)(problems)
    _store(actor, locked, checked)
    by_change = {(one.change.key, one.change.valid_from): one.price for one in checked}
    return [by_change[change.key, change.valid_from] for change in changes]


def _store(actor: Actor, offer: Offer, checked: Sequence[CheckedChange]) -> None:
    added = [one for one in checked if one.is_new]
    if not added:
        return
    overwritten = [one.overwritten.pk for one in added if one.overwritten]
    offer_prices = Price.objects.visible_to(actor).filter(plan__offer=offer)
    offer_prices.filter(pk__in=overwritten).update(withdrawn_at=timezone.now())
    try:
        with transaction.atomic():
            Price.objects.bulk_create([one.price for one in added])
    except IntegrityError as error:  # nobody adds prices without the offer's lock; this is the second one
        raise Conflict("already_priced", ALREADY_PRICED) from error
    ids = [str(one.price.public_id) for one in added]
    record_event(OfferEvent.PRICED, actor=actor, subject=offer, data={"prices": len(ids), "added": ids})


@transaction.atomic
def withdraw_price(*, actor: Actor, price: Price) -> Price:
    """Withdraw a price that has not begun, and return it; one of a plan that was never published, at any time.

    A price that is withdrawn already stays so. Raises NotFound for one that is not the acting publisher's, and
    Conflict("price_begun").
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT)
    offer = lock_own_offer(actor, price.plan.offer)
    locked = Price.objects.visible_to(actor).select_related("plan", "market").filter(plan__offer=offer, pk=price.pk)
    fresh = locked.first()
    if fresh is None:
        raise NotFound("not_found", "")
    if fresh.withdrawn_at is not None:
        return fresh
    if fresh.valid_from <= today() and fresh.plan.published_in is not None:
        raise Conflict("price_begun", BEGUN)
    fresh.withdrawn_at = timezone.now()
    fresh.save(update_fields=["withdrawn_at"])
    record_event(OfferEvent.PRICE_WITHDRAWN, actor=actor, subject=offer, data={"prices": [str(fresh.public_id)]})
    return fresh
