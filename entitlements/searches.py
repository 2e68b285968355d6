"""What the search of the whole portal finds of this app: customers, partners and distributors."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationKind
from connections.policies import ROLE_TABLE as CONNECTIONS
from connections.policies import ConnectionPermission
from entitlements.filters import CustomerFilterSet
from entitlements.partner_filters import PartnerFilterSet
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.customers import list_customers
from entitlements.queries.partners import list_partners
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.keyset import fetch_keyset_page, make_search_conditions
from partnerportal.lib.record_search import FoundRecord, PortalAction, RecordSearch


def _find_customers(actor: Actor, text: str, limit: int) -> list[FoundRecord]:
    rows = CustomerFilterSet({"q": text}, list_customers(actor), acting=actor).qs
    return _fetch(rows, limit, "customer", _choose_page(actor, "customer"))


def _find_partners(actor: Actor, text: str, limit: int) -> list[FoundRecord]:
    rows = PartnerFilterSet({"q": text}, list_partners(actor), acting=actor).qs
    return _fetch(rows, limit, "pk", _choose_page(actor, "partner"))


def _find_distributors(actor: Actor, text: str, limit: int) -> list[FoundRecord]:
    rows = PartnerFilterSet({"q": text}, list_partners(actor, OrganizationKind.DISTRIBUTOR), acting=actor).qs
    return _fetch(rows, limit, "pk", "organization")


def _choose_page(actor: Actor, own: str) -> str:
    """Return the URL name of the page that the actor has of such an organisation: the vendor has one for all kinds."""
    return "organization" if actor.organization_kind == OrganizationKind.VENDOR else own


def _fetch(rows: QuerySet[Any], limit: int, key: str, url_name: str) -> list[FoundRecord]:
    """Return the first rows by name. They are found as in their list, of whose index the search makes use."""
    options: dict[str, Any] = {"key": key, "any_of": make_search_conditions({"q"})}
    page = fetch_keyset_page(rows, sort="name_folded", descending=False, size=limit, **options)
    return [
        FoundRecord(
            row.name, f"{row.org_id} · {get_country_name(row.country)}", reverse(url_name, args=[row.public_id])
        )
        for row in page.rows
    ]


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
