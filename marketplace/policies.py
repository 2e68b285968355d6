"""The role table of this app: who may do what with offers."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationKind, ProgramFeature, Role
from partnerportal.lib.actors import Actor
from partnerportal.lib.policies import NO_BADGE, ActionDenied, PermissionRule, RoleTable


class OfferPermission(StrEnum):
    """The permissions on offers; ROLE_TABLE says which roles have each."""

    VIEW_OWN = "marketplace.view_own_offers"
    VIEW_PRODUCTS = "marketplace.view_products"
    EDIT = "marketplace.edit_offers"
    DECIDE_AUDIENCE = "marketplace.decide_audiences"
    BROWSE = "marketplace.browse_offers"
    VIEW_PRICES = "marketplace.view_prices"
    VIEW_STOPS = "marketplace.view_stops"
    STOP = "marketplace.stop_sales"
    CONTACT_PUBLISHER = "marketplace.contact_publishers"
    VIEW_STOREFRONT = "marketplace.view_storefront"
    ASK_PARTNER = "marketplace.ask_partners"
    VIEW_ALL = "marketplace.view_all_offers"
    SIMULATE = "marketplace.simulate_sales"
    VIEW_CATALOGUE = "marketplace.view_catalogue"
    EDIT_CATALOGUE = "marketplace.edit_catalogue"


OFFERS = 200  # that one publisher may have

SELLERS = frozenset({OrganizationKind.PARTNER, OrganizationKind.DISTRIBUTOR})


def _deny_sellers_outside_the_programme(actor: Actor, _subject: object) -> ActionDenied | None:
    """Return why a partner or distributor may not ask about sales: it is in no programme that lets it sell."""
    if actor.organization_kind not in SELLERS or ProgramFeature.MARKETPLACE_PURCHASE in actor.features:
        return None
    return ActionDenied("no_badge", NO_BADGE)


ROLE_TABLE: RoleTable = {
    OfferPermission.VIEW_OWN: PermissionRule(
        label=_("See the organisation’s offers, including drafts and prices"),
        kinds=frozenset({OrganizationKind.PUBLISHER}),
    ),
    OfferPermission.VIEW_PRODUCTS: PermissionRule(
        label=_("See how the organisation’s products are growing"), kinds=frozenset({OrganizationKind.PUBLISHER})
    ),
    OfferPermission.EDIT: PermissionRule(
        label=_("Create, edit and publish offers"),
        kinds=frozenset({OrganizationKind.PUBLISHER}),
        roles=frozenset({Role.ADMIN}),
    ),
    OfferPermission.DECIDE_AUDIENCE: PermissionRule(
        label=_("Decide on changes to a live offer’s audience"),
        kinds=frozenset({OrganizationKind.VENDOR}),
        roles=frozenset({Role.ADMIN}),
    ),
    OfferPermission.VIEW_PRICES: PermissionRule(
        label=_("See the prices of offers"),
        kinds=frozenset(
            {
                OrganizationKind.PUBLISHER,
                OrganizationKind.VENDOR,
                OrganizationKind.PARTNER,
                OrganizationKind.DISTRIBUTOR,
            }
        ),
    ),
    OfferPermission.VIEW_STOPS: PermissionRule(
        label=_("See stopped sales of offers"),
        kinds=frozenset({OrganizationKind.PUBLISHER, OrganizationKind.VENDOR}),
    ),
    OfferPermission.STOP: PermissionRule(
        label=_("Stop and resume the sale of offers"),
        kinds=frozenset({OrganizationKind.PUBLISHER, OrganizationKind.VENDOR}),
        roles=frozenset({Role.ADMIN}),
    ),
    OfferPermission.BROWSE: PermissionRule(
        label=_("Browse the offers of all publishers"),
        kinds=frozenset({OrganizationKind.PARTNER, OrganizationKind.DISTRIBUTOR}),
        feature=ProgramFeature.MARKETPLACE_PURCHASE,
    ),
    OfferPermission.CONTACT_PUBLISHER: PermissionRule(
        label=_("Write to the publisher of an offer"),
        kinds=SELLERS,
        roles=frozenset({Role.ADMIN, Role.ADMIN_AGENT, Role.SALES_AGENT}),
        feature=ProgramFeature.MARKETPLACE_PURCHASE,
    ),
    OfferPermission.VIEW_STOREFRONT: PermissionRule(
        label=_("See the offers on the marketplace"), kinds=frozenset({OrganizationKind.CUSTOMER})
    ),
    OfferPermission.ASK_PARTNER: PermissionRule(
        label=_("Ask a partner about an offer"),
        kinds=frozenset({OrganizationKind.CUSTOMER}),
        roles=frozenset({Role.ADMIN}),
    ),
    OfferPermission.VIEW_ALL: PermissionRule(
        label=_("See the published offers of all publishers, with their audiences"),
        kinds=frozenset({OrganizationKind.VENDOR}),
    ),
    OfferPermission.SIMULATE: PermissionRule(
        label=_("Check whether a partner may sell a plan"),
        kinds=SELLERS | {OrganizationKind.PUBLISHER, OrganizationKind.VENDOR},
        when=_deny_sellers_outside_the_programme,
    ),
    OfferPermission.VIEW_CATALOGUE: PermissionRule(
        label=_("See markets, categories, competencies and skills, and where they are used"),
        kinds=frozenset({OrganizationKind.VENDOR}),
    ),
    OfferPermission.EDIT_CATALOGUE: PermissionRule(
        label=_("Edit markets and categories"),
        kinds=frozenset({OrganizationKind.VENDOR}),
        roles=frozenset({Role.ADMIN}),
    ),
}
