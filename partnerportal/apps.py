from django.apps import AppConfig
from django.conf import settings

from partnerportal import error_tracker
from partnerportal.lib.known_pages import register_linkable_page


class PartnerportalConfig(AppConfig):
    name = "partnerportal"

    def ready(self) -> None:
        if settings.SENTRY_DSN:
            error_tracker.start_error_tracker(settings.SENTRY_DSN)
        register_linkable_page("roles", "roles_help")
