"""Actions on renewals: announce what ends soon, 90, 60, 30 and 7 days ahead, and make calendars that show it."""

from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from entitlements.actions.trials import make_entitlement_event
from entitlements.events import EntitlementEventKind
from entitlements.models import CalendarFeed, Entitlement
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from notifications.actions.recording import record_event, record_events
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.policies import authorize
from partnerportal.lib.tokens import digest_secret, generate_token

THRESHOLDS = (7, 30, 60, 90)  # days before an end at which it is announced
BATCH = 500  # ends that are announced in one transaction

# The statement claims the nearest threshold that an end has crossed, once for that end. A threshold that was crossed
# before the entitlement was first seen here is not told, so that the first load of old data says nothing.
_CLAIM = """
    INSERT INTO entitlements_renewalalert (entitlement_id, ends_on, days, told_at)
    SELECT e.id, e.ends_on, t.days, now()
    FROM entitlements_entitlement e
    CROSS JOIN LATERAL (SELECT min(d) AS days FROM unnest(%(thresholds)s) d WHERE e.ends_on - %(today)s <= d) t
    WHERE e.state = 'active' AND e.ends_on BETWEEN %(today)s AND %(today)s + %(furthest)s
      AND e.ends_on - t.days >= (e.created_at AT TIME ZONE 'UTC')::date
      AND NOT EXISTS (SELECT FROM entitlements_renewalalert a
                      WHERE (a.entitlement_id, a.ends_on, a.days) = (e.id, e.ends_on, t.days))
    ORDER BY e.id LIMIT %(batch)s
    ON CONFLICT DO NOTHING RETURNING entitlement_id, days"""


def announce_renewals() -> int:
    """Announce the entitlements that end within 90 days (UTC), and return how many announcements were made.

    They are announced to the customer and to every organisation that is connected with it at that moment. Each batch
    stores its announcements and events in one transaction, so after a crash the next run announces only the rest.
    """
    announced = 0
    while batch := _announce_batch():
        announced += batch
    return announced


@transaction.atomic
def _announce_batch() -> int:
    values: dict[str, Any] = {"thresholds": list(THRESHOLDS), "furthest": max(THRESHOLDS), "today": today()}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values | {"batch": BATCH})
        days = dict(cursor.fetchall())
    rows = Entitlement.objects.filter(pk__in=days).select_related("sku", "customer").order_by("pk")
    actor = Actor.system("renewals")
    record_events(
        [make_entitlement_event(EntitlementEventKind.ENDS_SOON, actor, row, days=days[row.pk]) for row in rows]
    )
    return len(days)


@transaction.atomic
def create_calendar_feed(*, actor: Actor) -> str:
    """Create or replace the acting person's calendar feed for the acting organisation, and return its secret.

    The secret is part of the feed's URL, and only its digest is stored. An earlier secret stops working at once.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.VIEW_RENEWALS)
    secret = generate_token()
    _lock_calendars(actor).delete()
    owner: dict[str, Any] = {"organization_id": actor.organization_id, "person_id": actor.person_id}
    feed = CalendarFeed.objects.create(**owner, digest=digest_secret(secret))
    record_event(EntitlementEventKind.CALENDAR_MADE, actor=actor, subject=feed, label=actor.label)
    return secret


@transaction.atomic
def revoke_calendar_feed(*, actor: Actor) -> None:
    """Delete the acting person's calendar feed for the acting organisation, so that its URL answers 404.

    Repeating it changes nothing.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.VIEW_RENEWALS)
    for feed in _lock_calendars(actor):
        record_event(EntitlementEventKind.CALENDAR_REVOKED, actor=actor, subject=feed, label=actor.label)
        feed.delete()


def record_calendar_feed_read(*, actor: Actor, feed: CalendarFeed) -> None:
    """Store the hour in which a calendar program last read a calendar feed.

    The minutes are left out, so that at most one write an hour is needed.
    """
    now = timezone.now()
    if feed.last_read_at is None or (now - feed.last_read_at).total_seconds() > 3600:
        _lock_calendars(actor).filter(pk=feed.pk).update(last_read_at=now)


def _lock_calendars(actor: Actor) -> Any:
    """Return the person's own calendar feeds of this organisation, locked when they are read."""
    return CalendarFeed.objects.visible_to(actor).select_for_update()
