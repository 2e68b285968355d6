"""Reads over customers, their services and their orders. Lists read the narrow listing, the rest is for rows shown."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, Func, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from accounts.models import Feature, Program
from connections.models import Connection
from entitlements.models import CustomerListing, Entitlement, Order, Sku
from entitlements.models.listing import CustomerListingQuerySet
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.scoping import by_public_id

SOON = timedelta(days=30)
AHEAD = timedelta(days=90)


@dataclass(frozen=True)
class PortfolioNumbers:
    """All customers in numbers, and how many `matching` a filter. Seats are of running entitlements."""

    customers: int
    matching: int
    seats_purchased: int
    seats_assigned: int
    expiring: int  # within SOON
    over: int  # more seats assigned than purchased
    on_trial: int
    waiting: int  # for a trial
    countries: list[str]

    @property
    def share(self) -> float | None:
        """Of the seats that are assigned."""
        return self.seats_assigned / self.seats_purchased if self.seats_purchased else None


EMPTY = PortfolioNumbers(0, 0, 0, 0, 0, 0, 0, 0, [])


def _expiring_within(span: timedelta) -> Q:
    return Q(next_expiry_on__range=(today(), today() + span))


def _waiting() -> QuerySet[Any, Any]:
    """Customers that wait for a trial, for listings, which are scoped themselves: a second scope cost more than all."""
    return Entitlement.objects.filter(state=Entitlement.State.REQUESTED).values("customer")


def customers(actor: Actor) -> CustomerListingQuerySet:
    """The customers of the list, each with `connection_id`: the public id of the actor's own connection, or None."""
    own = Connection.objects.visible_to(actor).active().filter(partner=actor.organization_id)
    connection = own.filter(customer=OuterRef("customer")).values("public_id")[:1]
    return CustomerListing.objects.visible_to(actor).annotate(connection_id=Subquery(connection))


def portfolio(actor: Actor, matching: CustomerListingQuerySet | None = None) -> PortfolioNumbers:
    """The actor's listing in one row, filtered count and countries included, so that a page asks once."""
    rows = CustomerListing.objects.visible_to(actor).order_by()
    found = Q(pk__in=matching.order_by().values("pk")) if matching is not None else None
    numbers = {
        "customers": Count("pk"),
        "matching": Count("pk", filter=found),
        "seats_purchased": Sum("seats"),
        "seats_assigned": Sum("assigned"),
        "expiring": Count("pk", filter=_expiring_within(SOON)),
        "over": Count("pk", filter=Q(assigned__gt=F("seats"))),
        "on_trial": Count("pk", filter=Q(trials__gt=0)),
        "waiting": Count("pk", filter=Q(customer__in=_waiting())),
        "countries": ArraySubquery(rows.values("country").distinct()),
    }
    grouped = rows.annotate(whole=Value(1)).values("whole").annotate(**numbers).values(*numbers)
    return next((PortfolioNumbers(**whole) for whole in grouped), EMPTY)


def catalogue(actor: Actor) -> list[Sku]:
    """The SKUs that the actor's customers run, by name (CV-6): the choices of the filter, and the names of the rows."""
    run = CustomerListing.objects.visible_to(actor).annotate(sku=Func(F("skus"), function="unnest"))
    return list(Sku.objects.filter(pk__in=run.values("sku").distinct()).order_by("name", "pk"))


def customer(actor: Actor, public_id: UUID) -> CustomerListing:
    """A customer within reach, with its organisation, the actor's `connection_id` and `order_count`.

    Raises NotFound, also after the connection has ended (CC-29).
    """
    orders = Order.objects.visible_to(actor).filter(customer=OuterRef("customer")).order_by()
    count = orders.values("customer").annotate(count=Count("pk")).values("count")
    rows = customers(actor).annotate(order_count=Coalesce(Subquery(count), 0)).select_related("customer")
    return by_public_id(rows, public_id)


def needing_attention(actor: Actor, limit: int) -> list[CustomerListing]:
    """Customers over their licence, then those whose services end soonest or who wait for a trial (`has_request`)."""
    rows = CustomerListing.objects.visible_to(actor).annotate(has_request=Q(customer__in=_waiting()))
    wanting = rows.filter(Q(assigned__gt=F("seats")) | _expiring_within(SOON) | Q(has_request=True))
    over = Q(assigned__gt=F("seats"))
    return list(wanting.annotate(is_over=over).order_by("-is_over", "next_expiry_on", "name_folded", "pk")[:limit])


def services(actor: Actor, customer_id: int | None) -> list[Entitlement]:
    """Everything a customer has, had or asked for, with its SKU: soonest end first, without an end last."""
    rows = Entitlement.objects.visible_to(actor).filter(customer=customer_id).select_related("sku")
    return list(rows.order_by(F("ends_on").asc(nulls_last=True), "sku__name", "pk"))


def orders(actor: Actor, customer_id: int | None) -> QuerySet[Order]:
    """A customer's orders with their lines (CC-27)."""
    return Order.objects.visible_to(actor).filter(customer=customer_id).prefetch_related("lines__sku")


def customer_activity(actor: Actor, customer_id: int | None) -> QuerySet[Event]:
    """What the actor may see of the deeds and the news of one customer."""
    about = Q(customer_id=customer_id) | Q(organization_id=customer_id) | Q(counterpart_id=customer_id)
    return Event.objects.visible_to(actor).filter(about)


def programs_that_grant(feature: Feature) -> list[str]:
    return list(Program.objects.filter(grants__contains=[feature]).order_by("name").values_list("name", flat=True))
