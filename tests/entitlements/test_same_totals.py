"""A customer has one total of licences, whichever page, file or endpoint tells it: what is paid, trials beside it."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from itertools import count as numbers
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from entitlements.actions.figures import merge_portfolio_figure_changes
from entitlements.actions.usage import ReportedUsageDay, store_usage_days
from entitlements.models import Entitlement, Sku
from entitlements.queries.partners import list_partners
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from tests.counts import count
from tests.entitlements.test_usage_pages import text_of
from tests.exports.test_views import NEW, table
from tests.world import World

CUSTOMERS = ("customer", "customer2")
SKUS = ("Alpha", "Beta", "Gamma")  # the last is an add-on

ENTITLEMENT = st.fixed_dictionaries(
    {
        "who": st.sampled_from(CUSTOMERS),
        "sku": st.sampled_from(SKUS),
        "kind": st.sampled_from(["production", "production", "trial"]),
        "state": st.sampled_from(["active", "active", "active", "requested", "expired", "cancelled"]),
        "quantity": st.integers(0, 30),
        "assigned": st.integers(0, 40),
        "starts": st.sampled_from([None, -40, 5]),  # what is active counts, whenever it begins
        "ends": st.sampled_from([None, -1, 0, 5, 400]),
    }
)
# What was reported last may be older than what the customer has, and of what it no longer has.
REPORT = st.tuples(st.sampled_from(CUSTOMERS), st.sampled_from(SKUS), st.integers(0, 50), st.integers(0, 50))
WORLD = st.tuples(st.lists(ENTITLEMENT, max_size=7), st.lists(REPORT, max_size=4))


def held(**values: Any) -> dict[str, Any]:
    usual = {"who": "customer", "sku": "Alpha", "kind": "production", "state": "active", "quantity": 10, "assigned": 4}
    return {**usual, "starts": None, "ends": None, **values}


EXAMPLE = (  # paid, more of one SKU than paid for, a trial of the same and one of another, and what has ended
    [
        held(assigned=13),
        held(sku="Beta", quantity=20, assigned=9),
        held(kind="trial", quantity=25, assigned=9),
        held(sku="Gamma", kind="trial", quantity=5, assigned=7),
        held(quantity=30, ends=-1),
        held(who="customer2", kind="trial", quantity=25, assigned=9),
    ],
    [("customer", "Alpha", 50, 1)],
)


@dataclass(frozen=True)
class Totals:
    """Of one customer: what the plainest reading of its entitlements adds up to."""

    purchased: int = 0
    assigned: int = 0
    overage: int = 0
    trial_purchased: int = 0
    trial_assigned: int = 0
    over: tuple[str, ...] = ()  # "Alpha +3", the largest first

    def __add__(self, other: "Totals") -> "Totals":
        names = ("purchased", "assigned", "overage", "trial_purchased", "trial_assigned")
        return Totals(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def paid(self) -> tuple[int, int, int]:
        return self.purchased, self.assigned, self.overage

    @property
    def trial(self) -> tuple[int, int]:
        return self.trial_assigned, self.trial_purchased


def expected(rows: list[dict[str, Any]], who: str) -> Totals:
    running = [
        row
        for row in rows
        if row["who"] == who and row["state"] == "active" and (row["ends"] is None or row["ends"] >= 0)
    ]
    paid = [row for row in running if row["kind"] == "production"]
    tried = [row for row in running if row["kind"] == "trial"]
    excess: dict[str, int] = defaultdict(int)
    for row in paid:
        excess[row["sku"]] += row["assigned"] - row["quantity"]
    over = sorted(((-seats, name) for name, seats in excess.items() if seats > 0))
    return Totals(
        sum(row["quantity"] for row in paid),
        sum(row["assigned"] for row in paid),
        sum(-seats for seats, _name in over),
        sum(row["quantity"] for row in tried),
        sum(row["assigned"] for row in tried),
        tuple(f"{name} +{-seats}" for seats, name in over),
    )


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.usefixtures("private_folder")
@given(drawn=WORLD)
@example(drawn=EXAMPLE)
@settings(
    max_examples=count(60),
    phases=[Phase.explicit, Phase.generate],  # an example asks for thirty pages: to make it smaller takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_every_place_says_the_same_of_a_customer(world: World, web: Any, api: Any, drawn: Any) -> None:
    rows, reports = drawn
    with transaction.atomic():
        write(world, rows, reports)
        totals = {who: expected(rows, who) for who in CUSTOMERS}
        for who, of_customer in totals.items():
            for place, told in places(world, web, api, who):
                assert told == seen_at(place, of_customer), (place, who)
        assert_sums(world, web, totals["customer"] + totals["customer2"], totals)
        transaction.set_rollback(True)


def write(world: World, rows: list[dict[str, Any]], reports: list[Any]) -> None:
    """The customers have this and nothing else. Both have reported use, else there is no page of it."""
    kinds = {"Gamma": Sku.Kind.ADD_ON}
    skus = {
        name: Sku.objects.create(code=f"SAME-{name}", service="Same", name=name, kind=kinds.get(name, "product"))
        for name in SKUS
    }
    Entitlement.objects.filter(customer__in=[world[who].pk for who in CUSTOMERS]).delete()
    for number, row in enumerate(rows):
        days = {
            f"{name}_on": None if row[name] is None else today() + dt.timedelta(days=row[name])
            for name in ("starts", "ends")
        }
        if None not in days.values() and days["starts_on"] > days["ends_on"]:
            days["starts_on"] = days["ends_on"]
        facts = {name: row[name] for name in ("kind", "state", "quantity", "assigned")}
        customer, sku = world[row["who"]], skus[row["sku"]]
        Entitlement.objects.create(customer=customer, sku=sku, external_id=f"same-{number}", **facts, **days)
    store_usage_days(
        actor=Actor.system("test"),
        usage_days=[
            ReportedUsageDay(line, world[who].pk, skus[sku].pk, today(), purchased, assigned, 0, 3, 3, 5, 5, 2)
            for line, (who, sku, purchased, assigned) in zip(numbers(), [*reports, *DEFAULT_REPORTS], strict=False)
        ],
    )


DEFAULT_REPORTS = [(who, "Beta", 7, 6) for who in CUSTOMERS]


def seen_at(place: str, totals: Totals) -> Any:
    """What the place says of these totals: not each tells all of them."""
    if place in ("list", "first page", "usage", "trend", "own usage"):
        is_empty = place == "first page" and not any((*totals.paid, *totals.trial))
        paid = None if (not any(totals.paid) and any(totals.trial)) or is_empty else totals.paid
        return paid, totals.trial, totals.over if place in ("list", "first page") else ()
    return totals.paid if place == "list of usage" else (totals.paid, totals.trial)


def places(world: World, web: Any, api: Any, who: str) -> Iterator[tuple[str, Any]]:
    """Each place that tells a customer's total, and what it tells: the paid licences, those on trial, the overages."""
    customer, client = world[who], web("partner.reader")
    page = client.get("/customers/").content.decode()
    (row,) = [row for row in page.split("<tr>") if f'value="{customer.org_id}"' in row]
    yield "list", of_row(row.split("</tr>")[0])
    usage_list = client.get("/usage/customers/").content.decode()
    (row,) = [row for row in usage_list.split("<tr>") if 'cell-name"' in row and f"/{customer.public_id}/" in row]
    yield "list of usage", of_usage_row(row.split("</tr>")[0])
    first = client.get(f"/customers/{customer.public_id}/")
    assert not re.search(r"Licences assigned \d", text_of(first)), "its chart tells changes, and no total of its own"
    yield "first page", of_first_page(first.content.decode())
    yield "usage", of_strip(text_of(client.get(f"/customers/{customer.public_id}/usage/")))
    yield "trend", of_trend(text_of(client.get(f"/customers/{customer.public_id}/usage/?range=6m")))
    yield "own usage", of_strip(text_of(web(f"{who}.reader").get("/usage/")))
    for name, columns in (("customers", "seats assigned overage"), ("usage", "total_licenses assigned_total overage")):
        for line in table(client.post(NEW, {"list": name, "query": ""})):
            if line["org_id"].strip("'=\"") == customer.org_id:
                trials = line["trial_assigned"], line["trial_seats" if name == "customers" else "trial_licenses"]
                yield f"file of {name}", (tuple(int(line[key]) for key in columns.split()), tuple(map(int, trials)))
    reader = api("partner.reader")
    listed = reader.get("/api/v1/customers/?limit=100").json()["items"]
    (found,) = [found for found in listed if found["id"] == str(customer.public_id)]
    for place, told in (("list", found), ("customer", reader.get(f"/api/v1/customers/{customer.public_id}/").json())):
        paid = told["seats"], told["assigned"], told["overage"]
        yield f"API, {place}", (paid, (told["trial_assigned"], told["trial_seats"]))
    own = api(f"{who}.reader").get("/api/v1/usage/").json()
    for place, told in (("usage", reader.get(f"/api/v1/customers/{customer.public_id}/usage/").json()), ("own", own)):
        paid = told["purchased"], told["assigned"], told["overage"]
        yield f"API, {place}", (paid, (told["trial_assigned"], told["trial_purchased"]))


