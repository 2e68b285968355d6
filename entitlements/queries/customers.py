"""Queries of customers, their services and their orders. Lists read CustomerListing, the narrow table; other tables
are read only for the rows that are shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import (
    BigIntegerField,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, JSONObject

from accounts.models import Organization
from connections.models import Connection, CustomerPartner
from entitlements import counting
from entitlements.models import (
    CustomerListing,
    CustomerUsage,
    Entitlement,
    Order,
    PartnerListing,
    PortfolioFigure,
    Sku,
)
from entitlements.models.listing import CustomerListingQuerySet, ValueIfScopeShared
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import SOON, today
from partnerportal.lib.errors import NotFound
from partnerportal.lib.prepared import PreparedQuery, build_model_instance, list_column_names
from partnerportal.lib.scopes import Scope

AHEAD = timedelta(days=90)  # how long before a service's end a page asks for attention


@dataclass(frozen=True)
class PortfolioTotals:
    """The totals over all customers of one viewer, such as customers, trials and seats.

    Seats are paid ones, as `entitlements.counting` has them; those on trial are beside them.
    """

    customers: int
    seats_purchased: int
    seats_assigned: int
    expiring: int  # customers with a service that ends within SOON
    over: int  # customers with more seats of a SKU assigned than purchased
    overage: int  # seats by which they are over
    unused: int  # seats purchased and not assigned
    on_trial: int  # customers with a trial that runs
    trial_seats: int  # seats on trial
    trial_seats_assigned: int  # those of them that are assigned
    waiting: int  # customers that wait for a trial
    unusual: dict[str, int]  # customers by the kinds of unusual use that are said of them
    share_services: int  # customers who share their services: all numbers above but `unusual` are theirs alone
    share_usage: int  # customers who share their usage
    countries: dict[str, int]  # customers by the code of their country
    skus: dict[int, int]  # customers that run a SKU, by its primary key

    @property
    def customers_not_sharing_services(self) -> int:
        """The number of customers that do not share their services."""
        return self.customers - self.share_services

    @property
    def customers_not_sharing_usage(self) -> int:
        """The number of customers that do not share their usage."""
        return self.customers - self.share_usage

    @property
    def assigned_seat_ratio(self) -> float | None:
        """The share of the purchased seats that are assigned, such as 0.75, or None where none is purchased.

        It is 1 only where all are assigned, 0 only where none is, and more than 1 where more are than were purchased.
        """
        percent = counting.compute_percent_of_licences_assigned(self.seats_assigned, self.seats_purchased)
        return None if percent is None else percent / 100


def make_expiry_condition(span: timedelta) -> Q:
    """Return a condition for customers whose next expiry lies in the time `span` from today (UTC) on."""
    return Q(next_expiry_on__range=(today(), today() + span))


def list_customers(actor: Actor) -> CustomerListingQuerySet:
    """Return the rows of the customer listing that the actor may see, one for each customer.

    Each has `connection_id`: the public id of the connection with the actor's own organisation, or None.
    """
    own = Connection.objects.visible_to(actor).active().filter(partner=actor.organization_id)
    connection = own.filter(customer=OuterRef("customer")).values("public_id")[:1]
    return CustomerListing.objects.visible_to(actor).annotate(connection_id=Subquery(connection))


def _figures(viewer: int, first: str, last: str) -> QuerySet[PortfolioFigure, tuple[str, str, int]]:
    facet = PortfolioFigure.Facet
    soon = Q(facet=facet.EXPIRY, value__range=(first, last))
    figures = PortfolioFigure.objects.visible_to(Actor(organization_id=viewer))
    figures = figures.filter(~Q(facet__in=(facet.EXPIRY, facet.END)) | soon)
    return figures.values_list("facet", "value").annotate(sum=Cast(Sum("amount"), BigIntegerField()))


_FIGURES = PreparedQuery(_figures, -1, "first", "last")


def get_portfolio_totals(actor: Actor) -> PortfolioTotals:
    """Return the totals over all customers of the actor, read from the figures that are stored beside the listing.

    These are a few hundred rows, however many customers there are.
    """
    facet = PortfolioFigure.Facet
    amounts: dict[str, dict[str, int]] = {name: {} for name in facet}
    days = (day.isoformat() for day in (today(), today() + SOON))
    for kind, value, amount in _FIGURES(actor.organization_id, *days):
        if amount:
            amounts[kind][value] = amount
    total = amounts[facet.TOTAL].get
    return PortfolioTotals(
        customers=total("customers", 0),
        seats_purchased=total("seats", 0),
        seats_assigned=total("assigned", 0),
        expiring=sum(amounts[facet.EXPIRY].values()),
        over=total("over", 0),
        overage=total("overage", 0),
        unused=total("unused", 0),
        on_trial=total("trials", 0),
        trial_seats=total("trial_seats", 0),
        trial_seats_assigned=total("trial_assigned", 0),
        waiting=total("requests", 0),
        unusual=amounts[facet.UNUSUAL],
        share_services=total("share_services", 0),
        share_usage=total("share_usage", 0),
        countries=amounts[facet.COUNTRY],
        skus={int(pk): amount for pk, amount in amounts[facet.SKU].items()},
    )


def make_partner_condition(org_id: str) -> Exists:
    """Return a condition for customers that the row's viewer sees through the partner with this ORGID.

    It looks among what the viewer of each row itself sees, so it needs no actor.
    """
    partners = CustomerPartner.objects.filter(viewer=OuterRef("viewer"), customer=OuterRef("customer"))
    return Exists(partners.filter(partner_org_id=org_id))


def make_sold_partner_condition(org_id: str) -> Exists:
    """Return a condition for customers of the partner with this ORGID, or of those below the distributor with it.

    It is for the vendor's staff, and looks among what the viewer of each row itself sees, so it needs no actor.
    """
    named = PartnerListing.objects.filter(org_id=org_id)
    sellers = PartnerListing.objects.filter(Q(org_id=org_id) | Q(parent__in=named.values("pk")))
    partners = CustomerPartner.objects.filter(viewer=OuterRef("viewer"), customer=OuterRef("customer"))
    return Exists(partners.filter(partner_org_id__in=sellers.values("org_id")))


def make_partner_names_query() -> QuerySet[PartnerListing, Any]:
    """Return a sub-query for the names of the partners through which the viewer of a row of CustomerListing sees it.

    They are partners of which the viewer of the row has a row of CustomerPartner, so it needs no actor.
    """
    through = CustomerPartner.objects.filter(
        viewer=OuterRef(OuterRef("viewer")), customer=OuterRef(OuterRef("customer"))
    )
    return PartnerListing.objects.filter(pk__in=through.values("partner")).order_by("name_folded", "pk").values("name")


def list_partner_names_by_customer(actor: Actor, customer_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return the names of the partners through which a distributor sees customers, by these customers' primary keys.

    A customer that it sees by a connection of its own alone is left out.
    """
    names = PartnerListing.objects.visible_to(actor).filter(pk=OuterRef("partner")).values("name")
    rows = CustomerPartner.objects.visible_to(actor).filter(customer__in=list(customer_ids))
    partners: dict[int, list[str]] = {}
    for customer, name in rows.values_list("customer", Subquery(names)):
        partners.setdefault(customer, []).append(name or "")
    return {customer: sorted(found) for customer, found in partners.items()}


