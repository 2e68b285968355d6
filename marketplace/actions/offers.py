"""Actions of publishers on their offers: create one, edit its draft, publish the draft, begin a new one."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.actions.audience import put_saved_audience_in_force
from marketplace.actions.listing import LISTED, list_offer, list_plans
from marketplace.content import RETIRED_CATEGORY, find_problems, list_file_ids, list_unavailable_categories
from marketplace.events import OfferEvent
from marketplace.models import ChannelInfo, Offer, OfferType, OfferVersion, Plan, Price, PricingModel
from marketplace.policies import OFFERS, ROLE_TABLE, OfferPermission
from marketplace.queries.offers import get_draft, get_newest_version, lock_own_offer, make_technical_version
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.codes import read_code
from partnerportal.lib.errors import Conflict, InvalidInput, Message, StaleVersion, TooManyAttempts
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.policies import authorize

NO_DRAFT = _("There are no changes to publish.")
NOTHING_TO_DISCARD = _("The offer has no draft: the live version is the latest.")
NEVER_LIVE = _("The offer has never been published, so there is no earlier version to restore.")
TAKEN = _("You already have an offer with this code.")
OVERTAKEN = _(  # of what somebody has typed
    "A colleague has saved this offer since you opened it. Your changes are not lost: compare the two versions, then "
    "save again."
)
SAVED_MEANWHILE = _(  # of what needs no typing, such as publishing
    "A colleague has saved this offer since you opened this page. Check the latest version, then try again."
)
UNKNOWN_FILE = _("The offer has no such file.")
CODE_FIXED = _("The code of the plan %(code)s has been fixed since version %(number)s.")
FIXED = _("The plan %(code)s has been published, so it can’t be removed. Stop its sale instead.")
TERM_FIXED = _(
    "Published terms and billing frequencies of the plan %(code)s can’t be removed. Stop the sale of a term, or end "
    "the prices of a billing frequency instead."
)


@transaction.atomic
def create_offer(*, actor: Actor, code: str, type: OfferType, pricing_model: PricingModel) -> Offer:
    """Create an offer of the acting publisher, with an empty draft, and return the offer.

    Raises InvalidInput for a malformed code, Conflict("code_taken") for one that another of its offers has, and
    TooManyAttempts beyond OFFERS.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT)
    read_code(code)
    assert actor.organization_id
    acquire_lock(AdvisoryLock.OFFERS, actor.organization_id)
    own = Offer.objects.visible_to(actor).filter(publisher=actor.organization_id)
    if own.count() >= OFFERS:
        raise TooManyAttempts(
            "too_many_offers", _("You have %(number)s offers, which is the limit.") % {"number": OFFERS}
        )
    offer = Offer(code=code, type=type, pricing_model=pricing_model)
    offer.publisher_id = actor.organization_id
    try:
        with transaction.atomic():
            offer.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("code_taken", TAKEN, field="code") from error
    store_draft(offer, {}, {})
    record_event(OfferEvent.CREATED, actor=actor, subject=offer, data={"code": code})
    return offer


@transaction.atomic
def save_draft(
    *,
    actor: Actor,
    offer: Offer,
    content: dict[str, Any],
    channel: dict[str, Any],
    revision: int | None,
    renamed: Mapping[str, str] | None = None,
    overtaken: Message = OVERTAKEN,
) -> OfferVersion:
    """Replace the draft of an offer, and return it with its new revision.

    `content` and `channel` are validated data of ContentSerializer and ChannelSerializer. `revision` is that of the
    newest version that the editor has seen, be it the draft or a published one, or None for any. `renamed` says which
    codes of plans that were never published are to become which others in `content`, so that they keep their prices;
    a plan that is neither there nor named is deleted with them. Raises
    StaleVersion("changed_meanwhile", overtaken) if a colleague has saved the offer since, Conflict("plan_fixed") or
    Conflict("term_fixed") if a published plan, or a term or billing frequency of it, is missing, and
    InvalidInput("unknown_file") or InvalidInput("retired_category") for what cannot be chosen.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT)
    locked = lock_own_offer(actor, offer)
    if revision is not None and revision != get_newest_version(locked).revision:
        raise StaleVersion("changed_meanwhile", overtaken)
    _rename_plans(actor, locked, content, renamed or {})
    _ensure_published_plans_stay(locked, content)
    _ensure_files_exist(locked, content, channel)
    _ensure_new_categories_are_offered(locked, content)
    _record_deleted_plans(actor, locked, content)
    return store_draft(locked, content, channel)


@transaction.atomic
def publish_offer(*, actor: Actor, offer: Offer, revision: int) -> OfferVersion:
    """Publish the draft of an offer as its next version, which is live at once, and return the version.

    `revision` is the one that the publisher has checked. Raises Conflict("no_draft") without a draft, StaleVersion if
    it was saved since, and Conflict("incomplete") while `find_problems` finds any.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT)
    locked = lock_own_offer(actor, offer)
    draft = get_draft(locked)
    if draft is None:
        raise Conflict("no_draft", NO_DRAFT)
    if draft.revision != revision:
        raise StaleVersion("changed_meanwhile", SAVED_MEANWHILE)
    if find_problems(locked, draft.content, draft.channel.content):
        raise Conflict("incomplete", _("Complete the checklist first."))
    newest = locked.versions.exclude(number=None).order_by("-number").first()
    draft.number = (newest.number or 0) + 1 if newest else 1
    draft.changed_at = timezone.now()
    draft.save(update_fields=["number", "changed_at"])
    list_plans(locked, draft)
    _publish_files(locked, draft)
    is_first = not locked.is_published
    locked.live_version, locked.changed_at = draft, draft.changed_at
    locked.published_at = locked.published_at or draft.changed_at
    list_offer(locked, draft)
    locked.save(update_fields=["live_version", "changed_at", "published_at", *LISTED])
    if is_first:
        put_saved_audience_in_force(locked)
    record_event(OfferEvent.PUBLISHED, actor=actor, subject=locked, data={"version": draft.number})
    return draft


