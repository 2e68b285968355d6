"""The notices to a publisher that the vendor has stopped the sale of one of its offers, and that it lifted the stop."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organization, OrganizationKind
from marketplace.catalogue_notices import OfferMessageNotice, describe_offer, pair_with_offers
from marketplace.events import OfferEvent
from marketplace.models import Market, Term
from notifications.models import Notice
from notifications.registry import NoticeRecipient, register_notice_kind
from partnerportal.lib.catalogue_entries import pick_name
from partnerportal.lib.errors import Message

if TYPE_CHECKING:
    from notifications.models import Event


class StopNotice(OfferMessageNotice):
    """The base of notices about stops of the vendor. The publisher's own tell nobody."""

    icon = "ban"
    audience = frozenset({OrganizationKind.PUBLISHER.value})
    words: ClassVar[Message]  # of the subject, with %(vendor)s and %(offer)s

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        told = [(event, offer) for event, offer in pair_with_offers(events) if event.counterpart_id]
        vendors = Organization.objects.filter(kind=OrganizationKind.VENDOR)
        emails: dict[int | None, str] = dict(vendors.values_list("pk", "contact_email")) if told else {}
        markets = dict(Market.objects.values_list("code", "names")) if told else {}
        for event, offer in told:
            params = describe_offer(offer) | {
                "vendor": event.organization_label,
                "email": emails.get(event.organization_id, ""),
                "plan": event.data["plan"],
                "market": markets.get(event.data["market"], {}),
                "term": event.data["term"],
            }
            yield event, NoticeRecipient(organization_id=offer.publisher_id, note=event.note, params=params)

    def get_subject(self, notice: Notice) -> str:
        values = {"vendor": notice.params["vendor"], "offer": self.get_offer_name(notice)}
        return str(self.words) % values

    def get_place(self, notice: Notice) -> str:
        """Return what of the offer the stop is about, in a sentence."""
        plan, market = notice.params["plan"], notice.params["market"]
        if not plan:
            return _("The change affects all plans in all markets.")
        if notice.params["term"]:
            plan = _("%(plan)s (%(term)s)") % {"plan": plan, "term": Term(notice.params["term"]).label}
        if not market:
            return _("The change affects the plan %(plan)s in all markets.") % {"plan": plan}
        values = {"plan": plan, "market": pick_name(market, "")}
        return _("The change affects the plan %(plan)s in the market %(market)s.") % values

    def get_link_path(self, notice: Notice) -> str:
        return reverse("offer_prices", args=[notice.params["offer"]])

    def get_link_label(self, notice: Notice) -> str:
        return _("Open the offer")


@register_notice_kind
class SaleStoppedNotice(StopNotice):
    """The notice that the vendor has stopped a sale, with the reason and whom to ask."""

    code = "sale_stopped"
    event = OfferEvent.STOPPED
    label = gettext_lazy("Sale of an offer stopped by the vendor")
    words = gettext_lazy("%(vendor)s has stopped the sale of %(offer)s")

    def get_body(self, notice: Notice) -> str:
        reason = _("Reason: %(reason)s") % {"reason": notice.note}
        return "\n".join([self.get_place(notice), reason, _describe_contact(notice.params["email"])])


@register_notice_kind
class SaleResumedNotice(StopNotice):
    """The notice that the vendor has lifted a stop."""

    code = "sale_resumed"
    event = OfferEvent.RESUMED
    label = gettext_lazy("Sale of an offer resumed by the vendor")
    words = gettext_lazy("%(vendor)s has resumed the sale of %(offer)s")

    def get_body(self, notice: Notice) -> str:
        return self.get_place(notice)


def _describe_contact(email: str) -> str:
    """Return whom a publisher asks about a stop."""
    if email:
        return _("Only the vendor can resume the sale. Write to %(email)s.") % {"email": email}
    return _("Only the vendor can resume the sale. Ask your account manager, named under Account details.")
