"""What the search of the whole portal finds of this app: customers, services, orders, partners and distributors."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationKind
from accounts.queries.own_account import is_customer
from connections.policies import ROLE_TABLE as CONNECTIONS
from connections.policies import ConnectionPermission
from entitlements.filters import CustomerFilterSet
from entitlements.models import CustomerListing, Order, Sku
from entitlements.partner_filters import PartnerFilterSet
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.customers import list_customer_services, list_customers
from entitlements.queries.partners import list_partners
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.keyset import fetch_keyset_page, make_search_conditions
from partnerportal.lib.record_search import FoundRecord, PortalAction, RecordSearch, describe_found_organization
from partnerportal.lib.text import has_words, make_search_key

LOOKED_AT = 100  # customers that have the words of a search, among whom those that run a service are looked for


def _find_customers(actor: Actor, text: str, limit: int) -> list[FoundRecord]:
    rows = CustomerFilterSet({"q": text}, list_customers(actor), acting=actor).qs
    return _fetch(rows, limit, "customer", _choose_page(actor, "customer"))


def _find_partners(actor: Actor, text: str, limit: int) -> list[FoundRecord]:
    rows = PartnerFilterSet({"q": text}, list_partners(actor), acting=actor).qs
    return _fetch(rows, limit, "pk", _choose_page(actor, "partner"))


def _find_distributors(actor: Actor, text: str, limit: int) -> list[FoundRecord]:
    rows = PartnerFilterSet({"q": text}, list_partners(actor, OrganizationKind.DISTRIBUTOR), acting=actor).qs
    return _fetch(rows, limit, "pk", "organization")


def _find_skus(text: str) -> tuple[list[Sku], str]:
    """Return the SKUs whose name or code has the most words of a text, by name, and the other words of the text.

    Those are words of customers: "desktops birch" means Cloud Desktops of Birchwood. Without any SKU the list is empty.
    """
    words = make_search_key(text).split()
    found: dict[tuple[str, ...], list[Sku]] = {}
    for sku in Sku.objects.order_by("name", "pk"):
        key = make_search_key(f"{sku.name} {sku.code}")
        found.setdefault(tuple(word for word in words if word not in key), []).append(sku)
    others = min(found, key=len, default=tuple(words))
    return (found[others], " ".join(others)) if len(others) < len(words) else ([], "")


def _filter_by_service(text: str) -> dict[str, str]:
    """Return the filters of the list of customers that find those that run the services of which a text has words."""
    skus, others = _find_skus(text)
    return {"sku": ",".join(sku.code for sku in skus), "q": others}


def _find_services(actor: Actor, text: str, limit: int) -> list[FoundRecord]:
    """Return services of customers, by the customer's name; those that a customer does not share are not found."""
    skus, others = _find_skus(text)
    if not skus:
        return []
    rows = CustomerFilterSet({"q": others}, CustomerListing.objects.visible_to(actor), acting=actor).qs
    found = _list_running(rows, skus, limit, is_searched=bool(others))
    url_name = _choose_page(actor, "customer", "_services")
    return [
        FoundRecord(sku.name, row.name, reverse(url_name, args=[row.public_id]))
        for row in found
        for sku in skus
        if sku.pk in row.skus
    ][:limit]


def _list_running(
    rows: QuerySet[CustomerListing], skus: list[Sku], limit: int, *, is_searched: bool
) -> list[CustomerListing]:
    """Return the first customers by name that run one of the SKUs.

    Words are looked for first and alone, because an index has all that they need: with the SKUs PostgreSQL reads every
    customer. Only where many have the words and few of the first run the SKUs, all are asked for both.
    """
    keys = {sku.pk for sku in skus}
    options: dict[str, Any] = {"sort": "name_folded", "descending": False, "key": "customer"}
    if is_searched:
        first = fetch_keyset_page(rows, size=LOOKED_AT, any_of=make_search_conditions({"q"}), **options)
        found = [row for row in first.rows if keys & {*row.skus}]
        if len(found) >= limit or first.next_cursor is None:
            return found[:limit]
    return fetch_keyset_page(rows.filter(skus__overlap=[*keys]), size=limit, **options).rows


def _find_own_services(actor: Actor, text: str, limit: int) -> list[FoundRecord]:
    services = list_customer_services(actor, actor.organization_id)
    running = {row.sku for row in services if row.runs_on(today())}
    found = sorted((sku for sku in running if has_words(f"{sku.name} {sku.code}", text)), key=lambda sku: sku.name)
    return [FoundRecord(sku.name, sku.code, reverse("services")) for sku in found[:limit]]


