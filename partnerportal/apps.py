from django.apps import AppConfig
from django.conf import settings

from partnerportal import error_tracker
from partnerportal.gathering import gather_role_tables
from partnerportal.lib.known_pages import register_linkable_page
from partnerportal.lib.policies import register_role_table


class PartnerportalConfig(AppConfig):
    name = "partnerportal"

    def ready(self) -> None:
        if settings.SENTRY_DSN:
            error_tracker.start_error_tracker(settings.SENTRY_DSN)
        register_linkable_page("roles", "roles_help")
        for table in gather_role_tables():
            register_role_table(table)
