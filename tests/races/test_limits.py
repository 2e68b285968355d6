"""What is limited to so many a day is not more when all come at once."""

import datetime as dt
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from connections import policies
from connections.actions import accept_invitation
from connections.models import Connection
from entitlements.actions import trials
from entitlements.actions.trials import request_trial
from entitlements.models import Entitlement, Sku
from marketplace.actions import offers
from marketplace.actions.offers import create_offer
from marketplace.models import Offer, OfferType, OfferVersion, PricingModel
from partnerportal.lib.errors import TooManyAttempts
from partnerportal.lib.scopes import ALL
from tests.counts import count
from tests.races.conftest import Race
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]
ROUNDS = count(10)


def refused(results: list[Any]) -> int:
    return sum(isinstance(result, TooManyAttempts) for result in results)


@pytest.mark.promise("S-18")
def test_acceptances_of_a_customer(cast: World, race: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "ACCEPTED_A_DAY", 1)
    stranger = cast.actor("stranger.admin")
    tokens = [cast.token("partner"), cast.token("partner2")]
    for _round in range(ROUNDS):
        results = race.run(
            [(stranger, partial(accept_invitation, actor=stranger, token=token, scopes=ALL)) for token in tokens * 8]
        )
        connected = Connection.objects.filter(customer=cast.stranger)
        assert connected.filter(connected_at__gt=timezone.now() - dt.timedelta(days=1)).count() == 1
        assert refused(results) == 8
        connected.update(
            connected_at=timezone.now() - dt.timedelta(days=2),
            ended_at=timezone.now(),
            ended_by_id=cast.stranger.pk,
            state="ended",
        )


def test_offers_of_a_publisher(cast: World, race: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher = cast.actor("publisher.admin")
    mine = Offer.objects.filter(publisher=cast.publisher)
    limit = mine.count() + 1
    monkeypatch.setattr(offers, "OFFERS", limit)
    for round_ in range(ROUNDS):
        make = partial(create_offer, actor=publisher, type=OfferType.SAAS, pricing_model=PricingModel.FLAT)
        results = race.run([(publisher, partial(make, code=f"r{round_}-{n}")) for n in range(8)])
        made = mine.filter(code__startswith=f"r{round_}-")
        assert (made.count(), refused(results)) == (1, 7)
        OfferVersion.objects.filter(offer__in=made).delete()
        made.delete()


@pytest.mark.promise("S-18")
def test_trials_of_a_customer(cast: World, race: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "REQUESTED_A_DAY", 2)
    stranger = cast.actor("stranger.admin")
    skus = Sku.objects.bulk_create(Sku(code=f"R-{n}", service="S", name="N") for n in range(16))
    for _round in range(ROUNDS):
        results = race.run([(stranger, partial(request_trial, actor=stranger, sku=sku, quantity=1)) for sku in skus])
        requested = Entitlement.objects.filter(customer=cast.stranger, sku__in=skus)
        assert (requested.count(), refused(results)) == (2, 14)
        requested.delete()
