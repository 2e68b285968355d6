"""Who may do what with customers and their entitlements."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from accounts.models import Feature
from partnerportal.lib.policies import RoleTable, Rule


class EntitlementPermission(StrEnum):
    VIEW_CUSTOMERS = "entitlements.view_customers"
    VIEW_OWN = "entitlements.view_own"


ROLE_TABLE: RoleTable = {
    EntitlementPermission.VIEW_CUSTOMERS: Rule(
        label=_("See connected customers, their services, licence totals and orders"),
        feature=Feature.CUSTOMER_DASHBOARD,
    ),
    EntitlementPermission.VIEW_OWN: Rule(label=_("See the organisation’s own services and orders")),
}
