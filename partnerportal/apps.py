from django.apps import AppConfig
from django.conf import settings

from partnerportal import error_tracker


class PartnerportalConfig(AppConfig):
    name = "partnerportal"

    def ready(self) -> None:
        if settings.SENTRY_DSN:
            error_tracker.start(settings.SENTRY_DSN)
