"""Queries over notices, and over what people choose to get of them."""

from functools import cache
from uuid import UUID

from django.db.models import QuerySet

from notifications import registry
from notifications.mailing import get_default_mail_mode
from notifications.models import MailMode, Notice, NoticeDeliveryChoice, NoticePreference
from notifications.models.notice import NoticeQuerySet, make_inbox_notice_condition
from partnerportal.lib.actors import Actor
from partnerportal.lib.prepared import PreparedQuery

UNREAD_SHOWN = 99  # beyond it the badge says "99+"; counting further helps nobody
NEWS_LOOKED_AT = 500  # how many of the latest notices the customer filter takes its choices from


def list_notices(actor: Actor) -> NoticeQuerySet:
    """Return the notices that the actor sees, newest first, each with `is_unread`.

    Open and dismissed ones are among them, and those of kinds that the acting person has switched off. Lists filter by
    the alias `is_in_inbox`, unless the person asks for such a kind.
    """
    return (
        Notice.objects.visible_to(actor)
        .annotate_unread(actor)
        .alias(is_in_inbox=make_inbox_notice_condition(actor))
        .order_by("-at", "-pk")
    )


def list_customers_with_notices(
    actor: Actor, chosen_customer_id: UUID | None = None, kind: str | None = None
) -> list[tuple[str, str]]:
    """Return (public id, name) of each customer that the latest open notices are about, by name (CC-55).

    They are the choices of the inbox's filter by customer; the one with the public id `chosen_customer_id` is always
    among them. As in the list, notices of kinds that the person has switched off count only while one `kind` is looked
    at. The cost does not grow with the inbox.
    """
    rows = Notice.objects.visible_to(actor)
    about = (rows if kind else rows.in_inbox_of(actor)).values_list("about_id", "about_public_id", "about_label")
    latest = list(about.filter(dismissed_at=None).order_by("-at", "-pk")[:NEWS_LOOKED_AT])
    if chosen_customer_id:
        latest += about.filter(about_public_id=chosen_customer_id).order_by("-at", "-pk")[:1]
    names = {
        str(public_id): name for pk, public_id, name in reversed(latest) if pk not in (None, actor.organization_id)
    }
    return sorted(names.items(), key=lambda row: (row[1], row[0]))


@cache
def _unread(features: frozenset[str], roles: frozenset[str]) -> PreparedQuery[tuple[int]]:
    """Return the prepared statement that finds the unread notices of a person with these features and roles.

    Each combination has a statement of its own, because with a feature a person sees news of customers too, and in
    some roles more kinds. The rows come in the inbox's order, though nobody sees it, because only the inbox's own index
    serves that order: without it, a plan that does not know the organisation may look for its few notices among
    everybody's.
    """

    def rows(organization: int, person: int) -> QuerySet[Notice, tuple[int]]:
        actor = Actor(organization_id=organization, person_id=person, features=features, roles=roles)
        return (
            Notice.objects.visible_to(actor)
            .not_dismissed()
            .in_inbox_of(actor)
            .unread_by(actor)
            .order_by("-at", "-pk")
            .values_list("pk")[: UNREAD_SHOWN + 1]
        )

    return PreparedQuery(rows, -1, -2)


def count_unread_notices(actor: Actor) -> int:
    """Return how many open notices the acting person has not opened, at most UNREAD_SHOWN + 1."""
    unread = _unread(actor.features & registry.list_features_required_by_notices(), actor.roles)
    return len(unread(actor.organization_id, actor.person_id))


def get_notice_choices(actor: Actor) -> dict[str, NoticeDeliveryChoice]:
    """Return the acting person's choice for each kind of notice in this organisation, by the kind's code.

    For a kind without a choice of theirs, it is the kind's default.
    """
    own = {row.kind: row for row in NoticePreference.objects.visible_to(actor)}
    by_code = {}
    for code, kind in registry.get_notice_kinds().items():
        row = own.get(code) or NoticePreference()
        mail = (
            MailMode(row.mail)
            if row.mail
            else get_default_mail_mode(kind, actor.roles, is_own_news=not kind.is_granted_by_features(actor.features))
        )
        by_code[code] = NoticeDeliveryChoice(mail, row.inbox)
    return by_code
