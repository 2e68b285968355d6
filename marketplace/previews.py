"""The preview of an offer: the newest version on the page of those who would see it if it were live.

It is their page, by the same functions and templates. Nobody but the publisher can open it, whose own sight of its
prices, material and stops stands for theirs.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.db.models import Min
from django.utils.translation import gettext as _

from accounts.models import Organization, OrganizationKind, ProgramFeature, Role
from marketplace.content import find_problems
from marketplace.models import Audience, MarketCountry, Offer
from marketplace.offer_pages import Preview, make_catalogue_offer_context, make_storefront_offer_context
from marketplace.queries.eligibility import ProspectiveSale
from marketplace.queries.offers import get_newest_version
from marketplace.queries.prices import list_current_prices
from partnerportal.lib.actors import Actor
from partnerportal.lib.catalogue_entries import pick_name
from partnerportal.lib.days import today
from partnerportal.lib.formats import join_names

CUSTOMER, PARTNER, DISTRIBUTOR = OrganizationKind.CUSTOMER, OrganizationKind.PARTNER, OrganizationKind.DISTRIBUTOR
FEATURES = frozenset({ProgramFeature.MARKETPLACE_PURCHASE})
NOBODY = 0  # the key of an organisation that does not exist


class OfferPreview:
    """The preview of an offer by the parameters of its page.

    `as` is the kind of who sees it, by default a customer. For resellers `place` is their market and currency, such as
    "europe.EUR", and `selected=no` says that the publisher did not select them. Values that mean nothing are ignored.
    """

    def __init__(self, actor: Actor, offer: Offer, params: Mapping[str, str]) -> None:
        self.actor, self.offer, self.params = actor, offer, params
        self.version = get_newest_version(offer)
        if not offer.is_published:
            offer.audience = offer.private.next_audience  # in memory alone: the first publication takes it live

    @property
    def kind(self) -> OrganizationKind:
        """The kind of who sees the page."""
        name = self.params.get("as", "")
        return OrganizationKind(name) if name in (PARTNER, DISTRIBUTOR) else CUSTOMER

    @property
    def is_for_reseller(self) -> bool:
        """Whether the page is that of the catalogue, in place of the storefront's."""
        return self.kind != CUSTOMER

    @property
    def template(self) -> str:
        """The template of the page that is previewed."""
        return "marketplace/catalogue_offer.html" if self.is_for_reseller else "marketplace/storefront_offer.html"

    @cached_property
    def places(self) -> dict[str, dict[str, Any]]:
        """The pairs of a market and a currency, by their names in URLs."""
        rows = MarketCountry.objects.values("market_id", "market__code", "market__name", "market__names", "currency")
        rows = rows.annotate(country=Min("country")).order_by("market__name", "currency")
        return {f"{row['market__code']}.{row['currency']}": dict(row) for row in rows}

    @cached_property
    def place(self) -> str:
        """The chosen place, by default the publisher's own, or else the first with a price."""
        if (name := self.params.get("place", "")) in self.places:
            return name
        rows = list_current_prices(self.actor, self.offer).filter(state="in_force").exclude(amount=None)
        priced = {f"{market}.{currency}" for market, currency in rows.values_list("market__code", "currency")}
        own = MarketCountry.objects.filter(country=self.offer.publisher.country).select_related("market").first()
        if own and (not priced or f"{own.market.code}.{own.currency}" in priced):
            return f"{own.market.code}.{own.currency}"
        return next((name for name in self.places if name in priced), next(iter(self.places)))

    @property
    def place_choices(self) -> list[tuple[str, str]]:
        """The choices of a place, with their labels."""
        return [(name, join_names([_name_market(row), row["currency"]])) for name, row in self.places.items()]

    @property
    def asks_selected(self) -> bool:
        """Whether it matters if the publisher has selected the partner."""
        return self.is_for_reseller and self.offer.audience == Audience.SPECIFIC

    @property
    def selected(self) -> str:
        """Whether the partner counts as selected: "yes" or "no"."""
        return "no" if self.params.get("selected") == "no" else "yes"

    @property
    def inert_reason(self) -> str:
        """Why buttons and next steps of the page do nothing: a sentence that each of them says."""
        return _("This works on the published page, but not in this preview.")

    @cached_property
    def problems(self) -> int:
        """How many points of the checklist are open."""
        if self.version.number:
            return 0
        return len(find_problems(self.offer, self.version.content, self.version.channel.content))

    def make_context(self) -> dict[str, Any]:
        """Return the context of the page that is previewed."""
        reader = Actor(
            organization_id=NOBODY,
            organization_kind=self.kind,
            roles=frozenset({Role.ADMIN}),
            features=FEATURES if self.is_for_reseller else frozenset(),
        )
        preview = Preview(self.version, reader)
        if self.is_for_reseller:
            return make_catalogue_offer_context(self.actor, self.offer, self._make_sale(), preview)
        return make_storefront_offer_context(self.actor, self.offer, preview)

    def _make_sale(self) -> ProspectiveSale:
        """Return a sale to no customer in particular, by a partner of the programme that does not exist."""
        place = self.places[self.place]
        name = _("Example partner") if self.kind == PARTNER else _("Example distributor")
        return ProspectiveSale(
            partner=Organization(pk=NOBODY, name=name, kind=self.kind, country=place["country"]),
            customer=None,
            country="",
            market_id=place["market_id"],
            market=_name_market(place),
            currency=place["currency"],
            is_member=True,
            is_in_market=True,
            is_connected=True,
            day=today(),
            is_selected=self.selected == "yes",
        )


def _name_market(place: Mapping[str, Any]) -> str:
    """Return the name of the market of a place, in the reader's language."""
    return pick_name(place["market__names"], place["market__code"])
