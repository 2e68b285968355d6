"""What the distributor above a partner is told when vendor staff change what the partner is to the vendor.

No text names a person, and the reason of a suspension is the partner's own. `AccountsConfig` imports this module, which
registers the kinds.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.events import AccountEventKind
from accounts.models import Organization, OrganizationKind
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
    """The base of notices about a partner to the distributor that is above it when they are written.

    The partner is the event's counterpart.
    """

    audience = frozenset({OrganizationKind.DISTRIBUTOR.value})
    email_roles = ADMINS
    icon = "building-2"
    words: ClassVar[Message]  # of the subject

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        keys = {event.counterpart_id for event in events if event.counterpart_id}
        partners = {row.pk: row for row in Organization.objects.filter(pk__in=keys)}
        for event in events:
            partner = partners.get(event.counterpart_id or 0)
            if partner and partner.parent_id:
                params = {"partner": event.counterpart_label, "partner_id": str(partner.public_id)}
                params |= self.collect_notice_params(event)
                yield event, NoticeRecipient(organization_id=partner.parent_id, params=params)

    def collect_notice_params(self, event: "Event") -> dict[str, Any]:
        """Return what the text needs to know of the event beside the partner."""
        return {}

    def get_subject(self, notice: "Notice") -> str:
        return str(self.words) % notice.params

    def get_link_path(self, notice: "Notice") -> str:
        return page_url("partner", notice.params["partner_id"])

    def get_link_label(self, notice: "Notice") -> str:
        return _("Open partner")


@register_notice_kind
class PartnerSuspendedNotice(PartnerBelowNotice):
    """The notice that tells a distributor that a partner of it is suspended."""

    code = "partner_suspended"
    event = AccountEventKind.SUSPENDED
    label = gettext_lazy("Partner suspended")
    icon = "lock"
    words = gettext_lazy("Your partner %(partner)s is suspended")

    def get_body(self, notice: "Notice") -> str:
        return _("Nobody can act for it meanwhile. You still see it, and what its customers share.")


@register_notice_kind
class PartnerReactivatedNotice(PartnerBelowNotice):
    """The notice that tells a distributor that a partner of it is no longer suspended."""

    code = "partner_reactivated"
    event = AccountEventKind.REACTIVATED
    label = gettext_lazy("Suspension of a partner lifted")
    icon = "check"
    words = gettext_lazy("Your partner %(partner)s is no longer suspended")

    def get_body(self, notice: "Notice") -> str:
        return _("Everything works as it did before.")


@register_notice_kind
class PartnerMembershipChangedNotice(PartnerBelowNotice):
    """The notice that tells a distributor of a new membership of a partner, or of another last day."""

    code = "partner_membership_changed"
    event = AccountEventKind.MEMBERSHIP_CHANGED
    label = gettext_lazy("Programme membership of a partner changed")
    icon = "badge-check"
    email_default = "digest"

    def collect_notice_params(self, event: "Event") -> dict[str, Any]:
        return collect_membership_params(event)

    def get_subject(self, notice: "Notice") -> str:
        params = notice.params
        values = {**params, "date": format_membership_day(params["ends_on"])}
        if params["is_new"]:
            return _("New membership of your partner %(partner)s: %(program)s") % values
        if params["ends_on"]:
            return _("The %(program)s membership of your partner %(partner)s ends on %(date)s") % values
        return _("The %(program)s membership of your partner %(partner)s no longer has an end date") % values

    def get_body(self, notice: "Notice") -> str:
        return describe_membership_dates(notice)
