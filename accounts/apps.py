from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from accounts.models import ListSettings, SavedView
        from accounts.personal_data import OwnRows, register_own_rows
        from accounts.queries import people_to_tell
        from notifications.registry import set_addressee_directory
        from partnerportal.lib.known_pages import register_page

        set_addressee_directory(people_to_tell)
        settings = ("organization_id", "list_key", "columns", "density")
        register_own_rows("list_settings", OwnRows(ListSettings, settings))
        views = ("organization_id", "list_key", "name", "query", "is_shared", "created_at")
        register_own_rows("saved_views", OwnRows(SavedView, views))
        register_page("organization_new", "organization_new")
        register_page("preferences", "preferences")
