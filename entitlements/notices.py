"""News of a customer's entitlements: to the customer, and to everyone connected to it (CC-54)."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from connections.queries import viewers_of
from entitlements.events import EntitlementEvent
from notifications.registry import NoticeKind, Recipient, register

if TYPE_CHECKING:
    from notifications.models import Event, Notice


class CustomerNews(NoticeKind):
    """Shared news: inbox only, no mail. `about` the customer, so that it goes out of sight with the connection."""

    icon = "package"

    def recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, Recipient]]":
        viewers: dict[Any, list[Any]] = {event.customer_id: [event.customer_id] for event in events}
        for viewer_id, customer_id in viewers_of(viewers).values_list("viewer_id", "subject_id"):
            viewers[customer_id].append(viewer_id)
        for event in events:
            for viewer_id in viewers[event.customer_id]:
                told = Recipient(
                    organization_id=viewer_id,
                    about_id=event.customer_id,
                    about_public_id=event.data["customer"],
                    about_label=event.data["customer_name"],
                    params=event.data,
                )
                yield event, told

    def path(self, notice: "Notice") -> str:
        if notice.about_id == notice.recipient_id:
            return reverse("services")
        return reverse("customer_services", args=[notice.about_public_id])

    def action(self, notice: "Notice") -> str:
        return _("Open the services")

    def body(self, notice: "Notice") -> str:
        quantity = notice.params["quantity"]
        return ngettext("%(count)s licence", "%(count)s licences", quantity) % {"count": quantity}


@register
class EntitlementAdded(CustomerNews):
    code = "entitlement_added"
    event = EntitlementEvent.ADDED
    label = gettext_lazy("New service")
    icon = "package-plus"

    def subject(self, notice: "Notice") -> str:
        return _("%(service)s is now active") % {"service": notice.params["sku_name"]}


@register
class EntitlementChanged(CustomerNews):
    code = "entitlement_changed"
    event = EntitlementEvent.CHANGED
    label = gettext_lazy("Service changed")

    def subject(self, notice: "Notice") -> str:
        return _("%(service)s has changed") % {"service": notice.params["sku_name"]}


@register
class TrialRequested(CustomerNews):
    code = "trial_requested"
    event = EntitlementEvent.TRIAL_REQUESTED
    label = gettext_lazy("Trial requested")
    icon = "flask-conical"

    def subject(self, notice: "Notice") -> str:
        return _("A trial of %(service)s has been requested") % {"service": notice.params["sku_name"]}


@register
class TrialExpired(CustomerNews):
    code = "trial_expired"
    event = EntitlementEvent.TRIAL_EXPIRED
    label = gettext_lazy("Trial expired")
    icon = "hourglass"

    def subject(self, notice: "Notice") -> str:
        return _("The trial of %(service)s has expired") % {"service": notice.params["sku_name"]}
