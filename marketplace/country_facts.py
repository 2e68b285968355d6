"""What the market of a country adds to the facts of a request for another country (E-10)."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from marketplace.models import MarketCountry
from marketplace.policies import SELLERS
from support.kinds import COUNTRY_CODE, Fact, register_request_facts
from support.models import Request


def find_market_facts(request: Request) -> Iterator[Fact]:
    """Yield in which market and currency a partner or distributor sells now, and in which it would."""
    if request.organization.kind not in SELLERS:
        return
    countries = {"market": request.organization.country, "new_market": request.payload.get("country", "")}
    rows = MarketCountry.objects.select_related("market").filter(country__in=countries.values())
    places = {row.country: row for row in rows}
    labels = {"market": _("Current market"), "new_market": _("New market")}
    for name, country in countries.items():
        place = places.get(country)
        value = f"{place.market.code} {place.currency}" if place else ""
        text = f"{place.market.local_name} · {place.currency}" if place else _("None, so no sales are possible")
        yield Fact(name, labels[name], value, text)


def register_country_facts() -> None:
    """Register the facts about markets."""
    register_request_facts(COUNTRY_CODE, find_market_facts)
