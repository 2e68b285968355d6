"""Vendor staff move, suspend and confirm an organisation at the moment that somebody comes in by one of its links."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from accounts.actions.standing import move_partner, reactivate_organization, suspend_organization
from accounts.models import Organization, Person, Program, ProgramMembership
from connections.actions import accept_invitation, end_connection
from connections.actors import build_actor_with_current_roles
from connections.models import Connection, CustomerPartner, Portfolio
from entitlements.actions.activation_confirmation import confirm_activated_partner, decline_activated_partner
from entitlements.models import ActivationLink, ActivationToken, CustomerListing
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, DomainError
from partnerportal.lib.mailed_invitations import compute_invitation_end
from partnerportal.lib.scopes import ALL
from partnerportal.lib.tokens import digest_secret, generate_token
from tests.counts import count
from tests.portfolio import differences
from tests.races.conftest import Race, later
from tests.races.test_activation import accept, made_by, new_link
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]
SIGHTS = ((Portfolio, "subject"), (CustomerListing, "customer"), (CustomerPartner, "customer"))


def as_request(actor: Actor, action: Callable[[Actor], Any]) -> tuple[Actor, Callable[[], Any]]:
    """As a request does it: who acts is built after the tenant is entered."""

    def act() -> Any:
        assert actor.person_id and actor.organization_id
        present = build_actor_with_current_roles(actor.person_id, actor.organization_id)
        if present is None:
            raise ActionRefused("suspended", "")
        return action(present)

    return actor, act


def refusals(results: list[Any]) -> set[str]:
    return {result.code for result in results if isinstance(result, DomainError)}


@pytest.mark.promise("CV-11")
def test_a_move_while_customers_of_the_partner_come_and_go(cast: World, race: Race) -> None:
    """Whoever is first: the new distributor sees them all, and nobody of the old one sees any."""
    staff, stranger, token = cast.actor("vendor.admin"), cast.actor("stranger.admin"), cast.token("partner")
    sides = (cast.distributor, cast.distributor2)
    coming = partial(accept_invitation, actor=stranger, token=token, scopes=ALL)
    for number in range(count(200)):
        old, new = sides[number % 2], sides[1 - number % 2]
        link, person, secret = new_link(cast, number)
        current = Connection.objects.active().filter(customer=cast.stranger).first()
        going = partial(end_connection, actor=stranger, connection=current)
        move = partial(move_partner, actor=staff, partner=cast.partner, distributor=new)
        results = race.run(
            [accept(person, secret, link.name), (stranger, going if current else coming), later((staff, move))]
        )
        assert not refusals(results)
        assert made_by(person, link) == (1, 1, 1, 1, 1)
        mine = set(Connection.objects.active().filter(partner=cast.partner).values_list("customer", flat=True))
        for model, of_whom in SIGHTS:
            assert mine <= set(model.objects.filter(viewer=new).values_list(of_whom, flat=True)), model
            theirs = Connection.objects.active().filter(partner__parent=old).values("customer")
            seen = model.objects.filter(viewer=old, **{f"{of_whom}__in": mine})
            assert not seen.exclude(**{f"{of_whom}__in": theirs}).exists(), model
        assert differences() == []


def test_a_suspension_of_the_partner_while_customers_come_in(cast: World, race: Race) -> None:
    """Who comes in does so wholly or not at all, and after the suspension nobody does."""
    staff, stranger, token = cast.actor("vendor.admin"), cast.actor("stranger.admin"), cast.token("partner")
    coming = as_request(stranger, lambda actor: accept_invitation(actor=actor, token=token, scopes=ALL))
    suspend = staff, partial(suspend_organization, actor=staff, organization=cast.partner, reason="Unpaid")
    for number in range(count(200)):
        link, person, secret = new_link(cast, number)
        use = accept(person, secret, link.name)
        *came, suspended = race.run([use, use, coming, coming, later(suspend)])
        assert not isinstance(suspended, DomainError)
        assert refusals(came) <= {"unknown_invitation", "partner_not_active"}
        used = [result for result in came[:2] if not isinstance(result, DomainError)]
        assert len(used) <= 1 and made_by(person, link) == (len(used),) * 5
        assert differences() == []
        assert refusals(race.run([use, coming])) <= {"unknown_invitation", "partner_not_active"}
        reactivate_organization(actor=staff, organization=cast.partner)
        for connection in Connection.objects.active().filter(customer=cast.stranger):
            end_connection(actor=stranger, connection=connection)


def test_a_suspension_of_the_customer_while_it_connects_and_leaves(cast: World, race: Race) -> None:
    staff, stranger, token = cast.actor("vendor.admin"), cast.actor("stranger.admin"), cast.token("partner")
    suspend = staff, partial(suspend_organization, actor=staff, organization=cast.stranger, reason="Unpaid")
    for _round in range(count(200)):
        current = Connection.objects.active().filter(customer=cast.stranger).first()
        act = partial(accept_invitation, token=token, scopes=ALL)
        if current:
            act = partial(end_connection, connection=current)
        *done, suspended = race.run([as_request(stranger, lambda a, act=act: act(actor=a))] * 3 + [later(suspend)])
        assert not isinstance(suspended, DomainError)
        assert refusals(done) <= {"suspended", "state_changed", "not_found"}
        assert differences() == []
        reactivate_organization(actor=staff, organization=cast.stranger)


def new_partner_link(cast: World, number: int) -> tuple[ActivationLink, Person, str]:
    """Return a link by which the distributor invites a partner, with its addressee and a token."""
    _link, person, _token = new_link(cast, number)
    link = ActivationLink.objects.create(
        organization=cast.distributor, sender_name=cast.distributor.name, kind="partner", email=person.email,
        name=f"Partner {uuid.uuid4().hex}", country="FR", language="en", expires_at=compute_invitation_end(),
        program=Program.objects.get(code="solution_advisor"),
    )  # fmt: skip
    token = generate_token()
    ActivationToken.objects.create(invitation=link, digest=digest_secret(token))
    return link, person, token


def test_a_new_partner_that_eight_confirm_is_a_member_once(cast: World, race: Race) -> None:
    staff, programs = (
        cast.actor("vendor.admin"),
        Program.objects.filter(code__in=["solution_advisor", "service_provider"]),
    )
    for number in range(count(50)):
        link, person, token = new_partner_link(cast, number)
        (accepted,) = race.run([accept(person, token, link.name)])
        confirm = [
            (staff, partial(confirm_activated_partner, actor=staff, activationlink=accepted, program=program))
            for program in programs
        ]
        results = race.run(confirm * 4)
        assert len([result for result in results if isinstance(result, ProgramMembership)]) == 1
        assert refusals(results) == {"state_changed"}
        assert ProgramMembership.objects.filter(organization=accepted.account).count() == 1
        assert Event.objects.filter(kind="activation.partner_confirmed", subject_id=link.public_id).count() == 1
        assert differences() == []


def test_a_new_partner_is_confirmed_or_declined(cast: World, race: Race) -> None:
    staff, program = cast.actor("vendor.admin"), Program.objects.get(code="solution_advisor")
    for number in range(count(50)):
        link, person, token = new_partner_link(cast, number)
        (accepted,) = race.run([accept(person, token, link.name)])
        of_link: dict[str, Any] = {"actor": staff, "activationlink": accepted}
        decide = [
            (staff, partial(confirm_activated_partner, program=program, **of_link)),
            (staff, partial(decline_activated_partner, reason="Not now", **of_link)),
        ]
        results = race.run(decide * 3)
        assert refusals(results) == {"state_changed"} and sum(isinstance(one, DomainError) for one in results) == 5
        link.refresh_from_db()
        is_member = ProgramMembership.objects.filter(organization=accepted.account).exists()
        assert is_member is (link.declined_at is None)


def test_a_suspension_of_the_distributor_while_a_partner_is_founded_below_it(cast: World, race: Race) -> None:
    staff = cast.actor("vendor.admin")
    suspend = staff, partial(suspend_organization, actor=staff, organization=cast.distributor, reason="Unpaid")
    for number in range(count(200)):
        link, person, token = new_partner_link(cast, number)
        *used, suspended = race.run([accept(person, token, link.name)] * 3 + [later(suspend)])
        assert not isinstance(suspended, DomainError)
        assert refusals(used) <= {"unknown_invitation"}
        founded = Organization.objects.filter(operators__person=person)
        assert founded.count() == len([one for one in used if not isinstance(one, DomainError)]) <= 1
        assert all(one.parent_id == cast.distributor.pk for one in founded)
        assert refusals(race.run([accept(person, token, link.name)])) == {"unknown_invitation"}
        reactivate_organization(actor=staff, organization=cast.distributor)
        assert differences() == []
