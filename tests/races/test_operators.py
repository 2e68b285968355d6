"""An organisation keeps an Admin, however many take each other's role away at once (E-5)."""

import pytest
from django.db import IntegrityError, transaction

from accounts.actions.operators import change_operator_roles, remove_operator
from accounts.models import Operator, Role
from notifications.models import Event
from tests.counts import count

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]


def demote(actor, operator):
    return actor, lambda: change_operator_roles(actor=actor, operator=operator, roles=[Role.READER])


def remove(actor, operator):
    return actor, lambda: remove_operator(actor=actor, operator=operator)


@pytest.mark.promise("E-5")
@pytest.mark.parametrize(
    "actions", [(demote, demote), (remove, remove), (demote, remove)], ids=["demote", "remove", "both"]
)
def test_two_admins_against_each_other(cast, race, actions):
    names = ("stranger.admin", "stranger.reader")
    people = [cast.person(who) for who in names]
    for _round in range(count(70)):
        for person in people:
            Operator.objects.update_or_create(
                person=person, organization=cast.stranger, defaults={"roles": [Role.ADMIN]}
            )
        first, second = (cast.actor(who) for who in names)
        one, two = (cast.operator(who) for who in names)
        before = Event.objects.count()
        results = race.run([actions[0](first, two), actions[1](second, one)] * 8)
        admins = Operator.objects.filter(organization=cast.stranger, roles__contains=[Role.ADMIN])
        assert admins.filter(person__in=people).count() == 1
        done = [r for r in results if not isinstance(r, Exception)]
        assert Event.objects.count() - before == len(done) >= 1
        assert {r.code for r in results if isinstance(r, Exception)} <= {"wrong_role", "not_found", "last_admin"}


def test_the_last_admin_stays(cast, race):
    admin = cast.actor("stranger.admin")
    Operator.objects.filter(organization=cast.stranger).exclude(person=admin.person_id).delete()
    for _round in range(count(10)):
        results = race.run([remove(admin, cast.operator("stranger.admin"))] * 16)
        assert {r.code for r in results} == {"last_admin"}


def test_the_database_keeps_one_without_the_action(cast, race):
    """The same by bare statements, which no code has checked before."""

    def demote_by_sql(actor, operator):
        def action():
            try:
                with transaction.atomic():
                    return Operator.objects.filter(pk=operator.pk).update(roles=[Role.READER])
            except IntegrityError as error:
                return error

        return actor, action

    names = ("stranger.admin", "stranger.reader")
    Operator.objects.filter(organization=cast.stranger).exclude(person__in=[cast.person(w) for w in names]).delete()
    for _round in range(count(10)):
        Operator.objects.filter(organization=cast.stranger).update(roles=[Role.ADMIN])
        first, second = (cast.actor(who) for who in names)
        one, two = (cast.operator(who) for who in names)
        results = race.run([demote_by_sql(first, two), demote_by_sql(second, one)] * 8)
        assert Operator.objects.filter(organization=cast.stranger, roles__contains=[Role.ADMIN]).count() == 1
        refused = [r for r in results if isinstance(r, Exception)]
        assert refused and all("operator_one_admin" in str(error) for error in refused)
