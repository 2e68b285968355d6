"""Notices about requests: to the vendor's staff what was asked, and to whoever asked the answer."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.notices.requests import ADMINS, ALL_BUT_VENDOR, VendorRequestNotice
from accounts.queries.own_account import list_vendor_organization_ids
from notifications.registry import NoticeKind, NoticeRecipient, register_notice_kind
from partnerportal.lib.errors import Message
from support.events import SupportEventKind
from support.kinds import describe_kind

if TYPE_CHECKING:
    from notifications.models import Event, Notice


def _values(notice: "Notice") -> dict[str, str]:
    return {"number": notice.params.get("number", ""), "kind": describe_kind(notice.params.get("kind", ""))}


def _path(notice: "Notice") -> str:
    return reverse("request", args=[notice.params["request"]])


def _choose_language(texts: dict[str, str]) -> str:
    """Return the text in the reader's language, of texts by language, or "" if there is none."""
    return texts.get(get_language() or "") or texts.get(settings.LANGUAGE_CODE, "")


class RequestQueueNotice(VendorRequestNotice):
    """The base of notices to the vendor's staff about a request that waits for them, or waited."""

    email_default = "digest"

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        vendors = list_vendor_organization_ids()
        for event in events:
            for vendor in vendors if self.is_told_of(event) else ():
                about = {"about_label": event.organization_label, "note": event.note, "params": event.data}
                yield event, NoticeRecipient(organization_id=vendor, **about)

    def is_told_of(self, event: "Event") -> bool:
        """Return whether the vendor is told of this event."""
        return True

    def get_placeholder_values(self, notice: "Notice") -> dict[str, str]:
        return _values(notice)

    def get_body(self, notice: "Notice") -> str:
        return notice.note

    def get_link_path(self, notice: "Notice") -> str:
        return _path(notice)

    def get_link_label(self, notice: "Notice") -> str:
        return _("Open request")


@register_notice_kind
class RequestSubmittedNotice(RequestQueueNotice):
    """The notice to the vendor that a request waits for its decision."""

    code = "request_submitted"
    event = SupportEventKind.REQUEST_SUBMITTED
    label = gettext_lazy("Request submitted by an organisation")
    icon = "clipboard-list"
    words = gettext_lazy("%(customer)s submitted request %(number)s: %(kind)s")
    email_default = "each"

    def get_body(self, notice: "Notice") -> str:
        return _("The request is waiting for your decision.")


@register_notice_kind
class RequestAnsweredNotice(RequestQueueNotice):
    """The notice to the vendor that its question about a request is answered."""

    code = "request_answered"
    event = SupportEventKind.REQUEST_ANSWERED
    label = gettext_lazy("Answer from an organisation to your question about a request")
    icon = "clipboard-check"
    words = gettext_lazy("%(customer)s answered your question about request %(number)s: %(kind)s")


@register_notice_kind
class RequestWithdrawnNotice(RequestQueueNotice):
    """The notice to the vendor that a request is withdrawn."""

    code = "request_withdrawn"
    event = SupportEventKind.REQUEST_WITHDRAWN
    label = gettext_lazy("Request withdrawn by an organisation")
    icon = "clipboard-x"
    words = gettext_lazy("%(customer)s withdrew request %(number)s: %(kind)s")

    def get_body(self, notice: "Notice") -> str:
        return _("There is nothing left to decide.")


@register_notice_kind
class RequestMessageToVendorNotice(RequestQueueNotice):
    """The notice to the vendor of a message that whoever asks has written about a request."""

    code = "request_message_in"
    event = SupportEventKind.REQUEST_COMMENTED
    label = gettext_lazy("Message from an organisation about a request")
    icon = "message-square"
    words = gettext_lazy("%(customer)s wrote about request %(number)s: %(kind)s")

    def is_told_of(self, event: "Event") -> bool:
        return bool(event.data.get("is_by_asker"))


class RequestAnswerNotice(NoticeKind):
    """The base of notices to the Admins of an organisation about its request, with what the vendor's staff wrote."""

    roles = email_roles = ADMINS
    audience = ALL_BUT_VENDOR
    words: Message

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        for event in events:
            # what the organisation itself has done it knows
            if event.counterpart_id and event.counterpart_id != event.organization_id:
                to = event.counterpart_id
                yield event, NoticeRecipient(organization_id=to, note=event.note, params=event.data)

    def get_subject(self, notice: "Notice") -> str:
        return str(self.words) % _values(notice)

    def get_body(self, notice: "Notice") -> str:
        return notice.note

    def get_link_path(self, notice: "Notice") -> str:
        return _path(notice)

    def get_link_label(self, notice: "Notice") -> str:
        return _("Open request")


@register_notice_kind
class InformationAskedNotice(RequestAnswerNotice):
    """The notice that the vendor needs information before it decides."""

    code = "request_information_asked"
    event = SupportEventKind.REQUEST_INFORMATION_ASKED
    label = gettext_lazy("Vendor needs more information about a request")
    icon = "circle-question-mark"
    words = gettext_lazy("The vendor needs more information about request %(number)s (%(kind)s)")


@register_notice_kind
class RequestApprovedNotice(RequestAnswerNotice):
    """The notice that a request is approved, and done."""

    code = "request_approved"
    event = SupportEventKind.REQUEST_APPROVED
    label = gettext_lazy("Request approved")
    icon = "circle-check"
    words = gettext_lazy("Request %(number)s (%(kind)s) was approved")

    def get_body(self, notice: "Notice") -> str:
        return _choose_language(notice.params.get("done", {})) or _("What you requested has been done.")


@register_notice_kind
class RequestDeclinedNotice(RequestAnswerNotice):
    """The notice that a request is declined, with the reason."""

    code = "request_declined"
    event = SupportEventKind.REQUEST_DECLINED
    label = gettext_lazy("Request declined")
    icon = "circle-x"
    words = gettext_lazy("Request %(number)s (%(kind)s) was declined")

    def get_body(self, notice: "Notice") -> str:
        return _("Reason: %(reason)s") % {"reason": notice.note}


@register_notice_kind
class RequestOvertakenNotice(RequestAnswerNotice):
    """The notice that a request was closed because it is not allowed any more."""

    code = "request_overtaken"
    event = SupportEventKind.REQUEST_OVERTAKEN
    label = gettext_lazy("Request overtaken by events")
    icon = "circle-slash"
    words = gettext_lazy("Request %(number)s (%(kind)s) was overtaken by events")

    def get_body(self, notice: "Notice") -> str:
        reason = _choose_language(notice.params.get("why", {}))
        return _("The request was closed, and nothing was changed. Reason: %(reason)s") % {"reason": reason}


@register_notice_kind
class RequestMessageFromVendorNotice(RequestAnswerNotice):
    """The notice of a message that the vendor's staff have written about a request."""

    code = "request_message_out"
    event = SupportEventKind.REQUEST_COMMENTED
    label = gettext_lazy("Message from the vendor about a request")
    icon = "message-square"
    words = gettext_lazy("The vendor wrote about request %(number)s: %(kind)s")
    email_default = "digest"
