from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SupportConfig(AppConfig):
    """The app of requests to the vendor, whose kinds the apps above it and it itself register."""

    name = "support"
    verbose_name = _("Support")

    def ready(self) -> None:
        from partnerportal.lib.neighbours import register_record_list
        from support import notices  # noqa: F401  (registers the notice kinds)
        from support.country_change import register_country_change
        from support.lists.own import OwnRequestList
        from support.lists.queue import RequestQueueList
        from support.personal_data import register_personal_data
        from support.timeline import register_request_words

        register_country_change()
        register_personal_data()
        register_request_words()
        for record_list in (OwnRequestList, RequestQueueList):
            register_record_list(record_list)
