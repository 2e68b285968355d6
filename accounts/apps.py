from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from accounts.actions import partner_news  # noqa: F401 - importing registers what it does with events
        from accounts.actions.invitations import record_undelivered_invitation
        from accounts.actions.requests import DatabaseIdempotencyStore
        from accounts.lists.memberships import MEMBERSHIPS
        from accounts.lists.operators import OPERATORS, PENDING_OPERATORS
        from accounts.lists.organizations import PublisherList
        from accounts.models import JoinRequest, ListSettings, OperatorInvitation, SavedView
        from accounts.notices import own_account, partners, standing  # noqa: F401 - importing registers them
        from accounts.personal_data import (
            PersonalDataSection,
            PersonalDataTable,
            register_invitations_section,
            register_personal_data_section,
            register_personal_data_table,
        )
        from accounts.queries.lists import get_list_preferences
        from accounts.queries.operator_invitations import find_sign_up_purpose
        from accounts.queries.operators import find_addressees_by_organization, list_external_identities
        from accounts.timeline import register_account_words
        from notifications.registry import register_undelivered_mail_handler, set_addressee_lookup
        from partnerportal.lib.idempotency import register_idempotency_store
        from partnerportal.lib.known_pages import register_linkable_page
        from partnerportal.lib.lists import register_list_definition
        from partnerportal.lib.neighbours import register_record_list
        from partnerportal.lib.personal_lists import register_list_preferences_reader
        from partnerportal.lib.sign_up_purposes import register_sign_up_purpose

        register_account_words()
        set_addressee_lookup(find_addressees_by_organization)
        register_list_preferences_reader(get_list_preferences)
        register_idempotency_store(DatabaseIdempotencyStore())
        settings = ("organization_id", "list_key", "columns", "density")
        register_personal_data_table("list_settings", PersonalDataTable(ListSettings, settings))
        views = ("organization_id", "list_key", "name", "query", "is_shared", "created_at")
        register_personal_data_table("saved_views", PersonalDataTable(SavedView, views))
        register_invitations_section("operator_invitations", OperatorInvitation)
        register_undelivered_mail_handler(OperatorInvitation._meta.label_lower, record_undelivered_invitation)
        for definition in (OPERATORS, PENDING_OPERATORS, MEMBERSHIPS):
            register_list_definition(definition)
        register_record_list(PublisherList)
        identities = PersonalDataSection("external_identities", list_external_identities)  # they go with the account
        register_personal_data_section(identities)
        asked = ("organization_id", "domain", "state", "created_at", "decided_at")
        register_personal_data_table("join_requests", PersonalDataTable(JoinRequest, asked))
        register_sign_up_purpose("operator_invitation", find_sign_up_purpose)
        register_linkable_page("organization", "organization")
        register_linkable_page("organization_new", "organization_new")
        register_linkable_page("preferences", "preferences")
        for page in (
            "list_display",
            "list_filters",
            "view_new",
            "view_change",
            "view_query",
            "view_default",
            "view_delete",
        ):
            register_linkable_page(page, page)
