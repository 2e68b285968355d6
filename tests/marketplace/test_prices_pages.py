"""The publisher's pages of prices and stops: the matrix, a change with its preview, withdrawal, history, stops."""

import datetime as dt
import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest

from accounts.models import Person
from marketplace.actions.prices import add_prices
from marketplace.models import Market, Offer, Plan, Price, SaleStop
from partnerportal.lib.days import today
from tests.marketplace.test_prices import change
from tests.world import World

pytestmark = pytest.mark.django_db

ADMIN = "publisher.admin"
FIELD = "amount:europe:EUR:P1M:P1M"


def url(path: str = "") -> str:
    return f"/offers/{Offer.objects.get(code='backup').public_id}/{path}"


def text(answer: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def hidden_fields(answer: Any) -> dict[str, str]:
    form = answer.content.decode()
    return dict(re.findall(r'<input type="hidden" name="([a-z_]+:[^"]+|valid_from)" value="([^"]*)"', form))


def test_the_matrix_shows_what_holds_and_what_comes(world: World, web: Any) -> None:
    later = today() + dt.timedelta(days=9)
    offer = Offer.objects.get(code="backup")
    add_prices(actor=world.actor(ADMIN), offer=offer, changes=[change(valid_from=later)])
    page = text(web("publisher.reader").get(url("prices/")))
    assert "€9.90" in page and "€12.00 from" in page and "JP¥1,000" in page.replace("¥", "JP¥").replace("JPJP", "JP")
    assert page.count("—") > 30 and "Basic" in page and "Pro" in page
    assert "Withdraw" not in page and "Withdraw…" in text(web(ADMIN).get(url("prices/")))


def test_every_market_has_its_name_in_the_readers_language(web: Any) -> None:
    assert all(set(names) == {"en", "fr", "ja"} for names in Market.objects.values_list("names", flat=True))
    Person.objects.update(language="ja")
    page = text(web(ADMIN).get(url("prices/")))
    assert "ヨーロッパ" in page and "中東・中東欧" in page and "Europe" not in page
    stop = text(web(ADMIN).get(url("stops/new/")))
    assert "ヨーロッパ" in stop and "Europe" not in stop


@pytest.mark.parametrize(("query", "shown"), [("q=BASI", "basic"), ("q=pro", "pro"), ("q=zzz", "")])
def test_plans_are_searched(world: World, web: Any, query: str, shown: str) -> None:
    page = web(ADMIN).get(f"{url('prices/')}?{query}").content.decode()
    found = {code for code in ("basic", "pro") if f"/prices/{code}/change/" in page}
    assert found == ({shown} if shown else set())
    assert ("No plan matches" in page) is not shown


def test_one_market_alone_is_shown(world: World, web: Any) -> None:
    page = text(web(ADMIN).get(f"{url('prices/')}?market=japan"))
    assert "JPY" in page and "GBP" not in page
    assert web(ADMIN).get(f"{url('prices/')}?market=nowhere&page=99&q=%00").status_code == 200


def test_the_page_takes_the_same_queries_for_many_plans(world: World, web: Any, count_queries: Any) -> None:
    client, offer = web(ADMIN), Offer.objects.get(code="backup")
    add_prices(actor=world.actor(ADMIN), offer=offer, changes=[change(valid_from=today() + dt.timedelta(days=9))])
    client.get(url("prices/"))
    with count_queries() as few:
        client.get(url("prices/"))
    market = Market.objects.get(code="europe")
    for code in ("basic", "pro"):
        plan = Plan.objects.get(offer=offer, code=code)
        for day in range(1, 40):
            Price.objects.create(
                plan=plan, market=market, currency="CHF", term="P1Y", billing="P1M", amount=day,
                valid_from=today() + dt.timedelta(days=day),
            )  # fmt: skip
    with count_queries() as many:
        client.get(url("prices/"))
    assert len(few) == len(many) < 40


def test_a_change_is_previewed_with_its_reach_and_then_published(world: World, web: Any) -> None:
    client, plan = web(ADMIN), Plan.objects.get(offer__code="backup", code="basic")
    form = client.get(url("prices/basic/change/"))
    assert FIELD in form.content.decode()
    day = (today() + dt.timedelta(days=1)).isoformat()
    preview = client.post(url("prices/basic/change/"), {"valid_from": day, FIELD: "10.50", "step": "preview"})
    shown = text(preview)
    assert "€9.90" in shown and "€10.50" in shown and "+6%" in shown
    assert "subscriptions affected: 1 subscription with 5 licences, due for renewal on" in shown
    assert Price.objects.filter(plan=plan, currency="EUR").count() == 1
    posted = hidden_fields(preview)
    assert posted["replaces:europe:EUR:P1M:P1M"] == "9.90"
    answer = client.post(url("prices/basic/change/"), {**posted, "step": "publish"}, follow=True)
    assert "1 price published." in text(answer)
    assert Price.objects.get(plan=plan, valid_from=day).amount == Decimal("10.50")


def test_a_big_change_asks_for_the_code_on_the_preview(world: World, web: Any) -> None:
    client = web(ADMIN)
    given = {"valid_from": today().isoformat(), FIELD: "99.00"}
    preview = client.post(url("prices/basic/change/"), {**given, "step": "preview"})
    assert "Enter the code basic to confirm it" in text(preview)
    field = preview.content.decode().partition('for="id_confirmed_code"')[2].partition("</div>")[0]
    assert "optional" not in field and "required" in field
    posted = hidden_fields(preview)
    refused = client.post(url("prices/basic/change/"), {**posted, "step": "publish", "confirmed_code": "pro"})
    assert refused.status_code == 200 and "Enter the code of the plan to confirm it" in text(refused)
    client.post(url("prices/basic/change/"), {**posted, "step": "publish", "confirmed_code": "basic"})
    assert Price.objects.in_force().get(currency="EUR").amount == 99


def test_a_preview_that_a_colleague_overtook_shows_the_latest(world: World, web: Any) -> None:
    client, offer = web(ADMIN), Offer.objects.get(code="backup")
    later = today() + dt.timedelta(days=5)
    preview = client.post(
        url("prices/basic/change/"), {"valid_from": later.isoformat(), FIELD: "11.00", "step": "preview"}
    )
    add_prices(actor=world.actor(ADMIN), offer=offer, changes=[change(amount="10.00")])
    answer = client.post(url("prices/basic/change/"), {**hidden_fields(preview), "step": "publish"})
    assert "would now replace a different amount" in text(answer) and "€10.00" in text(answer)
    assert hidden_fields(answer)["replaces:europe:EUR:P1M:P1M"] == "10.00"
    assert not Price.objects.filter(amount=11).exists()
    client.post(url("prices/basic/change/"), {**hidden_fields(answer), "step": "publish"})
    assert Price.objects.filter(amount=11, valid_from=later).exists()


def test_a_price_ends_from_a_day_on(world: World, web: Any) -> None:
    client = web(ADMIN)
    given = {"valid_from": today().isoformat(), "end:europe:EUR:P1M:P1M": "on"}
    preview = client.post(url("prices/basic/change/"), {**given, "step": "preview"})
    assert "No longer offered" in text(preview)
    client.post(url("prices/basic/change/"), {**hidden_fields(preview), "step": "publish"})
    assert Price.objects.in_force().get(currency="EUR").amount is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Enter at least one new price."),
        ({FIELD: "1,50"}, "with a point before any decimals"),
        ({"amount:japan:JPY:P1M:P1M": "10.50"}, "can’t have decimal places"),
        ({FIELD: "12", "end:europe:EUR:P1M:P1M": "on"}, "not both"),
        ({FIELD: "12", "valid_from": "2001-01-01"}, "before today (UTC)"),
        ({FIELD: "12", "valid_from": "9999-12-31"}, "at most five years"),
        ({FIELD: "12", "valid_from": "soon"}, "date"),
        ({FIELD: "9.90"}, "already apply"),
        ({FIELD: "99999999999"}, "below 10,000,000,000"),
    ],
)
def test_wrong_input_is_said_beside_its_field(world: World, web: Any, given: dict[str, str], message: str) -> None:
    before = Price.objects.count()
    for step in ("preview", "publish"):
        answer = web(ADMIN).post(url("prices/basic/change/"), {"valid_from": today().isoformat(), "step": step} | given)
        if step == "preview" or given != {FIELD: "9.90"}:
            assert answer.status_code == 200 and message in text(answer)
    assert Price.objects.count() == before


