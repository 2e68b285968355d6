"""What notices in several apps have in common, and the notice to Admins that somebody has joined them."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.events import AccountEventKind
from accounts.models import OrganizationKind, Role
from notifications.registry import NoticeKind, NoticeRecipient, register_notice_kind
from partnerportal.lib.errors import Message

if TYPE_CHECKING:
    from notifications.models import Event, Notice

ADMINS = frozenset({Role.ADMIN.value})
ALL_BUT_VENDOR = frozenset(OrganizationKind.values) - {OrganizationKind.VENDOR.value}


class VendorRequestNotice(NoticeKind):
    """The base of notices that tell the vendor's staff what an organisation asks of the vendor.

    Staff do not see the data of the asking organisation, so the notice is not linked to it (`about`) and stores only
    its name.
    """

    audience = frozenset({OrganizationKind.VENDOR.value})
    email_roles = ADMINS
    words: ClassVar[Message]  # of the subject, with %(customer)s and what `get_placeholder_values` returns

    def get_subject(self, notice: "Notice") -> str:
        return str(self.words) % {"customer": notice.about_label, **self.get_placeholder_values(notice)}

    def get_placeholder_values(self, notice: "Notice") -> dict[str, str]:
        """Return the values of the placeholders in `words`, the text of the subject, as a dict by name.

        The name of the organisation that asks is added as `customer`.
        """
        return {}


class RequestAnswerNotice(NoticeKind):
    """The base of notices that tell the Admins of an organisation the answer to its request.

    The recipient is the event's counterpart. The notice is not linked to the organisation (`about`), because then
    everyone connected to it would get the notice too.
    """

    roles = email_roles = ADMINS
    email_default = "digest"
    words: ClassVar[Message]  # of the subject, with what `get_placeholder_values` returns

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        for event in events:
            if event.counterpart_id:
                yield event, NoticeRecipient(organization_id=event.counterpart_id, params=event.data)

    def get_subject(self, notice: "Notice") -> str:
        return str(self.words) % self.get_placeholder_values(notice)

    def get_placeholder_values(self, notice: "Notice") -> dict[str, str]:
        """Return the values of the placeholders in `words`, the text of the subject, as a dict by name."""
        return {}


@register_notice_kind
class OperatorJoinedNotice(NoticeKind):
    """The notice to the Admins of an organisation that somebody acts for it from now on, by invitation or by staff.

    It names nobody, because an erasure leaves notices as they are: the list of operators does.
    """

    code = "operator_joined"
    event = AccountEventKind.OPERATOR_ADDED.value
    label = gettext_lazy("A new operator")
    icon = "users"
    roles = email_roles = ADMINS
    email_default = "digest"

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        for event in events:
            organization_id = event.organization_id or event.counterpart_id
            if organization_id:
                params = {"is_invited": bool(event.data.get("is_invited"))}
                yield event, NoticeRecipient(organization_id=organization_id, params=params)

    def get_subject(self, notice: "Notice") -> str:
        if notice.params.get("is_invited"):
            return _("Somebody has accepted an invitation to act for your organisation")
        return _("Vendor staff have added an operator to your organisation")

    def get_body(self, notice: "Notice") -> str:
        return _("Check in the list of operators who it is and which roles they have.")

    def get_link_path(self, notice: "Notice") -> str:
        return f"{reverse('operators')}?sort=-since"

    def get_link_label(self, notice: "Notice") -> str:
        return _("Open the operators")