TRIAL = r"(\d+) of (\d+) on trial"


def find(pattern: str, text: str) -> tuple[int, ...] | None:
    match = re.search(pattern, text)
    return tuple(int(group or 0) for group in match.groups()) if match else None


def of_row(html: str) -> Any:
    cell = unescape(re.search(r'<td class="num cell-a">(.*?)</td>', html)[1])  # type: ignore[index]
    trial = find(TRIAL, cell) or (0, 0)
    paid = find(r"<b>(\d+)</b> / (\d+)", cell)
    if paid is None:
        return None if trial != (0, 0) else (0, 0, 0), trial, ()
    over = re.search(r'aria-label="([^"]*)">\+(\d+)</small>', cell)
    return (paid[1], paid[0], int(over[2]) if over else 0), trial, tuple(over[1].split(", ")) if over else ()


def of_usage_row(html: str) -> Any:
    """Of the cells share, purchased, assigned, available, active users and overage."""
    wide = re.sub(r'<span class="narrow-only">.*?</span>', "", html)
    cells = [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r'<td class="num[^"]*">(.*?)</td>', wide)]
    return int(cells[1]), int(cells[2]), int(cells[5]) if cells[5] != "–" else 0


def of_first_page(html: str) -> Any:
    figure = html.split('<p class="figure">')[1].split("</table>")[0] if '<p class="figure">' in html else ""
    words = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", figure.split("<table")[0])))
    paid = find(r"^ ?(\d+) of (\d+) licences assigned", words)
    over = re.findall(r"(\w+) \+(\d+)", words)
    told = paid and (paid[1], paid[0], sum(int(seats) for _name, seats in over))
    return told, find(TRIAL, words) or (0, 0), tuple(f"{name} +{seats}" for name, seats in over)


