"""Reads over notices."""

from functools import cache
from uuid import UUID

from django.db.models import QuerySet

from notifications import registry
from notifications.mailing import usual
from notifications.models import Choice, Mail, Notice, NoticePreference
from notifications.models.notice import CUSTOMER_NEWS_FEATURE, NoticeQuerySet, wanted
from partnerportal.lib.actors import Actor
from partnerportal.lib.prepared import Prepared

UNREAD_SHOWN = 99  # beyond it the badge says "99+"; counting further helps nobody
NEWS_LOOKED_AT = 500  # notices that the customer filter takes its choices from


def inbox(actor: Actor) -> NoticeQuerySet:
    """Notices, open and dismissed, newest first, each with `is_unread` for this person; what they have switched off
    too, for who asks for it: a list holds what `is_wanted`."""
    return Notice.objects.visible_to(actor).with_unread(actor).alias(is_wanted=wanted(actor)).order_by("-at", "-pk")


def customers_in_news(actor: Actor, chosen: UUID | None = None, kind: str | None = None) -> list[tuple[str, str]]:
    """(public id, name) of the customers that the latest open notices are about, by name; for the inbox filter (CC-55).

    Like the list, of what the person wants, unless they look at one kind. The chosen one is among them. However long
    the inbox, the same two walks along an index.
    """
    rows = Notice.objects.visible_to(actor)
    about = (rows if kind else rows.wanted_by(actor)).values_list("about_id", "about_public_id", "about_label")
    found = list(about.filter(dismissed_at=None).order_by("-at", "-pk")[:NEWS_LOOKED_AT])
    if chosen:
        found += about.filter(about_public_id=chosen).order_by("-at", "-pk")[:1]
    theirs = {
        str(public_id): name for pk, public_id, name in reversed(found) if pk not in (None, actor.organization_id)
    }
    return sorted(theirs.items(), key=lambda row: (row[1], row[0]))


@cache
def _unread(features: frozenset[str], roles: frozenset[str]) -> Prepared[tuple[int]]:
    """Who has the feature sees the news of customers too, and an Admin what is for Admins: another statement.

    In the inbox's order, though nobody sees it: only the inbox's own index serves that. Without an order a plan that
    does not know the organisation may look for its few notices among everybody's.
    """

    def rows(organization: int, person: int) -> QuerySet[Notice, tuple[int]]:
        actor = Actor(organization_id=organization, person_id=person, features=features, roles=roles)
        return (
            Notice.objects.visible_to(actor)
            .open()
            .wanted_by(actor)
            .unread_by(actor)
            .order_by("-at", "-pk")
            .values_list("pk")[: UNREAD_SHOWN + 1]
        )

    return Prepared(rows, -1, -2)


def unread_count(actor: Actor) -> int:
    """Up to UNREAD_SHOWN + 1."""
    return len(_unread(actor.features & {CUSTOMER_NEWS_FEATURE}, actor.roles)(actor.organization_id, actor.person_id))


def choices(actor: Actor) -> dict[str, Choice]:
    """How the person gets each kind of notice in this organisation: their own choice, or the usual."""
    is_own = CUSTOMER_NEWS_FEATURE not in actor.features
    own = {row.kind: row for row in NoticePreference.objects.visible_to(actor)}
    found = {}
    for code, kind in registry.kinds().items():
        row = own.get(code) or NoticePreference()
        mail = Mail(row.mail) if row.mail else usual(kind, actor.roles, is_own=is_own)
        found[code] = Choice(mail, row.inbox)
    return found
