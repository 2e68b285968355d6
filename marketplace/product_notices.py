"""The notices to a publisher that the vendor has registered a SKU as its product, or no longer does."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import OrganizationKind
from accounts.notices.requests import ADMINS
from entitlements.events import EntitlementEventKind
from notifications.models import Notice
from notifications.registry import NoticeKind, NoticeRecipient, register_notice_kind

if TYPE_CHECKING:
    from notifications.models import Event


class SkuNotice(NoticeKind):
    """The base of notices about a SKU of a publisher, which the `params` name."""

    icon = "package"
    email_roles = ADMINS
    audience = frozenset({OrganizationKind.PUBLISHER.value})

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        for event in events:
            if event.counterpart_id:
                yield event, NoticeRecipient(organization_id=event.counterpart_id, params=event.data)

    def get_link_path(self, notice: Notice) -> str:
        return reverse("products")

    def get_link_label(self, notice: Notice) -> str:
        return _("View your products")


@register_notice_kind
class SkuAssignedNotice(SkuNotice):
    """The notice that a SKU is the publisher's product from now on."""

    code = "sku_assigned"
    event = EntitlementEventKind.PUBLISHER_SET
    label = gettext_lazy("SKU added to your products")

    def get_subject(self, notice: Notice) -> str:
        return _("%(sku_name)s is now one of your products") % notice.params

    def get_body(self, notice: Notice) -> str:
        return _("The SKU is %(sku)s. Its numbers will appear after the next nightly count.") % notice.params


@register_notice_kind
class SkuWithdrawnNotice(SkuNotice):
    """The notice that a SKU is no longer the publisher's product."""

    code = "sku_withdrawn"
    event = EntitlementEventKind.PUBLISHER_REMOVED
    label = gettext_lazy("SKU removed from your products")

    def get_subject(self, notice: Notice) -> str:
        return _("%(sku_name)s is no longer one of your products") % notice.params

    def get_body(self, notice: Notice) -> str:
        return (
            _("The vendor has removed SKU %(sku)s from your products. You can no longer see its numbers.")
            % notice.params
        )
