from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from accounts import organization_notices, standing_notices  # noqa: F401 - importing them registers the kinds of notices
        from accounts.actions.requests import DatabaseIdempotencyStore
        from accounts.lists.memberships import MEMBERSHIPS
        from accounts.lists.organizations import CUSTOMERS, PUBLISHERS
        from accounts.models import JoinRequest, ListSettings, SavedView
        from accounts.personal_data import (
            PersonalDataSection,
            PersonalDataTable,
            register_personal_data_section,
            register_personal_data_table,
        )
        from accounts.queries import find_addressees_by_organization, get_list_preferences, list_external_identities
        from notifications.registry import set_addressee_lookup
        from partnerportal.lib.idempotency import register_idempotency_store
        from partnerportal.lib.known_pages import register_linkable_page
        from partnerportal.lib.lists import register_list_definition
        from partnerportal.lib.personal_lists import register_list_preferences_reader

        set_addressee_lookup(find_addressees_by_organization)
        register_list_preferences_reader(get_list_preferences)
        register_idempotency_store(DatabaseIdempotencyStore())
        settings = ("organization_id", "list_key", "columns", "density")
        register_personal_data_table("list_settings", PersonalDataTable(ListSettings, settings))
        views = ("organization_id", "list_key", "name", "query", "is_shared", "created_at")
        register_personal_data_table("saved_views", PersonalDataTable(SavedView, views))
        for definition in (PUBLISHERS, CUSTOMERS, MEMBERSHIPS):
            register_list_definition(definition)
        identities = PersonalDataSection("external_identities", list_external_identities)  # they go with the account
        register_personal_data_section(identities)
        asked = ("organization_id", "domain", "state", "created_at", "decided_at")
        register_personal_data_table("join_requests", PersonalDataTable(JoinRequest, asked))
        register_linkable_page("organization_new", "organization_new")
        register_linkable_page("preferences", "preferences")
        for page in ("list_display", "view_new", "view_change", "view_query", "view_default", "view_delete"):
            register_linkable_page(page, page)
