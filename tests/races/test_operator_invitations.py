"""An invitation is accepted or withdrawn, never both, and accepted once, however many try at the same moment."""

import re

import pytest
from django.utils import timezone

from accounts.actions.invitations import (
    accept_operator_invitation,
    create_operator_invitation_link,
    invite_operator,
    resend_operator_invitation,
    withdraw_operator_invitation,
)
from accounts.actions.joins import grant_join_request
from accounts.actions.standing import reactivate_organization, suspend_organization
from accounts.models import JoinRequest, Operator, OperatorInvitation, OrganizationDomain
from tests.counts import count
from tests.races.conftest import later

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

NOBODY = "nobody@example.com"


@pytest.fixture
def fresh(cast, race):
    """Return a new invitation of Norman, who acts for nobody then, with its token and who may do what to it."""

    def fresh():
        Operator.objects.filter(person=cast.person("nobody")).delete()
        OperatorInvitation.objects.filter(email=NOBODY).delete()
        admin = cast.actor("partner.admin")
        [row] = race.run([(admin, lambda: invite_operator(actor=admin, email=NOBODY, roles=["reader"]))])
        assert isinstance(row, OperatorInvitation), row
        [url] = race.run([(admin, lambda: create_operator_invitation_link(actor=admin, invitation=row))])
        return row, re.search(r"/join/([\w-]+)/", url)[1]

    return fresh


def accepting(cast, token):
    actor = cast.actor("nobody")
    return actor, lambda: accept_operator_invitation(actor=actor, token=token)


@pytest.mark.promise("CV-20")
def test_first_use_against_withdrawal(cast, race, fresh):
    admin = cast.actor("partner.admin")
    for _round in range(count(200)):
        row, token = fresh()
        withdrawing = admin, lambda row=row: withdraw_operator_invitation(actor=admin, invitation=row)
        results = race.run([accepting(cast, token), withdrawing] * 4)
        row.refresh_from_db()
        is_operator = Operator.objects.filter(person=cast.person("nobody"), organization=cast.partner).exists()
        assert (row.state == "accepted") == is_operator and row.state != "open"
        assert len([r for r in results if not isinstance(r, Exception)]) == 1
        codes = {r.code for r in results if isinstance(r, Exception)}
        assert codes <= {"state_changed", "unknown_invitation"}, codes
        assert not row.tokens.exists()


def test_sent_again_against_first_use(cast, race, fresh):
    """No link is left alive by a mail that goes out at the moment of the acceptance."""
    admin = cast.actor("partner.admin")
    for _round in range(count(100)):
        row, token = fresh()
        sending = admin, lambda row=row: resend_operator_invitation(actor=admin, invitation=row)
        race.run([accepting(cast, token), later(sending), later(sending)])
        row.refresh_from_db()
        assert row.state == "accepted" and not row.tokens.exists()


def test_of_many_that_are_sent_at_once_one_is(cast, race, fresh):
    admin = cast.actor("partner.admin")
    for _round in range(count(10)):
        row, _token = fresh()
        row.delete()
        results = race.run([(admin, lambda: invite_operator(actor=admin, email=NOBODY, roles=["reader"]))] * 8)
        assert OperatorInvitation.objects.filter(email=NOBODY, expires_at__gt=timezone.now()).count() == 1
        assert {r.code for r in results if isinstance(r, Exception)} == {"invited_already"}


def test_of_an_invitation_and_a_granted_request_of_the_same_person_one_lets_in(cast, race, fresh):
    """Norman has asked to be let in and was invited too: he is one operator, whichever Admin was faster."""
    person, admin = cast.person("nobody"), cast.actor("partner.admin")
    OrganizationDomain.objects.create(
        organization=cast.partner, name="example.com", state="proved", proved_at=timezone.now()
    )
    for _round in range(count(50)):
        row, token = fresh()
        JoinRequest.objects.all().delete()
        asked = JoinRequest.objects.create(organization=cast.partner, person=person, domain="example.com")
        grant = admin, lambda asked=asked: grant_join_request(actor=admin, join_request=asked, roles=["admin"])
        accepted, granted = race.run([accepting(cast, token), grant])
        operator = Operator.objects.get(organization=cast.partner, person=person)
        row.refresh_from_db()
        asked.refresh_from_db()
        assert asked.state == "added", "it is answered, also by whoever comes in another way"
        if row.state == "accepted":
            assert operator.roles == ["reader"] and accepted.pk == operator.pk and granted.code == "state_changed"
        else:
            assert (row.state, accepted.code) == ("revoked", "unknown_invitation")
            assert operator.roles == ["admin"] and granted.pk == operator.pk


def test_a_suspension_while_somebody_comes_in(cast, race, fresh):
    """Who is let in is let in wholly, and whoever is suspended lets nobody in."""
    staff = cast.actor("vendor.admin")
    suspend = staff, lambda: suspend_organization(actor=staff, organization=cast.partner, reason="Unpaid")
    for _round in range(count(200)):
        row, token = fresh()
        *came, suspended = race.run([accepting(cast, token)] * 3 + [later(suspend)])
        assert not isinstance(suspended, Exception)
        assert {r.code for r in came if isinstance(r, Exception)} <= {"unknown_invitation"}
        row.refresh_from_db()
        is_in = Operator.objects.filter(person=cast.person("nobody"), organization=cast.partner).exists()
        assert is_in == (row.state == "accepted") == any(isinstance(r, Operator) for r in came)
        (late,) = race.run([accepting(cast, token)])
        assert late.code == "unknown_invitation"
        reactivate_organization(actor=staff, organization=cast.partner)