def find_account_managers(actor: Actor, customer_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of the account managers of these customers, by the customers' primary keys, for vendor staff.

    The name is "" for a customer without one.
    """
    rows = Organization.objects.visible_to(actor).filter(pk__in=list(customer_ids))
    return dict(rows.values_list("pk", "account_manager_name"))


def list_portfolio_skus(totals: PortfolioTotals) -> list[Sku]:
    """Return the SKUs that the customers behind these totals run, by name (CV-6).

    They are the choices of the filter by service, and the names in the rows of the list.
    """
    return list(Sku.objects.filter(pk__in=list(totals.skus)).order_by("name", "pk"))


def make_service_count_expression(actor: Actor, customer: OuterRef) -> Combinable:
    """Return a query expression that counts the running entitlements of a customer that the actor may see.

    `customer` is a reference to the customer's primary key.
    """
    listing = CustomerListing.objects.visible_to(actor).filter(customer=customer)
    return Coalesce(Subquery(listing.values("services")), 0)


def make_order_count_expression(actor: Actor, customer: OuterRef) -> Combinable:
    """Return a query expression that counts the orders of a customer, or is null if the actor may not see orders.

    `customer` is a reference to the customer's primary key.
    """
    if not actor.sees_finance:
        return Value(None, output_field=IntegerField())
    orders = Order.objects.visible_to(actor).filter(customer=customer).order_by()
    return Coalesce(Subquery(orders.values("customer").annotate(count=Count("pk")).values("count")), 0)


# They are made once, because making an expression takes longer than the database takes for a page of it.
_CONTACT_EMAIL = Subquery(Organization.objects.filter(pk=OuterRef("customer")).values("contact_email"))
_USAGE = CustomerUsage.objects.filter(customer=OuterRef("customer"))
_REPORT_DAY = ValueIfScopeShared(Subquery(_USAGE.values("as_of")), Scope.USAGE)
_FACTS = JSONObject(weeks="weeks", as_of="as_of", active="monthly_active", free="free_users")
_WEEKLY_USAGE = ValueIfScopeShared(Subquery(_USAGE.values(facts=_FACTS)), Scope.USAGE)


def annotate_latest_report_day(rows: CustomerListingQuerySet) -> CustomerListingQuerySet:
    """Add `as_of` to each row of the customer listing: the latest day for which the customer's use was reported.

    It is None where no use is reported or shared.
    """
    return rows.annotate(as_of=_REPORT_DAY)


def annotate_weekly_usage(rows: CustomerListingQuerySet) -> CustomerListingQuerySet:
    """Add `weekly_usage` to each row of the customer listing: a dict with the facts behind the row's sparkline.

    `weeks` are the percentages of the customer's licences that were assigned in each of the last sixteen weeks, `as_of`
    is the latest reported day as an ISO date, `active` the monthly active users on it, and `free` the users who are not
    billed, None where the feed does not say. It is None before the first report, and where the customer does not share
    its usage with the row's viewer. All come from one look-up, because row-level security checks each anew.
    """
    return rows.annotate(weekly_usage=_WEEKLY_USAGE)


def annotate_contact_email(rows: CustomerListingQuerySet) -> CustomerListingQuerySet:
    """Add `contact_email` to each row of the customer listing: that of its contact details, "" without one.

    The row's viewer sees them, because whom it lists shares its account, and the vendor's staff see those of everybody.
    """
    return rows.annotate(contact_email=_CONTACT_EMAIL)


def _with_account(viewer: int, public_id: UUID) -> QuerySet[CustomerListing, tuple[Any, ...]]:
    rows = annotate_latest_report_day(CustomerListing.objects.visible_to(Actor(organization_id=viewer)))
    columns = (*list_column_names(CustomerListing), *list_column_names(Organization, "customer__"))
    return rows.filter(public_id=public_id).values_list(*columns, "as_of")


_WITH_ACCOUNT = PreparedQuery(_with_account, -1, UUID(int=1))


def get_customer_with_account(actor: Actor, public_id: UUID) -> CustomerListing:
    """Return a row of the actor's customer listing, with the customer's organisation and the latest report day.

    Raises NotFound if the actor does not see the customer.
    """
    rows = _WITH_ACCOUNT(actor.organization_id, public_id)
    if not rows:
        raise NotFound("not_found", "")
    values = iter(rows[0])
    listed = build_model_instance(CustomerListing, values)
    listed.customer = build_model_instance(Organization, values)
    listed.as_of = next(values)  # type: ignore[attr-defined]
    return listed


def list_customer_services(actor: Actor, customer_id: int | None) -> list[Entitlement]:
    """Return every entitlement that a customer has, had or asked for, with its SKU, soonest end first.

    Entitlements without an end come last.
    """
    return list(make_services_queryset(actor, customer_id).select_related("sku"))


def make_services_queryset(actor: Actor, customer_id: int | None) -> QuerySet[Entitlement]:
    """Return a queryset of every entitlement of a customer, in the order of `list_customer_services`."""
    rows = Entitlement.objects.visible_to(actor).filter(customer=customer_id)
    return rows.order_by(F("ends_on").asc(nulls_last=True), "sku__name", "pk")


def list_customer_orders(actor: Actor, customer_id: int | None) -> QuerySet[Order]:
    """Return a customer's orders with their lines (CC-27), unordered."""
    return Order.objects.visible_to(actor).filter(customer=customer_id).prefetch_related("lines__sku")
