"""Prices imported from a file: their own export changes nothing, and each row has its outcome."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from marketplace.models import Offer, Price
from marketplace.price_import import PRICES, apply_price_rows, check_price_rows
from partnerportal.lib.days import today
from partnerportal.lib.imports.kinds import ImportRow
from tests.exports.test_views import NEW, content
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
