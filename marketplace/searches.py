"""What the search of the whole portal finds of this app: offers, on the page that the reader has of them."""

from collections.abc import Callable

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from marketplace.content import pick_texts
from marketplace.models import Offer
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.catalogue import list_published_offers, make_offer_condition
from marketplace.queries.offers import list_own_offers
from partnerportal.lib.actors import Actor
from partnerportal.lib.record_search import FoundRecord, RecordSearch
from partnerportal.lib.text import has_words


def _make_finder(url_name: str) -> Callable[[Actor, str, int], list[FoundRecord]]:
    """Return a function that finds published offers, whose page has this URL name."""

    def find(actor: Actor, text: str, limit: int) -> list[FoundRecord]:
        offers = list_published_offers(actor)
        found = offers.filter(make_offer_condition(offers, text)).order_by(f"sort_{_language()}", "pk")[:limit]
        return [_record(offer, offer.listing[_language()]["name"], url_name) for offer in found]

    return find


def _find_own(actor: Actor, text: str, limit: int) -> list[FoundRecord]:
    """Return those of a publisher's own offers, which are few enough to be looked through, drafts among them."""
    names = {offer: pick_texts(offer.texts or {}, _language())[0].get("name", "") for offer in list_own_offers(actor)}
    found = [offer for offer, name in names.items() if has_words(f"{name} {offer.code}", text)]
    return [_record(offer, names[offer], "offer") for offer in sorted(found, key=lambda one: names[one])[:limit]]


def _record(offer: Offer, name: str, url_name: str) -> FoundRecord:
    return FoundRecord(name or offer.code, offer.publisher.name, reverse(url_name, args=[offer.public_id]))


def _language() -> str:
    return get_language() or "en"


SEARCHES = tuple(
    RecordSearch(
        label=_("Offers"),
        icon="store",
        order=50,
        seen_by=ROLE_TABLE[permission].check_actor,
        find=find,
        list_url_name=list_url_name,
    )
    for permission, list_url_name, find in (
        (OfferPermission.VIEW_OWN, "offers", _find_own),
        (OfferPermission.BROWSE, "catalogue", _make_finder("catalogue_offer")),
        (OfferPermission.VIEW_STOREFRONT, "storefront", _make_finder("storefront_offer")),
        (OfferPermission.VIEW_ALL, "all_offers", _make_finder("vendor_offer")),
    )
)
