"""Operators who come and go: no earlier invitation leads back, and somebody who can act always stays an Admin."""

from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.db import DatabaseError

from accounts.actions.joins import ask_to_join, grant_join_request
from accounts.actions.operators import add_operator, change_operator_roles, remove_operator
from accounts.actions.people import lock_person
from accounts.actions.vacancies import mark_admin_vacancies
from accounts.models import AdminVacancy, JoinRequest, Operator, OperatorInvitation, Role
from accounts.queries.operators import list_admin_names, list_organizations_with_sole_admin
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, NotFound
from tests.accounts.test_operator_invitations import accept, invite
from tests.accounts.test_work_addresses import add_domain

__all__ = ["invite"]

pytestmark = pytest.mark.django_db
NOBODY = "nobody@example.com"
STAFF = Actor.system("vendor staff")
State = OperatorInvitation.State


def leave(world, actor_for, as_tenant, who="nobody"):
    operator = Operator.objects.get(organization=world.partner, person=world.person(who))
    with as_tenant(actor_for("partner.admin")):
        remove_operator(actor=actor_for("partner.admin"), operator=operator)


def let_in(world):
    return add_operator(actor=STAFF, organization=world.partner, person=world.person("nobody"), roles=[Role.READER])


@pytest.mark.promise("CV-18")
def test_an_invitation_is_closed_when_its_person_comes_in_otherwise(invite, world, actor_for, as_tenant):
    row, token = invite(roles=["admin"])
    let_in(world)
    row.refresh_from_db()
    assert row.state == State.REVOKED and not row.tokens.exists()
    with pytest.raises(NotFound):
        accept(actor_for("nobody"), token, as_tenant)


@pytest.mark.promise("CV-18")
def test_who_is_removed_does_not_come_back_by_an_earlier_invitation(invite, world, actor_for, as_tenant):
    """Not even by one to another address, which turned out to be theirs while they were in."""
    other = "nobody.else@example.com"
    row, token = invite(other, roles=["admin"])
    let_in(world)
    EmailAddress.objects.create(user=world.person("nobody"), email=other, verified=True)
    assert OperatorInvitation.objects.get(pk=row.pk).state == State.OPEN
    leave(world, actor_for, as_tenant)
    assert OperatorInvitation.objects.get(pk=row.pk).state == State.REVOKED
    with pytest.raises(NotFound):
        accept(actor_for("nobody"), token, as_tenant)
    event = Event.objects.get(kind="operator_invitation.withdrawn")
    assert (event.organization_id, event.subject_label) == (world.partner.pk, other)


def test_the_database_withdraws_it_whoever_deletes_the_operator(invite, world):
    other = "nobody.else@example.com"
    row, _token = invite(other)
    operator = let_in(world)
    EmailAddress.objects.create(user=world.person("nobody"), email=other, verified=True)
    operator.delete()
    assert OperatorInvitation.objects.get(pk=row.pk).state == State.REVOKED


def test_who_is_removed_can_be_invited_again_and_others_invitations_stay(invite, world, actor_for, as_tenant):
    theirs, _token = invite("customer.reader@example.com")
    let_in(world)
    leave(world, actor_for, as_tenant)
    _row, token = invite()
    assert accept(actor_for("nobody"), token, as_tenant).roles == ["reader"]
    assert OperatorInvitation.objects.get(pk=theirs.pk).state == State.OPEN


def test_a_request_to_join_is_answered_when_its_person_comes_in_otherwise(world, actor_for, as_tenant):
    add_domain(world.partner, "example.com")
    with as_tenant(actor_for("nobody")):
        asked = ask_to_join(person=world.person("nobody"), organization_id=world.partner.public_id)
    let_in(world)
    asked.refresh_from_db()
    assert asked.state == JoinRequest.State.ADDED and asked.decided_at
    actor = actor_for("partner.admin")
    with as_tenant(actor), pytest.raises(Conflict) as refused:
        grant_join_request(actor=actor, join_request=asked, roles=["admin"])
    assert refused.value.code == "state_changed"


def test_the_log_says_which_roles_somebody_got(invite, world, actor_for, as_tenant):
    _row, token = invite(roles=["sales_agent"], finance_granted=True)
    wanted = {"finance_granted": [None, True], "roles": [None, ["sales_agent"]]}
    assert Event.objects.get(kind="operator_invitation.sent").changes == wanted
    accept(actor_for("nobody"), token, as_tenant)
    assert Event.objects.get(kind="operator.added").changes == wanted
    let_in(world)
    changed = {"finance_granted": [True, False], "roles": [["sales_agent"], ["reader"]]}
    assert Event.objects.get(kind="operator.roles_changed").changes == changed
    person = world.person("nobody")
    Operator.objects.filter(person=person).delete()
    let_in(world)
    added = Event.objects.filter(kind="operator.added").latest("pk")
    assert added.changes == {"finance_granted": [None, False], "roles": [None, ["reader"]]}


@pytest.fixture
def locked_colleague(world):
    """A second Admin of the customer, who is locked out."""
    person = world.person("nobody")
    Operator.objects.create(organization=world.customer, person=person, roles=[Role.ADMIN])
    lock_person(actor=STAFF, person=person, reason="lost her laptop")
    return person


@pytest.mark.promise("E-5")
@pytest.mark.parametrize("action", [remove_operator, partial(change_operator_roles, roles=["reader"])])
def test_the_last_admin_who_can_act_stays(action, locked_colleague, world):
    me = Operator.objects.get(organization=world.customer, person=world.person("customer.admin"))
    with pytest.raises(Conflict) as refused:
        action(actor=STAFF, operator=me)
    assert refused.value.code == "last_admin"


def test_the_database_keeps_an_admin_who_can_act(locked_colleague, world, actor_for, as_tenant):
    with pytest.raises(DatabaseError, match="operator_one_admin"), as_tenant(actor_for("customer.admin")):
        Operator.objects.filter(organization=world.customer, person=world.person("customer.admin")).delete()


def test_whose_only_admin_is_locked_counts_as_without_one(locked_colleague, world):
    assert world.customer in list_organizations_with_sole_admin(world.person("customer.admin"))
    mark_admin_vacancies()
    assert not AdminVacancy.objects.filter(organization=world.customer).exists()
    lock_person(actor=STAFF, person=world.person("customer.admin"), reason="left")
    mark_admin_vacancies()
    assert AdminVacancy.objects.filter(organization=world.customer).exists()
    Operator.objects.filter(person=locked_colleague).delete()
    Operator.objects.create(organization=world.customer, person=locked_colleague, roles=[Role.ADMIN])
    assert AdminVacancy.objects.filter(organization=world.customer).exists(), "who is locked fills no vacancy"


def test_whoever_needs_help_is_sent_to_an_admin_who_can_act(locked_colleague, world, actor_for, as_tenant):
    actor = actor_for("customer.reader")
    with as_tenant(actor):
        assert list_admin_names(actor) == [str(world.person("customer.admin"))]
