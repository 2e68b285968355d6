"""Actions on what was never published: correct what a publication fixes of an offer or a plan, or delete it."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from marketplace.actions.offers import FIXED, SAVED_MEANWHILE, TAKEN, save_draft, store_draft
from marketplace.events import OfferEvent
from marketplace.models import Offer, OfferType, OfferVersion, Plan, Price, PricingModel
from marketplace.models.offer import BYOL_TYPES
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.offers import get_newest_version, lock_own_offer
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.codes import read_code
from partnerportal.lib.errors import Conflict, InvalidInput, NotFound, StaleVersion
from partnerportal.lib.policies import authorize

IDENTITY = ("code", "type", "pricing_model")
TECHNICAL = ("landing_page_url", "webhook_url")
OFFER_FIXED = _("The code, type and pricing model of this offer became fixed when version 1 was published.")
OFFER_KEPT = _("This offer has been published, so it can’t be deleted. Stop its sale instead.")
PRICED = _("The saved prices don’t fit the new pricing model. Confirm that they can be deleted.")
SAME_CODE = _("Another plan in this offer already has this code.")


@transaction.atomic
def change_unpublished_offer(
    *,
    actor: Actor,
    offer: Offer,
    code: str,
    type: OfferType,
    pricing_model: PricingModel,
    revision: int | None,
    deletes_prices: bool = False,
) -> OfferVersion:
    """Change the code, type and pricing model of an offer that was never published, and return its draft.

    What offers of the new type and plans of the new pricing model do not have goes: the technical configuration, limits
    of licences, the mark of a plan that takes one's own licence. With another pricing model prices mean something else:
    they are deleted if `deletes_prices` says so. `revision` is that of the draft that the editor has seen, or None for
    any. Raises Conflict("offer_fixed") once the offer is published, StaleVersion if a colleague has saved it since,
    InvalidInput for a malformed code, Conflict("code_taken"), and Conflict("prices_saved") for prices that nobody
    said to delete.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT)
    locked, draft = _lock_unpublished(actor, offer, revision, OFFER_FIXED)
    read_code(code)
    before, private = _read_facts(locked), locked.private
    locked.code, locked.type, locked.pricing_model = code, type, pricing_model
    if locked.type != OfferType.SAAS:
        private.landing_page_url = private.webhook_url = ""
    changes = {name: [old, new] for name, new in _read_facts(locked).items() if (old := before[name]) != new}
    if not changes:
        return draft
    if "pricing_model" in changes:
        _delete_prices(locked, deletes_prices)
    try:
        with transaction.atomic():
            locked.save(update_fields=IDENTITY)
    except IntegrityError as error:
        raise Conflict("code_taken", TAKEN, field="code") from error
    private.save(update_fields=TECHNICAL)
    draft = store_draft(locked, _fit_plans(locked, draft.content), draft.channel.content)
    record_event(OfferEvent.CHANGED, actor=actor, subject=locked, changes=changes)
    return draft


@transaction.atomic
def delete_unpublished_offer(*, actor: Actor, offer: Offer, revision: int | None) -> None:
    """Delete an offer that was never published, with its draft, plans, prices, saved audience, files and stops.

    `revision` is that of the draft that the editor has seen, or None for any. Raises Conflict("offer_fixed") once it is
    published, and StaleVersion if a colleague has saved it since. An import into it that is under way fails.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT)
    locked, _draft = _lock_unpublished(actor, offer, revision, OFFER_KEPT)
    record_event(OfferEvent.DELETED, actor=actor, subject=locked, data={"code": locked.code})
    Price.objects.filter(plan__offer=locked).delete()
    locked.delete()


@transaction.atomic
def rename_unpublished_plan(*, actor: Actor, offer: Offer, plan: Plan, code: str, revision: int | None) -> OfferVersion:
    """Give a plan that was never published another code, and return the draft; its prices stay.

    `revision` is that of the draft that the editor has seen, or None for any. Raises Conflict("plan_fixed") once the
    plan is published, StaleVersion, and InvalidInput for a code that is malformed or that another plan has.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT)
    locked, newest = _lock_with_newest(actor, offer)
    read_code(code)
    old = _get_plan(locked, plan).code
    if code == old:
        return newest
    if locked.plans.filter(code=code).exists():
        raise InvalidInput("code_twice", SAME_CODE, field="code")
    plans = [{**each, "code": code} if each["code"] == old else each for each in newest.content.get("plans", [])]
    return _save_plans(actor, locked, newest, plans, revision, renamed={old: code})


@transaction.atomic
def delete_unpublished_plan(*, actor: Actor, offer: Offer, plan: Plan, revision: int | None) -> OfferVersion:
    """Delete a plan that was never published, with its prices and stops, and return the draft.

    `revision` is that of the draft that the editor has seen, or None for any. Raises Conflict("plan_fixed") once the
    plan is published, and StaleVersion if a colleague has saved the offer since.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT)
    locked, newest = _lock_with_newest(actor, offer)
    row = _get_plan(locked, plan)
    if row.published_in is not None:
        raise Conflict("plan_fixed", FIXED % {"code": row.code})
    plans = [each for each in newest.content.get("plans", []) if each["code"] != row.code]
    return _save_plans(actor, locked, newest, plans, revision)


def _lock_with_newest(actor: Actor, offer: Offer) -> tuple[Offer, OfferVersion]:
    locked = lock_own_offer(actor, offer)
    return locked, get_newest_version(locked)


def _lock_unpublished(actor: Actor, offer: Offer, revision: int | None, refusal: Any) -> tuple[Offer, OfferVersion]:
    """Return an offer of the actor, locked, and its draft. Raises Conflict once it is published, and StaleVersion."""
    locked = lock_own_offer(actor, offer)
    if locked.is_published:
        raise Conflict("offer_fixed", refusal)
    draft = get_newest_version(locked)
    if revision is not None and revision != draft.revision:
        raise StaleVersion("changed_meanwhile", SAVED_MEANWHILE)
    return locked, draft


def _get_plan(offer: Offer, plan: Plan) -> Plan:
    row = offer.plans.filter(pk=plan.pk).first()
    if row is None:
        raise NotFound("not_found", "")
    return row


def _save_plans(
    actor: Actor, offer: Offer, newest: OfferVersion, plans: list[Any], revision: int | None, **options: Any
) -> OfferVersion:
    content, channel = {**newest.content, "plans": plans}, newest.channel.content
    seen: dict[str, Any] = {"revision": revision, "overtaken": SAVED_MEANWHILE}
    return save_draft(actor=actor, offer=offer, content=content, channel=channel, **seen, **options)


def _read_facts(offer: Offer) -> dict[str, str]:
    facts = {name: str(getattr(offer, name)) for name in IDENTITY}
    return facts | {name: getattr(offer.private, name) for name in TECHNICAL}


def _delete_prices(offer: Offer, is_confirmed: bool) -> None:
    prices = Price.objects.filter(plan__offer=offer)
    if not is_confirmed and prices.filter(withdrawn_at=None).exists():
        raise Conflict("prices_saved", PRICED, field="deletes_prices")
    prices.delete()


def _fit_plans(offer: Offer, content: dict[str, Any]) -> dict[str, Any]:
    """Return content whose plans have nothing that plans of the offer's type and pricing model do not have."""
    foreign: dict[str, Any] = {} if offer.type in BYOL_TYPES else {"is_byol": False, "is_for_audience_only": False}
    if offer.pricing_model != PricingModel.PER_SEAT:
        foreign |= {"min_seats": None, "max_seats": None}
    return {**content, "plans": [{**plan, **foreign} for plan in content.get("plans", [])]}
