"""Actions on audiences: save who is to resell an offer, and put it in force by the rules of E-8 (CA-7…CA-29)."""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.audience_rules import (
    MOST_IN_URL,
    REMOVAL,
    Way,
    build_audience_request_url,
    judge_audience_change,
    judge_removal,
)
from marketplace.content import find_opt_in_problems
from marketplace.events import OfferEvent
from marketplace.models import Audience, AudienceChange, Authorization, Offer, ResellerListing
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.audience import (
    count_sales_by_seller,
    count_sales_through,
    list_resellers,
    summarize_saved_audience,
)
from marketplace.queries.offers import lock_own_offer
from notifications.actions.recording import record_event
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, InvalidInput, Message, NotFound, StaleVersion
from partnerportal.lib.policies import authorize

BATCH = 2_000  # rows that one statement writes
MOST_REPLACED = 50_000  # tenant IDs in one request, whose body they fill; an import takes more
OVERTAKEN = _("A colleague has saved this audience since you opened it. Reload the page to see the latest.")
NOT_IN_PROGRAM = _("%(name)s can’t be added because it is not an active member of the CSP programme.")
UNKNOWN = _("No active member of the CSP programme has the tenant ID %(tenant_id)s.")
TOO_MANY = _("Send at most %(most)s tenant IDs. To add more, import them from a file.")
NOTHING_TO_SYNC = _("There are no saved changes to sync.")
NOT_FOR_PARTNERS = _(
    "The live version is missing details that partners need. Complete the listing and publish it first."
)
NOT_LIVE = _("This offer is not published yet. Its audience will take effect when you publish it.")

Source = Authorization.Source


@transaction.atomic
def choose_audience(*, actor: Actor, offer: Offer, audience: str, revision: int | None) -> Offer:
    """Save which of the three options an offer is to have; return the offer (CA-8, CA-14).

    It takes effect with the first publication or a sync. Where a live offer without partners is to have selected ones,
    those that have resold it are saved as additions (CA-20). `revision` is the one of the audience that the editor has
    seen, or None for any. Raises StaleVersion("changed_meanwhile") if a colleague has saved since, and Conflict where
    the rules of E-8 need a request ("request_needed") or refuse the change ("has_sales").
    """
    locked = _lock_audience(actor, offer, revision)
    sellers = count_sales_by_seller(actor, locked)
    verdict = judge_audience_change(locked, audience, sellers=len(sellers))
    if verdict.way == Way.REQUEST:
        raise _make_request_needed_error(verdict.message, locked, audience, field="audience")
    if verdict.way == Way.REFUSED:
        raise Conflict(verdict.code, verdict.message, field="audience")
    before, locked.private.next_audience = locked.private.next_audience, audience
    if _opens_to_selected(locked):
        _keep_sellers(locked, sellers)
    _touch(locked)
    if before != audience:
        changes = {"next_audience": [str(before), str(audience)]}
        record_event(OfferEvent.AUDIENCE_SAVED, actor=actor, subject=locked, changes=changes)
    return locked


@transaction.atomic
def add_to_audience(
    *, actor: Actor, offer: Offer, organization_ids: Collection[int], source: str = Source.SELECTED
) -> int:
    """Save organisations as additions to an offer's audience, and return how many are new (CA-13, CA-14).

    Those that are in it already stay, and a saved removal is taken back. Raises InvalidInput("not_in_program") if one
    of them is no active member of the CSP programme.
    """
    locked = _lock_audience(actor, offer, None)
    keys = set(organization_ids)
    allowed = list_resellers(actor).filter(organization__in=keys)
    if refused := keys.difference(allowed.values_list("organization_id", flat=True)):
        row = ResellerListing.objects.visible_to(actor).filter(organization__in=refused).order_by("name_folded").first()
        raise InvalidInput("not_in_program", NOT_IN_PROGRAM % {"name": row.name if row else "–"})
    saved = locked.audience_changes.filter(organization__in=keys)
    saved.filter(is_removal=True).delete()
    held = locked.authorizations.active().filter(organization__in=keys).values_list("organization_id", flat=True)
    new = keys - set(held) - set(saved.values_list("organization_id", flat=True))
    AudienceChange.objects.bulk_create(
        [AudienceChange(offer=locked, organization_id=key, source=source) for key in sorted(new)], batch_size=BATCH
    )
    _touch(locked)
    if new:
        data = {"added": len(new), "source": str(source)}
        record_event(OfferEvent.AUDIENCE_SAVED, actor=actor, subject=locked, data=data)
    return len(new)


