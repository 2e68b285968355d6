"""An invitation is accepted or withdrawn, never both, and accepted once, however many try at the same moment."""

import re

import pytest
from django.utils import timezone

from accounts.actions.invitations import (
    accept_operator_invitation,
    invite_operator,
    resend_operator_invitation,
    withdraw_operator_invitation,
)
from accounts.models import Operator, OperatorInvitation
from tests import mails
from tests.counts import count

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
        return row, re.findall(r"/join/([\w-]+)/", "".join(mail.body for mail in mails.sent()))[-1]

    return fresh


def accepting(cast, token):
    actor = cast.actor("nobody")
    return actor, lambda: accept_operator_invitation(actor=actor, token=token)


@pytest.mark.promise("CV-20")
def test_first_use_against_withdrawal(cast, race, fresh):
    admin = cast.actor("partner.admin")
    for _round in range(count(20)):
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
    for _round in range(count(10)):
        row, token = fresh()
        sending = admin, lambda row=row: resend_operator_invitation(actor=admin, invitation=row)
        race.run([accepting(cast, token), sending, sending])
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
