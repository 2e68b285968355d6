"""Actions on stops of sales: stop an offer, a plan or a term or market of it at once, and lift the stop as easily."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationKind
from marketplace.events import OfferEvent
from marketplace.models import Market, Offer, Plan, SaleStop, StopReason
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.stops import list_terms, lock_managed_offer
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound
from partnerportal.lib.policies import authorize
from partnerportal.lib.text import remove_invisible_characters

LONGEST_REASON = 500
REASON = _("Enter a reason of at most %(most)s characters.")
OF_NO_PLAN = _("Choose a plan to stop its sale for one term or in one market.")
NO_SUCH_TERM = _("The plan is not sold for this term.")
NEVER_LIVE = _("The plan %(code)s has never been published, so nobody can buy it.")
VENDORS = _("The vendor stopped this sale, and only the vendor can resume it.")
NOT_VENDORS = _("The publisher stopped this sale, and only the publisher can resume it.")


@transaction.atomic
def stop_sale(
    *,
    actor: Actor,
    offer: Offer,
    plan: Plan | None = None,
    market: Market | None = None,
    term: str = "",
    reason: str = "",
) -> SaleStop:
    """Stop the sale of an offer or of one of its plans, the latter also for one term or in one market; return the stop.

    It holds at once. Stopped again, it stays the same stop. Prices, audience and what was sold stay as they are. Raises
    InvalidInput for a market or a term without a plan, for a term that the plan is not sold for, for a reason that is
    too long, and for the vendor's staff for none; NotFound for an offer that the actor does not manage, or a plan of
    another; Conflict("plan_not_live") for a plan that only a draft has.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.STOP)
    by_vendor = actor.organization_kind == OrganizationKind.VENDOR
    reason = remove_invisible_characters(reason).strip()
    if len(reason) > LONGEST_REASON or (by_vendor and not reason):
        raise InvalidInput("reason_required", REASON % {"most": LONGEST_REASON}, field="reason")
    if (market is not None or term) and plan is None:
        raise InvalidInput("plan_required", OF_NO_PLAN, field="plan")
    locked = lock_managed_offer(actor, offer)
    if plan is not None and plan.offer_id != locked.pk:
        raise NotFound("not_found", "")
    if plan is not None and plan.published_in is None:  # it goes with the draft that has it
        raise Conflict("plan_not_live", NEVER_LIVE % {"code": plan.code}, field="plan")
    if plan is not None and term and term not in list_terms(locked, plan):
        raise InvalidInput("unknown_term", NO_SUCH_TERM, field="term")
    place = {"plan": plan, "market": market, "term": term, "by_vendor": by_vendor}
    standing = locked.stops.active().filter(**place).select_related("plan", "market", "stop_reason").first()
    if standing is not None:
        return standing
    stop = SaleStop.objects.create(offer=locked, **place)
    if reason:
        StopReason.objects.create(stop=stop, text=reason)
    record_event(OfferEvent.STOPPED, actor=actor, subject=locked, note=reason, **_describe(stop))
    return stop


@transaction.atomic
def lift_stop(*, actor: Actor, stop: SaleStop) -> SaleStop:
    """Lift a stop of sales, and return it. One that is lifted already stays so.

    Raises NotFound for a stop of an offer that the actor does not manage, and ActionRefused("not_your_stop") for the
    vendor's stop if the publisher lifts it, and the reverse.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.STOP)
    offer = lock_managed_offer(actor, stop.offer)
    fresh = offer.stops.select_related("plan", "market", "stop_reason").get(pk=stop.pk)
    if fresh.by_vendor != (actor.organization_kind == OrganizationKind.VENDOR):
        raise ActionRefused("not_your_stop", VENDORS if fresh.by_vendor else NOT_VENDORS)
    if fresh.lifted_at is not None:
        return fresh
    fresh.lifted_at = timezone.now()
    fresh.save(update_fields=["lifted_at"])
    record_event(OfferEvent.RESUMED, actor=actor, subject=offer, **_describe(fresh))
    return fresh


def _describe(stop: SaleStop) -> dict[str, Any]:
    """Return what the event of a stop says of it; the publisher is told of the vendor's."""
    data = {
        "stop": str(stop.public_id),
        "plan": stop.plan.code if stop.plan else "",
        "market": stop.market.code if stop.market else "",
        "term": stop.term,
    }
    return {"data": data, "counterpart": stop.offer.publisher if stop.by_vendor else None}