@dataclass(frozen=True)
class RemovalResult:
    """What became of organisations that were to leave an audience, as numbers of organisations."""

    dropped: int  # additions that were only saved
    marked: int  # in force, and now marked for a request
    locked: int  # that have sales, and stay


@transaction.atomic
def remove_from_audience(*, actor: Actor, offer: Offer, organization_ids: Collection[int]) -> RemovalResult:
    """Take saved additions back, and mark those in force for removal by a request; return what became of each.

    Organisations with sales are not marked, because they stay (CA-20).
    """
    locked = _lock_audience(actor, offer, None)
    keys = set(organization_ids)
    staying = keys & count_sales_by_seller(actor, locked).keys() if _opens_to_selected(locked) else set()
    additions = locked.audience_changes.filter(organization__in=keys, is_removal=False)
    staying &= set(additions.values_list("organization_id", flat=True))
    dropped, _models = additions.exclude(organization__in=staying).delete()
    held = set(locked.authorizations.active().filter(organization__in=keys).values_list("organization_id", flat=True))
    sales = count_sales_through(actor, locked, held)
    marked = [key for key in sorted(held) if judge_removal(locked, has_resold=key in sales).way != Way.REFUSED]
    AudienceChange.objects.bulk_create(
        [AudienceChange(offer=locked, organization_id=key, is_removal=True) for key in marked],
        batch_size=BATCH,
        ignore_conflicts=True,
    )
    _touch(locked)
    if dropped or marked:
        data = {"dropped": dropped, "marked": len(marked)}
        record_event(OfferEvent.AUDIENCE_SAVED, actor=actor, subject=locked, data=data)
    return RemovalResult(dropped, len(marked), len(held) - len(marked) + len(staying))


@transaction.atomic
def keep_in_audience(*, actor: Actor, offer: Offer, organization_ids: Collection[int]) -> int:
    """Take saved removals back, and return how many organisations were marked for removal and no longer are."""
    locked = _lock_audience(actor, offer, None)
    kept, _models = locked.audience_changes.filter(organization__in=organization_ids, is_removal=True).delete()
    _touch(locked)
    if kept:
        record_event(OfferEvent.AUDIENCE_SAVED, actor=actor, subject=locked, data={"kept": kept})
    return kept


@transaction.atomic
def sync_audience(*, actor: Actor, offer: Offer, revision: int) -> int:
    """Put the saved audience of a live offer in force, and return how many organisations were added (CA-17).

    It never removes: what is marked for removal waits for a request. `revision` is the one that the dry run has shown,
    so that nobody syncs what they have not seen. Raises Conflict("not_live") for an offer that is not published,
    StaleVersion("changed_meanwhile") if the audience was saved since, Conflict("nothing_to_sync"), and
    Conflict("incomplete") while the live version lacks what partners need (CA-30, CA-31).
    """
    locked = _lock_audience(actor, offer, revision)
    if not locked.is_published:
        raise Conflict("not_live", NOT_LIVE)
    if not summarize_saved_audience(locked).can_sync:
        raise Conflict("nothing_to_sync", NOTHING_TO_SYNC)
    if find_opt_in_problems(locked):
        raise Conflict("incomplete", NOT_FOR_PARTNERS)
    before = locked.audience
    if _opens_to_selected(locked):
        _keep_sellers(locked, count_sales_by_seller(actor, locked))
    added = put_saved_audience_in_force(locked)
    _touch(locked)
    record_event(
        OfferEvent.AUDIENCE_CHANGED,
        actor=actor,
        subject=locked,
        changes={"audience": [str(before), str(locked.audience)]} if before != locked.audience else {},
        data={"added": added},
    )
    return added


