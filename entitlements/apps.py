from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EntitlementsConfig(AppConfig):
    """The app of what customers may use and how much they use it.

    It registers with the apps below it what they show of that.
    """

    name = "entitlements"
    verbose_name = _("Entitlements")

    def ready(self) -> None:
        from allauth.account.signals import user_logged_in

        from connections.consent import register_shareable_scope
        from connections.customer_activity import register_customer_activity
        from connections.guards import register_missing_badge_hint
        from connections.sharing import register_shared_data_counter
        from entitlements.actions.activation_accept import record_sign_in_for_activation
        from entitlements.actions.activation_jobs import record_undelivered_activation
        from entitlements.customer_frame import register_customer_page_tabs
        from entitlements.lists.activations import PENDING_CUSTOMERS, PENDING_PARTNERS
        from entitlements.lists.customers import CustomerList, CustomerUsageList, SoldCustomerList
        from entitlements.lists.partners import DistributorList, PartnerList
        from entitlements.lists.releases import RELEASES
        from entitlements.lists.renewals import OWN_RENEWALS, RENEWALS
        from entitlements.lists.trials import TRIALS
        from entitlements.lists.uploads import UPLOADS
        from entitlements.models import ActivationLink
        from entitlements.notices import activation, asked, news  # noqa: F401  (they register the notice kinds)
        from entitlements.personal_data import register_personal_data
        from entitlements.queries.activation import find_sign_up_purpose
        from entitlements.queries.moments import list_customer_moments
        from entitlements.rows.activations import describe_awaited_membership
        from entitlements.sharing import OFFERED, describe_shared_records
        from entitlements.timeline import register_entitlement_words
        from notifications.registry import register_undelivered_mail_handler
        from partnerportal.lib.known_pages import register_linkable_page
        from partnerportal.lib.lists import register_list_definition
        from partnerportal.lib.neighbours import register_record_list
        from partnerportal.lib.sign_up_purposes import register_sign_up_purpose

        for offered in OFFERED:
            register_shareable_scope(offered)
        register_shared_data_counter(describe_shared_records)
        register_entitlement_words()
        register_customer_activity(list_customer_moments)
        register_customer_page_tabs()
        for record_list in (CustomerList, CustomerUsageList, SoldCustomerList, PartnerList, DistributorList):
            register_record_list(record_list)
        for definition in (
            PENDING_CUSTOMERS,
            PENDING_PARTNERS,
            RENEWALS,
            OWN_RENEWALS,
            TRIALS,
            RELEASES,
            UPLOADS,
        ):
            register_list_definition(definition)
        register_undelivered_mail_handler(ActivationLink._meta.label_lower, record_undelivered_activation)
        user_logged_in.connect(record_sign_in_for_activation)
        register_missing_badge_hint(describe_awaited_membership)
        register_sign_up_purpose("activation", find_sign_up_purpose)
        register_personal_data()
        register_linkable_page("customers", "customers")
        register_linkable_page("own_licences", "services")
        for page in ("distributors", "partner", "partners"):
            register_linkable_page(page, page)
