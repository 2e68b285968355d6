"""The price list as API and as file, against an oracle in plain Python: which prices, until when, and what changed."""

import csv
import datetime as dt
import io
import random
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
from django.utils import timezone

from accounts.models import Organization
from marketplace.actions.offers import publish_offer
from marketplace.models import Market, Offer, Plan, Price
from marketplace.queries.offers import get_newest_version
from partnerportal.lib.days import today
from tests.world import World

pytestmark = pytest.mark.django_db
URL, EXPORT = "/api/v1/catalogue/price-list/", "/exports/new/"
DAY = dt.timedelta(days=1)
NOW = timezone.now().replace(microsecond=0)


def make_prices(seed: int) -> list[Price]:
    """Store prices of two plans in three places, at random: added, withdrawn and ended on all sides of today."""
    chance = random.Random(seed)
    europe, japan = (Market.objects.get(code=code) for code in ("europe", "japan"))
    plans = [*Plan.objects.filter(is_live=True).order_by("pk")]
    rows = []
    for plan in plans:
        for market, currency in ((europe, "EUR"), (europe, "GBP"), (japan, "JPY")):
            for term in ("P1M", "P1Y"):
                for offset in chance.sample(range(-6, 7), chance.randrange(6)):
                    added = NOW - chance.randrange(1, 9) * DAY
                    is_withdrawn = offset > 0 and chance.random() < 0.4
                    rows.append(
                        Price(
                            plan=plan,
                            market=market,
                            currency=currency,
                            term=term,
                            billing="P1M",
                            valid_from=today() + offset * DAY,
                            created_at=added,
                            amount=None if chance.random() < 0.2 else chance.randrange(1, 99),
                            withdrawn_at=added + chance.random() * (NOW - added) if is_withdrawn else None,
                        )
                    )
    Price.objects.bulk_create(rows)
    Plan.objects.update(published_at=NOW - 9 * DAY)
    return list(Price.objects.select_related("plan", "market"))  # with those of the cast


def find_next(price: Price, prices: list[Price], at: dt.datetime | None = None) -> dt.date | None:
    """The day from which another price of the same takes over, as it was before a moment or is now."""

    def is_there(other: Price) -> bool:
        if at is None:
            return other.withdrawn_at is None
        return other.created_at < at and (other.withdrawn_at is None or other.withdrawn_at >= at)

    same = [row for row in prices if all(getattr(row, key) == getattr(price, key) for key in SAME)]
    return min((row.valid_from for row in same if row.valid_from > price.valid_from and is_there(row)), default=None)


SAME = ("plan_id", "market_id", "currency", "term", "billing")


def expect(prices: list[Price], market: str, currency: str, since: dt.datetime | None = None) -> dict[str, str]:
    """The prices of a place by their public ids, with the last day of each."""
    found = {}
    for price in prices:
        if (price.market.code, price.currency) != (market, currency):
            continue
        follows = find_next(price, prices)
        if since is None:
            is_listed = price.withdrawn_at is None and price.amount is not None and (not follows or follows > today())
        else:
            is_listed = (
                price.created_at >= since
                or (price.withdrawn_at is not None and price.withdrawn_at >= since)
                or find_next(price, prices, since) != follows
            )
        if is_listed:
            found[str(price.public_id)] = str(follows - DAY) if follows else ""
    return found


def ask(client: Any, **params: Any) -> dict[str, str]:
    rows = client.get(URL, {"limit": 200, **params}).json()["items"]
    return {row["id"]: row["valid_to"] or "" for row in rows}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_api_and_oracle_agree_on_every_price_and_its_last_day(world: World, api: Any, seed: int) -> None:
    Organization.objects.filter(pk=world.distributor.pk).update(country="JP")
    prices = make_prices(seed)
    partner = world.partner
    places = {"DE": ("europe", "EUR"), "GB": ("europe", "GBP"), "JP": ("japan", "JPY")}
    for country, place in places.items():
        Organization.objects.filter(pk=partner.pk).update(country=country)
        assert ask(api("partner.reader")) == expect(prices, *place)
        assert ask(api("distributor.reader"), for_partner=partner.public_id) == expect(prices, *place)
        for days in (0, 2, 5):
            since = NOW - days * DAY
            assert ask(api("partner.reader"), changed_since=since.isoformat()) == expect(prices, *place, since), days
    assert ask(api("distributor.reader")) == expect(prices, "japan", "JPY")


