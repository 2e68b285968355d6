"""Notices about what customers ask of the vendor: to its staff, and with the answer to those who asked."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import OrganizationKind
from accounts.notices.requests import RequestAnswerNotice, VendorRequestNotice
from accounts.queries.own_account import list_vendor_organization_ids
from entitlements.events import EntitlementEventKind
from entitlements.notices.news import describe_licence_count
from notifications.models import Notice
from notifications.registry import NoticeRecipient, register_notice_kind
from partnerportal.lib import formats
from partnerportal.lib.locks import AdvisoryLock, acquire_lock

if TYPE_CHECKING:
    from notifications.models import Event


@register_notice_kind
class TrialAwaitsDecisionNotice(VendorRequestNotice):
    """The notice to the vendor that a customer requests a trial, which the vendor has to decide.

    A trial in the feed is no request of a customer's, and gets no such notice.
    """

    code = "trial_asked"
    event = EntitlementEventKind.TRIAL_REQUESTED
    label = gettext_lazy("Trial requested by a customer")
    icon = "flask-conical"
    words = gettext_lazy("%(customer)s requested a trial of %(service)s")

    def get_placeholder_values(self, notice: Notice) -> dict[str, str]:
        return {"service": notice.params.get("sku_name", "")}

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        requests = [event for event in events if event.organization_id == event.customer_id]
        vendors = list_vendor_organization_ids() if requests else []
        for event in requests:
            for vendor in vendors:
                name = event.data["customer_name"]
                yield event, NoticeRecipient(organization_id=vendor, about_label=name, params=event.data)

    def get_body(self, notice: Notice) -> str:
        return describe_licence_count(notice.params["quantity"])

    def get_link_path(self, notice: Notice) -> str:
        return reverse("trials")

    def get_link_label(self, notice: Notice) -> str:
        return _("View trials")


@register_notice_kind
class TrialWithdrawnNotice(TrialAwaitsDecisionNotice):
    """The notice to the vendor that a customer has withdrawn its request for a trial."""

    code = "trial_withdrawn"
    event = EntitlementEventKind.TRIAL_CANCELLED
    label = gettext_lazy("Trial request withdrawn by a customer")
    words = gettext_lazy("%(customer)s withdrew its request for a trial of %(service)s")

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        return super().list_recipients([event for event in events if event.data.get("is_request")])


class LicenceReleaseVendorNotice(VendorRequestNotice):
    """The base of notices to the vendor about requests to release licences: at most one a day (UTC) for each customer.

    The page lists the licences. A notice does not name who holds a licence (CC-32).
    """

    email_default = "digest"

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        acquire_lock(AdvisoryLock.RELEASE_NEWS)  # another worker may be telling the same, which is not told twice
        since = min(event.at for event in events).replace(hour=0, minute=0, second=0, microsecond=0)
        vendors = list_vendor_organization_ids()
        notices = Notice.objects.filter(recipient_id__in=vendors, kind=self.code, at__gte=since)
        already_told = set(notices.values_list("recipient_id", "params__asked_by", "params__day"))
        for event in events:
            day = event.at.date().isoformat()
            for vendor in vendors:
                if (vendor, event.organization_id, day) not in already_told:
                    already_told.add((vendor, event.organization_id, day))
                    params = {"asked_by": event.organization_id, "day": day}
                    name = event.organization_label
                    yield event, NoticeRecipient(organization_id=vendor, about_label=name, params=params)

    def get_body(self, notice: Notice) -> str:
        return _("The “Licence releases” page shows which licences to release.")

    def get_link_path(self, notice: Notice) -> str:
        return reverse("releases")

    def get_link_label(self, notice: Notice) -> str:
        return _("View licence releases")


@register_notice_kind
class ReleaseRequestedNotice(LicenceReleaseVendorNotice):
    """The notice to the vendor that a customer asks for licences to be released."""

    code = "release_asked"
    event = EntitlementEventKind.RELEASE_ASKED
    label = gettext_lazy("Licence release requested by a customer")
    icon = "user-minus"
    words = gettext_lazy("%(customer)s wants to release licences")


@register_notice_kind
class ReleaseWithdrawnNotice(LicenceReleaseVendorNotice):
    """The notice to the vendor that a customer withdraws requests to release licences.

    The vendor's staff may have copied the list elsewhere.
    """

    code = "release_withdrawn"
    event = EntitlementEventKind.RELEASE_WITHDRAWN
    label = gettext_lazy("Licence release withdrawn by a customer")
    icon = "user-check"
    words = gettext_lazy("%(customer)s withdrew a request to release licences")


class LicenceReleaseAnswerNotice(RequestAnswerNotice):
    """The base of notices that answer a request to release a licence.

    They go to the customer's Admins, who alone see its licence users (CC-32), and do not name who holds the licence.
    """

    audience = frozenset({OrganizationKind.CUSTOMER.value})

    def get_placeholder_values(self, notice: Notice) -> dict[str, str]:
        return {"service": notice.params.get("sku_name", "")}

    def format_request_day(self, notice: Notice) -> str:
        """Return the date on which the release was asked for, in the reader's language."""
        return formats.format_date(dt.datetime.fromisoformat(notice.params["asked_at"]))

    def get_link_path(self, notice: Notice) -> str:
        return reverse("licence_holders")

    def get_link_label(self, notice: Notice) -> str:
        return _("View licence users")


@register_notice_kind
class LicenceReleasedNotice(LicenceReleaseAnswerNotice):
    """The notice to the customer's Admins that a licence was released. Each licence has a notice of its own."""

    code = "licence_released"
    event = EntitlementEventKind.RELEASE_MARKED
    label = gettext_lazy("Licence released")
    icon = "user-check"
    words = gettext_lazy("A licence for %(service)s was released")

    def get_body(self, notice: Notice) -> str:
        text = _("Your organisation requested this on %(day)s. The licence is available again.")
        return text % {"day": self.format_request_day(notice)}


@register_notice_kind
class ReleaseReopenedNotice(LicenceReleaseAnswerNotice):
    """The notice to the customer's Admins that a licence is not released after all, and still waits for its release."""

    code = "release_reopened"
    event = EntitlementEventKind.RELEASE_REOPENED
    label = gettext_lazy("Licence release reopened")
    icon = "user-minus"
    words = gettext_lazy("A request to release a licence for %(service)s was reopened")

    def get_body(self, notice: Notice) -> str:
        text = _("Your organisation made the request on %(day)s. The licence stays assigned until it is released.")
        return text % {"day": self.format_request_day(notice)}
