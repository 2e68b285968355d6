"""The words in which a customer's activity tells the events of this app."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from connections.timeline import ActivityWords
from entitlements.anomalies import list_anomaly_service_names
from entitlements.events import EntitlementEvent
from entitlements.notices.news import describe_licence_count
from notifications.models import Event
from partnerportal.lib import formats
from partnerportal.lib.errors import Message

_TEXTS: dict[str, tuple[str, Message]] = {
    EntitlementEvent.ADDED: ("package-plus", _("%(service)s was added")),
    EntitlementEvent.CHANGED: ("package", _("%(service)s has changed")),
    EntitlementEvent.TRIAL_REQUESTED: ("flask-conical", _("A trial of %(service)s was requested")),
    EntitlementEvent.TRIAL_APPROVED: ("flask-conical", _("The trial of %(service)s started")),
    EntitlementEvent.TRIAL_DECLINED: ("flask-conical", _("The trial of %(service)s was declined")),
    EntitlementEvent.TRIAL_EXTENDED: ("flask-conical", _("The trial of %(service)s was extended")),
    EntitlementEvent.TRIAL_CONVERTED: ("package-check", _("%(service)s went from trial to production")),
    EntitlementEvent.TRIAL_CANCELLED: ("flask-conical", _("The trial of %(service)s was cancelled")),
    EntitlementEvent.TRIAL_EXPIRED: ("hourglass", _("The trial of %(service)s expired")),
    EntitlementEvent.RELEASE_ASKED: ("user-minus", _("The release of a licence of %(service)s was requested")),
    EntitlementEvent.RELEASE_WITHDRAWN: (
        "user-check",
        _("A request to release a licence of %(service)s was withdrawn"),
    ),
    EntitlementEvent.RELEASE_MARKED: ("user-check", _("A licence of %(service)s was released")),
    EntitlementEvent.RELEASE_REOPENED: ("user-minus", _("A request to release a licence of %(service)s was reopened")),
    EntitlementEvent.USE_UNUSUAL: ("activity", _("Usage of %(service)s left its usual range")),
    EntitlementEvent.ORDER_PLACED: ("receipt-text", _("Order %(subject)s was placed")),
}


def _service(event: Event) -> Mapping[str, str]:
    names = formats.join_names(list_anomaly_service_names(event.data.get("uses", ())))
    return {"service": names or event.data.get("sku_name", event.subject_label)}


def _quantity(event: Event) -> str:
    quantity = event.data.get("quantity")
    return describe_licence_count(quantity) if isinstance(quantity, int) else ""


WORDS = {kind: ActivityWords(icon, text, _service, _quantity) for kind, (icon, text) in _TEXTS.items()}