def test_the_prices_of_a_new_plan_have_changed_although_they_were_typed_before(world: World, api: Any) -> None:
    """Whoever asks for changes alone would otherwise never hear of them."""
    Organization.objects.filter(pk=world.partner.pk).update(country="DE")
    actor, offer = world.actor("publisher.admin"), Offer.objects.get(code="backup")
    market = Market.objects.get(code="europe")
    rows = [
        Price(plan=plan, market=market, currency="EUR", term="P1Y", billing="P1M", valid_from=today(), amount=7)
        for plan in Plan.objects.filter(offer=offer)  # basic, which is live, and pro, which is in the draft
    ]
    Price.objects.bulk_create(rows)
    Price.objects.update(created_at=NOW - 3 * DAY)
    Plan.objects.exclude(published_in=None).update(published_at=NOW - 3 * DAY)
    new = str(Price.objects.get(plan__code="pro").public_id)
    since = {"changed_since": (NOW - DAY).isoformat()}
    assert ask(api("partner.reader"), **since) == {}
    publish_offer(actor=actor, offer=offer, revision=get_newest_version(offer).revision)
    assert ask(api("partner.reader"), **since) == {new: ""}


def export(client: Any, query: str) -> list[dict[str, str]]:
    text = client.post(EXPORT, {"list": "price_list", "query": query}).content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("seed", range(2))
def test_the_file_has_the_prices_of_the_list(world: World, web: Any, seed: int) -> None:
    prices = make_prices(seed)
    Organization.objects.filter(pk=world.partner.pk).update(country="GB")
    by_key = {
        (str(p.plan.public_id), p.term, str(p.valid_from)): str(p.public_id) for p in prices if p.currency == "GBP"
    }
    rows = export(web("partner.reader"), "")
    found = {by_key[row["plan_id"], row["term"], row["valid_from"]]: row["valid_to"] for row in rows}
    assert found == expect(prices, "europe", "GBP")


@pytest.mark.parametrize("seed", range(2))
def test_the_file_of_changes_has_what_the_api_says_has_changed(world: World, web: Any, api: Any, seed: int) -> None:
    prices = make_prices(seed)
    Organization.objects.filter(pk=world.partner.pk).update(country="GB")
    page = web("partner.reader").get("/marketplace/offers/").content.decode()
    queries = [unquote(part.partition('"')[0]) for part in page.split('name="query" value="')[1:]]
    since = [dt.datetime.fromisoformat(query.removeprefix("changed_since=")) for query in queries]
    assert [today() - moment.date() for moment in since] == [7 * DAY, 30 * DAY, 90 * DAY]
    for moment in (since[0], NOW - 2 * DAY):
        rows = export(web("partner.reader"), urlencode({"changed_since": moment.isoformat()}))
        found = {(row["plan_id"], row["term"], row["valid_from"], bool(row["withdrawn_at"])) for row in rows}
        expected = expect(prices, "europe", "GBP", moment)
        said = [price for price in prices if str(price.public_id) in expected]
        assert len(rows) == len(said) > 0
        assert found == {(str(p.plan.public_id), p.term, str(p.valid_from), p.withdrawn_at is not None) for p in said}
        asked = {"list": "price_list", "filters": {"changed_since": moment.isoformat()}}
        answer = api("partner.reader").post("/api/v1/exports/", asked, format="json")
        assert len(answer.content.decode().splitlines()) == len(rows) + 1


def test_the_file_is_for_whom_and_what_the_catalogue_shows(world: World, web: Any) -> None:
    """For the chosen customer and partner, and narrowed by the filters beside them."""
    Organization.objects.filter(pk=world.partner.pk).update(country="DE")
    Organization.objects.filter(pk=world.customer.pk).update(country="JP")
    Organization.objects.filter(pk=world.distributor.pk).update(country="JP")
    plan = Offer.objects.get(code="monitor").plans.get()
    Price.objects.create(
        plan=plan, market=Market.objects.get(code="europe"), currency="EUR", term="P1M", billing="P1M",
        valid_from=today(), amount=5,
    )  # fmt: skip
    client, customer = web("partner.reader"), f"customer={world.customer.public_id}"
    everything = export(client, "")
    assert {row["offer"] for row in everything} == {"backup", "monitor"}
    assert all("outside_market" not in row["failed_rules"] for row in everything)
    assert all("outside_market" in row["failed_rules"] for row in export(client, customer))
    assert {row["offer"] for row in export(client, "q=monitor")} == {"monitor"}
    assert {row["offer"] for row in export(client, "sellable=true")} == {"backup", "monitor"}
    assert export(client, f"{customer}&sellable=true") == [] and len(export(client, f"{customer}&sellable=false")) == 2
    of_partner = export(web("distributor.reader"), f"partner={world.partner.public_id}")
    assert (
        {row["currency"] for row in of_partner}
        == {"EUR"}
        != {row["currency"] for row in export(web("distributor.reader"), "")}
    )
    page = client.get(f"/marketplace/offers/?{customer}&q=monitor").content.decode()
    query = page.partition('name="query" value="')[2].partition('"')[0]
    assert str(world.customer.public_id) in query and "q=monitor" in query
    stranger = f"customer={world.stranger.public_id}"
    refused = client.post("/exports/new/", {"list": "price_list", "query": stranger})
    assert refused.status_code == 403 and "not connected to the partner" in refused.content.decode()
