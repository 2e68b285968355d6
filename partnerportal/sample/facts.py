"""Invented facts of what customers have and ordered, written as a feed and read by the import of the vendor's own."""

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from entitlements.models import Entitlement, Sku

Kind, Source = Entitlement.Kind, Entitlement.Source

# The products: code, service, name, and the price in euros of a licence for a year. A service of one product has its
# name.
PRODUCTS = (
    ("NB-WSP-STD", "Workspace", "Workspace Standard", Decimal("96.00")),
    ("NB-WSP-PRM", "Workspace", "Workspace Premium", Decimal("168.00")),
    ("NB-DSK-CLD", "Cloud Desktops", "Cloud Desktops", Decimal("240.00")),
    ("NB-ACC-SEC", "Secure Private Access", "Secure Private Access", Decimal("60.00")),
    ("NB-EPM-STD", "Endpoint Management", "Endpoint Management", Decimal("48.00")),
    ("NB-ANA-PRF", "Analytics for Performance", "Analytics for Performance", Decimal("36.00")),
    ("NB-FIL-SHR", "Files and Collaboration", "Files and Collaboration", Decimal("72.00")),
)
ADD_ONS = (
    ("NB-ADD-STO", "Files and Collaboration", "Extra storage 1 TB", Decimal("120.00")),
    ("NB-ADD-SUP", "Workspace", "Priority support", Decimal("18.00")),
)
PUBLISHED = {"NB-ANA-PRF": "octavo", "NB-FIL-SHR": "octavo", "NB-ACC-SEC": "feldspat"}  # products of publishers
PRICES = {code: price for code, _service, _name, price in PRODUCTS + ADD_ONS}
CURRENCIES = {"GB": "GBP", "JP": "JPY", "SE": "SEK", "NO": "NOK", "NZ": "NZD", "PL": "PLN", "US": "USD"}
RATES = {"JPY": 150, "SEK": 11, "NOK": 11, "PLN": 4}  # units for a euro; of any other currency, one
SEATS = (6, 12, 18, 25, 40, 60, 85, 120, 160, 220, 300, 420, 560, 750)  # usual sizes of a customer
TRIED = (5, 10, 15, 25, 25, 30, 50)  # usual sizes of a trial


@dataclass(frozen=True)
class SampleCustomer:
    """What the sample feed has to know of a customer: its ORGID and country, and what it was given in the cast."""

    org_id: str
    country: str
    size: int = 0  # the seats of a usual service; 0 to have them invented
    share: float = 0  # the part of them that is assigned; 0 to have it invented