@transaction.atomic
def discard_draft(*, actor: Actor, offer: Offer, revision: int | None) -> None:
    """Delete the draft of an offer, so that its live version is the newest again.

    Plans that no version has had go with their prices, and files likewise. `revision` is that of the draft that the
    publisher has seen, or None for any. Raises Conflict("never_published") for the draft of an offer that is not
    live, Conflict("no_draft") without a draft, and StaleVersion if a colleague has saved it since.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT)
    locked = lock_own_offer(actor, offer)
    if locked.live_version is None:
        raise Conflict("never_published", NEVER_LIVE)
    draft = get_draft(locked)
    if draft is None:
        raise Conflict("no_draft", NOTHING_TO_DISCARD)
    if revision is not None and revision != draft.revision:
        raise StaleVersion("changed_meanwhile", SAVED_MEANWHILE)
    locked.last_discarded, locked.changed_at = draft.revision, timezone.now()
    draft.delete()
    locked.save(update_fields=["last_discarded", "changed_at"])
    _delete_unused_files(locked)
    _keep_plans(locked, [plan["code"] for plan in locked.live_version.content["plans"]])
    record_event(OfferEvent.DRAFT_DISCARDED, actor=actor, subject=locked, data={"revision": locked.last_discarded})


@transaction.atomic
def set_technical_configuration(
    *, actor: Actor, offer: Offer, landing_page_url: str, webhook_url: str, seen: str | None
) -> Offer:
    """Set where buyers of a SaaS offer land and where its publisher is told of purchases; return the offer.

    It holds at once, also while the offer is live. `seen` is the `make_technical_version` that the editor has seen, or
    None for any. Raises Conflict("not_saas") for an offer of another type, and StaleVersion("changed_meanwhile") if a
    colleague has changed the configuration since.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT)
    locked = lock_own_offer(actor, offer)
    if locked.type != OfferType.SAAS:
        raise Conflict("not_saas", _("Only SaaS offers have a landing page and a webhook."))
    if seen is not None and seen != make_technical_version(locked):
        raise StaleVersion("changed_meanwhile", OVERTAKEN)
    values = {"landing_page_url": landing_page_url, "webhook_url": webhook_url}
    before = {field: getattr(locked.private, field) for field in values}
    changes = {field: [before[field], value] for field, value in values.items() if before[field] != value}
    if changes:
        locked.private.landing_page_url, locked.private.webhook_url = landing_page_url, webhook_url
        locked.private.save(update_fields=[*changes])
        record_event(OfferEvent.CONFIGURED, actor=actor, subject=locked, changes=changes)
    return locked


def _ensure_published_plans_stay(offer: Offer, content: dict[str, Any]) -> None:
    plans = {plan["code"]: plan for plan in content.get("plans", [])}
    for row in offer.plans.exclude(published_in=None):
        if row.code not in plans:
            raise Conflict("plan_fixed", FIXED % {"code": row.code})
    for live in offer.live_version.content["plans"] if offer.live_version else []:
        plan = plans[live["code"]]
        if any(set(live[key]) - set(plan[key]) for key in ("terms", "billing")):
            raise Conflict("term_fixed", TERM_FIXED % {"code": live["code"]})