def _find_orders(actor: Actor, text: str, limit: int) -> list[FoundRecord]:
    """Return the order of this number: whole, because only so an index finds it behind the policies."""
    number = text.strip()
    orders = Order.objects.visible_to(actor).filter(number__in={number, number.upper()}).select_related("customer")
    if not _sees_customers_orders(actor):
        orders = orders.filter(customer=actor.organization_id)
    return [FoundRecord(row.number, row.customer.name, _find_order_page(actor, row)) for row in orders[:limit]]


def _find_order_page(actor: Actor, order: Order) -> str:
    if order.customer_id == actor.organization_id:
        return reverse("orders")
    return reverse(_choose_page(actor, "customer", "_orders"), args=[order.customer.public_id])


def _choose_page(actor: Actor, own: str, tab: str = "") -> str:
    """Return the URL name of the page that the actor has of such an organisation: the vendor has one for all kinds."""
    return f"{'organization' if actor.organization_kind == OrganizationKind.VENDOR else own}{tab}"


def _fetch(rows: QuerySet[Any], limit: int, key: str, url_name: str) -> list[FoundRecord]:
    """Return the first rows by name. They are found as in their list, of whose index the search makes use."""
    options: dict[str, Any] = {"key": key, "any_of": make_search_conditions({"q"})}
    page = fetch_keyset_page(rows, sort="name_folded", descending=False, size=limit, **options)
    return [describe_found_organization(row, reverse(url_name, args=[row.public_id])) for row in page.rows]


def _sees_customers_orders(actor: Actor) -> object:
    rules = (ROLE_TABLE[EntitlementPermission.VIEW_ORDERS], ROLE_TABLE[EntitlementPermission.VIEW_SOLD_ORDERS])
    return any(rule.check_actor(actor) for rule in rules)


def _sees_customers(actor: Actor) -> object:
    rules = (CONNECTIONS[ConnectionPermission.VIEW_CUSTOMERS], ROLE_TABLE[EntitlementPermission.VIEW_SOLD])
    return any(rule.check_actor(actor) for rule in rules)


SEARCHES = (
    RecordSearch(
        label=_("Customers"),
        icon="building-2",
        order=10,
        seen_by=_sees_customers,
        find=_find_customers,
        list_url_name="customers",
    ),
    RecordSearch(
        label=_("Services"),
        icon="package",
        order=12,
        seen_by=_sees_customers,
        find=_find_services,
        list_url_name="customers",
        make_list_filters=_filter_by_service,
    ),
    RecordSearch(
        label=_("Services"),
        icon="package",
        order=12,
        seen_by=is_customer,
        find=_find_own_services,
        list_url_name="services",
    ),
    RecordSearch(
        label=_("Orders"),
        icon="receipt-text",
        order=14,
        seen_by=ROLE_TABLE[EntitlementPermission.VIEW_OWN].check_actor,
        find=_find_orders,
        list_url_name="orders",
    ),
    RecordSearch(
        label=_("Partners"),
        icon="users",
        order=20,
        seen_by=ROLE_TABLE[EntitlementPermission.VIEW_PARTNERS].check_actor,
        find=_find_partners,
        list_url_name="partners",
    ),
    RecordSearch(
        label=_("Distributors"),
        icon="network",
        order=30,
        seen_by=ROLE_TABLE[EntitlementPermission.VIEW_DISTRIBUTORS].check_actor,
        find=_find_distributors,
        list_url_name="distributors",
    ),
)
ACTIONS = (
    PortalAction(
        label=_("Send activation link"),
        icon="send",
        url_name="activation_send",
        args=("customers",),
        order=20,
        is_dialog=True,
        seen_by=ROLE_TABLE[EntitlementPermission.ACTIVATE_CUSTOMERS].check_actor,
    ),
    PortalAction(
        label=_("Send activation link to a partner"),
        icon="send",
        url_name="activation_send",
        args=("partners",),
        order=30,
        is_dialog=True,
        seen_by=ROLE_TABLE[EntitlementPermission.ACTIVATE_PARTNERS].check_actor,
    ),
    PortalAction(
        label=_("Request a trial"),
        icon="flask-conical",
        url_name="trial_request",
        order=40,
        is_dialog=True,
        seen_by=ROLE_TABLE[EntitlementPermission.REQUEST_TRIALS].check_actor,
    ),
)
