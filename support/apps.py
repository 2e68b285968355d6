from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SupportConfig(AppConfig):
    """The app of requests to the vendor, whose kinds the apps above it and it itself register."""

    name = "support"
    verbose_name = _("Support")

    def ready(self) -> None:
        from partnerportal.lib.lists import register_list_definition
        from support import notices  # noqa: F401  (registers the notice kinds)
        from support.country_change import register_country_change
        from support.lists.own import OWN_REQUESTS
        from support.lists.queue import REQUESTS
        from support.personal_data import register_personal_data
        from support.timeline import register_request_words

        register_country_change()
        register_personal_data()
        register_request_words()
        for definition in (OWN_REQUESTS, REQUESTS):
            register_list_definition(definition)