def test_a_coming_price_is_withdrawn(world: World, web: Any) -> None:
    client, offer = web(ADMIN), Offer.objects.get(code="backup")
    (price,) = add_prices(
        actor=world.actor(ADMIN), offer=offer, changes=[change(valid_from=today() + dt.timedelta(days=3))]
    )
    path = url(f"prices/{price.public_id}/withdraw/")
    assert "Withdraw this price?" in text(client.get(path))
    assert "Price withdrawn." in text(client.post(path, follow=True))
    price.refresh_from_db()
    assert price.withdrawn_at
    assert "Withdrawn" in text(client.get(url("prices/basic/history/")))


def test_the_history_says_who_and_when(world: World, web: Any) -> None:
    offer = Offer.objects.get(code="backup")
    add_prices(actor=world.actor(ADMIN), offer=offer, changes=[change()])
    page = text(web("publisher.reader").get(url("prices/basic/history/")))
    assert re.search("€12.00.* In force.*€9.90.* Replaced", page) and world.person(ADMIN).name in page


def test_a_sale_is_stopped_and_goes_on(world: World, web: Any) -> None:
    client = web(ADMIN)
    answer = client.post(url("stops/new/"), {"plan": "basic", "market": "europe", "reason": "Recall"}, follow=True)
    assert "Sale stopped: Basic in Europe." in text(answer) and "Recall" in text(answer)
    stop = SaleStop.objects.get(market__code="europe")
    client.post(url("stops/new/"), {"plan": "basic", "market": "europe"})
    assert SaleStop.objects.filter(market__code="europe").count() == 1
    path = url(f"stops/{stop.public_id}/lift/")
    assert "Resume the sale?" in text(client.get(path))
    assert "On sale again: Basic in Europe." in text(client.post(path, follow=True))
    assert "For one plan only" in text(client.get(url("stops/new/")))
    assert "Choose a plan" in text(client.post(url("stops/new/"), {"market": "europe"}))


