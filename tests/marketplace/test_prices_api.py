"""Prices and stops by API: what is listed for whom, what is refused and where, and hostile input."""

import datetime as dt
from typing import Any

import pytest

from marketplace.models import Offer, Price, SaleStop
from partnerportal.lib.days import today
from tests.world import World

pytestmark = pytest.mark.django_db

ADMIN = "publisher.admin"


def url(path: str = "prices/", code: str = "backup") -> str:
    return f"/api/v1/offers/{Offer.objects.get(code=code).public_id}/{path}"


def body(**values: Any) -> dict[str, Any]:
    change = {
        "plan": "basic", "market": "europe", "currency": "EUR", "term": "P1M", "billing": "P1M", "amount": "12.00",
        "valid_from": today().isoformat(), "replaces": "9.90",
    }  # fmt: skip
    return {"changes": [change | values]}


def problems(answer: Any) -> list[tuple[str, str]]:
    return [(error["attr"], error["code"]) for error in answer.json()["errors"]]


def test_prices_are_listed_published_and_withdrawn(world: World, api: Any) -> None:
    client = api(ADMIN)
    assert len(client.get(f"{url()}?plan=basic").json()["items"]) == 2
    tomorrow = (today() + dt.timedelta(days=1)).isoformat()
    answer = client.post(url(), body(valid_from=tomorrow), format="json")
    assert answer.status_code == 201, answer.json()
    (added,) = answer.json()["prices"]
    assert (added["amount"], added["state"], added["valid_from"]) == ("12.00", "upcoming", tomorrow)
    amounts = {row["amount"] for row in client.get(f"{url()}?currency=EUR&market=europe").json()["items"]}
    assert amounts == {"9.90", "12.00"}
    assert client.get(f"{url()}?market=japan").json()["items"][0]["amount"] == "1000"
    assert [row["id"] for row in client.get(f"{url()}?state=upcoming").json()["items"]] == [added["id"]]
    withdrawn = client.post(url(f"prices/{added['id']}/withdraw/"), {}, format="json")
    assert withdrawn.json()["state"] == "withdrawn" and withdrawn.json()["withdrawn_at"]
    begun = next(row["id"] for row in client.get(url()).json()["items"] if row["amount"] == "9.90")
    assert problems(client.post(url(f"prices/{begun}/withdraw/"), {}, format="json")) == [(None, "price_begun")]


def test_a_price_that_another_has_replaced_is_sent_again(world: World, api: Any) -> None:
    """Whoever sends its whole list each day sends it too; that it was published already is an answer."""
    client, old = api(ADMIN), Price.objects.get(currency="EUR")
    assert client.post(url(), body(), format="json").status_code == 201
    before = Price.objects.count()
    again = body(amount="9.90", valid_from=old.valid_from.isoformat(), replaces=None)
    answer = client.post(url(), {"changes": again["changes"] + body()["changes"]}, format="json")
    assert answer.status_code == 201, answer.json()
    assert [(row["amount"], row["state"]) for row in answer.json()["prices"]] == [
        ("9.90", "replaced"), ("12.00", "in_force"),
    ]  # fmt: skip
    assert Price.objects.count() == before


@pytest.mark.parametrize(
    ("who", "status", "seen"),
    [
        ("publisher.reader", 200, {"EUR", "JPY"}), ("vendor.reader", 200, {"EUR", "JPY"}),
        ("lapsed.admin", 200, set()), ("nobadge.admin", 200, set()), ("customer.admin", 404, set()),
    ],
)  # fmt: skip
def test_who_is_told_which_prices(world: World, api: Any, who: str, status: int, seen: set[str]) -> None:
    answer = api(who).get(url())
    assert answer.status_code == status
    assert {row["currency"] for row in answer.json().get("items", [])} == seen


def test_a_reseller_is_told_those_of_its_market_and_currency(world: World, api: Any) -> None:
    country = world.partner.country
    type(world.partner).objects.filter(pk=world.partner.pk).update(country="JP")
    assert [row["currency"] for row in api("partner.admin").get(url()).json()["items"]] == ["JPY"]
    type(world.partner).objects.filter(pk=world.partner.pk).update(country="DE")
    assert [row["currency"] for row in api("partner.admin").get(url()).json()["items"]] == ["EUR"]
    type(world.partner).objects.filter(pk=world.partner.pk).update(country="GB")
    assert api("partner.admin").get(url()).json()["items"] == []
    assert country


