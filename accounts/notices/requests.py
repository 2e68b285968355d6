"""What notices of requests to the vendor have in common, in several apps."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from accounts.models import OrganizationKind, Role
from notifications.registry import NoticeKind, NoticeRecipient
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
