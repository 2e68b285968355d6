"""Notices with news of a customer's entitlements, to the customer and to everyone connected to it (CC-54)."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.notices.requests import ADMINS
from connections.notices import CustomerNewsNotice
from entitlements import anomalies
from entitlements.events import EntitlementEventKind
from notifications.models import Notice
from notifications.registry import NoticeRecipient, register_notice_kind
from partnerportal.lib import formats
from partnerportal.lib.errors import Message

if TYPE_CHECKING:
    from notifications.models import Event


def describe_licence_count(count: int) -> str:
    """Return a number of licences in words, such as "12 licences"."""
    return ngettext("%(count)s licence", "%(count)s licences", count) % {"count": formats.format_number(count)}


class ServiceNewsNotice(CustomerNewsNotice):
    """The base of notices about one service of a customer, to the customer and everyone connected to it."""

    icon = "package"
    own_url_name = "services"
    customer_url_name = "customer_services"
    words: ClassVar[Message]  # of the subject, with %(service)s

    def get_link_label(self, notice: Notice) -> str:
        return _("View services")

    def get_subject(self, notice: Notice) -> str:
        return str(self.words) % {"service": notice.params["sku_name"]}

    def get_body(self, notice: Notice) -> str:
        return describe_licence_count(notice.params["quantity"])

    def describe_licence_count_and_end_date(self, notice: Notice) -> str:
        """Return the number of licences in words, with the last day if the entitlement has one."""
        if not self.get_last_day(notice):
            return describe_licence_count(notice.params["quantity"])
        return _("%(licences)s until %(date)s") % {
            "licences": describe_licence_count(notice.params["quantity"]),
            "date": self.format_last_day(notice),
        }

    def format_last_day(self, notice: Notice) -> str:
        """Return the entitlement's last day in the reader's language, or "" if it has no end."""
        return formats.format_date(self.get_last_day(notice)) if self.get_last_day(notice) else ""

    def get_last_day(self, notice: Notice) -> Any:
        """Return the entitlement's last day as a date, or None if it has no end."""
        ends_on = notice.params.get("ends_on")
        return dt.date.fromisoformat(ends_on) if ends_on else None


@register_notice_kind
class EntitlementAddedNotice(ServiceNewsNotice):
    """The notice that a service became active."""

    code = "entitlement_added"
    event = EntitlementEventKind.ADDED
    label = gettext_lazy("New service")
    icon = "package-plus"
    words = gettext_lazy("%(service)s is now active")


@register_notice_kind
class EntitlementChangedNotice(ServiceNewsNotice):
    """The notice that an entitlement of a service has changed, such as its number of seats or its end."""

    code = "entitlement_changed"
    event = EntitlementEventKind.CHANGED
    label = gettext_lazy("Service changed")
    words = gettext_lazy("%(service)s has changed")


@register_notice_kind
class TrialRequestedNotice(ServiceNewsNotice):
    """The notice that a trial was requested."""

    code = "trial_requested"
    event = EntitlementEventKind.TRIAL_REQUESTED
    label = gettext_lazy("Trial requested")
    icon = "flask-conical"
    words = gettext_lazy("A trial of %(service)s has been requested")


@register_notice_kind
class TrialExpiredNotice(ServiceNewsNotice):
    """The notice that a trial has expired."""

    code = "trial_expired"
    event = EntitlementEventKind.TRIAL_EXPIRED
    label = gettext_lazy("Trial expired")
    icon = "hourglass"
    words = gettext_lazy("The trial of %(service)s has expired")


@register_notice_kind
class ServiceEndsSoonNotice(ServiceNewsNotice):
    """The notice that a service ends soon, sent 90, 60, 30 and 7 days ahead.

    Admins also get it in their daily summary.
    """

    code = "ends_soon"
    event = EntitlementEventKind.ENDS_SOON
    label = gettext_lazy("Service ends soon")
    icon = "calendar-clock"
    email_roles = ADMINS
    email_default = "digest"

    def get_subject(self, notice: Notice) -> str:
        if notice.params["kind"] == "trial":
            text = _("The trial of %(service)s ends on %(date)s")
        else:
            text = _("%(service)s ends on %(date)s")
        return text % {"service": notice.params["sku_name"], "date": self.format_last_day(notice)}

    def get_body(self, notice: Notice) -> str:
        near = formats.format_relative_time(self.get_last_day(notice))
        return (
            super().get_body(notice) if near == self.format_last_day(notice) else f"{super().get_body(notice)} · {near}"
        )


