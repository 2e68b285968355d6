"""The sealing of the log, and the end of what was kept long enough. `notifications.sealing` says what is hashed."""

import datetime as dt
import logging

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.events import LogEventKind
from notifications.models import Event, EventSeal, UnsealedEvent
from notifications.sealing import BEFORE_THE_FIRST, LEAST_KEPT, digest_link
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import InvalidInput
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.policies import authorize_system

log = logging.getLogger(__name__)

BATCH = 1000  # events that are sealed, or deleted, in one transaction


@transaction.atomic
def seal_next_events() -> int:
    """Seal the next events that were committed and have no link yet, at most BATCH; return how many were sealed.

    Whoever writes an event waits for nothing: a trigger puts it into a queue, and only sealers wait for one another. A
    worker that dies leaves nothing behind, and the next one goes on.
    """
    acquire_lock(AdvisoryLock.SEAL)
    stored = Exists(Event.objects.filter(pk=OuterRef("event_id")))
    waiting = list(UnsealedEvent.objects.filter(stored).order_by("pk").values_list("pk", flat=True)[:BATCH])
    if not waiting:
        return 0
    last = EventSeal.objects.order_by("-position").values_list("position", "digest").first()
    position, previous = (last[0], bytes(last[1])) if last else (0, BEFORE_THE_FIRST)
    links, now = [], timezone.now()
    for event_id, digest in Event.objects.filter(pk__in=waiting).order_by("pk").values_list("pk", "digest"):
        link = EventSeal(position=(position := position + 1), event_id=event_id, event_digest=bytes(digest))
        link.previous, link.sealed_at = previous, now
        link.digest = previous = digest_link(
            position=position, event_id=event_id, event_digest=bytes(digest), sealed_at=now, previous=previous
        )
        links.append(link)
    EventSeal.objects.bulk_create(links)
    UnsealedEvent.objects.filter(pk__in=waiting).delete()
    return len(links)


def prune_events(*, actor: Actor, before: dt.datetime) -> int:
    """Delete sealed events that are older than `before`, on behalf of the vendor's staff; return how many were deleted.

    Their notices and deliveries go with them. They are the oldest of the chain, up to the first event that is younger,
    and the digest of the last stays: the log can be verified from there. An event says so for each batch. Raises
    InvalidInput("before") unless PORTAL_EVENTS_KEPT is set and has passed since.
    """
    authorize_system(actor)
    kept = settings.PORTAL_EVENTS_KEPT
    if kept is None:
        raise InvalidInput(
            "before",
            _(
                "Events are kept forever unless EVENT_DAYS is set to the number of days after which they may be "
                "deleted."
            ),
        )
    if before > timezone.now() - max(kept, LEAST_KEPT):
        raise InvalidInput(
            "before",
            _("Events can be deleted only once they are %(days)s days old.") % {"days": max(kept, LEAST_KEPT).days},
        )
    deleted = 0
    while pruned := _prune_batch(actor, before):
        deleted += pruned
    return deleted


def prune_old_events() -> int:
    """Delete events older than PORTAL_EVENTS_KEPT; return how many were deleted. Without that setting none are."""
    if settings.PORTAL_EVENTS_KEPT is None:
        return 0
    before = timezone.now() - max(settings.PORTAL_EVENTS_KEPT, LEAST_KEPT)
    return prune_events(actor=Actor.system("sweep"), before=before)


@transaction.atomic
def _prune_batch(actor: Actor, before: dt.datetime) -> int:
    acquire_lock(AdvisoryLock.SEAL)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pruned_to, link, events FROM prune_log(%s, %s)", [before, BATCH])
        pruned = cursor.fetchone()
    if pruned is None:
        return 0
    position, digest, count = pruned[0], bytes(pruned[1]).hex(), pruned[2]
    Event(
        kind=LogEventKind.PRUNED,
        actor_kind=actor.kind,
        actor_label=actor.label,
        subject_kind=Event._meta.label_lower,
        subject_label=str(position),
        data={"position": position, "digest": digest, "events": count, "before": before.isoformat()},
    ).save(force_insert=True)
    return int(count)


def log_checkpoint() -> None:
    """Write the last link of the chain into the program's log, so that a copy leaves the house with it."""
    if line := build_checkpoint_line():
        log.info(line)


def build_checkpoint_line() -> str:
    """Return the last link of the chain as the line of a checkpoint, or "" before the first event was sealed.

    Whoever keeps the line elsewhere can prove by it, later, that nothing up to that link was changed or cut off.
    """
    last = EventSeal.objects.order_by("-position").first()
    if last is None:
        return ""
    return (
        f"event-checkpoint position={last.position} digest={bytes(last.digest).hex()} at={last.sealed_at.isoformat()}"
    )
