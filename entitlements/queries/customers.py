"""Reads over customers, their services and their orders. Lists read the narrow listing, the rest is for rows shown."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from connections.models import Connection
from entitlements import counting
from entitlements.models import CustomerListing, Entitlement, Order, PortfolioFigure, Sku
from entitlements.models.listing import OVER, CustomerListingQuerySet
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import SOON, today
from partnerportal.lib.errors import NotFound
from partnerportal.lib.prepared import Prepared

AHEAD = timedelta(days=90)


@dataclass(frozen=True)
class PortfolioNumbers:
    """All customers in numbers. Seats are of running entitlements."""

    customers: int
    seats_purchased: int
    seats_assigned: int
    expiring: int  # within SOON
    over: int  # with more seats of a SKU assigned than purchased
    overage: int  # how many more
    unused: int  # seats purchased and not assigned
    on_trial: int
    waiting: int  # for a trial
    falling: int  # whose use falls
    countries: dict[str, int]  # customers in each
    skus: dict[int, int]  # customers that run each, by primary key

    @property
    def share(self) -> float | None:
        """Of the seats that are assigned: 1 of all and 0 of none only."""
        percent = counting.percent(self.seats_assigned, self.seats_purchased)
        return None if percent is None else percent / 100


def _expiring_within(span: timedelta) -> Q:
    return Q(next_expiry_on__range=(today(), today() + span))


def customers(actor: Actor) -> CustomerListingQuerySet:
    """The customers of the list, each with `connection_id`: the public id of the actor's own connection, or None."""
    own = Connection.objects.visible_to(actor).active().filter(partner=actor.organization_id)
    connection = own.filter(customer=OuterRef("customer")).values("public_id")[:1]
    return CustomerListing.objects.visible_to(actor).annotate(connection_id=Subquery(connection))


def _figures(viewer: int, first: str, last: str) -> QuerySet[PortfolioFigure, tuple[str, str, int]]:
    facet = PortfolioFigure.Facet
    soon = Q(facet=facet.EXPIRY, value__range=(first, last))
    figures = PortfolioFigure.objects.visible_to(Actor(organization_id=viewer))
    figures = figures.filter(~Q(facet__in=(facet.EXPIRY, facet.END)) | soon)
    return figures.values_list("facet", "value").annotate(Sum("amount"))


_FIGURES = Prepared(_figures, -1, "first", "last")


def portfolio(actor: Actor) -> PortfolioNumbers:
    """The figures that are kept beside the listing: a few hundred rows, however many customers."""
    facet = PortfolioFigure.Facet
    amounts: dict[str, dict[str, int]] = {name: {} for name in facet}
    days = (day.isoformat() for day in (today(), today() + SOON))
    for kind, value, amount in _FIGURES(actor.organization_id, *days):
        if amount:
            amounts[kind][value] = amount
    total = amounts[facet.TOTAL].get
    return PortfolioNumbers(
        customers=total("customers", 0),
        seats_purchased=total("seats", 0),
        seats_assigned=total("assigned", 0),
        expiring=sum(amounts[facet.EXPIRY].values()),
        over=total("over", 0),
        overage=total("overage", 0),
        unused=total("unused", 0),
        on_trial=total("trials", 0),
        waiting=total("requests", 0),
        falling=total("falling", 0),
        countries=amounts[facet.COUNTRY],
        skus={int(pk): amount for pk, amount in amounts[facet.SKU].items()},
    )


def catalogue(numbers: PortfolioNumbers) -> list[Sku]:
    """The SKUs that the customers run, by name (CV-6): the choices of the filter, and the names of the rows."""
    return list(Sku.objects.filter(pk__in=list(numbers.skus)).order_by("name", "pk"))


def count_services(actor: Actor, customer: OuterRef) -> Combinable:
    """Return the expression for how many entitlements of the customer run, as the list counts them."""
    listing = CustomerListing.objects.visible_to(actor).filter(customer=customer)
    return Coalesce(Subquery(listing.values("services")), 0)


def count_orders(actor: Actor, customer: OuterRef) -> Combinable:
    """Return the expression for how many orders the customer has placed."""
    orders = Order.objects.visible_to(actor).filter(customer=customer).order_by()
    return Coalesce(Subquery(orders.values("customer").annotate(count=Count("pk")).values("count")), 0)


def _with_account(viewer: int, public_id: UUID) -> QuerySet[CustomerListing]:
    rows = CustomerListing.objects.visible_to(Actor(organization_id=viewer))
    return rows.filter(public_id=public_id).select_related("customer")


_WITH_ACCOUNT = Prepared(_with_account, -1, UUID(int=1))


def customer_with_account(actor: Actor, public_id: UUID) -> CustomerListing:
    """A customer within reach, with its organisation and nothing else. Raises NotFound."""
    found = _WITH_ACCOUNT(actor.organization_id, public_id)
    if not found:
        raise NotFound("not_found", "")
    return found[0]


def needing_attention(actor: Actor, limit: int) -> list[CustomerListing]:
    """Customers over their licence, then those whose services end soonest or who wait for a trial. Half of the places
    are for these, if they fill them.

    Three short walks along an index each, not one over the listing.
    """
    rows = CustomerListing.objects.visible_to(actor).order_by("next_expiry_on")
    wanting = [rows.filter(condition)[:limit] for condition in (OVER, _expiring_within(SOON), Q(requests__gt=0))]
    found = wanting[0].union(*wanting[1:])
    ordered = sorted(found, key=lambda row: (row.next_expiry_on, row.name_folded, row.pk))
    over, others = ([row for row in ordered if row.is_over is is_over] for is_over in (True, False))
    over = over[: max(limit // 2, limit - len(others))]
    return over + others[: limit - len(over)]


def services(actor: Actor, customer_id: int | None) -> list[Entitlement]:
    """Everything a customer has, had or asked for, with its SKU: soonest end first, without an end last."""
    return list(services_of(actor, customer_id).select_related("sku"))


def services_of(actor: Actor, customer_id: int | None) -> QuerySet[Entitlement]:
    rows = Entitlement.objects.visible_to(actor).filter(customer=customer_id)
    return rows.order_by(F("ends_on").asc(nulls_last=True), "sku__name", "pk")


def orders(actor: Actor, customer_id: int | None) -> QuerySet[Order]:
    """A customer's orders with their lines (CC-27)."""
    return Order.objects.visible_to(actor).filter(customer=customer_id).prefetch_related("lines__sku")
