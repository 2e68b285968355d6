from typing import ClassVar
from uuid import UUID

import django_filters as df
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from connections.policies import ROLE_TABLE as CONNECTIONS
from connections.policies import ConnectionPermission, require_shared_scope
from entitlements.api.serializers import (
    CustomerDetailSerializer,
    CustomerSerializer,
    EntitlementSerializer,
    OrderSerializer,
    RenewalSerializer,
)
from entitlements.filters import CustomerFilterSet, RenewalFilterSet
from entitlements.lists.customers import CUSTOMERS
from entitlements.lists.renewals import RENEWALS
from entitlements.models import CustomerListing, Entitlement, Order
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.customers import annotate_latest_report_day, get_customer_with_account, get_portfolio_totals
from entitlements.queries.renewal_work import annotate_renewal_order, annotate_renewal_work
from entitlements.queries.renewals import list_upcoming_renewals
from partnerportal.lib.api import PaginatedListView, PortalAPIView
from partnerportal.lib.filters import FilterSet
from partnerportal.lib.policies import Permission
from partnerportal.lib.scopes import Scope

VIEW_CUSTOMERS = (CONNECTIONS, ConnectionPermission.VIEW_CUSTOMERS)


@extend_schema(tags=["Customers"])
class CustomersView(PaginatedListView):
    """Connected customers. The filters are those of the customers page."""

    model = CustomerListing
    rule = VIEW_CUSTOMERS
    serializer_class = CustomerSerializer
    filterset_class = CustomerFilterSet
    sorts = CUSTOMERS.sorts
    default_sort = CUSTOMERS.default_sort
    key = "customer"

    def get_queryset(self) -> QuerySet[CustomerListing]:
        return annotate_latest_report_day(super().get_queryset())  # type: ignore[arg-type]

    def get_stored_total_count(self) -> int | None:
        """Return the stored number of all customers, or None if the request has filters."""
        is_narrowed = self.request.query_params.keys() & CustomerFilterSet.base_filters.keys()
        return None if is_narrowed else get_portfolio_totals(self.actor).customers


@extend_schema(tags=["Customers"], responses=CustomerDetailSerializer)
class CustomerView(PortalAPIView):
    """One connected customer, with its basic account data."""

    model = CustomerListing
    rule = VIEW_CUSTOMERS
    serializer_class = CustomerDetailSerializer

    def get(self, request: Request, customer_id: UUID) -> Response:
        customer = get_customer_with_account(self.actor, customer_id)
        return Response(self.get_serializer(customer).data)


class CustomerRecordsBaseView(PaginatedListView):
    """Base of the lists of one customer's records, such as its orders."""

    rule: ClassVar[Permission] = VIEW_CUSTOMERS
    scope: ClassVar[Scope]  # what the customer must share
    errors = {403: ("not_shared",)}

    def get_queryset(self) -> QuerySet[Entitlement] | QuerySet[Order]:
        return super().get_queryset().filter(customer__in=self.customer.values("customer"))

    @property
    def customer(self) -> QuerySet[CustomerListing]:
        """A queryset with the customer that the path names, or with all customers while the schema is made."""
        listed = CustomerListing.objects.visible_to(self.actor)
        return listed if self.is_generating_schema else listed.filter(public_id=self.kwargs["customer_id"])

    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Return a page of the list; 404 if there is no such customer, 403 if it does not share these records.

        Both are checked only when the list is empty, because each check takes a query.
        """
        response = super().list(request, *args, **kwargs)
        if not response.data["totalCount"]:
            customer = self.customer.first()
            if customer is None:
                raise Http404
            require_shared_scope(customer.scopes, self.scope)
        return response


class EntitlementFilterSet(FilterSet):
    """The filters of a customer's entitlements: by kind and state."""

    kind = df.ChoiceFilter(choices=Entitlement.Kind.choices)
    state = df.ChoiceFilter(choices=Entitlement.State.choices)

    class Meta:
        model = Entitlement
        fields = ("kind", "state")


@extend_schema(tags=["Customers"])
class CustomerEntitlementsView(CustomerRecordsBaseView):
    """The entitlements of a customer: totals of licences, never the people who use them."""

    model = Entitlement
    scope = Scope.ENTITLEMENTS
    serializer_class = EntitlementSerializer
    filterset_class = EntitlementFilterSet
    default_sort = "id"

    def get_queryset(self) -> QuerySet[Entitlement]:
        return super().get_queryset().select_related("sku")  # type: ignore[return-value, misc]


@extend_schema(tags=["Customers"])
class RenewalsView(PaginatedListView):
    """Entitlements that end within 90 days, soonest first: those of visible customers, or else one's own.

    Each says what it is worth, and what your organisation does about it. The filters and the order are those of the
    renewals page.
    """

    model = Entitlement
    rule = (ROLE_TABLE, EntitlementPermission.VIEW_RENEWALS)
    serializer_class = RenewalSerializer
    filterset_class = RenewalFilterSet
    sorts = RENEWALS.sorts
    default_sort = RENEWALS.default_sort

    def get_queryset(self) -> QuerySet[Entitlement]:
        rows = list_upcoming_renewals(self.actor).select_related("sku", "customer")
        if self.is_generating_schema:
            return rows
        column, is_descending = self.parse_sort_parameter()
        rows = annotate_renewal_order(self.actor, rows, column, is_descending=is_descending)
        return annotate_renewal_work(self.actor, rows)


@extend_schema(tags=["Customers"])
class CustomerOrdersView(CustomerRecordsBaseView):
    """The orders of a customer, newest first."""

    model = Order
    scope = Scope.ORDERS
    rule = (ROLE_TABLE, EntitlementPermission.VIEW_ORDERS)
    errors = {403: ("not_shared", "no_finance_sight")}
    serializer_class = OrderSerializer
    default_sort = "-placed_on"

    def get_queryset(self) -> QuerySet[Order]:
        return super().get_queryset().annotate_order_lines()  # type: ignore[union-attr]
