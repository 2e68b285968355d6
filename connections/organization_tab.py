"""What this app adds to the vendor's page of an organisation: its activity, and whom it tells of a move."""

from django.db import connection
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from accounts.organization_frame import OrganizationPageTab, register_organization_page_tab
from accounts.partner_moves import register_told_customer_counter


def count_connected_customers(partner: Organization) -> int:
    """Return how many customers a partner is connected with, for the vendor's staff, who see no connections."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT portal_connected_customers(%s)", [partner.pk])
        count: int = cursor.fetchone()[0]
    return count


def register_organization_tab() -> None:
    """Add the tab Activity to the vendor's pages of organisations, and the count of customers whom a move is told."""
    register_organization_page_tab(
        OrganizationPageTab(key="activity", label=_("Activity"), url_name="organization_activity", order=100)
    )
    register_told_customer_counter(count_connected_customers)
