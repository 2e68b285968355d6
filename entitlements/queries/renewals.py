"""Queries of what ends soon, of the customers or of the organisation itself, and of the calendars that show it."""

import datetime as dt
from typing import Any

from django.db.models import Case, Count, F, QuerySet, Sum, When, Window
from django.db.models.functions import RowNumber

from accounts.models import Person
from accounts.queries.own_account import sees_customers
from connections.actors import build_actor_with_current_roles
from connections.models import Portfolio
from entitlements.models import CalendarFeed, Entitlement, PortfolioFigure
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.errors import NotFound
from partnerportal.lib.tokens import digest_secret, has_token_shape

RENEWAL_HORIZON = dt.timedelta(days=90)  # how far ahead of today ends are shown
SHOWN_A_DAY = 3  # entitlements on a day of a month's grid; the day's own list has them all
IN_CALENDAR = 1000  # entitlements in a calendar file: those that end first


def list_renewals(actor: Actor, first_day: dt.date, last_day: dt.date) -> QuerySet[Entitlement]:
    """Return the running entitlements that end from `first_day` to `last_day`, both included (UTC days).

    They are those of the customers that the actor sees, or of its own organisation if it has no customers to see.
    """
    rows = Entitlement.objects.visible_to(actor).filter(
        state=Entitlement.State.ACTIVE, ends_on__range=(first_day, last_day)
    )
    if not sees_customers(actor):
        return rows.filter(customer=actor.organization_id)
    paths = (Portfolio.AccessPath.CONNECTION, Portfolio.AccessPath.PARTNER_CUSTOMER)
    return rows.filter(customer__in=Portfolio.objects.visible_to(actor).filter(path__in=paths).values("subject"))


def list_upcoming_renewals(actor: Actor) -> QuerySet[Entitlement]:
    """Return the running entitlements that end within RENEWAL_HORIZON (90 days from today, UTC)."""
    return list_renewals(actor, today(), today() + RENEWAL_HORIZON)


def parse_renewal_day(text: str) -> dt.date | None:
    """Return the date that a query parameter names, or None unless it lies within 90 days from today (UTC)."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if today() <= day <= today() + RENEWAL_HORIZON else None


def count_renewals_by_day(rows: QuerySet[Entitlement]) -> dict[dt.date, int]:
    """Return a dict from each day to the number of these entitlements that end on it, for days that have any."""
    return dict(rows.order_by("ends_on").values_list("ends_on").annotate(count=Count("pk")))


def count_upcoming_renewals_by_day(actor: Actor) -> dict[dt.date, int]:
    """Return a dict from each of the next 90 days (UTC) to the number of entitlements that end on it.

    Days without an end are left out. The numbers of customers come from stored figures, because a partner may have tens
    of thousands of ends.
    """
    first, last = today(), today() + RENEWAL_HORIZON
    if sees_customers(actor):
        figures = PortfolioFigure.objects.visible_to(actor).filter(facet=PortfolioFigure.Facet.END)
        figures = figures.filter(value__range=(first.isoformat(), last.isoformat())).order_by("value")
        counts = figures.values_list("value").annotate(count=Sum("amount"))
        return {dt.date.fromisoformat(day): count for day, count in counts if count}
    return count_renewals_by_day(list_upcoming_renewals(actor))


def count_customers_not_sharing_services(actor: Actor) -> int:
    """Return how many of the actor's customers do not share their services, from the stored figures."""
    figures = PortfolioFigure.objects.visible_to(actor).filter(facet=PortfolioFigure.Facet.TOTAL)
    signs = Case(When(value="customers", then=F("amount")), default=-F("amount"))
    return figures.filter(value__in=("customers", "share_services")).aggregate(left=Sum(signs))["left"] or 0


def list_first_renewals_by_day(actor: Actor, renewals: QuerySet[Entitlement]) -> list[Entitlement]:
    """Return, for each day, the first SHOWN_A_DAY of these entitlements that end on it, with SKU and customer.

    Only those are read in full: a large partner has thousands in a month, of which a hundred are shown.
    """
    nth: Any = Window(RowNumber(), partition_by=["ends_on"], order_by=F("pk").asc())
    shown = renewals.annotate(nth=nth).filter(nth__lte=SHOWN_A_DAY)
    rows = Entitlement.objects.visible_to(actor).filter(pk__in=shown.values("pk"))
    return list(rows.select_related("sku", "customer").order_by("ends_on", "pk"))


def list_calendar_feed_renewals(actor: Actor) -> list[Entitlement]:
    """Return the entitlements for a calendar file, with SKU and customer: the IN_CALENDAR that end first."""
    rows = list_upcoming_renewals(actor).select_related("sku", "customer")
    return list(rows.order_by("ends_on", "pk")[:IN_CALENDAR])


def get_own_calendar_feed(actor: Actor) -> CalendarFeed | None:
    """Return the calendar feed that the acting person has made for the acting organisation, or None."""
    return CalendarFeed.objects.visible_to(actor).first()


def find_calendar_feed(secret: str) -> tuple[CalendarFeed, Actor, Person]:
    """Return the calendar feed that has this secret, an actor with its owner's present rights, and its owner.

    Holding the secret is the permission, and the owner's rights say what it shows. Raises NotFound if the secret is
    unknown or revoked, or if its owner is no operator any more or lacks the second factor that the organisation
    requires.
    """
    feed = None
    digest = digest_secret(secret)
    if has_token_shape(secret):
        with tenancy.as_tenant(organization_id=None, secret=digest):
            feed = CalendarFeed.objects.filter(digest=digest).first()
    if feed is None:
        raise NotFound("unknown_calendar", "")
    with tenancy.as_tenant(organization_id=feed.organization_id, person_id=feed.person_id):
        actor = build_actor_with_current_roles(feed.person_id, feed.organization_id, is_shown=True)
    if actor is None:
        raise NotFound("unknown_calendar", "")
    return feed, actor, Person.objects.get(pk=feed.person_id)
