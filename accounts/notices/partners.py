"""What the distributor above a partner is told when vendor staff change what the partner is to the vendor.

The notices follow the events that `actions.partner_news` records for the distributor, which name no person and give no
reason of a suspension. `AccountsConfig` imports this module, which registers the kinds.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.events import PartnerNewsKind
from accounts.models import OrganizationKind, Role
from accounts.notices.requests import ADMINS
from accounts.notices.standing import (
    collect_membership_params,
    describe_membership_dates,
    format_membership_day,
)
from notifications.registry import NoticeKind, NoticeRecipient, register_notice_kind
from partnerportal.lib.errors import Message
from partnerportal.lib.known_pages import page_url

if TYPE_CHECKING:
    from notifications.models import Event, Notice


class PartnerBelowNotice(NoticeKind):
    """The base of notices about a partner to the distributor that was above it when the vendor changed something.

    The distributor is the event's counterpart, and the partner its subject.
    """

    audience = frozenset({OrganizationKind.DISTRIBUTOR.value})
    email_roles = ADMINS
    icon = "building-2"
    words: ClassVar[Message]  # of the subject

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        for event in events:
            if event.counterpart_id:
                params = {"partner": event.subject_label, "partner_id": str(event.subject_id)}
                params |= self.collect_notice_params(event)
                yield event, NoticeRecipient(organization_id=event.counterpart_id, params=params)

    def collect_notice_params(self, event: "Event") -> dict[str, Any]:
        """Return what the text needs to know of the event beside the partner."""
        return {}

    def get_subject(self, notice: "Notice") -> str:
        return str(self.words) % notice.params

    def get_link_path(self, notice: "Notice") -> str:
        partner_id = notice.params.get("partner_id")  # which older notices of some kinds do not have
        return page_url("partner", partner_id) if partner_id else ""

    def get_link_label(self, notice: "Notice") -> str:
        return _("Open partner")


@register_notice_kind
class PartnerRegisteredNotice(PartnerBelowNotice):
    """The notice that tells a distributor that vendor staff have registered a partner below it."""

    code = "partner_registered"
    event = PartnerNewsKind.REGISTERED
    label = gettext_lazy("New partner")
    words = gettext_lazy("New partner: %(partner)s")

    def get_body(self, notice: "Notice") -> str:
        return _("The vendor has registered this organisation as one of your partners.")


@register_notice_kind
class PartnerSuspendedNotice(PartnerBelowNotice):
    """The notice that tells a distributor that a partner of it is suspended."""

    code = "partner_suspended"
    event = PartnerNewsKind.SUSPENDED
    label = gettext_lazy("Partner suspended")
    icon = "lock"
    words = gettext_lazy("Your partner %(partner)s has been suspended")

    def get_body(self, notice: "Notice") -> str:
        return _(
            "Until the suspension is lifted, nobody can act for this partner. You can still see the partner and what "
            "its customers share."
        )


@register_notice_kind
class PartnerReactivatedNotice(PartnerBelowNotice):
    """The notice that tells a distributor that a partner of it is no longer suspended."""

    code = "partner_reactivated"
    event = PartnerNewsKind.REACTIVATED
    label = gettext_lazy("Partner’s suspension lifted")
    icon = "check"
    words = gettext_lazy("Your partner %(partner)s is no longer suspended")

    def get_body(self, notice: "Notice") -> str:
        return _("Everything works as it did before.")


@register_notice_kind
class PartnerMembershipChangedNotice(PartnerBelowNotice):
    """The notice that tells a distributor of a new membership of a partner, or of another last day.

    A new partner's first membership is told by other notices: that it was confirmed, or that its link was used.
    """

    code = "partner_membership_changed"
    event = PartnerNewsKind.MEMBERSHIP_CHANGED
    label = gettext_lazy("Partner’s programme membership changed")
    icon = "badge-check"
    email_default = "digest"

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        told_elsewhere = ("is_confirmation", "is_at_once")
        others = [event for event in events if not any(event.data.get(name) for name in told_elsewhere)]
        return super().list_recipients(others)

    def collect_notice_params(self, event: "Event") -> dict[str, Any]:
        return collect_membership_params(event)

    def get_subject(self, notice: "Notice") -> str:
        params = notice.params
        values = {**params, "date": format_membership_day(params["ends_on"])}
        if params["is_new"]:
            return _("Your partner %(partner)s has a new membership: %(program)s") % values
        if params["ends_on"]:
            return _("The %(program)s membership of your partner %(partner)s ends on %(date)s") % values
        return _("The %(program)s membership of your partner %(partner)s no longer has an end date") % values

    def get_body(self, notice: "Notice") -> str:
        return describe_membership_dates(notice)


@register_notice_kind
class PartnerConfirmedNotice(PartnerBelowNotice):
    """The notice that tells a distributor that vendor staff have confirmed a new partner."""

    code = "partner_confirmed"
    event = PartnerNewsKind.MEMBERSHIP_CHANGED
    label = gettext_lazy("New partner confirmed")
    icon = "badge-check"
    email_roles = frozenset({Role.ADMIN.value, Role.ADMIN_AGENT.value, Role.SALES_AGENT.value})  # who may invite
    email_default = "digest"
    words = gettext_lazy("%(name)s is now a member of %(program)s")

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        return super().list_recipients([event for event in events if event.data.get("is_confirmation")])

    def collect_notice_params(self, event: "Event") -> dict[str, Any]:
        return {"name": event.subject_label, "program": event.data["program"]}

    def get_body(self, notice: "Notice") -> str:
        return _("The partner can now invite customers.")
