from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketplaceConfig(AppConfig):
    """The app of publishers' offers: what they are, who may resell them, where and for how much."""

    name = "marketplace"
    verbose_name = _("Marketplace")

    def ready(self) -> None:
        from marketplace.lists.offers import OFFERS
        from partnerportal.lib.lists import register_list_definition

        register_list_definition(OFFERS)
