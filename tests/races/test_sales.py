"""A sale at the moment of a decision about its seller: who comes second sees the first, so that no seller is lost."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts.actions.standing import move_partner
from accounts.models import Organization, Program, ProgramMembership
from marketplace.actions.audience import change_live_audience, deauthorize
from marketplace.actions.subscriptions import import_subscriptions
from marketplace.ingest.importing import SUBSCRIPTIONS
from marketplace.models import (
    Audience,
    AudienceChange,
    Authorization,
    Offer,
    PrivateInfo,
    Subscription,
    SubscriptionTerm,
)
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict
from partnerportal.lib.json_lines.facts import LineOutcome, ValidLine
from tests.counts import count
from tests.marketplace.test_subscriptions import make_sale
from tests.races.conftest import Race
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]
ROUNDS = 200
SYSTEM = Actor.system("vendor staff")


def make_sale_action(world: World, seller: Organization, **changes: Any) -> tuple[Actor, Callable[[], Any]]:
    """The sale of an offer by a partner, as the import stores it."""
    values = make_sale(world, buyer=seller.org_id, **changes)
    line_type = SUBSCRIPTIONS[values.pop("type")]
    valid = line_type.serializer.run_validation(values)
    key = line_type.take_key(valid)
    return SYSTEM, lambda: import_subscriptions(actor=SYSTEM, lines=[ValidLine(1, "subscription", key, dict(valid))])


@pytest.fixture
def rounds(cast: World) -> Callable[[str, str], Iterator[Offer]]:
    """Begins each round with an offer with this audience that nobody has sold, and a distributor's row in it."""
    ProgramMembership.objects.create(
        organization=cast.partner2, program=Program.objects.get(code="csp"), starts_on=timezone.now().date()
    )

    def begin(code: str, audience: str) -> Iterator[Offer]:
        for _round in range(count(ROUNDS, at_least=20)):
            SubscriptionTerm.objects.all().delete()
            Subscription.objects.all().delete()
            AudienceChange.objects.all().delete()
            Authorization.objects.all().delete()
            Organization.objects.filter(pk=cast.partner.pk).update(parent=cast.distributor)
            offers = Offer.objects.filter(code=code)
            offers.update(audience=audience)
            PrivateInfo.objects.filter(offer__in=offers).update(next_audience=audience)
            offer = offers.get()
            if audience == Audience.SPECIFIC:
                Authorization.objects.create(offer=offer, organization=cast.distributor, source="selected")
            yield offer

    return begin


def is_covered(offer: Offer, seller: Organization) -> bool:
    parent = Organization.objects.values_list("parent", flat=True).get(pk=seller.pk)
    return Authorization.objects.active().filter(offer=offer, organization__in=[seller.pk, parent or 0]).exists()


def ensure_sold(answer: Any) -> None:
    assert answer == {1: LineOutcome.ADDED}, answer


def test_against_the_end_of_its_sellers_authorization(
    cast: World, race: Race, rounds: Callable[[str, str], Iterator[Offer]]
) -> None:
    staff, seller = cast.actor("vendor.admin"), cast.partner2
    for offer in rounds("monitor", Audience.SPECIFIC):
        Authorization.objects.create(offer=offer, organization=seller, source="selected")
        decide = lambda: deauthorize(actor=staff, offer=offer, organization_ids=[seller.pk])  # noqa: B023, E731
        sold, decided = race.run([make_sale_action(cast, seller), (staff, decide)])
        ensure_sold(sold)
        assert is_covered(offer, seller)
        assert decided == 1 or (isinstance(decided, Conflict) and decided.code == "partner_has_sales")


def test_against_an_end_that_no_code_has_checked(
    cast: World, race: Race, rounds: Callable[[str, str], Iterator[Offer]]
) -> None:
    """By a bare statement, while the sale is stored and not committed: the trigger waits for it, and sees it."""
    seller = cast.partner2
    system, sell = make_sale_action(cast, seller)

    stored = threading.Event()

    def sell_slowly() -> Any:
        answer = sell()
        stored.set()
        time.sleep(0.03)
        return answer

    def end_by_sql() -> int:
        stored.wait(60)
        rows = Authorization.objects.active().filter(organization=seller)
        try:
            return rows.update(ended_at=timezone.now())
        except IntegrityError as error:
            raise Conflict("refused_by_database", str(error)) from error

    for offer in rounds("monitor", Audience.SPECIFIC):
        Authorization.objects.create(offer=offer, organization=seller, source="selected")
        stored.clear()
        sold, ended = race.run([(system, sell_slowly), (SYSTEM, end_by_sql)])
        ensure_sold(sold)
        assert is_covered(offer, seller)
        assert isinstance(ended, Conflict) and "violates" in str(ended.message)


def test_against_the_closing_of_the_offer(
    cast: World, race: Race, rounds: Callable[[str, str], Iterator[Offer]]
) -> None:
    """The one or the other: an offer that was sold while it had selected partners stays with them."""
    staff, seller = cast.actor("vendor.admin"), cast.partner2
    for offer in rounds("monitor", Audience.SPECIFIC):
        close = lambda: change_live_audience(actor=staff, offer=offer, audience=Audience.NONE)  # noqa: B023, E731
        sold, closed = race.run([make_sale_action(cast, seller), (staff, close)])
        ensure_sold(sold)
        offer.refresh_from_db()
        sold_first = Authorization.objects.filter(offer=offer, organization=seller).exists()
        assert offer.audience == (Audience.SPECIFIC if sold_first else Audience.NONE)
        assert isinstance(closed, Conflict) == sold_first
        assert is_covered(offer, seller) == sold_first


def test_against_the_narrowing_of_the_offer_to_its_sellers(
    cast: World, race: Race, rounds: Callable[[str, str], Iterator[Offer]]
) -> None:
    staff, seller = cast.actor("vendor.admin"), cast.partner2
    for offer in rounds("backup", Audience.ANY):
        narrow = lambda: change_live_audience(actor=staff, offer=offer, audience=Audience.SPECIFIC)  # noqa: B023, E731
        sale = make_sale_action(cast, seller, offer="backup", amount="5", currency="EUR")
        sold, narrowed = race.run([sale, (staff, narrow)])
        ensure_sold(sold)
        assert narrowed.audience == Audience.SPECIFIC
        assert is_covered(offer, seller)


def test_against_the_move_of_its_seller_to_another_distributor(
    cast: World, race: Race, rounds: Callable[[str, str], Iterator[Offer]]
) -> None:
    seller = cast.partner
    for offer in rounds("monitor", Audience.SPECIFIC):
        move = lambda: move_partner(actor=SYSTEM, partner=seller, distributor=cast.distributor2)  # noqa: E731
        sold, _moved = race.run([make_sale_action(cast, seller), (SYSTEM, move)])
        ensure_sold(sold)
        assert is_covered(offer, seller)
