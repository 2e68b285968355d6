"""The words in which a customer's activity tells the events of this app."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from connections.timeline import ActivityDescription
from entitlements.anomalies import list_anomaly_service_names
from entitlements.events import EntitlementEventKind
from entitlements.notices.news import describe_licence_count
from notifications.models import Event
from partnerportal.lib import formats
from partnerportal.lib.errors import Message

_TEXTS: dict[str, tuple[str, Message]] = {
    EntitlementEventKind.ADDED: ("package-plus", _("%(service)s was added")),
    EntitlementEventKind.CHANGED: ("package", _("%(service)s has changed")),
    EntitlementEventKind.TRIAL_REQUESTED: ("flask-conical", _("A trial of %(service)s was requested")),
    EntitlementEventKind.TRIAL_APPROVED: ("flask-conical", _("The trial of %(service)s started")),
    EntitlementEventKind.TRIAL_DECLINED: ("flask-conical", _("The trial of %(service)s was declined")),
    EntitlementEventKind.TRIAL_EXTENDED: ("flask-conical", _("The trial of %(service)s was extended")),
    EntitlementEventKind.TRIAL_CONVERTED: ("package-check", _("%(service)s went from trial to production")),
    EntitlementEventKind.TRIAL_CANCELLED: ("flask-conical", _("The trial of %(service)s was cancelled")),
    EntitlementEventKind.TRIAL_EXPIRED: ("hourglass", _("The trial of %(service)s expired")),
    EntitlementEventKind.ACTIVATION_ACCEPTED: (
        "circle-check",
        _("The organisation was activated, and a trial of %(service)s started"),
    ),
    EntitlementEventKind.RELEASE_ASKED: ("user-minus", _("The release of a licence of %(service)s was requested")),
    EntitlementEventKind.RELEASE_WITHDRAWN: (
        "user-check",
        _("A request to release a licence of %(service)s was withdrawn"),
    ),
    EntitlementEventKind.RELEASE_MARKED: ("user-check", _("A licence of %(service)s was released")),
    EntitlementEventKind.RELEASE_REOPENED: (
        "user-minus",
        _("A request to release a licence of %(service)s was reopened"),
    ),
    EntitlementEventKind.USE_UNUSUAL: ("activity", _("Usage of %(service)s left its usual range")),
    EntitlementEventKind.ORDER_PLACED: ("receipt-text", _("Order %(subject)s was placed")),
}


def _service(event: Event) -> Mapping[str, str]:
    names = formats.join_names(list_anomaly_service_names(event.data.get("uses", ())))
    return {"service": names or event.data.get("sku_name", event.subject_label)}


def _quantity(event: Event) -> str:
    quantity = event.data.get("quantity")
    return describe_licence_count(quantity) if isinstance(quantity, int) else ""


WORDS = {kind: ActivityDescription(icon, text, _service, _quantity) for kind, (icon, text) in _TEXTS.items()}
