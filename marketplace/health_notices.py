"""The notices about the health of an offer, to those who sell it to somebody now (CA-4)."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import OrganizationKind
from accounts.notices.requests import ADMINS
from marketplace.catalogue_notices import OfferMessageNotice, describe_offer, pair_with_offers
from marketplace.events import HealthEvent
from marketplace.models import HealthIssue, Subscription
from marketplace.queries.eligibility import list_programme_members
from notifications.models import Notice
from notifications.registry import NoticeRecipient, register_notice_kind
from partnerportal.lib.errors import Message

if TYPE_CHECKING:
    from notifications.models import Event


class HealthNotice(OfferMessageNotice):
    """The base of notices about the health of an offer, for buyers and partners on record of running subscriptions.

    Those whose membership has ended are still told, and have no page of the catalogue to open.
    """

    icon = "activity"
    audience = frozenset({OrganizationKind.PARTNER.value, OrganizationKind.DISTRIBUTOR.value})
    email_roles = ADMINS
    words: ClassVar[dict[str, Message]]  # of the subject by the issue's kind, each with %(offer)s

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        for event, offer in pair_with_offers(events):
            running = Subscription.objects.filter(offer=offer).running()
            sellers = {key for row in running.values_list("buyer_id", "reseller_id") for key in row if key}
            params = describe_offer(offer) | {"kind": event.data["kind"]}
            members = list_programme_members(sellers)
            for seller in sorted(sellers - {offer.publisher_id}):
                may_browse = {"may_browse": seller in members}
                yield event, NoticeRecipient(organization_id=seller, note=event.note, params=params | may_browse)

    def get_subject(self, notice: Notice) -> str:
        return str(self.words[notice.params["kind"]]) % {"offer": self.get_offer_name(notice)}

    def get_link_path(self, notice: Notice) -> str:
        return reverse("catalogue_offer", args=[notice.params["offer"]]) if notice.params["may_browse"] else ""

    def get_link_label(self, notice: Notice) -> str:
        return _("Open the offer") if notice.params["may_browse"] else ""


Kind = HealthIssue.Kind


@register_notice_kind
class HealthReportedNotice(HealthNotice):
    """The notice that an offer has an outage, runs badly or will be maintained."""

    code = "health_reported"
    event = HealthEvent.REPORTED
    label = gettext_lazy("Outage or maintenance of an offer")
    words = {
        Kind.OUTAGE: gettext_lazy("Outage of %(offer)s"),
        Kind.DEGRADATION: gettext_lazy("Degraded performance of %(offer)s"),
        Kind.MAINTENANCE: gettext_lazy("Planned maintenance of %(offer)s"),
    }


@register_notice_kind
class HealthUpdatedNotice(HealthNotice):
    """The notice that there is news of an issue of an offer."""

    code = "health_updated"
    event = HealthEvent.UPDATED
    label = gettext_lazy("Update on an outage or maintenance")
    words = {
        Kind.OUTAGE: gettext_lazy("Update on the outage of %(offer)s"),
        Kind.DEGRADATION: gettext_lazy("Update on the degraded performance of %(offer)s"),
        Kind.MAINTENANCE: gettext_lazy("Update on the maintenance of %(offer)s"),
    }


@register_notice_kind
class HealthClearedNotice(HealthNotice):
    """The notice that an issue of an offer is over."""

    code = "health_cleared"
    event = HealthEvent.CLEARED
    label = gettext_lazy("Issue with an offer resolved")
    words = dict.fromkeys(Kind, gettext_lazy("Issue with %(offer)s resolved"))