class TrialDecisionNotice(ServiceNewsNotice):
    """The base of notices about what the vendor decided about a trial.

    The customer's Admins get them by e-mail, its partners in the inbox.
    """

    icon = "flask-conical"
    email_roles = ADMINS
    email_own_only = True


@register_notice_kind
class TrialApprovedNotice(TrialDecisionNotice):
    """The notice that a trial was approved and has begun."""

    code = "trial_approved"
    event = EntitlementEventKind.TRIAL_APPROVED
    label = gettext_lazy("Trial approved")
    words = gettext_lazy("The trial of %(service)s has started")
    get_body = ServiceNewsNotice.describe_licence_count_and_end_date


@register_notice_kind
class TrialDeclinedNotice(TrialDecisionNotice):
    """The notice that a trial was declined, with the reason."""

    code = "trial_declined"
    event = EntitlementEventKind.TRIAL_DECLINED
    label = gettext_lazy("Trial declined")
    words = gettext_lazy("The trial of %(service)s was declined")

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        for event, told in super().list_recipients(events):
            yield event, replace(told, note=event.note)

    def get_body(self, notice: Notice) -> str:
        return notice.note


@register_notice_kind
class TrialExtendedNotice(TrialDecisionNotice):
    """The notice that a trial was extended to a later day."""

    code = "trial_extended"
    event = EntitlementEventKind.TRIAL_EXTENDED
    label = gettext_lazy("Trial extended")
    words = gettext_lazy("The trial of %(service)s was extended")
    get_body = ServiceNewsNotice.describe_licence_count_and_end_date


@register_notice_kind
class TrialConvertedNotice(TrialDecisionNotice):
    """The notice that a trial became production."""

    code = "trial_converted"
    event = EntitlementEventKind.TRIAL_CONVERTED
    label = gettext_lazy("Trial converted to production")
    icon = "package-check"
    words = gettext_lazy("%(service)s is now in production")
    get_body = ServiceNewsNotice.describe_licence_count_and_end_date


@register_notice_kind
class TrialCancelledNotice(TrialDecisionNotice):
    """The notice that a trial or its request was cancelled."""

    code = "trial_cancelled"
    event = EntitlementEventKind.TRIAL_CANCELLED
    label = gettext_lazy("Trial cancelled")
    words = gettext_lazy("The trial of %(service)s was cancelled")

    def get_subject(self, notice: Notice) -> str:
        if notice.params.get("is_request"):
            return _("The request for a trial of %(service)s was cancelled") % {"service": notice.params["sku_name"]}
        return super().get_subject(notice)


@register_notice_kind
class UnusualUsageNotice(CustomerNewsNotice):
    """The notice of all unusual use of licences that was found for one customer in one night (CC-14).

    Each anomaly is reported once.
    """

    code = "use_unusual"
    event = EntitlementEventKind.USE_UNUSUAL
    label = gettext_lazy("Unusual usage")
    icon = "activity"
    own_url_name = "usage"
    customer_url_name = "customer_usage"

    def get_subject(self, notice: Notice) -> str:
        found, falling, services = (notice.params[name] for name in ("found", "falling", "services"))
        names = {"service": notice.params["uses"][0]["service"], "count": formats.format_number(services)}
        if services == 1:
            fall, rise, both = (
                _("Usage of %(service)s is falling"),
                _("Usage of %(service)s is rising"),
                _("Unusual usage of %(service)s"),
            )
        else:
            fall = ngettext("Usage is falling in %(count)s service", "Usage is falling in %(count)s services", services)
            rise = ngettext("Usage is rising in %(count)s service", "Usage is rising in %(count)s services", services)
            both = ngettext("Unusual usage in %(count)s service", "Unusual usage in %(count)s services", services)
        return (fall if falling == found else both if falling else rise) % names

    def get_body(self, notice: Notice) -> str:
        return anomalies.describe_anomalies(notice.params["uses"], total_count=notice.params["found"])

    def get_link_label(self, notice: Notice) -> str:
        return _("View usage")
