from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketplaceConfig(AppConfig):
    """The app of publishers' offers: what they are, who may resell them, where and for how much."""

    name = "marketplace"
    verbose_name = _("Marketplace")

    def ready(self) -> None:
        from marketplace import (  # noqa: F401  (they register the notices)
            catalogue_notices,
            health_notices,
            market_notices,
            product_notices,
            stop_notices,
        )
        from marketplace.audience_requests import register_audience_requests
        from marketplace.country_facts import register_country_facts
        from marketplace.lists.all_offers import ALL_OFFERS
        from marketplace.lists.catalogue import CATALOGUE
        from marketplace.lists.offers import OFFERS
        from marketplace.lists.products import PRODUCTS
        from marketplace.lists.storefront import STOREFRONT
        from marketplace.timeline import register_offer_words
        from partnerportal.lib.lists import register_list_definition

        for definition in (OFFERS, PRODUCTS, CATALOGUE, STOREFRONT, ALL_OFFERS):
            register_list_definition(definition)
        register_audience_requests()
        register_country_facts()
        register_offer_words()
