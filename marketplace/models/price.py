"""Prices of plans: rows that are only added, each of which holds from its day until the next one begins."""

import datetime as dt
from decimal import Decimal

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, OrganizationKind, ProgramFeature
from marketplace.models.market import MarketCountry
from marketplace.models.offer import Plan
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.money import get_currency_decimals
from partnerportal.lib.visible_rows import TenantQuerySet


class Term(models.TextChoices):
    """How long a customer commits itself, as an ISO 8601 duration."""

    MONTH = "P1M", _("1 month")
    YEAR = "P1Y", _("1 year")
    TWO_YEARS = "P2Y", _("2 years")
    THREE_YEARS = "P3Y", _("3 years")


class BillingFrequency(models.TextChoices):
    """How often a term is billed, as an ISO 8601 duration."""

    MONTHLY = "P1M", _("monthly")
    YEARLY = "P1Y", _("yearly")
    ONCE = "once", _("once for the whole term")


class PriceQuerySet(TenantQuerySet):
    """A queryset of prices: publishers see their own, the vendor all, resellers those of their market and currency.

    A distributor sees those of its partners' markets and currencies too.
    """

    finds_keys_first = True  # for keyset pages: row-level security asks about each publisher, which takes long

    def rows_for(self, actor: Actor) -> "PriceQuerySet":
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        own = Q(plan__offer__publisher=actor.organization_id)
        if actor.organization_id is None or ProgramFeature.MARKETPLACE_PURCHASE not in actor.features:
            return self.filter(own)
        buyers = Organization.objects.filter(Q(pk=actor.organization_id) | Q(parent=actor.organization_id))
        places = MarketCountry.objects.filter(country__in=buyers.values("country"))
        is_theirs = Exists(places.filter(market=OuterRef("market"), currency=OuterRef("currency")))
        return self.filter(own | Q(is_theirs) & ~Q(plan__published_in=None))

    def in_force(self, on: dt.date | None = None) -> "PriceQuerySet":
        """Return of each plan, market, currency, term and billing frequency the price that holds on a day (UTC).

        The day is today by default. A price without an amount says that there is none any more, and is among them.
        """
        begun = self.filter(withdrawn_at=None, valid_from__lte=on or today())
        key = ("plan", "market", "currency", "term", "billing")
        newest = begun.order_by(*key, "-valid_from").distinct(*key)
        return self.filter(pk__in=newest.values("pk"))


class Price(PublicIdModel):
    """The price of a plan in one market and currency, for one term and billing frequency, from a day on.

    `amount` is for one billing period and, with the pricing model per seat, for one seat. Without an amount the plan is
    no longer offered there. A row never changes; until its day comes it can be withdrawn.
    """

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="prices")
    market = models.ForeignKey("marketplace.Market", models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)  # ISO 4217
    term = models.CharField(max_length=4, choices=Term)
    billing = models.CharField(max_length=4, choices=BillingFrequency)
    valid_from = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = PriceQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["plan", "market", "currency", "term", "billing", "valid_from"],
                condition=Q(withdrawn_at=None),
                name="price_once_from_a_day",
            ),
            models.CheckConstraint(condition=Q(amount=None) | Q(amount__gte=0), name="price_not_negative"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="price_currency_shape"),
        )
        indexes = (  # in the order in which `in_force` reads the prices of one market and currency
            models.Index(
                fields=["market", "currency", "plan", "term", "billing", "-valid_from"],
                include=["amount"],
                name="price_of_a_place",
                condition=Q(withdrawn_at=None),
            ),
        )

    @property
    def plain_amount(self) -> str | None:
        """The amount as the API and forms take it, with all decimals of its currency, or None without an amount."""
        return None if self.amount is None else write_amount(self.amount, self.currency)


def write_amount(amount: Decimal, currency: str) -> str:
    """Return an amount as the API and forms take it, such as "9.90", with all decimals of its currency."""
    return f"{amount:.{get_currency_decimals(currency)}f}"
