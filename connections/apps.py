from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConnectionsConfig(AppConfig):
    name = "connections"
    verbose_name = _("Connections")

    def ready(self) -> None:
        from connections import notices  # noqa: F401  (registers the notice kinds)
        from connections.lists.activity import ACTIVITY
        from connections.organization_tab import register_organization_tab
        from connections.personal_data import register_personal_data
        from connections.queries import find_sign_up_purpose
        from connections.words import register_connection_words
        from partnerportal.lib.known_pages import register_linkable_page
        from partnerportal.lib.lists import register_list_definition
        from partnerportal.lib.sign_up_purposes import register_sign_up_purpose

        register_linkable_page("account", "account_details")
        register_linkable_page("customer", "customer")
        register_linkable_page("connected_partners", "connected_partners")
        register_list_definition(ACTIVITY)
        register_sign_up_purpose("invitation", find_sign_up_purpose)
        register_personal_data()
        register_connection_words()
        register_organization_tab()
