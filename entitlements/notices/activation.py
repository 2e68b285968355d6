"""Notices about activation links: to whoever sent one, to the vendor about a new partner, and to that partner."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import OrganizationKind, Role
from accounts.notices.requests import ADMINS, VendorRequestNotice
from accounts.queries.own_account import list_vendor_organization_ids
from entitlements.events import EntitlementEventKind
from entitlements.models import ActivationLink
from entitlements.notices.news import describe_licence_count
from notifications.models import Notice
from notifications.registry import NoticeKind, NoticeRecipient, register_notice_kind
from partnerportal.lib.errors import Message

if TYPE_CHECKING:
    from notifications.models import Event

SENDERS = frozenset({Role.ADMIN.value, Role.ADMIN_AGENT.value, Role.SALES_AGENT.value})
Kind = ActivationLink.Kind


def get_pending_url_name(kind: str) -> str:
    """Return the name of the URL of the list of links that invite organisations of this kind."""
    return "pending_partners" if kind == Kind.PARTNER else "pending_customers"


def _links_of(events: "Sequence[Event]") -> "list[tuple[Event, ActivationLink]]":
    """Return each event with the link it is about, in one query; without those whose link is deleted already."""
    rows = ActivationLink.objects.filter(public_id__in=[event.subject_id for event in events])
    by_id: dict[Any, ActivationLink] = {row.public_id: row for row in rows}
    return [(event, by_id[event.subject_id]) for event in events if event.subject_id in by_id]


class ActivationNotice(NoticeKind):
    """The base of notices that tell the organisation that sent an activation link what became of it."""

    audience = frozenset(
        {OrganizationKind.VENDOR.value, OrganizationKind.DISTRIBUTOR.value, OrganizationKind.PARTNER.value}
    )
    email_roles = SENDERS
    words: ClassVar[Message]  # of the subject, with %(name)s

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        for event, link in _links_of(events):
            params = {**event.data, "partner": link.partner_name}
            yield event, NoticeRecipient(organization_id=link.organization_id, params=params)

    def get_subject(self, notice: Notice) -> str:
        return str(self.words) % {"name": notice.params["name"]}

    def get_link_path(self, notice: Notice) -> str:
        return reverse(get_pending_url_name(notice.params["kind"]))

    def get_link_label(self, notice: Notice) -> str:
        return _("View pending partners") if notice.params["kind"] == Kind.PARTNER else _("View pending customers")


@register_notice_kind
class ActivationAcceptedNotice(ActivationNotice):
    """The notice that an activation link was used: the organisation is there, and its trial runs."""

    code = "activation_accepted"
    event = EntitlementEventKind.ACTIVATION_ACCEPTED
    label = gettext_lazy("Activation link used")
    icon = "circle-check"
    words = gettext_lazy("%(name)s has been activated")

    def get_body(self, notice: Notice) -> str:
        params = notice.params
        if params.get("is_member"):
            return _("The partner is a member of %(program)s and can invite customers.") % params
        if params["kind"] == Kind.PARTNER:
            return _("The partner’s membership of %(program)s will begin when vendor staff confirm it.") % params
        trial = _("The customer’s trial of %(sku_name)s has started with %(licences)s.") % {
            "sku_name": params["sku_name"],
            "licences": describe_licence_count(params["quantity"]),
        }
        connected = _("The customer is connected to %(partner)s.") % params if params["partner"] else ""
        return f"{trial} {connected}".strip()


@register_notice_kind
class ActivationExpiredNotice(ActivationNotice):
    """The notice that an activation link has ended before anybody used it."""

    code = "activation_expired"
    event = EntitlementEventKind.ACTIVATION_EXPIRED
    label = gettext_lazy("Activation link expired")
    icon = "hourglass"
    email_default = "digest"
    words = gettext_lazy("The activation link for %(name)s has expired")

    def get_body(self, notice: Notice) -> str:
        return _("Nobody has used the link. It can be sent again.")


@register_notice_kind
class ActivationBouncedNotice(ActivationNotice):
    """The notice that the mail with an activation link could not be delivered."""

    code = "activation_bounced"
    event = EntitlementEventKind.ACTIVATION_BOUNCED
    label = gettext_lazy("Activation link not delivered")
    icon = "mail"
    words = gettext_lazy("The email with the activation link for %(name)s was not delivered")

    def get_body(self, notice: Notice) -> str:
        return _("Correct the address and the link will be sent again.")


@register_notice_kind
class ActivationStoppedNotice(ActivationNotice):
    """The notice that an activation link no longer works: the vendor has moved the partner that it names."""

    code = "activation_stopped"
    event = EntitlementEventKind.ACTIVATION_STOPPED
    label = gettext_lazy("Activation link no longer works because its partner left")
    icon = "unlink"
    email_default = "digest"
    words = gettext_lazy("The activation link for %(name)s no longer works")

    def get_body(self, notice: Notice) -> str:
        text = _(
            "%(partner)s is no longer one of your partners. Choose another partner and the link will be sent again."
        )
        return text % notice.params


@register_notice_kind
class PartnerAwaitsConfirmationNotice(VendorRequestNotice):
    """The notice to the vendor that a new partner waits for its membership to be confirmed."""

    code = "partner_awaits"
    event = EntitlementEventKind.ACTIVATION_ACCEPTED
    label = gettext_lazy("New partner awaits confirmation")
    icon = "badge-check"
    words = gettext_lazy("%(customer)s wants to join %(program)s")
    is_of_members = False  # of partners whose membership has begun already

    def get_placeholder_values(self, notice: Notice) -> dict[str, str]:
        return {"program": notice.params["program"]}

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        new = [(event, link) for event, link in _links_of(events) if link.kind == Kind.PARTNER]
        vendors = list_vendor_organization_ids() if new else []
        for event, link in new:
            if event.data.get("is_member", False) is self.is_of_members:
                for vendor in vendors:
                    params = {**event.data, "sender": link.sender_name}
                    yield event, NoticeRecipient(organization_id=vendor, about_label=link.name, params=params)

    def get_body(self, notice: Notice) -> str:
        return (
            _(
                "%(sender)s invited this partner. The partner’s customer dashboard will open once you confirm its "
                "membership."
            )
            % notice.params
        )

    def get_link_path(self, notice: Notice) -> str:
        return reverse("pending_partners")

    def get_link_label(self, notice: Notice) -> str:
        return _("View pending partners")


@register_notice_kind
class PartnerJoinedNotice(PartnerAwaitsConfirmationNotice):
    """The notice to the vendor of a new partner whose distributor's partners need no confirmation."""

    code = "partner_joined"
    label = gettext_lazy("New partner joined without confirmation")
    email_default = "digest"
    words = gettext_lazy("%(customer)s has joined %(program)s")
    is_of_members = True

    def get_body(self, notice: Notice) -> str:
        return _("This partner was invited by %(sender)s, whose partners don’t need confirmation.") % notice.params


