"""A request is decided once and on what is so, and one about the same is open, however many try at the same moment."""

from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from accounts.actions.standing import correct_organization_identity
from accounts.models import Organization, Program, ProgramMembership
from marketplace.actions.audience import remove_from_audience
from marketplace.audience_requests import DEAUTHORIZE
from marketplace.models import (
    Audience,
    AudienceChange,
    Authorization,
    Offer,
    PrivateInfo,
    Subscription,
    SubscriptionTerm,
)
from partnerportal.lib.errors import Conflict, DomainError
from support.actions.deciding import FactsChanged, approve_request, ask_for_information, decline_request
from support.actions.drafts import start_request
from support.actions.rows import check_request
from support.actions.submitting import answer_request, submit_request, withdraw_request
from support.country_change import CODE
from support.models import Request
from tests.counts import count
from tests.races.conftest import Race
from tests.races.test_sales import ensure_sold, make_sale_action
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]
ROUNDS = count(200)
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
        decline = partial(decline_request, actor=staff, request=row, reason="No", revision=row.revision)
        withdraw = partial(withdraw_request, actor=asker, request=row)
        (one,) = won(race.run([(staff, approve), (asker, withdraw), (staff, decline)]))
        assert Request.objects.get(pk=row.pk).state == one.state
        is_changed = Organization.objects.get(pk=cast.lapsed.pk).country != before
        assert is_changed is (one.state == "approved")


def test_two_at_once_of_a_decision_and_an_answer(cast: World, race: Race) -> None:
    """While information is needed: answers, withdrawals and refusals, two of each; one of them counts, once."""
    staff, asker = cast.actor("vendor.admin"), cast.actor("lapsed.admin")
    for number in range(ROUNDS):
        row = ask_for_information(actor=staff, request=ask(cast, number), message="Since when?")
        answer = partial(answer_request, actor=asker, request=row, justification="Since May.")
        decline = partial(decline_request, actor=staff, request=row, reason="No", revision=row.revision)
        withdraw = partial(withdraw_request, actor=asker, request=row)
        results = race.run([(asker, answer), (staff, decline), (asker, withdraw)] * 2)
        done = sorted(result.state for result in won(results))
        codes = {error.code for error in results if isinstance(error, DomainError)}
        assert done in (["declined"], ["withdrawn"], ["submitted"], ["submitted", "withdrawn"])
        assert codes <= {"state_changed", "revision_changed"}
        stored = Request.objects.get(pk=row.pk)
        assert stored.state == done[-1] and stored.revision == 1 + ("submitted" in done)
        assert stored.revisions.count() == stored.revision
        if stored.is_open:
            withdraw_request(actor=asker, request=stored)


def test_an_approval_against_a_change_of_country(cast: World, race: Race) -> None:
    """Who comes second has seen the first: an approval never lays a country over one that it has not read."""
    staff = cast.actor("vendor.admin")
    for number in range(ROUNDS):
        row = ask(cast, number)
        approve = partial(approve_request, actor=staff, **decision(row))
        change = partial(correct_organization_identity, actor=staff, organization=cast.lapsed, country="IT")
        approved, changed = race.run([(staff, approve), (staff, change)])
        assert not isinstance(changed, DomainError)
        assert Organization.objects.get(pk=cast.lapsed.pk).country == "IT"
        if isinstance(approved, DomainError):
            assert isinstance(approved, FactsChanged), approved
            withdraw_request(actor=cast.actor("lapsed.admin"), request=row)
        Organization.objects.filter(pk=cast.lapsed.pk).update(country="DE")


@pytest.fixture
def in_program(cast: World) -> None:
    ProgramMembership.objects.create(
        organization=cast.partner2, program=Program.objects.get(code="csp"), starts_on=timezone.now().date()
    )


@pytest.fixture
def monitor(cast: World) -> Offer:
    return Offer.objects.get(code="monitor")


def begin_with(offer: Offer, *sellers: Organization) -> None:
    """The offer is for these partners alone, and nobody has sold it."""
    for model in (SubscriptionTerm, Subscription, AudienceChange, Authorization):
        model.objects.all().delete()
    Offer.objects.filter(pk=offer.pk).update(audience=Audience.SPECIFIC)
    PrivateInfo.objects.filter(offer=offer).update(next_audience=Audience.SPECIFIC)
    for seller in sellers:
        Authorization.objects.create(offer=offer, organization=seller, source="selected")


def ask_about(cast: World, offer: Offer, kind: str, **payload: Any) -> Request:
    actor = cast.actor("publisher.admin")
    draft = start_request(actor=actor, kind=kind, subject_id=offer.public_id)
    return submit_request(actor=actor, request=draft, payload=payload, **FIELDS)


@pytest.mark.usefixtures("in_program")
@pytest.mark.parametrize("kind", [DEAUTHORIZE, "audience.none"])
def test_an_approval_against_a_new_sale(cast: World, race: Race, monitor: Offer, kind: str) -> None:
    """The seller stays, or it has left before it sold; what the sale forbids is closed, and never waits on in vain."""
    staff, publisher, seller = cast.actor("vendor.admin"), cast.actor("publisher.admin"), cast.partner2
    for _round in range(ROUNDS):
        begin_with(monitor, seller)
        remove_from_audience(actor=publisher, offer=monitor, organization_ids=[seller.pk])
        payload = {"partners": [str(seller.public_id)]} if kind == DEAUTHORIZE else {}
        row = ask_about(cast, monitor, kind, **payload)
        approve = partial(approve_request, actor=staff, **decision(row))
        sold, approved = race.run([make_sale_action(cast, seller), (staff, approve)])
        ensure_sold(sold)
        assert not isinstance(approved, Conflict), approved.message
        assert approved.state == Request.objects.get(pk=row.pk).state
        monitor.refresh_from_db()
        rows = Authorization.objects.filter(offer=monitor, organization=seller)
        has_left = rows.filter(ended_at__isnull=False).exists()
        if approved.state == "overtaken":
            assert not has_left and monitor.audience == Audience.SPECIFIC
        else:
            assert approved.state == "approved" and has_left
            assert monitor.audience == (Audience.SPECIFIC if kind == DEAUTHORIZE else Audience.NONE)
        assert rows.active().exists() or monitor.audience == Audience.NONE  # by its sale it is in again


@pytest.mark.usefixtures("in_program")
def test_requests_about_one_offer(cast: World, race: Race, monitor: Offer) -> None:
    """Of each kind twice, by two people: one is open, whatever it asks for."""
    publisher = cast.actor("publisher.admin")
    for _round in range(ROUNDS):
        begin_with(monitor, cast.partner2)
        remove_from_audience(actor=publisher, offer=monitor, organization_ids=[cast.partner2.pk])
        payloads = {DEAUTHORIZE: {"partners": [str(cast.partner2.public_id)]}, "audience.any": {}, "audience.none": {}}
        drafts = [
            Request.objects.create(
                kind=kind, organization=cast.publisher, subject_id=monitor.public_id, subject_label="x", payload=payload
            )
            for kind, payload in payloads.items()
            for _each in range(2)
        ]
        submit = [(publisher, partial(submit_request, actor=publisher, request=row, **FIELDS)) for row in drafts]
        results = race.run(submit)
        (one,) = won(results)
        assert {error.code for error in results if isinstance(error, DomainError)} == {"request_open"}
        assert [row.pk for row in Request.objects.open().filter(subject_id=monitor.public_id)] == [one.pk]
        withdraw_request(actor=publisher, request=one)


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