def encode_feed_lines(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Return the lines of a feed file: each row of values as JSON in bytes."""
    return (json.dumps(row, default=str, ensure_ascii=False).encode() + b"\n" for row in rows)


def make_sku_feed_rows() -> Iterator[dict[str, Any]]:
    """Yield a feed row, as a dict, for each sample product and add-on."""
    for kind, rows in ((Sku.Kind.PRODUCT, PRODUCTS), (Sku.Kind.ADD_ON, ADD_ONS)):
        for code, service, name, _price in rows:
            yield {"type": "sku", "code": code, "service": service, "name": name, "kind": kind}


def make_past_service_feed_rows(
    customer: SampleCustomer, today: dt.date, *, most_services: int = 4
) -> Iterator[dict[str, Any]]:
    """Yield feed rows, as dicts, for services that a customer has had for a while, with their orders.

    There are at most `most_services` services, and at times a trial.
    """
    random = Random(customer.org_id)
    skus = random.sample(PRODUCTS, random.randint(1, most_services))
    invented = random.choice(SEATS)
    size = customer.size or invented
    for number, (code, *_rest) in enumerate(skus, 1):
        seats = max(3, round(size * random.choice((0.25, 0.5, 0.8, 1, 1, 1.1))))
        begun = today - dt.timedelta(days=random.randint(40, 700))
        if random.random() < 0.2:  # more come to renew now than chance would have it
            begun = today - dt.timedelta(days=random.choice((364, 729)) - random.randint(3, 88))
        ends = _renewed(begun, today) if random.random() < 0.9 else None
        if random.random() < 0.08:
            ends = today - dt.timedelta(days=random.randint(2, 60))
        running = ends is None or ends >= today
        share = random.choice((0.2, 0.5, 0.7, 0.8, 0.9, 0.95, 1, 1.08))
        if ends and running and (begun_again := ends - dt.timedelta(days=364)) > begun:
            before = max(3, round(seats * random.choice((0.6, 0.75, 0.9, 1))))
            yield from _make_term(customer, number + 20, random, code, before, begun, begun_again)
            begun = begun_again
        yield _entitlement(
            customer, number, code,
            state=Entitlement.State.ACTIVE if running else Entitlement.State.EXPIRED,
            source=Source.BOUGHT if ends else random.choice((Source.GRANTED, Source.ENABLED)),
            quantity=seats,
            assigned=min(round(seats * (customer.share or share)), seats + 12),
            starts_on=min(begun, ends or begun),
            ends_on=ends,
        )  # fmt: skip
        if ends:
            yield _order(customer, number, random, begun, code, seats)
    if random.random() < 0.22:
        yield make_trial_feed_row(
            customer,
            91,
            random.choice(PRODUCTS)[0],
            Entitlement.State.ACTIVE,
            today + dt.timedelta(random.randint(2, 28)),
        )
    if random.random() < 0.2:
        yield make_trial_feed_row(
            customer,
            92,
            random.choice(PRODUCTS)[0],
            Entitlement.State.EXPIRED,
            today - dt.timedelta(random.randint(5, 90)),
        )


def _make_term(
    customer: SampleCustomer, number: int, random: Random, code: str, seats: int, begun: dt.date, until: dt.date
) -> Iterator[dict[str, Any]]:
    """Yield the feed rows of a term that was renewed on the day `until`, and of the order for it."""
    yield _entitlement(
        customer, number, code, state=Entitlement.State.EXPIRED, quantity=seats, assigned=0, starts_on=begun,
        ends_on=until - dt.timedelta(days=1),
    )  # fmt: skip
    yield _order(customer, number, random, begun, code, seats)


def make_trial_feed_row(
    customer: SampleCustomer, number: int, code: str, state: Entitlement.State, ends: dt.date | None
) -> dict[str, Any]:
    """Return the feed row, a dict, of a trial of 30 days that ends on the day `ends`.

    A requested trial has no days yet. `number` tells the customer's services and trials apart, and `code` is the SKU.
    """
    begun = ends - dt.timedelta(days=30) if ends else None
    random = Random(f"{customer.org_id} trial {number}")
    seats = random.choice(TRIED)
    assigned = 0 if state == Entitlement.State.REQUESTED else round(seats * random.uniform(0.1, 1))
    return _entitlement(
        customer, number, code, kind=Kind.TRIAL, state=state, source=Source.ENABLED, quantity=seats,
        assigned=assigned, starts_on=begun, ends_on=ends,
    )  # fmt: skip


def make_service_feed_rows(
    customer: SampleCustomer, number: int, code: str, seats: int, day: dt.date
) -> Iterator[dict[str, Any]]:
    """Yield the feed rows, as dicts, of a service that begins on the day `day`, and of the order for it.

    `number` tells the customer's services apart, and `code` is the SKU.
    """
    ends = _renewed(day, day)
    yield _entitlement(
        customer, number, code, state=Entitlement.State.ACTIVE, quantity=seats, assigned=0, starts_on=day, ends_on=ends
    )
    yield _order(customer, number, Random(f"{customer.org_id}-{number}"), day, code, seats)


def _entitlement(customer: SampleCustomer, number: int, code: str, **facts: Any) -> dict[str, Any]:
    key = f"ENT-{customer.org_id}-{number}"
    return {
        "type": "entitlement", "external_id": key, "customer": customer.org_id, "sku": code, "kind": Kind.PRODUCTION
    } | facts  # fmt: skip


def _order(
    customer: SampleCustomer, number: int, random: Random, day: dt.date, code: str, seats: int
) -> dict[str, Any]:
    currency = CURRENCIES.get(customer.country, "EUR")
    lines: list[dict[str, Any]] = [
        {"sku": code, "quantity": seats, "unit_price": PRICES[code] * RATES.get(currency, 1)}
    ]
    if random.random() < 0.25:
        extra = random.choice(ADD_ONS)[0]
        lines.append({"sku": extra, "quantity": seats, "unit_price": PRICES[extra] * RATES.get(currency, 1)})
    return {
        "type": "order",
        "number": f"SO-{customer.org_id}-{number:02}",
        "customer": customer.org_id,
        "placed_on": day - dt.timedelta(days=2),
        "state": "fulfilled" if random.random() < 0.9 else "open",
        "currency": currency,
        "total": sum(line["quantity"] * line["unit_price"] for line in lines),
        "lines": lines,
    }


def _renewed(begun: dt.date, today: dt.date) -> dt.date:
    """Return the last day of the present year of a subscription that is renewed year by year."""
    ends = begun + dt.timedelta(days=364)
    while ends < today:
        ends += dt.timedelta(days=365)
    return ends
