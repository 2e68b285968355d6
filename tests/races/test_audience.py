"""Changes of one audience at the same moment: syncs, additions and imported files. Nobody is lost or added twice."""

from functools import partial

import pytest

from accounts.models import Program, ProgramMembership
from marketplace.actions.audience import add_to_audience, sync_audience
from marketplace.events import OfferEvent
from marketplace.imports import apply_audience_rows
from marketplace.models import AudienceChange, Authorization, Offer
from notifications.models import Event
from partnerportal.lib.days import today
from partnerportal.lib.errors import Conflict, StaleVersion
from partnerportal.lib.imports.kinds import ImportRow
from tests.counts import count
from tests.races.conftest import Race
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]
ROUNDS = 200


def begin(*saved: int) -> Offer:
    """Empty the audience of an offer, and save organisations as additions to it."""
    AudienceChange.objects.all().delete()
    Authorization.objects.all().delete()
    offer = Offer.objects.get(code="monitor")
    AudienceChange.objects.bulk_create(AudienceChange(offer=offer, organization_id=key) for key in saved)
    return offer


def list_keys(rows: type[AudienceChange] | type[Authorization]) -> list[int]:
    return sorted(rows.objects.values_list("organization_id", flat=True))


def test_of_syncs_after_one_dry_run_one_adds(cast: World, race: Race) -> None:
    actor, keys = cast.actor("publisher.admin"), sorted([cast.distributor.pk, cast.partner.pk])
    for number in range(1, count(ROUNDS) + 1):
        offer = begin(*keys)
        sync = partial(sync_audience, actor=actor, offer=offer, revision=offer.audience_revision)
        results = race.run([(actor, sync)] * 4)
        assert results.count(2) == 1
        assert [type(one) for one in results if one != 2] == [StaleVersion] * 3
        assert (list_keys(Authorization), list_keys(AudienceChange)) == (keys, [])
        assert Event.objects.filter(kind=OfferEvent.AUDIENCE_CHANGED).count() == number


def test_an_addition_during_a_sync_is_saved_and_not_put_in_force_unseen(cast: World, race: Race) -> None:
    """Whoever adds first makes the dry run old; whoever syncs first leaves the addition for the next sync."""
    actor = cast.actor("publisher.admin")
    first, second = cast.distributor.pk, cast.partner.pk
    for _round in range(count(ROUNDS)):
        offer = begin(first)
        sync = partial(sync_audience, actor=actor, offer=offer, revision=offer.audience_revision)
        add = partial(add_to_audience, actor=actor, offer=offer, organization_ids=[second])
        synced, added = race.run([(actor, sync), (actor, add)])
        assert added == 1
        if isinstance(synced, StaleVersion):
            assert (list_keys(Authorization), list_keys(AudienceChange)) == ([], sorted([first, second]))
        else:
            assert synced == 1
            assert (list_keys(Authorization), list_keys(AudienceChange)) == ([first], [second])


def test_files_with_the_same_partners_add_each_once(cast: World, race: Race) -> None:
    ProgramMembership.objects.create(
        organization=cast.partner2, program=Program.objects.get(code="csp"), starts_on=today()
    )
    actor, partners = cast.actor("publisher.admin"), [cast.distributor, cast.partner, cast.partner2]
    rows = [ImportRow(number, {"tenant_id": str(row.tenant_id)}) for number, row in enumerate(partners, start=2)]
    files = [rows, rows[::-1], rows[:2], rows[1:]]
    for _round in range(count(ROUNDS)):
        offer = begin()
        results = race.run([(actor, partial(apply_audience_rows, actor, offer, file, "merge")) for file in files])
        assert not any(isinstance(one, Conflict) for one in results)
        assert list_keys(AudienceChange) == sorted(row.pk for row in partners)
        outcomes = [str(row.outcome) for result in results for row in result]
        assert (outcomes.count("new"), outcomes.count("already_there")) == (len(partners), 10 - len(partners))
