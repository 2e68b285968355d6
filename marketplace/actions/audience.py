"""Actions on audiences: save who may resell an offer, and put what was saved in force (CA-7…CA-19, E-8)."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from marketplace.events import OfferEvent
from marketplace.models import Audience, AudienceChange, Authorization, Offer
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.offers import lock_own_offer
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, StaleVersion
from partnerportal.lib.policies import authorize

OVERTAKEN = _("A colleague has saved this audience since you opened it. Reload the page to see the latest.")
NEEDS_REQUEST = _("The audience of a live offer is changed by a request.")


@transaction.atomic
def save_audience(
    *,
    actor: Actor,
    offer: Offer,
    audience: Audience,
    added: Iterable[Organization] = (),
    dropped: Iterable[Organization] = (),
    revision: int | None,
    source: str = Authorization.Source.SELECTED,
) -> Offer:
    """Save who is to resell an offer; return the offer. It holds from the first publication or a sync (CA-14, CA-17).

    `added` come into the table of those to add, and `dropped` leave it again. `revision` is the one that the editor has
    seen, or None for any. Raises StaleVersion("changed_meanwhile") if a colleague has saved since, and
    Conflict("request_needed") where a live offer's option is changed by a request alone.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT)
    locked = lock_own_offer(actor, offer)
    if revision is not None and revision != locked.audience_revision:
        raise StaleVersion("changed_meanwhile", OVERTAKEN)
    if locked.is_published and locked.audience not in (Audience.NONE, audience):
        raise Conflict("request_needed", NEEDS_REQUEST)
    before, locked.next_audience = locked.next_audience, audience
    locked.audience_revision += 1
    locked.save(update_fields=["next_audience", "audience_revision"])
    held = set(locked.authorizations.active().values_list("organization", flat=True))
    AudienceChange.objects.bulk_create(
        [AudienceChange(offer=locked, organization=row, source=source) for row in added if row.pk not in held],
        ignore_conflicts=True,
        batch_size=1000,
    )
    locked.audience_changes.filter(organization__in=[row.pk for row in dropped], is_removal=False).delete()
    record_event(
        OfferEvent.AUDIENCE_SAVED, actor=actor, subject=locked, changes={"audience": [str(before), str(audience)]}
    )
    return locked


def put_saved_audience_in_force(offer: Offer) -> int:
    """Put the saved audience of a locked offer in force, and return how many organisations were added to it."""
    changes = list(offer.audience_changes.filter(is_removal=False))
    if offer.audience != offer.next_audience:
        offer.audience = offer.next_audience
        offer.save(update_fields=["audience"])
    if offer.audience != Audience.SPECIFIC:
        return 0
    Authorization.objects.bulk_create(
        [Authorization(offer=offer, organization_id=row.organization_id, source=row.source) for row in changes],
        batch_size=1000,
        ignore_conflicts=True,
    )
    offer.audience_changes.filter(pk__in=[row.pk for row in changes]).delete()
    return len(changes)