def test_the_vendor_stops_with_a_reason_that_the_publisher_reads(world: World, web: Any) -> None:
    assert "Enter a reason." in text(web("vendor.admin").post(url("stops/new/"), {}))
    web("vendor.admin").post(url("stops/new/"), {"reason": "Security hole"})
    page = text(web(ADMIN).get(url("prices/")))
    assert "Security hole" in page and "Only the vendor can resume this sale." in page and "The whole offer" in page
    stop = SaleStop.objects.get(by_vendor=True)
    assert web(ADMIN).post(url(f"stops/{stop.public_id}/lift/")).status_code == 403
    assert web("vendor.admin").post(url(f"stops/{stop.public_id}/lift/")).status_code == 302


def test_prices_are_exported(world: World, web: Any) -> None:
    offer = Offer.objects.get(code="backup")
    answer = web("publisher.reader").post("/exports/new/", {"list": "prices", "query": f"offer={offer.public_id}"})
    lines = (
        b"".join(answer).decode("utf-8-sig").splitlines()
        if answer.streaming
        else answer.content.decode("utf-8-sig").splitlines()
    )
    day = (today() - dt.timedelta(days=30)).isoformat()
    assert lines == [
        "plan,market,currency,term,billing,amount,valid_from",
        f"basic,europe,EUR,P1M,P1M,9.9,{day}",
        f"basic,japan,JPY,P1M,P1M,1000,{day}",
    ]