def put_saved_audience_in_force(offer: Offer) -> int:
    """Put the saved audience of a locked offer in force, and return how many organisations were added to it."""
    saved = offer.private.next_audience
    added = _authorize_additions(offer) if saved == Audience.SPECIFIC else 0
    if offer.audience != saved:
        offer.audience = saved
        offer.save(update_fields=["audience"])  # after the additions: the database looks for its sellers among them
    return added


def _authorize_additions(offer: Offer) -> int:
    additions = offer.audience_changes.filter(is_removal=False)
    new = [
        Authorization(offer=offer, organization_id=key, source=source)
        for key, source in additions.values_list("organization_id", "source")
    ]
    Authorization.objects.bulk_create(new, batch_size=BATCH, ignore_conflicts=True)
    additions.delete()
    return len(new)


@transaction.atomic
def deauthorize(*, actor: Actor, offer: Offer, organization_ids: Collection[int], staying: Collection[int] = ()) -> int:
    """End the authorisations of organisations for a live offer, as vendor staff have decided; return their number.

    `staying` are others that were marked for removal and stay, because they have sold the offer: the mark is taken
    off. Raises Conflict("partner_has_sales") if one of those that are to leave has resold the offer (CA-20). The row of
    the offer is locked first, so that no sale comes between.
    """
    locked = _lock_for_staff(actor, offer)
    keys = set(organization_ids)
    if count_sales_through(actor, locked, keys):
        raise Conflict(
            "partner_has_sales", _("A partner has sold the offer in the meantime, so it stays in the audience.")
        )
    ended = locked.authorizations.active().filter(organization__in=keys).update(ended_at=timezone.now())
    locked.audience_changes.filter(organization__in=keys.union(staying), is_removal=True).delete()
    _touch(locked)
    record_event(
        OfferEvent.AUDIENCE_CHANGED,
        actor=actor,
        subject=locked,
        counterpart=locked.publisher,
        data={"ended": ended},
    )
    return ended


@transaction.atomic
def change_live_audience(*, actor: Actor, offer: Offer, audience: str) -> Offer:
    """Change the option of a live offer's audience, as vendor staff have decided, and return the offer (CA-24…CA-28).

    From any to specific partners, those that have resold are authorised, and so are the saved additions. Raises
    Conflict("has_sales") where sales refuse the change.
    """
    locked = _lock_for_staff(actor, offer)
    sellers = count_sales_by_seller(actor, locked)
    verdict = judge_audience_change(locked, audience, sellers=len(sellers))
    if verdict.way == Way.REFUSED:
        raise Conflict(verdict.code, verdict.message)
    before, locked.private.next_audience = locked.audience, audience
    if audience == Audience.SPECIFIC:
        _keep_sellers(locked, sellers)
    put_saved_audience_in_force(locked)
    if audience != Audience.SPECIFIC:
        locked.authorizations.active().update(ended_at=timezone.now())
        locked.audience_changes.all().delete()
    _touch(locked)
    changes = {"audience": [str(before), str(audience)]}
    record_event(
        OfferEvent.AUDIENCE_CHANGED, actor=actor, subject=locked, counterpart=locked.publisher, changes=changes
    )
    return locked


def _opens_to_selected(offer: Offer) -> bool:
    """Return whether a live offer without partners is to have selected ones, which needs no request (CA-29)."""
    return offer.is_published and (offer.audience, offer.private.next_audience) == (Audience.NONE, Audience.SPECIFIC)


def _keep_sellers(offer: Offer, sellers: Collection[int]) -> None:
    """Save every organisation that has resold the offer as an addition to its audience (CA-26)."""
    AudienceChange.objects.bulk_create(
        [AudienceChange(offer=offer, organization_id=key, source=Source.RESOLD) for key in sorted(sellers)],
        batch_size=BATCH,
        ignore_conflicts=True,
    )


