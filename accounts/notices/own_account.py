"""The notices about an organisation’s own account: its domains, its security rules, and who asks to join."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.events import AccountEventKind
from accounts.models import Person, Role
from accounts.notices.requests import ADMINS
from notifications.registry import NoticeKind, NoticeRecipient, register_notice_kind
from partnerportal.lib.domain_names import format_domain_name
from partnerportal.lib.errors import Message

if TYPE_CHECKING:
    from notifications.models import Event, Notice

if TYPE_CHECKING:
    from notifications.models import Event, Notice


class OwnAccountNotice(NoticeKind):
    """The base of notices that tell an organisation's people what has become of its own account.

    The recipient is the event's counterpart.
    """

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        for event in events:
            if event.counterpart_id:
                yield event, NoticeRecipient(organization_id=event.counterpart_id, params=event.data)


class DomainNotice(OwnAccountNotice):
    """The base of notices that tell an organisation's Admins what has become of one of its domains."""

    roles = ADMINS
    icon = "globe"
    words: ClassVar[Message]  # of the subject, with %(domain)s
    text: ClassVar[Message]

    def get_subject(self, notice: "Notice") -> str:
        return str(self.words) % {"domain": format_domain_name(notice.params["domain"])}

    def get_body(self, notice: "Notice") -> str:
        return str(self.text)

    def get_link_path(self, notice: "Notice") -> str:
        return reverse("domains")

    def get_link_label(self, notice: "Notice") -> str:
        return _("View domains")


@register_notice_kind
class DomainProvedNotice(DomainNotice):
    """The notice that a domain is proved, for the first time or again. It is not mailed: somebody waits for it."""

    code = "domain_proved"
    event = AccountEventKind.DOMAIN_PROVED
    label = gettext_lazy("Domain verified")
    words = gettext_lazy("%(domain)s has been verified")
    text = gettext_lazy("People with an address at this domain can become operators.")


@register_notice_kind
class DomainLapsedNotice(DomainNotice):
    """The notice that a domain has lapsed, because two checks in a row did not find its record."""

    code = "domain_lapsed"
    event = AccountEventKind.DOMAIN_LAPSED
    label = gettext_lazy("Domain lapsed")
    email_roles = ADMINS
    words = gettext_lazy("%(domain)s is no longer verified")
    text = gettext_lazy(
        "The TXT record was missing in two checks in a row. Nobody new can join with this domain until the record is "
        "found again. Current operators keep their access."
    )


@register_notice_kind
class DomainConfirmedNotice(DomainNotice):
    """The notice that vendor staff have confirmed a domain as the organisation's."""

    code = "domain_confirmed"
    event = AccountEventKind.DOMAIN_CONFIRMED
    label = gettext_lazy("Domain confirmed")
    email_roles = ADMINS
    words = gettext_lazy("The vendor has confirmed %(domain)s")
    text = gettext_lazy(
        "Until you verify a domain yourselves, people with an address at this domain can become operators. If the "
        "domain is not yours, remove it."
    )


@register_notice_kind
class DomainConfirmationWithdrawnNotice(DomainNotice):
    """The notice that vendor staff no longer confirm a domain as the organisation's."""

    code = "domain_confirmation_withdrawn"
    event = AccountEventKind.DOMAIN_CONFIRMATION_WITHDRAWN
    label = gettext_lazy("Domain no longer confirmed")
    email_roles = ADMINS
    words = gettext_lazy("The vendor has withdrawn its confirmation of %(domain)s")
    text = gettext_lazy(
        "Until you verify this domain with a TXT record, nobody new can join with it. Current operators keep their "
        "access."
    )


@register_notice_kind
class JoinRequestedNotice(NoticeKind):
    """The notice that tells Admins that somebody asks to be let in. Who it is stands on the operators page alone."""

    code = "join_requested"
    event = AccountEventKind.JOIN_REQUESTED
    label = gettext_lazy("Request to join")
    icon = "user-plus"
    roles = email_roles = ADMINS

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        for event in events:
            if event.organization_id:
                yield event, NoticeRecipient(organization_id=event.organization_id, params=event.data)

    def get_subject(self, notice: "Notice") -> str:
        return _("Someone wants to join your organisation")

    def get_body(self, notice: "Notice") -> str:
        text = _(
            "Their address is at %(domain)s, which you have verified. Accept the request and choose roles, or "
            "decline it."
        )
        return text % {"domain": format_domain_name(notice.params["domain"])}

    def get_link_path(self, notice: "Notice") -> str:
        return reverse("pending_operators")

    def get_link_label(self, notice: "Notice") -> str:
        return _("View operators")


@register_notice_kind
class SecondFactorRuleNotice(OwnAccountNotice):
    """The notice that tells all operators that their organisation requires a second factor, or no longer does."""

    code = "second_factor_rule"
    event = AccountEventKind.SECOND_FACTOR_RULE_CHANGED
    label = gettext_lazy("Two-factor authentication rule")
    icon = "shield-check"
    email_roles = frozenset(Role.values)

    def get_subject(self, notice: "Notice") -> str:
        if notice.params["is_required"]:
            return _("Your organisation now requires two-factor authentication")
        return _("Your organisation no longer requires two-factor authentication")

    def get_body(self, notice: "Notice") -> str:
        if notice.params["is_required"]:
            return _(
                "If you don’t have a passkey or an authenticator app yet, you’ll need to set one up when you next "
                "open the portal."
            )
        return _("Any two-factor authentication you have set up stays on and still protects your account.")

    def get_link_path(self, notice: "Notice") -> str:
        return reverse("mfa_index")

    def get_link_label(self, notice: "Notice") -> str:
        return _("Open two-factor authentication")


@register_notice_kind
class OperatorJoinedNotice(NoticeKind):
    """The notice to the Admins of an organisation that somebody acts for it from now on, by invitation or by staff.

    It names nobody, because an erasure leaves notices as they are: the list of operators does. Whoever has come gets
    none.
    """

    code = "operator_joined"
    event = AccountEventKind.OPERATOR_ADDED.value
    label = gettext_lazy("New operator")
    icon = "users"
    roles = email_roles = ADMINS
    email_default = "digest"

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        persons = Person.objects.filter(public_id__in=[event.subject_id for event in events])
        keys: dict[UUID | None, int] = dict(persons.values_list("public_id", "pk"))
        for event in events:
            organization_id = event.organization_id or event.counterpart_id
            if organization_id:
                params = {"is_invited": bool(event.data.get("is_invited"))}
                about = keys.get(event.subject_id) if event.subject_id else None
                yield event, NoticeRecipient(organization_id=organization_id, hidden_from_id=about, params=params)

    def get_subject(self, notice: "Notice") -> str:
        if notice.params.get("is_invited"):
            return _("Someone accepted an invitation to act for your organisation")
        return _("Vendor staff have added an operator to your organisation")

    def get_body(self, notice: "Notice") -> str:
        return _("The list of operators shows who joined and which roles they have.")

    def get_link_path(self, notice: "Notice") -> str:
        return f"{reverse('operators')}?sort=-since"

    def get_link_label(self, notice: "Notice") -> str:
        return _("View operators")
