"""Prices imported from a file: their own export changes nothing, and each row has its outcome."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from imports.actions.runs import run_next_import
from marketplace.actions.prices import add_prices
from marketplace.models import Offer, Price
from marketplace.price_import import PRICES, apply_price_rows, check_price_rows
from marketplace.pricing import PriceChange
from partnerportal.lib.days import today
from partnerportal.lib.imports.kinds import ImportRow
from tests.exports.test_views import NEW, content
from tests.imports.test_views import rows_of, text_of, uploaded
from tests.world import World

pytestmark = pytest.mark.django_db

ADMIN = "publisher.admin"
TOMORROW = (today() + dt.timedelta(days=1)).isoformat()


def row(**values: str) -> ImportRow:
    given = {
        "plan": "basic", "market": "europe", "currency": "EUR", "term": "P1M", "billing": "P1M", "amount": "12.00",
        "valid_from": TOMORROW,
    }  # fmt: skip
    return ImportRow(2, given | values)


def outcomes(results: Any) -> list[str]:
    return [str(result.outcome) for result in results]


def test_each_row_has_its_outcome_and_only_good_ones_are_stored(world: World) -> None:
    offer, actor = Offer.objects.get(code="backup"), world.actor(ADMIN)
    rows = [
        row(),
        row(currency="CHF", amount="11.50"),
        row(amount="13.00"),
        row(plan="gold"),
        row(amount="1,50", currency="GBP"),
        row(valid_from="soon"),
        row(valid_from="2001-01-01"),
        row(market="japan", currency="JPY", amount="9000"),
        row(market="japan", currency="JPY", amount="1100", replaces="900"),
        row(market="japan", currency="JPY", amount="9000", confirmed_code="basic"),
        row(term="P1Y", amount=""),
    ]
    expected = [
        "changed", "new", "refused", "bad", "bad", "bad", "bad", "refused", "refused", "changed", "bad",
    ]  # fmt: skip
    assert outcomes(check_price_rows(actor, offer, rows)) == expected
    assert Price.objects.count() == 2
    assert outcomes(apply_price_rows(actor, offer, rows, "add")) == expected
    stored = Price.objects.filter(valid_from=TOMORROW).values_list("currency", "amount")
    assert set(stored) == {("EUR", Decimal(12)), ("CHF", Decimal("11.5")), ("JPY", Decimal(9000))}
    again = outcomes(apply_price_rows(actor, offer, rows, "add"))
    there = {0, 1, 7, 9}  # the eighth says by now what the tenth has confirmed
    assert again == ["already_there" if at in there else one for at, one in enumerate(expected)]
    assert Price.objects.count() == 5


HEAD = "plan,market,currency,term,billing,amount,valid_from\n"
DAYS = [(today() + dt.timedelta(days=days)).isoformat() for days in range(4)]


def check_file(web: Any) -> str:
    """Have a file checked whose rows replace 9.90 EUR, 12 EUR of the row before, no price in CHF, and 1000 JPY."""
    lines = (
        f"basic,europe,EUR,P1M,P1M,12,{DAYS[2]}\nbasic,europe,EUR,P1M,P1M,14,{DAYS[3]}\n"
        f"basic,europe,CHF,P1M,P1M,11.50,{DAYS[2]}\nbasic,japan,JPY,P1M,P1M,1100,{DAYS[2]}\n"
    )
    target = Offer.objects.get(code="backup").public_id
    return uploaded(web(ADMIN), (HEAD + lines).encode(), f"/imports/new/prices/?target={target}")


def list_results(web: Any, url: str) -> list[tuple[str, str]]:
    """The outcome of each row, and what it replaces, in the results that the person fetches."""
    return [(row["outcome"], row["replaces"]) for row in rows_of(web(ADMIN).get(f"{url}results/"))]


def apply_file(client: Any, url: str, **options: Any) -> None:
    assert client.post(f"{url}apply/", {"mode": "add"}, **options).status_code in (202, 302)
    assert run_next_import()


@pytest.mark.parametrize("by_api", [False, True])
def test_what_a_colleague_has_changed_since_the_dry_run_is_not_replaced(
    world: World, web: Any, api: Any, settings: Any, tmp_path: Any, by_api: bool
) -> None:
    settings.PRIVATE_ROOT = tmp_path
    url = check_file(web)
    assert list_results(web, url) == [("changed", "9.90"), ("changed", "12.00"), ("new", "none"), ("changed", "1000")]
    offer, actor = Offer.objects.get(code="backup"), world.actor(ADMIN)  # the other tab
    day = dt.date.fromisoformat(DAYS[1])
    given: Any = {"plan": "basic", "market": "europe", "term": "P1M", "billing": "P1M", "valid_from": day}
    changes = [
        PriceChange(**given, currency="EUR", amount="11.00", replaces="9.90"),
        PriceChange(**given, currency="CHF", amount="12.00", replaces=None),
    ]
    add_prices(actor=actor, offer=offer, changes=changes)
    if by_api:
        apply_file(api(ADMIN), f"/api/v1{url}", format="json")
    else:
        apply_file(web(ADMIN), url)
    assert [outcome for outcome, _replaces in list_results(web, url)] == ["refused", "refused", "refused", "changed"]
    coming = Price.objects.filter(plan__offer=offer, valid_from__gt=today()).order_by("currency", "valid_from")
    assert [(row.currency, row.amount) for row in coming] == [("CHF", 12), ("EUR", 11), ("JPY", 1100)]
    assert "would now replace a different amount" in text_of(web(ADMIN).get(url))


def test_a_file_without_what_it_replaces_is_imported_as_it_was_checked(
    world: World, web: Any, settings: Any, tmp_path: Any
) -> None:
    """A price of the file itself is no change by somebody else, however far the rows stand apart."""
    settings.PRIVATE_ROOT = tmp_path
    url = check_file(web)
    apply_file(web(ADMIN), url)
    assert [outcome for outcome, _replaces in list_results(web, url)] == ["changed", "changed", "new", "changed"]
    again = check_file(web)
    assert [outcome for outcome, _replaces in list_results(web, again)] == ["already_there"] * 4


def test_rows_replace_one_another_by_their_days_whatever_their_order(world: World) -> None:
    offer, actor = Offer.objects.get(code="backup"), world.actor(ADMIN)
    first, second = ((today() + dt.timedelta(days=number)).isoformat() for number in (10, 20))
    rows = [row(amount="13.00", valid_from=second), row(valid_from="never"), row(amount="11.00", valid_from=first)]
    checked = check_price_rows(actor, offer, rows)
    assert outcomes(checked) == ["changed", "bad", "changed"]
    assert [result.filled.get("replaces", "") for result in checked] == ["11.00", "", "9.90"]
    shown = [
        ImportRow(each.number, {**each.values, **result.filled}) for each, result in zip(rows, checked, strict=True)
    ]
    assert outcomes(apply_price_rows(actor, offer, shown, "add")) == ["changed", "bad", "changed"]
    assert outcomes(apply_price_rows(actor, offer, shown, "add")) == ["already_there", "bad", "already_there"]


def test_the_dry_run_shows_what_changes_and_whom_it_reaches(world: World, web: Any) -> None:
    page = web(ADMIN).get(check_file(web)).content.decode()
    assert "€9.90 → €12.00" in page and "€12.00 → €14.00" in page
    assert "These prices will affect 1 subscription with 5 licences, due for renewal" in page
    target = Offer.objects.get(code="backup").public_id
    lines = f"basic,japan,JPY,P1M,P1M,,{DAYS[2]}\nshort\n"
    page = web(ADMIN).get(uploaded(web(ADMIN), (HEAD + lines).encode(), f"/imports/new/prices/?target={target}"))
    assert "¥1,000 → no longer offered" in page.content.decode()
    assert "These prices won’t affect any subscriptions." in page.content.decode()


def test_its_own_export_changes_nothing(world: World, web: Any) -> None:
    offer, actor = Offer.objects.get(code="backup"), world.actor(ADMIN)
    apply_price_rows(actor, offer, [row(), row(currency="CHF", amount="0.50")], "add")
    Price.objects.filter(currency="CHF").update(amount=0)
    text = content(web(ADMIN).post(NEW, {"list": "prices", "query": f"offer={offer.public_id}"}))
    head, *lines = text.lstrip("\ufeff").splitlines()
    keys = head.split(",")
    assert set(keys) <= set(PRICES.column_keys)
    rows = [ImportRow(number, dict(zip(keys, line.split(","), strict=True))) for number, line in enumerate(lines, 2)]
    assert len(rows) == 4
    assert outcomes(check_price_rows(actor, offer, rows)) == ["already_there"] * 4
    apply_price_rows(actor, offer, rows, "add")
    assert Price.objects.count() == 4