def _lock_audience(actor: Actor, offer: Offer, revision: int | None) -> Offer:
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT)
    locked = lock_own_offer(actor, offer)
    if revision is not None and revision != locked.audience_revision:
        raise StaleVersion("changed_meanwhile", OVERTAKEN)
    return locked


def _lock_for_staff(actor: Actor, offer: Offer) -> Offer:
    authorize(actor, ROLE_TABLE, OfferPermission.DECIDE_AUDIENCE)
    rows: QuerySet[Offer] = Offer.objects.visible_to(actor).filter(pk=offer.pk)
    locked = rows.select_for_update().first()
    if locked is None:
        raise NotFound("not_found", "")
    return locked


def _make_request_needed_error(
    reason: Message, offer: Offer, option: str = REMOVAL.code, *, field: str, partner_ids: Iterable[uuid.UUID] = ()
) -> Conflict:
    """Return the error of a change that needs a request, with the URL of the page on which this begins, filled in."""
    message = _("%(reason)s Request the change at %(url)s.")
    values = {"reason": reason, "url": build_audience_request_url(offer, option)}
    path = build_audience_request_url(offer, option, partner_ids)
    return Conflict("request_needed", message % values, field=field, path=path)


def _touch(offer: Offer) -> None:
    """Note that the audience was saved, so that editors who have seen it before are told."""
    offer.audience_revision += 1
    offer.save(update_fields=["audience_revision"])
    offer.private.save(update_fields=["next_audience"])


@transaction.atomic
def replace_audience(
    *, actor: Actor, offer: Offer, audience: str, tenant_ids: Collection[uuid.UUID], revision: int | None
) -> Offer:
    """Save the whole audience of an offer, its option and its organisations by tenant ID; return the offer.

    All or nothing: raises what `choose_audience` raises, InvalidInput("too_many_partners") for more than MOST_REPLACED,
    InvalidInput("unknown_tenant_id") for organisations that cannot be added, and Conflict("request_needed") or
    Conflict("partner_has_sales") if the audience in force would lose somebody, which takes a request.
    """
    if len(tenant_ids) > MOST_REPLACED:
        most = formats.format_number(MOST_REPLACED)
        raise InvalidInput("too_many_partners", TOO_MANY % {"most": most}, field="tenant_ids")
    choose_audience(actor=actor, offer=offer, audience=audience, revision=revision)
    listing = ResellerListing.objects.visible_to(actor)
    keys = dict(listing.filter(tenant_id__in=tenant_ids).values_list("tenant_id", "organization_id"))
    if unknown := sorted(str(tenant_id) for tenant_id in set(tenant_ids) - keys.keys()):
        raise InvalidInput("unknown_tenant_id", UNKNOWN % {"tenant_id": unknown[0]}, field="tenant_ids")
    wanted, held = set(keys.values()), set(offer.authorizations.active().values_list("organization_id", flat=True))
    if lost := held - wanted if offer.is_published and audience == Audience.SPECIFIC else set():
        verdict = judge_removal(offer, has_resold=bool(count_sales_through(actor, offer, lost)))
        if verdict.way == Way.REFUSED:
            raise Conflict(verdict.code, verdict.message, field="tenant_ids")
        rows = listing.filter(organization__in=lost).order_by("name_folded", "pk")
        partner_ids = rows.values_list("public_id", flat=True)[:MOST_IN_URL]
        raise _make_request_needed_error(verdict.message, offer, field="tenant_ids", partner_ids=partner_ids)
    changes = dict(offer.audience_changes.values_list("organization_id", "is_removal"))
    saved = {key for key, is_removal in changes.items() if not is_removal}
    named_again = wanted & (changes.keys() - saved)
    offer.audience_changes.filter(organization__in=named_again).delete()  # whose removal was only saved
    remove_from_audience(actor=actor, offer=offer, organization_ids=saved - wanted)
    add_to_audience(actor=actor, offer=offer, organization_ids=wanted - held, source=Source.API)
    return lock_own_offer(actor, offer)