def _ensure_files_exist(offer: Offer, content: dict[str, Any], channel: dict[str, Any]) -> None:
    kinds = {str(key): kind for key, kind in offer.files.values_list("public_id", "kind")}
    for key, (kind, pointer) in list_file_ids(content, channel).items():
        if kinds.get(key) != kind:
            raise InvalidInput("unknown_file", UNKNOWN_FILE, field=pointer)


def _ensure_new_categories_are_offered(offer: Offer, content: dict[str, Any]) -> None:
    """Raise InvalidInput if a retired category is chosen that neither the draft nor the live version has."""
    held = {*get_newest_version(offer).content.get("categories", ()), *offer.categories}
    if list_unavailable_categories(set(content.get("categories", ())) - held):
        raise InvalidInput("retired_category", RETIRED_CATEGORY, field="/categories")


def store_draft(offer: Offer, content: dict[str, Any], channel: dict[str, Any]) -> OfferVersion:
    draft = get_draft(offer)
    if draft is None:  # its revisions go on from those of the last version or draft, so that none comes twice
        last = offer.versions.aggregate(last=Max("revision"))["last"] or 0
        last = max(last, offer.last_discarded)
        draft = OfferVersion.objects.create(offer=offer, content=content, revision=last + 1)
    else:
        draft.content, draft.revision, draft.changed_at = content, draft.revision + 1, timezone.now()
        draft.save(update_fields=["content", "revision", "changed_at"])
    Offer.objects.filter(pk=offer.pk).update(changed_at=draft.changed_at)
    info, _is_new = ChannelInfo.objects.update_or_create(version=draft, defaults={"content": channel})
    draft.channel = info
    _delete_unused_files(offer)
    _keep_plans(offer, [plan["code"] for plan in content.get("plans", [])])
    return draft


def _delete_unused_files(offer: Offer) -> None:
    """Delete the files of an offer that neither its draft nor a published version has."""
    draft = get_draft(offer)
    used = list_file_ids(draft.content, draft.channel.content) if draft else {}
    offer.files.filter(published_in=None).exclude(public_id__in=used).delete()


def _publish_files(offer: Offer, version: OfferVersion) -> None:
    keys = list_file_ids(version.content, version.channel.content)
    offer.files.exclude(public_id__in=keys).filter(is_live=True).update(is_live=False)
    offer.files.filter(public_id__in=keys).update(
        is_live=True, published_in=Coalesce("published_in", Value(version.number))
    )


def _keep_plans(offer: Offer, codes: list[str]) -> None:
    """Store a plan for each code that has none, so that it can have prices; delete unpublished plans of other codes."""
    Plan.objects.bulk_create([Plan(offer=offer, code=code) for code in codes], ignore_conflicts=True)
    _delete_plans(offer.plans.filter(published_in=None).exclude(code__in=codes))


def _delete_plans(unused: QuerySet[Plan]) -> None:
    """Delete plans that were never published, with their prices and stops."""
    Price.objects.filter(plan__in=unused).delete()
    unused.delete()


def _rename_plans(actor: Actor, offer: Offer, content: dict[str, Any], renamed: Mapping[str, str]) -> None:
    """Give unpublished plans their new codes. One that has such a code and leaves the draft makes room."""
    codes = {plan["code"] for plan in content.get("plans", [])}
    wanted = {old: new for old, new in renamed.items() if old != new and new in codes}
    rows = {row.code: row for row in offer.plans.filter(code__in=wanted)}
    if not rows:
        return
    for code, row in rows.items():
        if row.published_in is not None:
            raise Conflict("plan_fixed", CODE_FIXED % {"code": code, "number": row.published_in})
        row.code = f"~{row.pk}"  # which is no code: so two plans can take each other's
    Plan.objects.bulk_update(rows.values(), ["code"])
    _delete_plans(offer.plans.filter(published_in=None, code__in=[wanted[code] for code in rows]))
    for code, row in rows.items():
        row.code = wanted[code]
        record_event(OfferEvent.PLAN_RENAMED, actor=actor, subject=offer, changes={"code": [code, row.code]})
    Plan.objects.bulk_update(rows.values(), ["code"])


def _record_deleted_plans(actor: Actor, offer: Offer, content: dict[str, Any]) -> None:
    codes = [plan["code"] for plan in content.get("plans", [])]
    gone = offer.plans.filter(published_in=None).exclude(code__in=codes).order_by("code")
    if left_out := list(gone.values_list("code", flat=True)):
        record_event(OfferEvent.PLANS_DELETED, actor=actor, subject=offer, data={"plans": left_out})
