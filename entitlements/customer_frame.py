"""The parts of a customer's pages that this app adds: three tabs, and on the first page licences and what to act on."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organization, OrganizationKind
from accounts.organization_frame import (
    OrganizationPageTab,
    register_organization_overview_parts,
    register_organization_page_tab,
)
from connections.customers import (
    CustomerOverviewSection,
    CustomerPageTab,
    register_customer_overview_section,
    register_customer_page_tab,
)
from connections.queries import ConnectedCustomer, list_partners_of_customer
from entitlements.onboarding_part import build_onboarding_part
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.customers import (
    list_customer_services,
    make_order_count_expression,
    make_service_count_expression,
)
from entitlements.queries.partners import get_partner
from entitlements.queries.usage import (
    MONTH_LASTS,
    PORTFOLIO_RANGE,
    list_open_anomalies,
    list_usage_by_month,
    list_usage_trend_months,
    sum_usage_by_period,
)
from entitlements.rows.customers import (
    ServicePages,
    list_service_attention_items,
    make_licence_bar_of_entitlements,
    make_service_sections,
)
from entitlements.rows.months_chart import make_months_of_usage
from entitlements.rows.partners import make_partner_table_rows
from entitlements.rows.usage import list_anomaly_attention_items
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.lists import build_list_url
from partnerportal.lib.parts import PagePart
from partnerportal.lib.scopes import Scope

USAGE_PANEL = "entitlements/parts/usage_panel.html"
TABS = (
    CustomerPageTab(
        key="services",
        label=gettext_lazy("Services"),
        url_name="customer_services",
        order=10,
        scope=Scope.ENTITLEMENTS,
        count=make_service_count_expression,
    ),
    CustomerPageTab(key="usage", label=gettext_lazy("Usage"), url_name="customer_usage", order=20, scope=Scope.USAGE),
    CustomerPageTab(
        key="orders",
        label=gettext_lazy("Orders"),
        url_name="customer_orders",
        order=30,
        scope=Scope.ORDERS,
        count=make_order_count_expression,
    ),
)


def build_services_overview_section(actor: Actor, customer: ConnectedCustomer) -> CustomerOverviewSection:
    """Return the part of a customer's first page about its services: which run, and which need attention.

    A service needs attention if it ends soon, is over its licence, waits for a decision, or is used unusually. Where
    the customer shares no services, the page does not say that all is calm.
    """
    entitlements = list_customer_services(actor, customer.organization.pk)
    anomalies = list_open_anomalies(actor, customer.organization.pk)
    sections = {section.key: section.rows for section in make_service_sections(entitlements)}
    shares_services = customer.shares_scope(Scope.ENTITLEMENTS)
    licences = {
        "is_shared": shares_services,
        "usage": make_licence_bar_of_entitlements(entitlements),
        "running": sections["active"] + sections["active_trials"],
    }
    pages = ServicePages.of_customer(customer.organization, shares_usage=customer.shares_scope(Scope.USAGE))
    attention = list_anomaly_attention_items(anomalies, pages.usage)
    attention += list_service_attention_items(entitlements, pages)
    return CustomerOverviewSection(
        lead=_build_usage_parts(actor, customer, pages),
        attention=attention,
        calm=_("Nothing ends in the next 90 days, and no limit is exceeded.") if shares_services else "",
        parts=[PagePart("entitlements/parts/licences.html", licences)],
    )


def _build_usage_parts(actor: Actor, customer: ConnectedCustomer, pages: ServicePages) -> list[PagePart]:
    """Return the panel with thirteen months of the customer's use; none where it is not shared or not reported."""
    shown = build_usage_panel(actor, customer.organization.pk, pages) if customer.shares_scope(Scope.USAGE) else None
    return [PagePart(USAGE_PANEL, shown)] if shown else []


def build_usage_panel(actor: Actor, organization_pk: int, pages: ServicePages) -> dict[str, Any] | None:
    """Return what USAGE_PANEL shows: an organisation's use in thirteen months; None if none was reported."""
    months = list_usage_trend_months(today(), PORTFOLIO_RANGE)
    uses = list_usage_by_month(actor, organization_pk, months[0])
    trend = make_months_of_usage("months", months, sum_usage_by_period(uses, months, MONTH_LASTS))
    return {"trend": trend, "usage_url": pages.usage} if trend else None


_SOLD_TO = frozenset(OrganizationKind.values) - {OrganizationKind.VENDOR}
ORGANIZATION_TABS = (  # on the vendor's pages of organisations
    OrganizationPageTab(
        key="services",
        label=gettext_lazy("Services"),
        url_name="organization_services",
        order=30,
        kinds=_SOLD_TO,
        rule=(ROLE_TABLE, EntitlementPermission.VIEW_SOLD),
    ),
    OrganizationPageTab(
        key="orders",
        label=gettext_lazy("Orders"),
        url_name="organization_orders",
        order=40,
        kinds=_SOLD_TO,
        rule=(ROLE_TABLE, EntitlementPermission.VIEW_SOLD),
    ),
)


def build_sold_licences_part(actor: Actor, organization: Organization) -> list[PagePart]:
    """Return the panel on the vendor's page of a customer: how many of the licences that it has are assigned."""
    if organization.kind != OrganizationKind.CUSTOMER:
        return []
    entitlements = list_customer_services(actor, organization.pk)
    sections = {section.key: section.rows for section in make_service_sections(entitlements)}
    licences = {
        "is_shared": True,
        "usage": make_licence_bar_of_entitlements(entitlements),
        "running": sections["active"] + sections["active_trials"],
    }
    return [PagePart("entitlements/parts/licences.html", licences)]


def build_partner_sums_part(actor: Actor, organization: Organization) -> list[PagePart]:
    """Return the panel on the vendor's page of a partner or distributor: what its customers add up to."""
    if organization.kind not in (OrganizationKind.PARTNER, OrganizationKind.DISTRIBUTOR):
        return []
    partner = get_partner(actor, organization.public_id, OrganizationKind(organization.kind))
    (row,) = make_partner_table_rows(actor, [partner], {}, {})
    is_above = organization.kind == OrganizationKind.DISTRIBUTOR
    partners_url = build_list_url(reverse("partners"), {"parent": organization.org_id}) if is_above else ""
    return [PagePart("entitlements/parts/partner_panel.html", {"row": row, "partners_url": partners_url})]


def build_onboarding_parts(actor: Actor, organization: Organization) -> list[PagePart]:
    """Return the panel on the vendor's page of a partner that came by an activation link: how far it is."""
    return build_onboarding_part(actor, organization.pk) if organization.kind == OrganizationKind.PARTNER else []


def build_partners_part(actor: Actor, organization: Organization) -> list[PagePart]:
    """Return the panel on the vendor's page of a customer: the partners that it is connected with, by name."""
    partners = list_partners_of_customer(actor, organization.pk)
    if not partners:
        return []
    links = [{"name": partner.name, "url": reverse("organization", args=[partner.public_id])} for partner in partners]
    return [PagePart("entitlements/parts/partners_panel.html", {"partners": links})]


def register_customer_page_tabs() -> None:
    """Register the tabs Services, Usage and Orders, and the summary of services, for the pages of customers."""
    for tab in TABS:
        register_customer_page_tab(tab)
    register_customer_overview_section(build_services_overview_section)
    register_organization_overview_parts(build_onboarding_parts)
    register_organization_overview_parts(build_partner_sums_part)
    register_organization_overview_parts(build_partners_part)
    register_organization_overview_parts(build_sold_licences_part)
    for organization_tab in ORGANIZATION_TABS:
        register_organization_page_tab(organization_tab)
