"""The vendor's markets: who edits them, their currencies, and what follows when a country moves."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Organization
from marketplace.actions.markets import (
    add_currency,
    add_market,
    check_country_move,
    place_country,
    remove_currency,
    remove_market,
    rename_market,
)
from marketplace.models import Market, MarketCountry, MarketCurrency, Offer, Plan, Price
from marketplace.queries.eligibility import get_prospective_sale
from marketplace.queries.markets import CountryMove
from marketplace.queries.prices import list_priced_plans, load_pricing_facts
from notifications.models import Event
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound
from tests.world import World

pytestmark = pytest.mark.django_db
STAFF = "vendor.admin"
MOON = {"en": "Moon", "fr": "Lune", "ja": "月"}


def market(code: str) -> Market:
    return Market.objects.get(code=code)


def check(world: World, country: str, to: str, currency: str) -> CountryMove:
    return check_country_move(world.actor(STAFF), country, market(to), currency)


def place(world: World, country: str, to: str, currency: str, *, seen: str | None = None) -> CountryMove:
    digest = check(world, country, to, currency).digest if seen is None else seen
    return place_country(actor=world.actor(STAFF), country=country, market=market(to), currency=currency, seen=digest)


def events() -> list[Event]:
    return list(Event.objects.filter(kind__startswith="market.").order_by("pk"))


def test_a_market_is_added_renamed_and_removed(world: World) -> None:
    row = add_market(actor=world.actor(STAFF), code="moon", names=MOON, currency="EUR")
    assert (row.name, row.names) == ("Moon", MOON) and row.currencies.get().currency == "EUR"
    renamed = rename_market(actor=world.actor(STAFF), market=row, names={"en": "The Moon"}, revision=1)
    renamed.refresh_from_db()
    assert (renamed.name, renamed.local_name, renamed.revision) == ("The Moon", "The Moon", 2)
    with pytest.raises(Conflict, match="changed_meanwhile"):
        rename_market(actor=world.actor(STAFF), market=row, names=MOON, revision=1)
    remove_market(actor=world.actor(STAFF), market=row)
    assert not Market.objects.filter(code="moon").exists()
    assert [event.kind for event in events()] == ["market.added", "market.changed", "market.removed"]
    with pytest.raises(NotFound):
        remove_market(actor=world.actor(STAFF), market=row)


def test_a_market_in_use_stays(world: World) -> None:
    assert Price.objects.filter(market__code="japan").exists()
    with pytest.raises(Conflict, match="in_use"):
        remove_market(actor=world.actor(STAFF), market=market("japan"))
    MarketCountry.objects.filter(market__code="japan").update(market=market("europe"), currency="EUR")
    with pytest.raises(Conflict, match="in_use"):  # its prices alone keep it
        remove_market(actor=world.actor(STAFF), market=market("japan"))
    assert market("japan").currencies.get().currency == "JPY"


@pytest.mark.parametrize("who", ["vendor.reader", "publisher.admin", "partner.admin"])
def test_nobody_else_edits_markets(world: World, who: str) -> None:
    actor, europe = world.actor(who), market("europe")
    for attempt in (
        lambda: add_market(actor=actor, code="moon", names=MOON, currency="EUR"),
        lambda: rename_market(actor=actor, market=europe, names=MOON, revision=None),
        lambda: remove_market(actor=actor, market=europe),
        lambda: add_currency(actor=actor, market=europe, currency="USD"),
        lambda: remove_currency(actor=actor, market=europe, currency="SEK"),
        lambda: place_country(actor=actor, country="FR", market=europe, currency="SEK", seen=""),
    ):
        with pytest.raises(ActionRefused):
            attempt()
    assert not events()


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "XXL", "E R", "\u202eEUR", "1" * 10_000])
def test_a_currency_is_one_of_iso_4217(world: World, currency: str) -> None:
    with pytest.raises(InvalidInput, match="unknown_currency"):
        add_market(actor=world.actor(STAFF), code="moon", names=MOON, currency=currency)
    with pytest.raises(InvalidInput, match="unknown_currency"):
        add_currency(actor=world.actor(STAFF), market=market("europe"), currency=currency)


def test_names_and_codes_are_given_once(world: World) -> None:
    with pytest.raises(Conflict, match="code_taken"):
        add_market(actor=world.actor(STAFF), code="japan", names=MOON, currency="EUR")
    with pytest.raises(Conflict, match="name_taken"):
        add_market(actor=world.actor(STAFF), code="moon", names=MOON | {"fr": "JAPON"}, currency="EUR")
    with pytest.raises(Conflict, match="name_taken"):
        rename_market(actor=world.actor(STAFF), market=market("japan"), names={"en": "europe"}, revision=None)


def test_a_currency_can_be_priced_at_once_and_leaves_only_unused(world: World) -> None:
    actor, offer = world.actor("publisher.admin"), Offer.objects.get(code="backup")

    def pairs() -> set[tuple[str, str]]:
        return set(load_pricing_facts(actor, list_priced_plans(actor, offer)).markets)

    assert ("europe", "PLN") not in pairs()
    add_currency(actor=world.actor(STAFF), market=market("europe"), currency="PLN")
    assert ("europe", "PLN") in pairs()
    with pytest.raises(Conflict, match="has_currency"):
        add_currency(actor=world.actor(STAFF), market=market("europe"), currency="PLN")
    remove_currency(actor=world.actor(STAFF), market=market("europe"), currency="PLN")
    assert [event.changes for event in events()] == [
        {"added_currency": [None, "PLN"]},
        {"removed_currency": ["PLN", None]},
    ]
    with pytest.raises(NotFound):
        remove_currency(actor=world.actor(STAFF), market=market("europe"), currency="PLN")


def test_a_currency_with_prices_or_countries_stays(world: World, as_tenant: Any) -> None:
    with pytest.raises(Conflict, match="currency_in_use"):
        remove_currency(actor=world.actor(STAFF), market=market("europe"), currency="SEK")
    plan = Plan.objects.earliest("pk")
    add_currency(actor=world.actor(STAFF), market=market("europe"), currency="PLN")
    europe = market("europe")
    Price.objects.create(
        plan=plan, market=europe, currency="PLN", term="P1M", billing="P1M", valid_from="2026-01-01", amount=None
    )
    with pytest.raises(Conflict, match="currency_in_use"):
        remove_currency(actor=world.actor(STAFF), market=europe, currency="PLN")
    with pytest.raises(IntegrityError, match="price_has_currency_of_market"), as_tenant(world.actor(STAFF)):
        MarketCurrency.objects.filter(market=europe, currency="PLN").delete()


def test_the_last_currency_of_a_market_stays(world: World) -> None:
    row = add_market(actor=world.actor(STAFF), code="moon", names=MOON, currency="EUR")
    with pytest.raises(Conflict, match="last_currency"):
        remove_currency(actor=world.actor(STAFF), market=row, currency="EUR")


def test_a_price_has_a_currency_of_its_market(world: World) -> None:
    plan, europe = Plan.objects.earliest("pk"), market("europe")
    price = Price(plan=plan, market=europe, currency="USD", term="P1M", billing="P1M", valid_from="2026-01-01")
    with pytest.raises(IntegrityError, match="price_has_currency_of_market"), transaction.atomic():
        price.save()
    with pytest.raises(IntegrityError, match="country_has_currency_of_market"), transaction.atomic():
        MarketCountry.objects.filter(country="FR").update(currency="USD")


@pytest.mark.promise("E-10")
def test_a_country_moves_once_its_effect_was_seen(world: World) -> None:
    partner = world.partner
    country = partner.country
    people = Organization.objects.filter(country=country)
    move = check(world, country, "japan", "JPY")
    assert move.before and move.before.code == "europe" and move.changes_market
    assert move.partners == people.filter(kind__in=["partner", "distributor"]).count() > 0
    assert move.customers == people.filter(kind="customer").count()
    assert move.plans_before > 0
    with pytest.raises(Conflict, match="changed_meanwhile"):
        place(world, country, "japan", "JPY", seen="")
    assert MarketCountry.objects.get(country=country).market.code == "europe"

    place(world, country, "japan", "JPY", seen=move.digest)
    sale = get_prospective_sale(world.actor(STAFF), partner, country="JP")
    assert (sale.market, sale.currency, sale.is_in_market) == ("Japan", "JPY", True)
    assert not get_prospective_sale(world.actor(STAFF), partner, country="AT").is_in_market
    (event,) = events()
    assert event.changes == {"currency": [move.currency_before, "JPY"], "market": ["europe", "japan"]}
    numbers = {"country": country, "partners": move.partners, "customers": move.customers}
    before, after = {"market_before": "europe", "currency_before": "EUR"}, {"market": "japan", "currency": "JPY"}
    assert event.data == numbers | before | after
    assert MarketCountry.objects.filter(country=country).count() == 1


def test_a_country_does_not_move_if_something_else_follows_by_now(world: World) -> None:
    country = world.partner.country
    move = check(world, country, "japan", "JPY")
    Organization.objects.filter(pk=world.partner2.pk).update(country="ZW")
    Organization.objects.filter(pk=world.customer2.pk).update(country="ZW")
    other = check(world, country, "japan", "JPY")
    assert (other.partners, other.customers) != (move.partners, move.customers)
    with pytest.raises(Conflict, match="changed_meanwhile"):
        place(world, country, "japan", "JPY", seen=move.digest)
    assert not events()


def test_what_cannot_be_sold_any_more_is_counted(world: World) -> None:
    move = check(world, world.partner.country, "africa", "USD")
    assert move.plans_lost == move.plans_before > 0 == move.plans


def test_a_country_gets_a_currency_of_its_market(world: World) -> None:
    with pytest.raises(InvalidInput, match="currency_of_no_market"):
        check(world, "FR", "japan", "EUR")
    with pytest.raises(InvalidInput, match="unknown_country"):
        check(world, "ZZ", "japan", "JPY")
    with pytest.raises(Conflict, match="unchanged"):
        check(world, "FR", "europe", "EUR")
    move = place(world, "FR", "europe", "SEK")
    assert not move.changes_market and MarketCountry.objects.get(country="FR").currency == "SEK"


def test_a_country_of_no_market_comes_into_one(world: World) -> None:
    MarketCountry.objects.filter(country="AQ").delete()
    move = place(world, "AQ", "africa", "USD")
    assert move.before is None and MarketCountry.objects.get(country="AQ").market.code == "africa"
    assert events()[0].changes == {"currency": ["", "USD"], "market": ["", "africa"]}