def of_strip(words: str) -> Any:
    paid = find(r"Licences purchased (\d+)(?: \+? ?\d+ of \d+ on trial)? Licences assigned (\d+) ", words)
    assert paid, words
    over = find(r"Overage (\d+)", words)
    trial = find(r"Licences purchased \d+ \+? ?" + TRIAL, words) or (0, 0)
    told = (*paid, *(over or (0,)))
    return None if told == (0, 0, 0) and trial != (0, 0) else told, trial, ()


def of_trend(words: str) -> Any:
    words = words.split(" Usage trend ")[1]
    trial = find(TRIAL, words.split("Licence limit")[0]) or (0, 0)
    paid = find(r"(\d+) of (\d+) licences assigned", words)
    over = find(r"Overage (\d+)", words)
    return paid and (paid[1], paid[0], over[0] if over else 0), trial, ()


def assert_sums(world: World, web: Any, both: Totals, each: dict[str, Totals]) -> None:
    """The pages of all customers, and what a distributor sees of its partner, add up the same."""
    client = web("partner.reader")
    trial = rf" \+ {both.trial_assigned} of {both.trial_purchased} on trial" if both.trial_purchased else ""
    for path in ("/usage/customers/", "/customers/"):
        words = text_of(client.get(path))
        assert f"Licences purchased {both.purchased} " in words, path
        assert re.search(rf"Licences assigned {both.assigned}( [\d,]+%)?{trial}( [\d,]+%)?", words), path
    assert re.search(rf"Licences assigned {both.assigned}( [\d,]+%)?{trial}", text_of(client.get("/")))
    merge_portfolio_figure_changes()
    (row,) = [row for row in list_partners(world.actor("distributor.reader")) if row.pk == world.partner.pk]
    assert (row.seats, row.assigned, row.overage) == both.paid
    assert row.over == sum(totals.overage > 0 for totals in each.values())
