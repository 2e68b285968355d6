"""The role table of this app: who may do what with offers."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationKind, ProgramFeature, Role
from partnerportal.lib.policies import PermissionRule, RoleTable


class OfferPermission(StrEnum):
    """The permissions on offers; ROLE_TABLE says which roles have each."""

    VIEW_OWN = "marketplace.view_own_offers"
    EDIT = "marketplace.edit_offers"
    DECIDE_AUDIENCE = "marketplace.decide_audiences"
    BROWSE = "marketplace.browse_offers"
    VIEW_PRICES = "marketplace.view_prices"
    STOP = "marketplace.stop_sales"


OFFERS = 200  # that one publisher may have

ROLE_TABLE: RoleTable = {
    OfferPermission.VIEW_OWN: PermissionRule(
        label=_("See the organisation’s offers, with drafts and prices"), kinds=frozenset({OrganizationKind.PUBLISHER})
    ),
    OfferPermission.EDIT: PermissionRule(
        label=_("Create, edit and publish offers"),
        kinds=frozenset({OrganizationKind.PUBLISHER}),
        roles=frozenset({Role.ADMIN}),
    ),
    OfferPermission.DECIDE_AUDIENCE: PermissionRule(
        label=_("Decide about the audience of a live offer"),
        kinds=frozenset({OrganizationKind.VENDOR}),
        roles=frozenset({Role.ADMIN}),
    ),
    OfferPermission.VIEW_PRICES: PermissionRule(
        label=_("See prices of offers"),
        kinds=frozenset(
            {
                OrganizationKind.PUBLISHER,
                OrganizationKind.VENDOR,
                OrganizationKind.PARTNER,
                OrganizationKind.DISTRIBUTOR,
            }
        ),
    ),
    OfferPermission.STOP: PermissionRule(
        label=_("Stop the sale of offers and lift the stop"),
        kinds=frozenset({OrganizationKind.PUBLISHER, OrganizationKind.VENDOR}),
        roles=frozenset({Role.ADMIN}),
    ),
    OfferPermission.BROWSE: PermissionRule(
        label=_("Browse the offers of all publishers"),
        kinds=frozenset({OrganizationKind.PARTNER, OrganizationKind.DISTRIBUTOR}),
        feature=ProgramFeature.MARKETPLACE_PURCHASE,
    ),
}
