"""Prices and stops at the same moment: one price wins, the others are told, and two clicks give one stop."""

import datetime as dt
from functools import partial

import pytest

from marketplace.actions.prices import PricesOvertaken, add_prices, withdraw_price
from marketplace.actions.stops import lift_stop, stop_sale
from marketplace.models import Offer, Price, SaleStop
from marketplace.pricing import PriceChange
from partnerportal.lib.days import today
from partnerportal.lib.errors import DomainError
from tests.counts import count
from tests.races.conftest import Race
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

ADMIN = "publisher.admin"


def change(amount: str, day: dt.date, replaces: str | None = "9.90") -> PriceChange:
    return PriceChange(
        plan="basic", market="europe", currency="EUR", term="P1M", billing="P1M",
        amount=amount, valid_from=day, replaces=replaces,
    )  # fmt: skip


def test_of_different_prices_of_one_day_one_wins(cast: World, race: Race) -> None:
    actor, offer = cast.actor(ADMIN), Offer.objects.get(code="backup")
    for number in range(1, count(200) + 1):
        day = today() + dt.timedelta(days=number)
        amounts = [f"{10 + number % 2}.{at:02}" for at in range(8)]
        held = Price.objects.filter(currency="EUR", valid_from__lt=day, withdrawn_at=None).latest("valid_from")
        tries = [
            partial(add_prices, actor=actor, offer=offer, changes=[change(amount, day, f"{held.amount:.2f}")])
            for amount in amounts
        ]
        results = race.run([(actor, one) for one in tries])
        refused = [one for one in results if isinstance(one, DomainError)]
        assert len(refused) == 7
        assert all(isinstance(one, PricesOvertaken) for one in refused), refused
        assert Price.objects.filter(currency="EUR", valid_from=day, withdrawn_at=None).count() == 1


def test_the_same_price_at_once_is_one_row(cast: World, race: Race) -> None:
    actor, offer = cast.actor(ADMIN), Offer.objects.get(code="backup")
    same = partial(add_prices, actor=actor, offer=offer, changes=[change("11.00", today() + dt.timedelta(days=3))])
    results = race.run([(actor, same)] * 16)
    assert len({price.pk for (price,) in results}) == 1


def test_a_price_is_withdrawn_or_stands_before_the_next(cast: World, race: Race) -> None:
    """Whoever replaces a price that is being withdrawn is told, or was first."""
    actor, offer = cast.actor(ADMIN), Offer.objects.get(code="backup")
    for _round in range(count(50)):
        first, second = today() + dt.timedelta(days=5), today() + dt.timedelta(days=6)
        (price,) = add_prices(actor=actor, offer=offer, changes=[change("11.00", first)])
        withdrawn, added = race.run(
            [
                (actor, partial(withdraw_price, actor=actor, price=price)),
                (actor, partial(add_prices, actor=actor, offer=offer, changes=[change("12.00", second, "11.00")])),
            ]
        )
        assert not isinstance(withdrawn, DomainError)
        assert isinstance(added, PricesOvertaken) or added[0].amount == 12
        for one in Price.objects.filter(valid_from__in=[first, second], withdrawn_at=None):
            withdraw_price(actor=actor, price=one)


def test_clicks_at_once_give_one_stop(cast: World, race: Race) -> None:
    actor, offer = cast.actor(ADMIN), Offer.objects.get(code="monitor")
    for _round in range(count(50)):
        stops = race.run([(actor, partial(stop_sale, actor=actor, offer=offer))] * 8)
        assert len({stop.pk for stop in stops}) == 1
        assert SaleStop.objects.active().filter(offer=offer).count() == 1
        race.run([(actor, partial(lift_stop, actor=actor, stop=stops[0]))] * 8)
        assert not SaleStop.objects.active().filter(offer=offer).exists()
