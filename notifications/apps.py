from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        from notifications.lists.inbox import INBOX
        from partnerportal.lib.lists import register_list_definition

        register_list_definition(INBOX)
