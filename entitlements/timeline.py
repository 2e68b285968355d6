"""The words in which a customer's activity and the activity log tell the events of this app."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext_lazy as _

from entitlements.anomalies import list_anomaly_service_names
from entitlements.events import EntitlementEventKind, ServiceMomentKind
from entitlements.models import Entitlement, RenewalState
from entitlements.notices.news import describe_licence_count
from notifications.models import Event
from notifications.timeline import (
    ActivityDescription,
    ActivityTopic,
    register_activity_descriptions,
    register_changed_fields,
)
from partnerportal.lib import formats
from partnerportal.lib.errors import Message


def _tell_cancelled(event: Event) -> Message:
    """Return the sentence that a trial was cancelled, or that its request was, which staff had not decided yet."""
    if event.data.get("is_request"):
        return _("The request for a trial of %(service)s was cancelled")
    return _("The trial of %(service)s was cancelled")


_TEXTS: dict[str, tuple[str, Message | Callable[[Event], Message]]] = {
    EntitlementEventKind.ADDED: ("package-plus", _("%(service)s was added")),
    EntitlementEventKind.CHANGED: ("package", _("%(service)s has changed")),
    EntitlementEventKind.TRIAL_REQUESTED: ("flask-conical", _("A trial of %(service)s was requested")),
    EntitlementEventKind.TRIAL_STARTED: (
        "flask-conical",
        _("The trial of %(service)s was started with an activation link"),
    ),
    EntitlementEventKind.TRIAL_APPROVED: ("flask-conical", _("The trial of %(service)s started")),
    EntitlementEventKind.TRIAL_DECLINED: ("flask-conical", _("The trial of %(service)s was declined")),
    EntitlementEventKind.TRIAL_EXTENDED: ("flask-conical", _("The trial of %(service)s was extended")),
    EntitlementEventKind.TRIAL_CONVERTED: ("package-check", _("%(service)s was converted to production")),
    EntitlementEventKind.TRIAL_CANCELLED: ("flask-conical", _tell_cancelled),
    EntitlementEventKind.TRIAL_EXPIRED: ("hourglass", _("The trial of %(service)s expired")),
    EntitlementEventKind.RELEASE_ASKED: ("user-minus", _("The release of a licence for %(service)s was requested")),
    EntitlementEventKind.RELEASE_WITHDRAWN: (
        "user-check",
        _("A request to release a licence for %(service)s was withdrawn"),
    ),
    EntitlementEventKind.RELEASE_MARKED: ("user-check", _("A licence for %(service)s was released")),
    EntitlementEventKind.RELEASE_REOPENED: (
        "user-minus",
        _("A request to release a licence for %(service)s was reopened"),
    ),
    EntitlementEventKind.USE_UNUSUAL: ("activity", _("Usage of %(service)s left its usual range")),
    ServiceMomentKind.STARTED: ("package-plus", _("%(service)s started")),
    ServiceMomentKind.RENEWED: ("refresh-cw", _("%(service)s was renewed")),
    ServiceMomentKind.ENDED: ("hourglass", _("%(service)s ended")),
}


def _service(event: Event) -> Mapping[str, str]:
    names = formats.join_names(list_anomaly_service_names(event.data.get("uses", ())))
    return {"service": names or event.data.get("sku_name", event.subject_label)}


def _quantity(event: Event) -> str:
    quantity = event.data.get("quantity")
    return describe_licence_count(quantity) if isinstance(quantity, int) else ""


def _describe_trial(event: Event) -> str:
    """Return the service and the number of licences that a customer was activated with, "" for a partner."""
    name = event.data.get("sku_name")
    return f"{name} · {_quantity(event)}" if name else ""


_ACTIVATIONS: dict[str, tuple[str, Message]] = {
    EntitlementEventKind.ACTIVATION_SENT: ("send", _("An activation link was sent to %(name)s")),
    EntitlementEventKind.ACTIVATION_RESENT: ("send", _("The activation link for %(name)s was sent again")),
    EntitlementEventKind.ACTIVATION_COPIED: ("copy", _("The activation link for %(name)s was copied")),
    EntitlementEventKind.ACTIVATION_CHANGED: ("pencil", _("The activation link for %(name)s was changed")),
    EntitlementEventKind.ACTIVATION_REVOKED: ("ban", _("The activation link for %(name)s was withdrawn")),
    EntitlementEventKind.ACTIVATION_EXPIRED: ("hourglass", _("The activation link for %(name)s expired")),
    EntitlementEventKind.ACTIVATION_BOUNCED: (
        "triangle-alert",
        _("The activation link for %(name)s was not delivered"),
    ),
    EntitlementEventKind.ACTIVATION_STOPPED: ("unlink", _("The activation link for %(name)s no longer works")),
    EntitlementEventKind.PARTNER_CONFIRMED: ("badge-check", _("The programme membership of %(name)s was confirmed")),
    EntitlementEventKind.PARTNER_DECLINED: ("ban", _("The programme membership of %(name)s was declined")),
}
_RENEWALS: dict[str, tuple[str, Message]] = {
    EntitlementEventKind.RENEWAL_STATE_SET: ("calendar-clock", _("The state of a renewal of %(service)s was set")),
    EntitlementEventKind.RENEWAL_OWNER_SET: ("user-check", _("The owner of a renewal of %(service)s was set")),
    EntitlementEventKind.RENEWAL_NOTED: ("pencil", _("The note on a renewal of %(service)s was changed")),
}
_VENDORS: dict[str, tuple[str, Message]] = {
    EntitlementEventKind.PUBLISHER_SET: ("package", _("%(counterpart)s became the publisher of %(service)s")),
    EntitlementEventKind.PUBLISHER_REMOVED: ("package", _("%(counterpart)s is no longer the publisher of %(service)s")),
    EntitlementEventKind.FEED_TOKEN_CREATED: ("key-round", _("The feed token %(subject)s was created")),
    EntitlementEventKind.FEED_TOKEN_REVOKED: ("key-round", _("The feed token %(subject)s was revoked")),
    EntitlementEventKind.TRIAL_OFFERED: ("flask-conical", _("%(service)s was opened for trial")),
    EntitlementEventKind.TRIAL_OFFER_CHANGED: ("flask-conical", _("The trial offer for %(service)s was changed")),
    EntitlementEventKind.TRIAL_OFFER_WITHDRAWN: ("flask-conical", _("%(service)s is no longer open for trial")),
}


def _name_invited(event: Event) -> Mapping[str, str]:
    return {"name": event.data.get("name") or event.subject_label}


def register_entitlement_words() -> None:
    """Register how activity pages and the log show the events of this app."""
    news = {kind: ActivityDescription(icon, text, _service, _quantity) for kind, (icon, text) in _TEXTS.items()}
    register_activity_descriptions(ActivityTopic.SERVICES, news, are_customer_news=True)
    activated = ActivityDescription("circle-check", _("The organisation was activated"), detail=_describe_trial)
    register_activity_descriptions(
        ActivityTopic.SERVICES, {EntitlementEventKind.ACTIVATION_ACCEPTED: activated}, are_customer_news=True
    )
    order = ActivityDescription("receipt-text", _("Order %(subject)s was placed"))
    register_activity_descriptions(
        ActivityTopic.ORDERS, {EntitlementEventKind.ORDER_PLACED: order}, are_customer_news=True
    )
    register_activity_descriptions(
        ActivityTopic.SERVICES,
        {
            EntitlementEventKind.ENDS_SOON: ActivityDescription("hourglass", _("%(service)s ends soon"), _service),
            EntitlementEventKind.CALENDAR_MADE: ActivityDescription("calendar-plus", _("A calendar link was created")),
            EntitlementEventKind.CALENDAR_REVOKED: ActivityDescription(
                "calendar-days", _("The calendar link was revoked")
            ),
        },
    )
    for texts, topic, values in (
        (_ACTIVATIONS, ActivityTopic.CONNECTIONS, _name_invited),
        (_VENDORS, ActivityTopic.SERVICES, _service),
        (_RENEWALS, ActivityTopic.SERVICES, _service),
    ):
        register_activity_descriptions(
            topic, {kind: ActivityDescription(icon, text, values) for kind, (icon, text) in texts.items()}
        )
    register_changed_fields(
        {
            "quantity": _("Licences"),
            "assigned": _("Assigned"),
            "kind": _("Type"),
            "sku": _("Service"),
            "publisher": _("Publisher"),
            "source": _("Source"),
            "reason": _("Reason"),
            "number": _("Number"),
            "starts_on": _("From"),
            "ends_on": _("Until"),
            "work_state": _("State"),
            "owner": _("Owner"),
            "note": _("Note"),
        },
        words={
            "state": {state.value: state.label for state in Entitlement.State},
            "work_state": {state.value: state.label for state in RenewalState},
            "kind": {kind.value: kind.label for kind in Entitlement.Kind},
        },
    )
