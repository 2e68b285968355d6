"""Subscriptions: what was sold of offers, to which customer and by whom (MM-1, CA-20, E-8)."""

import calendar
import datetime as dt

from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Organization, OrganizationKind
from marketplace.models.offer import Offer, OfferVersion, Plan
from marketplace.models.price import BillingFrequency, Price, Term
from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.visible_rows import TenantQuerySet

MONTHS = {Term.MONTH: 1, Term.YEAR: 12, Term.TWO_YEARS: 24, Term.THREE_YEARS: 36}


def get_last_day_of_term(starts_on: dt.date, term: str) -> dt.date:
    """Return the last day of a term that begins on a day: the day before the next term begins.

    A term that would begin on a day that its month lacks begins on the month's last one.
    """
    year, month = divmod(starts_on.year * 12 + starts_on.month - 1 + MONTHS[Term(term)], 12)
    day = min(starts_on.day, calendar.monthrange(year, month + 1)[1])
    return dt.date(year, month + 1, day) - dt.timedelta(days=1)


def make_party_condition(actor: Actor) -> Q:
    """Return a condition for subscriptions to which the actor's organisation is a party, by their own columns.

    Parties are the buyer, the reseller on record, the distributor above either, the customer and the publisher. Other
    partners of the same customer are none.
    """
    own, below = actor.organization_id, list_partners_below(actor)
    parties = Q(buyer=own) | Q(reseller=own) | Q(customer=own) | Q(publisher=own)
    return parties | Q(buyer__in=below) | Q(reseller__in=below)


def list_partners_below(actor: Actor) -> QuerySet[Organization]:
    """Return the partners under the actor's organisation.

    A join in their place would lose the sales of whom the actor does not see, such as a publisher a seller that was
    never a member of a programme.
    """
    return Organization.objects.filter(parent=actor.organization_id)


class SubscriptionQuerySet(TenantQuerySet):
    """A queryset of subscriptions, which their parties see by the row's own columns, and the vendor's staff."""

    def rows_for(self, actor: Actor) -> "SubscriptionQuerySet":
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        return self.filter(make_party_condition(actor))

    def resold(self) -> "SubscriptionQuerySet":
        """Return those that count as resold: activated once, or waiting for it (E-8). Ended ones count too."""
        return self.filter(~Q(activated_at=None) | Q(state=Subscription.State.PENDING))

    def running(self) -> "SubscriptionQuerySet":
        """Return those that were activated and have not ended. A suspended one runs; one that is pending does not."""
        return self.filter(state__in=[Subscription.State.SUBSCRIBED, Subscription.State.SUSPENDED])


class Subscription(PublicIdModel):
    """A plan of an offer that was sold to a customer. Its public id is the one of the fulfilment API.

    `customer_name` is the name when it was bought, which its buyer keeps after a connection has ended (E-16).
    """

    class State(models.TextChoices):
        """The lifecycle of a subscription, as publishers know it."""

        PENDING = "pending", _("Pending fulfilment start")
        SUBSCRIBED = "subscribed", _("Subscribed")
        SUSPENDED = "suspended", pgettext_lazy("subscription", "Suspended")
        UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")

    MOVES = {
        State.PENDING: frozenset({State.SUBSCRIBED, State.UNSUBSCRIBED}),
        State.SUBSCRIBED: frozenset({State.SUSPENDED, State.UNSUBSCRIBED}),
        State.SUSPENDED: frozenset({State.SUBSCRIBED, State.UNSUBSCRIBED}),
        State.UNSUBSCRIBED: frozenset(),
    }
    BEGINS = State.PENDING

    external_id = models.CharField(max_length=120, unique=True)  # of the system that it was imported from
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="subscriptions")
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="subscriptions")
    version = models.ForeignKey(OfferVersion, models.PROTECT, related_name="+")  # what the buyer was shown
    publisher = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    buyer = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    reseller = models.ForeignKey(  # the partner on record, which may be the buyer
        "accounts.Organization", models.PROTECT, null=True, blank=True, related_name="+"
    )
    customer = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    customer_name = models.CharField(max_length=200)
    state = models.CharField(max_length=12, choices=State, default=BEGINS)
    quantity = models.PositiveIntegerField()  # seats; 1 for a flat rate
    term = models.CharField(max_length=4, choices=Term)
    billing = models.CharField(max_length=4, choices=BillingFrequency)
    is_renewed = models.BooleanField(default=True)  # whether a new term begins when one ends
    purchased_at = models.DateTimeField(default=timezone.now)
    activated_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(quantity__gt=0), name="subscription_of_something"),
            models.CheckConstraint(
                condition=Q(state="pending", activated_at=None)
                | Q(state__in=["subscribed", "suspended"], activated_at__isnull=False)
                | Q(state="unsubscribed"),
                name="subscription_activated_when_it_runs",
            ),
            models.CheckConstraint(
                condition=Q(state="unsubscribed", ended_at__isnull=False) | ~Q(state="unsubscribed") & Q(ended_at=None),
                name="subscription_ended_with_a_moment",
            ),
        )


class SubscriptionTermQuerySet(TenantQuerySet):
    """A queryset of terms with their prices: those who pay see them with finance sight, and customers never (E-13)."""

    def rows_for(self, actor: Actor) -> "SubscriptionTermQuerySet":
        own = actor.organization_id
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        published = Q(subscription__publisher=own)
        if not actor.sees_finance:
            return self.filter(published)
        below = Q(subscription__buyer__in=list_partners_below(actor))
        return self.filter(published | Q(subscription__buyer=own) | below)


class SubscriptionTerm(models.Model):
    """A term of a subscription, with a copy of the price that holds to its end, so that no later price changes it."""

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="terms")
    starts_on = models.DateField()
    ends_on = models.DateField()  # the last day, in UTC
    price = models.ForeignKey(Price, models.PROTECT, null=True, blank=True, related_name="+")
    amount = models.DecimalField(
        max_digits=14, decimal_places=4
    )  # for one billing period, and for one seat if per seat
    currency = models.CharField(max_length=3)

    objects = SubscriptionTermQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["subscription", "starts_on"], name="subscription_term_once"),
            models.CheckConstraint(condition=Q(ends_on__gte=models.F("starts_on")), name="subscription_term_order"),
        )
