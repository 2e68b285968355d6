"""Who acts for an organisation is its own business, and one Admin stays, whatever a request is made to say."""

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from accounts.actions.organizations import create_own_organization
from accounts.models import Operator, OrganizationKind, Role
from partnerportal.lib.roles import list_roles_for_kind


def rows_of_many(world, organization):
    """Mary acts for three organisations; her row for one of them."""
    return Operator.objects.filter(person=world.person("many"), organization=world[organization])


@pytest.mark.parametrize("other", ["customer", "distributor"])
def test_ones_rows_of_other_organisations_are_seen_and_left_alone(other, world, actor_for, as_tenant):
    with as_tenant(actor_for("many@partner")):
        theirs = Operator.objects.filter(person=actor_for("many@partner").person_id).exclude(
            organization=actor_for("many@partner").organization_id
        )
        assert theirs.count() == 2
        assert theirs.update(roles=[Role.ADMIN]) == 0
        assert theirs.delete() == (0, {})
    assert rows_of_many(world, other).exists()


def test_a_row_leads_into_no_other_organisation(world, actor_for, as_tenant):
    """Neither one's own, by which an Admin here would be one there, nor by a new one."""
    other, mine = world.stranger.pk, rows_of_many(world, "partner").get().pk
    with pytest.raises(DatabaseError, match="permission denied"), as_tenant(actor_for("many@partner")):
        Operator.objects.filter(pk=mine).update(organization_id=other)
    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor_for("many@partner")):
        Operator.objects.create(organization_id=other, person_id=actor_for("many").person_id, roles=[Role.ADMIN])


@pytest.mark.parametrize("how", ["delete", "demote", "delete all", "demote all"])
def test_the_last_admin_stays(how, world, actor_for, as_tenant):
    last = Operator.objects.get(organization=world.stranger, roles__contains=[Role.ADMIN])
    with pytest.raises(IntegrityError, match="operator_one_admin"), as_tenant(actor_for("stranger.admin")):
        rows = Operator.objects.filter(organization=last.organization_id)
        rows = rows if how.endswith("all") else rows.filter(pk=last.pk)
        if how.startswith("delete"):
            rows._raw_delete(rows.db)  # in one statement
        else:
            rows.update(roles=[Role.READER])
    assert Operator.objects.filter(pk=last.pk, roles__contains=[Role.ADMIN]).exists()


def test_another_admin_makes_way(world, actor_for, as_tenant):
    Operator.objects.filter(organization=world.stranger).update(roles=[Role.ADMIN])
    admin = world.operator("stranger.admin")
    with as_tenant(actor_for("stranger.admin")):
        assert Operator.objects.filter(pk=admin.pk).update(roles=[Role.READER]) == 1


@pytest.mark.parametrize("kind", OrganizationKind.values)
@pytest.mark.parametrize("role", Role.values)
def test_a_kind_has_its_roles_and_no_other_whoever_writes(kind, role, world):
    operator = Operator.objects.filter(organization__kind=kind, roles=["reader"]).first()
    rows = Operator.objects.filter(pk=operator.pk)
    if role in list_roles_for_kind(kind):
        assert rows.update(roles=[role]) == 1
        return
    with pytest.raises(IntegrityError, match="operator_roles_of_kind"), transaction.atomic():
        rows.update(roles=["reader", role])
    operator.delete()
    with pytest.raises(IntegrityError, match="operator_roles_of_kind"):
        Operator.objects.create(organization=operator.organization, person=operator.person, roles=[role])


def test_staff_are_not_held(world):
    """A person is erased, an organisation is closed: at the command line."""
    rows = Operator.objects.filter(organization=world.stranger)
    assert rows.delete()[0] == 2


def test_who_founds_an_organisation_becomes_its_admin(world, actor_for, as_tenant):
    with as_tenant(actor_for("many@partner")):
        founded = create_own_organization(person=world.person("many"), name="Newfound", country="DE")
    assert Operator.objects.get(organization=founded).roles == [Role.ADMIN]
