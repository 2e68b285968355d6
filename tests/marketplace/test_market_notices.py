"""Who is told that a country is in another market, or has another currency, and what it means for them."""

from email import message_from_bytes, policy
from typing import Any

import pytest
from django.utils import translation

from accounts.models import Organization, Person
from marketplace.actions.markets import place_country
from marketplace.models import Market, Offer, Price
from marketplace.queries.markets import preview_country_move
from notifications.actions.outbox import write_due_notices
from notifications.models import Notice, NoticePreference
from notifications.registry import get_notice_kinds
from tests.mail_server import Sink, send_all
from tests.world import World, address

pytestmark = pytest.mark.django_db
STAFF = "vendor.admin"
STAYS = "Existing sales are not affected."
LOST = (
    "1 plan that you could sell before has no price for your current market and currency. You can sell it again once "
    "its publisher sets one."
)


def move(world: World, country: str, market: str, currency: str) -> None:
    actor, to = world.actor(STAFF), Market.objects.get(code=market)
    seen = preview_country_move(actor, country, to, currency).digest
    place_country(actor=actor, country=country, market=to, currency=currency, seen=seen)


def told() -> dict[str, tuple[str, list[str]]]:
    """Return who has a notice about a country, with its subject and the lines of its text."""
    while write_due_notices():
        pass
    found: dict[str, tuple[str, list[str]]] = {}
    for notice in Notice.objects.filter(kind__startswith="country_placed").order_by("pk"):
        kind, name = get_notice_kinds()[notice.kind], World().names[notice.recipient_id]
        assert name not in found, "one notice each"
        found[name] = kind.get_subject(notice), kind.get_body(notice).split("\n")
    return found


@pytest.fixture(autouse=True)
def _in_two_countries(world: World) -> None:
    """The partner and its publisher are in Germany, the second partner and customer in France, the others elsewhere."""
    Organization.objects.update(country="US")
    Organization.objects.filter(pk__in=[world.partner.pk, world.publisher.pk]).update(country="DE")
    Organization.objects.filter(pk__in=[world.partner2.pk, world.customer2.pk]).update(country="FR")


def test_a_move_is_told_to_sellers_there_to_partners_of_its_customers_and_to_publishers(world: World) -> None:
    move(world, "FR", "africa", "USD")
    subject, rows = "France is now in the market Africa", told()
    assert rows == {
        "partner2": (
            subject,
            [
                "You now sell only to customers in this market, at prices in USD.",
                LOST,
                STAYS,
            ],
        ),
        "partner": (
            subject,
            ["You can no longer sell to your 1 customer there, because it is no longer in your market.", STAYS],
        ),
        "publisher": (
            subject,
            [
                "1 of your plans had a price for partners in this country (Europe, EUR).",
                "It has no price for the country’s current market and currency (Africa, USD). "
                "Partners in the country can sell it once you set a price.",
            ],
        ),
    }


def test_the_way_back_frees_the_customers_and_leaves_nothing_to_do(world: World) -> None:
    move(world, "FR", "japan", "JPY")
    told()
    Notice.objects.all().delete()
    move(world, "FR", "europe", "EUR")
    rows = told()
    assert rows["partner"][1][0] == "You can now sell to your 1 customer there, because it is now in your market."
    assert rows["partner2"][1] == ["You now sell only to customers in this market, at prices in EUR.", STAYS]
    assert rows["publisher"][1] == [
        "1 of your plans had a price for partners in this country (Japan, JPY).",
        "It also has a price for the country’s current market and currency (Europe, EUR). "
        "You don’t need to do anything.",
    ]


def test_another_currency_is_told_to_those_there_alone(world: World) -> None:
    move(world, "FR", "europe", "GBP")
    rows = told()
    assert set(rows) == {"partner2", "publisher"}
    assert rows["partner2"] == (
        "France now has prices in GBP",
        [
            "You now sell at prices in GBP instead of EUR.",
            LOST,
            STAYS,
        ],
    )


def test_who_had_no_price_there_and_nobody_there_is_not_told(world: World) -> None:
    Price.objects.update(amount=None)
    move(world, "SE", "africa", "USD")
    assert told() == {}


def test_several_customers_and_plans_are_counted(world: World) -> None:
    Organization.objects.filter(pk=world.customer.pk).update(country="FR")
    plan = Offer.objects.get(code="monitor").plans.get()
    Price.objects.create(
        plan=plan,
        market=Market.objects.get(code="europe"),
        currency="EUR",
        term="P1M",
        billing="P1M",
        valid_from=Price.objects.earliest("pk").valid_from,
        amount="1",
    )
    move(world, "FR", "africa", "USD")
    rows = told()
    assert rows["partner"][1][0].startswith("You can no longer sell to your 2 customers there")
    assert rows["publisher"][1][0].startswith("2 of your plans had a price")
    assert rows["publisher"][1][1].startswith("2 of them have no price")


@pytest.mark.parametrize(
    ("language", "said"),
    [("fr", "France\u202f: passage au marché Afrique"), ("ja", "フランスはアフリカ市場に移りました")],
)
def test_it_is_told_in_the_readers_language(world: World, language: str, said: str) -> None:
    move(world, "FR", "africa", "USD")
    told()
    with translation.override(language):
        rows = told()
    assert {subject for subject, _lines in rows.values()} == {said}
    assert not any("You " in line for _subject, lines in rows.values() for line in lines)


def test_it_stands_in_the_inbox_and_is_mailed_to_admins_by_preference(world: World, web: Any, sink: Sink) -> None:
    Person.objects.filter(email=address("publisher.admin")).update(language="fr")
    unwilling = {"organization_id": world.partner2.pk, "person_id": world.person("partner2.admin").pk}
    NoticePreference.objects.create(kind="country_placed", mail="off", **unwilling)
    move(world, "FR", "africa", "USD")
    send_all()
    letters = [message_from_bytes(each.content, policy=policy.default) for each in sink.taken]
    by_reader = {each["To"].addresses[0].addr_spec: each for each in letters}
    assert set(by_reader) == {address("partner.admin"), address("many"), address("publisher.admin")}
    letter = by_reader[address("publisher.admin")]
    assert "France\u202f: passage au marché Afrique" in letter["Subject"]
    assert "/offers/" in letter.get_body(("plain",)).get_content()
    assert "your 1 customer there" in by_reader[address("partner.admin")].get_body(("plain",)).get_content()
    client, notice = web("publisher.admin"), Notice.objects.get(kind="country_placed_prices")
    assert "France\u202f: passage au marché Afrique" in client.get("/inbox/").content.decode()
    assert client.post(f"/inbox/{notice.public_id}/")["Location"] == "/offers/"
    assert "France is now in the market Africa" in web("partner2.admin").get("/inbox/").content.decode()
