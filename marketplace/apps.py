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
        from marketplace.lists.all_offers import AllOffersList
        from marketplace.lists.catalogue import CatalogueList
        from marketplace.lists.offers import OfferList
        from marketplace.lists.products import ProductList
        from marketplace.lists.storefront import StorefrontList
        from marketplace.timeline import register_offer_words
        from partnerportal.lib.neighbours import register_record_list

        for record_list in (OfferList, ProductList, CatalogueList, StorefrontList, AllOffersList):
            register_record_list(record_list)
        register_audience_requests()
        register_country_facts()
        register_offer_words()