@register_notice_kind
class OwnMembershipConfirmedNotice(NoticeKind):
    """The notice to a new partner that its membership has begun, so that its dashboard is open."""

    code = "membership_confirmed"
    event = EntitlementEventKind.PARTNER_CONFIRMED
    icon = "badge-check"
    label = gettext_lazy("Programme membership confirmed")
    audience = frozenset({OrganizationKind.PARTNER.value})
    email_roles = ADMINS

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        for event in events:
            if event.counterpart_id:
                yield event, NoticeRecipient(organization_id=event.counterpart_id, params=event.data)

    def get_subject(self, notice: Notice) -> str:
        return _("Your membership of %(program)s has begun") % notice.params

    def get_body(self, notice: Notice) -> str:
        return _("Invite your first customers. You’ll find your invitation link and activation links under Customers.")

    def get_link_path(self, notice: Notice) -> str:
        return reverse("customers")

    def get_link_label(self, notice: Notice) -> str:
        return _("View customers")


@register_notice_kind
class OwnMembershipDeclinedNotice(NoticeKind):
    """The notice to a new partner that vendor staff have declined its membership, with the reason."""

    code = "membership_declined"
    event = EntitlementEventKind.PARTNER_DECLINED
    label = gettext_lazy("Programme membership declined")
    icon = "ban"
    audience = frozenset({OrganizationKind.PARTNER.value})
    email_roles = ADMINS

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        for event in events:
            if event.counterpart_id:
                yield event, NoticeRecipient(organization_id=event.counterpart_id, params=event.data, note=event.note)

    def get_subject(self, notice: Notice) -> str:
        return _("Your membership of %(program)s was declined") % notice.params

    def get_body(self, notice: Notice) -> str:
        return notice.note

    def get_link_path(self, notice: Notice) -> str:
        return reverse("account_details")

    def get_link_label(self, notice: Notice) -> str:
        return _("Open account details")


@register_notice_kind
class PartnerDeclinedForSenderNotice(ActivationNotice):
    """The notice to the distributor that sent the link that the vendor has declined its new partner, and why."""

    code = "partner_declined"
    event = EntitlementEventKind.PARTNER_DECLINED
    label = gettext_lazy("New partner declined")
    icon = "ban"
    audience = frozenset({OrganizationKind.DISTRIBUTOR.value})
    words = gettext_lazy("The vendor has declined %(name)s")

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        for event, link in _links_of(events):
            if link.organization_id != event.organization_id:  # vendor staff know what they have declined
                params = {**event.data, "kind": link.kind}
                yield event, NoticeRecipient(organization_id=link.organization_id, params=params, note=event.note)

    def get_body(self, notice: Notice) -> str:
        return notice.note
