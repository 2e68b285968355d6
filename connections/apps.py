from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConnectionsConfig(AppConfig):
    name = "connections"
    verbose_name = _("Connections")

    def ready(self) -> None:
        from connections import account_timeline, notices  # noqa: F401  (they register words and notice kinds)
        from connections.organization_tab import register_organization_tab
        from connections.personal_data import register_personal_data
        from partnerportal.lib.known_pages import register_linkable_page

        register_linkable_page("account", "account_details")
        register_personal_data()
        register_organization_tab()
