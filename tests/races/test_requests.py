"""A request is decided once, and one about the same is open, however many try at the same moment."""

from functools import partial
from typing import Any

import pytest

from accounts.models import Organization
from partnerportal.lib.errors import DomainError
from support.actions.deciding import approve_request, decline_request
from support.actions.drafts import start_request
from support.actions.rows import check_request
from support.actions.submitting import submit_request, withdraw_request
from support.country_change import CODE
from support.models import Request
from tests.counts import count
from tests.races.conftest import Race
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]
ROUNDS = count(10)
FIELDS: dict[str, Any] = {"title": "T", "justification": "J", "contact_email": "a@example.com"}


def ask(cast: World, round_number: int) -> Request:
    """A request of the lapsed partner for the other one of two countries."""
    actor = cast.actor("lapsed.admin")
    organization = Organization.objects.get(pk=cast.lapsed.pk)
    country = "FR" if organization.country == "DE" else "DE"
    draft = start_request(actor=actor, kind=CODE, subject_id=organization.public_id)
    return submit_request(actor=actor, request=draft, payload={"country": country}, **FIELDS)


def decision(row: Request) -> dict[str, Any]:
    return {"request": row, "facts_digest": check_request(row).digest, "revision": row.revision}


def won(results: list[Any]) -> list[Any]:
    return [result for result in results if not isinstance(result, DomainError)]


def test_two_approvals(cast: World, race: Race) -> None:
    staff = cast.actor("vendor.admin")
    for number in range(ROUNDS):
        row = ask(cast, number)
        act = partial(approve_request, actor=staff, **decision(row))
        assert len(won(race.run([(staff, act)] * 8))) == 1
        assert Request.objects.get(pk=row.pk).state == "approved"


def test_an_approval_against_a_withdrawal_and_a_decline(cast: World, race: Race) -> None:
    staff, asker = cast.actor("vendor.admin"), cast.actor("lapsed.admin")
    for number in range(ROUNDS):
        before = Organization.objects.get(pk=cast.lapsed.pk).country
        row = ask(cast, number)
        approve = partial(approve_request, actor=staff, **decision(row))
        decline = partial(decline_request, actor=staff, request=row, reason="No")
        withdraw = partial(withdraw_request, actor=asker, request=row)
        (one,) = won(race.run([(staff, approve), (asker, withdraw), (staff, decline)]))
        assert Request.objects.get(pk=row.pk).state == one.state
        is_changed = Organization.objects.get(pk=cast.lapsed.pk).country != before
        assert is_changed is (one.state == "approved")


def test_submissions_about_the_same(cast: World, race: Race) -> None:
    """By eight people of one organisation, each with a draft of their own: one is open in the end."""
    actor = cast.actor("lapsed.admin")
    for _round in range(ROUNDS):
        drafts = [
            Request.objects.create(
                kind=CODE, organization=cast.lapsed, subject_id=cast.lapsed.public_id, subject_label="x"
            )
            for _each in range(8)
        ]
        fields = FIELDS | {"payload": {"country": "IT"}}
        results = race.run([(actor, partial(submit_request, actor=actor, request=row, **fields)) for row in drafts])
        (one,) = won(results)
        assert {error.code for error in results if isinstance(error, DomainError)} == {"request_open"}
        withdraw_request(actor=actor, request=one)
