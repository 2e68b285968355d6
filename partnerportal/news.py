"""What is new in the portal, for its users: the page Help shows it to those who can open the page that it is about."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from accounts.policies import ROLE_TABLE as ACCOUNT_ROLES
from accounts.policies import AccountPermission
from accounts.queries.own_account import is_customer, sees_customers
from entitlements.policies import ROLE_TABLE as ENTITLEMENT_ROLES
from entitlements.policies import EntitlementPermission
from marketplace.policies import ROLE_TABLE as OFFER_ROLES
from marketplace.policies import OfferPermission
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.navigation import allow_everybody


@dataclass(frozen=True, kw_only=True)
class NewsItem:
    """A change that people notice, the day it came, and the page on which they find it.

    It is shown to the actors for whom `seen_by` returns true.
    """

    day: dt.date
    text: Message
    url_name: str
    seen_by: Callable[[Actor], object] = allow_everybody


# The newest first. An item goes when nobody is surprised by it any more, after half a year or so.
NEWS = (
    NewsItem(
        day=dt.date(2026, 11, 30),
        text=_("Filter a list by several countries or services, or by how many licences there are: choose “Advanced”."),
        url_name="customers",
        seen_by=sees_customers,
    ),
    NewsItem(
        day=dt.date(2026, 11, 30),
        text=_("A customer’s activity now goes back to its first order, first service and first renewal."),
        url_name="customers",
        seen_by=sees_customers,
    ),
    NewsItem(
        day=dt.date(2026, 11, 29),
        text=_("See thirteen months of usage for all your customers, and who is about to run out of licences."),
        url_name="usage_of_customers",
        seen_by=sees_customers,
    ),
    NewsItem(
        day=dt.date(2026, 11, 29),
        text=_("See thirteen months of your usage, and a proposed quantity for your next renewal."),
        url_name="usage",
        seen_by=is_customer,
    ),
    NewsItem(
        day=dt.date(2026, 11, 29),
        text=_("Approve or decline trials right in the list, one or many at a time."),
        url_name="trials",
        seen_by=ENTITLEMENT_ROLES[EntitlementPermission.DECIDE_TRIALS].check_actor,
    ),
    NewsItem(
        day=dt.date(2026, 11, 28),
        text=_("Give each renewal an owner, a state and notes with a date. Only your organisation sees them."),
        url_name="renewals",
        seen_by=sees_customers,
    ),
    NewsItem(
        day=dt.date(2026, 11, 28),
        text=_("See how your products are growing: licences, active users, trials and renewals by month and country."),
        url_name="products",
        seen_by=OFFER_ROLES[OfferPermission.VIEW_PRODUCTS].check_actor,
    ),
    NewsItem(
        day=dt.date(2026, 11, 28),
        text=_("The inbox is grouped by day, and choosing a customer’s name opens its page."),
        url_name="inbox",
    ),
    NewsItem(
        day=dt.date(2026, 11, 27),
        text=_("Find records, pages and actions by name or number: press Ctrl K on any page."),
        url_name="search",
    ),
    NewsItem(
        day=dt.date(2026, 11, 27),
        text=_("Invite colleagues, and see who has signed in and who has a second factor."),
        url_name="operators",
        seen_by=ACCOUNT_ROLES[AccountPermission.INVITE_OPERATORS].check_actor,
    ),
)


def list_news(actor: Actor) -> list[NewsItem]:
    """Return what is new for the actor, the newest first."""
    return [item for item in NEWS if item.seen_by(actor)]
