"""The notices of messages about an offer: to its publisher, and to the partner that a customer asks."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.models import OrganizationKind, ProgramFeature
from accounts.notices.requests import ADMINS
from marketplace.events import OfferEvent
from marketplace.models import Offer
from marketplace.queries.eligibility import list_programme_members
from notifications.models import Notice
from notifications.registry import NoticeKind, NoticeRecipient, register_notice_kind

if TYPE_CHECKING:
    from notifications.models import Event


def pair_with_offers(events: "Sequence[Event]") -> "list[tuple[Event, Offer]]":
    """Return each event with the offer it is about, in one query."""
    by_id: dict[Any, Offer] = {
        row.public_id: row for row in Offer.objects.filter(public_id__in=[event.subject_id for event in events])
    }
    return [(event, by_id[event.subject_id]) for event in events if event.subject_id in by_id]


def describe_offer(offer: Offer) -> dict[str, Any]:
    """Return what the params of a notice say of an offer: its public id, and its names by language."""
    names = {language: shown["name"] for language, shown in offer.listing.items()}
    return {"offer": str(offer.public_id), "names": names or {"en": offer.code}}


class OfferMessageNotice(NoticeKind):
    """The base of notices with a message about an offer, which its `params` name in each language."""

    email_roles = ADMINS

    def get_offer_name(self, notice: Notice) -> str:
        """Return the name of the offer as the reader sees it."""
        names = notice.params["names"]
        return str(names.get(get_language() or "en") or names["en"])

    def get_body(self, notice: Notice) -> str:
        return notice.note


@register_notice_kind
class PublisherContactedNotice(OfferMessageNotice):
    """The notice to a publisher with what a reseller writes about one of its offers, and the address to answer to."""

    code = "publisher_contacted"
    event = OfferEvent.PUBLISHER_CONTACTED
    label = gettext_lazy("Message from a partner about an offer")
    icon = "mail"
    audience = frozenset({OrganizationKind.PUBLISHER.value})

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        for event, offer in pair_with_offers(events):
            params = describe_offer(offer) | {"sender": event.data["sender"]}
            yield event, NoticeRecipient(organization_id=offer.publisher_id, note=event.note, params=params)

    def get_subject(self, notice: Notice) -> str:
        values = {"sender": notice.params["sender"], "offer": self.get_offer_name(notice)}
        return _("%(sender)s sent a message about %(offer)s") % values

    def get_link_path(self, notice: Notice) -> str:
        return reverse("offer", args=[notice.params["offer"]])

    def get_link_label(self, notice: Notice) -> str:
        return _("Open the offer")


@register_notice_kind
class PartnerAskedNotice(OfferMessageNotice):
    """The notice to a partner that a connected customer asks about an offer. It goes when their connection ends.

    It leads a partner that may not open the catalogue to the customer instead.
    """

    code = "partner_asked"
    event = OfferEvent.PARTNER_ASKED
    label = gettext_lazy("Question from a customer about an offer")
    icon = "store"
    audience = frozenset({OrganizationKind.PARTNER.value})
    feature = ProgramFeature.CUSTOMER_DASHBOARD.value

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        members = list_programme_members(event.counterpart_id for event in events if event.counterpart_id)
        for event, offer in pair_with_offers(events):
            if event.counterpart_id is None:
                continue
            yield (
                event,
                NoticeRecipient(
                    organization_id=event.counterpart_id,
                    about_id=event.organization_id,
                    about_public_id=event.data["customer"],
                    about_label=event.data["customer_name"],
                    note=event.note,
                    params=describe_offer(offer) | {"may_browse": event.counterpart_id in members},
                ),
            )

    def get_subject(self, notice: Notice) -> str:
        return _("%(customer)s asked about %(offer)s") % {
            "customer": notice.about_label,
            "offer": self.get_offer_name(notice),
        }

    def get_link_path(self, notice: Notice) -> str:
        if not notice.params["may_browse"]:
            return reverse("customer", args=[notice.about_public_id])
        return f"{reverse('catalogue_offer', args=[notice.params['offer']])}?customer={notice.about_public_id}"

    def get_link_label(self, notice: Notice) -> str:
        return _("See whether you can sell the offer") if notice.params["may_browse"] else _("Open customer")
