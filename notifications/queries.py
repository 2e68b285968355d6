"""Reads over notices."""

from django.db.models import BooleanField, Case, Value, When

from notifications.models import Notice
from notifications.models.notice import NoticeQuerySet
from partnerportal.lib.actors import Actor

UNREAD_SHOWN = 99  # beyond it the badge says "99+"; counting further helps nobody
NEWS_LOOKED_AT = 500  # notices that the customer filter takes its choices from


def inbox(actor: Actor) -> NoticeQuerySet:
    """Notices, open and dismissed, newest first, each with `is_unread` for this person."""
    rows = Notice.objects.visible_to(actor)
    unread = rows.unread_by(actor).values("pk")
    return rows.annotate(
        is_unread=Case(When(pk__in=unread, then=Value(True)), default=Value(False), output_field=BooleanField())
    ).order_by("-at", "-pk")


def customers_in_news(actor: Actor) -> list[tuple[str, str]]:
    """(public id, name) of the customers that the latest notices are about, by name; for the inbox filter (CC-55)."""
    rows = Notice.objects.visible_to(actor).exclude(about_id=None).exclude(about_id=actor.organization_id)
    latest = rows.order_by("-at", "-pk").values_list("params__customer", "about_label")[:NEWS_LOOKED_AT]
    return sorted({(public_id, name) for public_id, name in latest if public_id}, key=lambda row: (row[1], row[0]))


def unread_count(actor: Actor) -> int:
    """Up to UNREAD_SHOWN + 1."""
    return Notice.objects.visible_to(actor).open().unread_by(actor)[: UNREAD_SHOWN + 1].count()
