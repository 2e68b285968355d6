from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConnectionsConfig(AppConfig):
    name = "connections"
    verbose_name = _("Connections")

    def ready(self) -> None:
        from connections import notices  # noqa: F401  (registers the notice kinds)
        from connections.personal_data import register_personal_data
        from partnerportal.lib.known_pages import register_linkable_page

        register_linkable_page("account", "account_details")
        register_personal_data()