ARABIC, FULL_WIDTH = "\u0661\u0662", "\uff11\uff12"
HOSTILE: list[tuple[dict[str, Any], str, str]] = [
    *(({"amount": amount}, "amount", "bad_amount") for amount in (
        "1,50", "1e30", "-1", "+1", "NaN", "Infinity", "0x10", "1_000", "1 000", "1.000,00", "€5", "five", "1.",
        ".5", "01", "1.2.3", ARABIC, FULL_WIDTH, "1\u202f000", "\u202e12", "12\u200b", "--1", "1/3", "½", "'; --",
    )),
    ({"amount": ""}, "amount", "blank"),
    ({"amount": "9" * 41}, "amount", "max_length"),
    ({"amount": "99999999999"}, "amount", "amount_too_large"),
    ({"amount": "10000000000"}, "amount", "amount_too_large"),
    ({"amount": "9" * 30}, "amount", "amount_too_large"),
    ({"amount": "1.005"}, "amount", "too_many_decimals"),
    ({"amount": {"a": 1}}, "amount", "invalid"),
    ({"amount": [1]}, "amount", "invalid"),
    ({"amount": True}, "amount", "invalid"),
    ({"currency": "JPY", "market": "japan", "amount": "10.50", "replaces": "1000"}, "amount", "too_many_decimals"),
    ({"currency": "JPY"}, "currency", "currency_of_no_market"),
    ({"currency": "XXX"}, "currency", "currency_of_no_market"),
    ({"currency": "eur"}, "currency", "currency_of_no_market"),
    ({"currency": "EURO"}, "currency", "max_length"),
    ({"market": "atlantis"}, "currency", "currency_of_no_market"),
    ({"market": "\u0000"}, "market", "null_characters_not_allowed"),
    ({"plan": "gold"}, "plan", "unknown_plan"),
    ({"plan": "../basic"}, "plan", "unknown_plan"),
    ({"plan": None}, "plan", "null"),
    ({"term": "P9Y"}, "term", "unknown_term"),
    ({"term": "P1Y", "billing": "P1Y"}, "term", "unknown_term"),
    ({"billing": "P7D"}, "term", "unknown_term"),
    ({"valid_from": "2001-01-01"}, "valid_from", "in_the_past"),
    ({"valid_from": "0001-01-01"}, "valid_from", "in_the_past"),
    ({"valid_from": "9999-12-31"}, "valid_from", "too_far"),
    ({"valid_from": "2027-02-30"}, "valid_from", "invalid"),
    ({"valid_from": "01.02.2027"}, "valid_from", "invalid"),
    ({"valid_from": 20270101}, "valid_from", "invalid"),
    ({"valid_from": "12026-01-01"}, "valid_from", "invalid"),
    ({"replaces": "9,90"}, "replaces", "bad_amount"),
    ({"replaces": "8.90"}, "replaces", "price_changed"),
    ({"replaces": None}, "replaces", "price_changed"),
    ({"amount": "0.00"}, "confirmed_code", "confirmation_needed"),
    ({"amount": "4.94"}, "confirmed_code", "confirmation_needed"),
    ({"confirmed_code": "x" * 51}, "confirmed_code", "max_length"),
    ({"currency": "CHF", "amount": None, "replaces": None}, "amount", "nothing_to_end"),
    ({"price": "1"}, "price", "unknown_field"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("values", "field", "code"), HOSTILE)
def test_hostile_input_is_refused_by_its_place(
    world: World, api: Any, values: dict[str, Any], field: str, code: str
) -> None:
    """Beside a good change, which is not stored either."""
    before = Price.objects.count()
    tomorrow = (today() + dt.timedelta(days=1)).isoformat()
    good = body(market="japan", currency="JPY", amount="1100", replaces="1000", valid_from=tomorrow)["changes"]
    answer = api(ADMIN).post(url(), {"changes": [*good, *body(**values)["changes"]]}, format="json")
    assert answer.status_code == (409 if code == "price_changed" else 400), answer.json()
    assert [(place.replace(".", "/").split("/")[-1], found) for place, found in problems(answer)] == [(field, code)]
    assert "1" in problems(answer)[0][0].replace(".", "/").split("/")
    assert Price.objects.count() == before


@pytest.mark.parametrize(
    "sent", [{}, {"changes": []}, {"changes": None}, {"changes": "all"}, {"changes": [[]]}, [], "x", {"changes": [1]}]
)
def test_a_body_that_is_none(world: World, api: Any, sent: Any) -> None:
    assert api(ADMIN).post(url(), sent, format="json").status_code == 400


def test_too_many_changes_are_refused(world: World, api: Any) -> None:
    changes = body()["changes"] * 201
    assert problems(api(ADMIN).post(url(), {"changes": changes}, format="json"))[0][1] == "max_length"


def test_a_sale_is_stopped_and_goes_on(world: World, api: Any) -> None:
    client = api(ADMIN)
    sent = {"plan": "basic", "market": "europe"}
    answer = client.post(url("stops/"), sent, format="json")
    assert answer.status_code == 201
    assert client.post(url("stops/"), sent, format="json").json()["id"] == answer.json()["id"]
    listed = client.get(url("stops/")).json()["items"]
    assert [(row["plan"], row["market"], row["is_by_vendor"]) for row in listed] == [
        ("basic", "europe", False), ("basic", "japan", False),
    ]  # fmt: skip
    lifted = client.post(url(f"stops/{answer.json()['id']}/lift/"), {}, format="json")
    assert lifted.status_code == 200 and lifted.json()["lifted_at"]
    assert len(client.get(url("stops/")).json()["items"]) == 1


@pytest.mark.parametrize(
    ("who", "sent", "status", "code"),
    [
        (ADMIN, {"plan": "gold"}, 400, "unknown_plan"),
        (ADMIN, {"plan": "basic", "market": "x"}, 400, "unknown_market"),
        (ADMIN, {"market": "europe"}, 400, "plan_required"), ("vendor.admin", {}, 400, "reason_required"),
        ("vendor.reader", {"reason": "No"}, 403, "wrong_role"), ("partner.admin", {}, 404, "not_found"),
        ("publisher.reader", {}, 403, "wrong_role"), (ADMIN, {"reason": "x" * 501}, 400, "max_length"),
    ],
)  # fmt: skip
def test_what_is_not_stopped(world: World, api: Any, who: str, sent: Any, status: int, code: str) -> None:
    answer = api(who).post(url("stops/"), sent, format="json")
    assert (answer.status_code, problems(answer)[0][1]) == (status, code)
    assert SaleStop.objects.count() == 1
