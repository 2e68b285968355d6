"""Reads over notices and events."""

from django.db.models import BooleanField, Case, QuerySet, Value, When

from notifications.models import Event, Notice
from partnerportal.lib.actors import Actor

UNREAD_SHOWN = 99  # beyond it the badge says "99+"; counting further helps nobody


def inbox(actor: Actor) -> QuerySet[Notice]:
    """Open notices, newest first, each with `is_unread` for this person."""
    rows = Notice.objects.visible_to(actor)
    unread = rows.unread_by(actor).values("pk")
    return rows.annotate(
        is_unread=Case(When(pk__in=unread, then=Value(True)), default=Value(False), output_field=BooleanField())
    ).order_by("-pk")


def unread_count(actor: Actor) -> int:
    """Up to UNREAD_SHOWN + 1."""
    return Notice.objects.visible_to(actor).open().unread_by(actor)[: UNREAD_SHOWN + 1].count()


def activity(actor: Actor) -> QuerySet[Event]:
    """What the actor's organisation did, was done to it, or was shared with it; newest first."""
    return Event.objects.visible_to(actor).order_by("-pk")
