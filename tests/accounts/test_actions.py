"""What persons and vendor staff do to accounts, under row-level security where a person does it."""

import datetime as dt
import secrets

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.actions.operators import add_operator, change_operator_roles, remove_operator
from accounts.actions.organizations import (
    create_own_organization,
    grant_membership,
    register_organization,
    update_organization_contact_data,
)
from accounts.models import Operator, Organization, OrganizationKind, Program, Role
from accounts.queries.operators import list_operators_of_person
from connections.actors import build_actor_for_organization as make_actor
from connections.models import InvitationLink, Portfolio
from notifications.models import Event
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound

SYSTEM = Actor.system()


def code(error):
    return error.value.code


@pytest.fixture
def as_web(as_tenant):
    """Do an action as a request of the actor would."""

    def run(action, *, actor, **values):
        with as_tenant(actor):
            return action(actor=actor, **values)

    return run


def test_founding_makes_a_customer_with_its_admin(world):
    nobody = world.person("nobody")
    tenancy.enter_tenant(organization_id=None, person_id=nobody.pk)  # all of it as the web role, without a tenant
    organization = create_own_organization(person=nobody, name="Ärger & Söhne", country="DE")
    actor = make_actor(nobody, None, list(list_operators_of_person(nobody.pk)))
    assert (actor.organization_id, actor.roles) == (organization.pk, {Role.ADMIN})
    assert (organization.kind, organization.name_folded) == (OrganizationKind.CUSTOMER, "arger sohne")
    with tenancy.as_tenant(organization_id=organization.pk):
        assert Portfolio.objects.get().subject_id == organization.pk
        assert Event.objects.get().kind == "organization.created"


@pytest.mark.promise("CC-1")
def test_an_orgid_that_is_taken_is_drawn_again(world, monkeypatch):
    taken = int(world.customer.org_id) - 10_000_000
    drawn = iter([taken, taken, 7])
    monkeypatch.setattr(secrets, "randbelow", lambda _below: next(drawn))
    registered = register_organization(actor=SYSTEM, kind=OrganizationKind.PARTNER, name="Newer", country="FR")
    assert registered.org_id == "10000007"


def test_an_orgid_that_is_given_is_not_replaced(world):
    with pytest.raises(ValidationError, match="ORGID"):
        register_organization(
            actor=SYSTEM, kind=OrganizationKind.PARTNER, name="New", country="FR", org_id=world.customer.org_id
        )


@pytest.mark.promise("CC-1", "CC-42")
def test_a_partner_comes_with_its_link_and_others_without(world):
    for kind in OrganizationKind:
        made = register_organization(actor=SYSTEM, kind=kind, name="New", country="FR")
        assert InvitationLink.objects.filter(organization=made).exists() is (kind == OrganizationKind.PARTNER)
        assert made.org_id.isdigit() and len(made.org_id) == 8


def test_only_a_partner_stands_under_a_distributor(world):
    with pytest.raises(InvalidInput) as refused:
        register_organization(
            actor=SYSTEM, kind=OrganizationKind.CUSTOMER, name="New", country="FR", parent=world.distributor
        )
    assert code(refused) == "parent"
    with pytest.raises(InvalidInput):
        register_organization(
            actor=SYSTEM, kind=OrganizationKind.PARTNER, name="New", country="FR", parent=world.partner
        )
    with pytest.raises(ValidationError):
        register_organization(actor=SYSTEM, kind=OrganizationKind.PARTNER, name="New", country="??")


@pytest.mark.parametrize("who", ["vendor.admin", "partner.admin", "anonymous"])
def test_vendor_staff_add_operators_at_the_command_line_only(who, world, actor_for):
    with pytest.raises(ActionRefused) as refused:
        add_operator(
            actor=actor_for(who), organization=world.partner, person=world.person("nobody"), roles=[Role.ADMIN]
        )
    assert code(refused) == "not_vendor_staff"


@pytest.mark.parametrize(
    ("who", "reason"),
    [("vendor.reader", "wrong_role"), ("partner.admin", "wrong_kind"), ("anonymous", "no_organization")],
)
def test_only_the_vendors_admins_register_organisations(who, reason, world, actor_for):
    with pytest.raises(ActionRefused) as refused:
        register_organization(actor=actor_for(who), kind=OrganizationKind.PARTNER, name="New", country="FR")
    assert code(refused) == reason
    with pytest.raises(InvalidInput) as refused:
        register_organization(
            actor=actor_for("vendor.admin"), kind=OrganizationKind.VENDOR, name="Second", country="FR"
        )
    assert code(refused) == "kind"


@pytest.mark.promise("CC-4", "E-1")
@pytest.mark.parametrize(
    ("starts_in", "ends_in", "is_active"),
    [(0, None, True), (0, 0, True), (-9, -1, False), (1, None, False), (-9, 0, True)],
)
def test_a_badge_counts_from_its_first_day_to_its_last(world, actor_for, starts_in, ends_in, is_active):
    today = timezone.now().date()
    grant_membership(
        actor=SYSTEM,
        organization=world.nobadge,
        program=Program.objects.get(code="solution_advisor"),
        starts_on=today + dt.timedelta(days=starts_in),
        ends_on=None if ends_in is None else today + dt.timedelta(days=ends_in),
    )
    assert ("customer_dashboard" in actor_for("nobadge.reader").features) is is_active


def test_roles_change_and_the_log_says_from_what_to_what(world, actor_for, as_web):
    admin = actor_for("partner.admin")
    operator = as_web(
        change_operator_roles, actor=admin, operator=world.operator("partner.reader"), roles=["sales_agent", "admin"]
    )
    assert operator.roles == ["admin", "sales_agent"]
    event = Event.objects.latest("pk")
    assert event.kind == "operator.roles_changed"
    assert event.subject_id == operator.person.public_id
    assert event.changes == {"roles": [["reader"], ["admin", "sales_agent"]]}
    assert event.organization_id == world.partner.pk


@pytest.mark.parametrize("roles", [[], ["emperor"], ["admin", "emperor"], ["admin", "sales_agent"]])
def test_roles_are_those_of_the_kind_and_at_least_one(world, actor_for, as_web, roles):
    with pytest.raises(InvalidInput) as refused:
        as_web(
            change_operator_roles,
            actor=actor_for("customer.admin"),
            operator=world.operator("customer.reader"),
            roles=roles,
        )
    assert refused.value.field == "roles"


@pytest.mark.promise("CV-15", "CV-16")
@pytest.mark.parametrize("role", ["reader", "sales_agent", "admin_agent"])
def test_only_an_admin_manages_operators(world, actor_for, as_web, role):
    actor, operator = actor_for(f"partner.{role}"), world.operator("partner.reader")
    for action, values in ((change_operator_roles, {"roles": ["admin"]}), (remove_operator, {})):
        with pytest.raises(ActionRefused) as refused:
            as_web(action, actor=actor, operator=operator, **values)
        assert code(refused) == "wrong_role"


def test_nobody_changes_their_own_roles(world, actor_for, as_web):
    with pytest.raises(ActionRefused) as refused:
        as_web(
            change_operator_roles,
            actor=actor_for("customer.admin"),
            operator=world.operator("customer.admin"),
            roles=["reader"],
        )
    assert code(refused) == "own_role"


def test_operators_of_another_organisation_are_not_there(world, actor_for, as_web):
    stranger, operator = actor_for("stranger.admin"), world.operator("customer.reader")
    for action, values in ((change_operator_roles, {"roles": ["admin"]}), (remove_operator, {})):
        with pytest.raises(NotFound):
            as_web(action, actor=stranger, operator=operator, **values)


@pytest.mark.promise("E-5")
def test_the_last_admin_stays(world, actor_for, as_web):
    admin = actor_for("customer.admin")
    with pytest.raises(Conflict) as refused:
        as_web(remove_operator, actor=admin, operator=world.operator("customer.admin"))
    assert code(refused) == "last_admin"
    as_web(change_operator_roles, actor=admin, operator=world.operator("customer.reader"), roles=["admin"])
    as_web(remove_operator, actor=admin, operator=world.operator("customer.admin"))
    assert not Operator.objects.filter(person=admin.person_id, organization=world.customer).exists()
    assert actor_for("customer.admin").organization_id is None


def test_an_admin_who_lost_the_role_meanwhile_does_nothing(world, actor_for, as_web):
    admin = actor_for("customer.admin")  # as the request began
    Operator.objects.filter(person=admin.person_id).update(roles=[Role.READER])
    with pytest.raises(ActionRefused):
        as_web(remove_operator, actor=admin, operator=world.operator("customer.reader"))


def test_contact_data_is_the_own_organisations(world, actor_for, as_web):
    admin = actor_for("customer.admin")
    as_web(update_organization_contact_data, actor=admin, organization=world.customer, name="Neu GmbH", city="Ulm")
    row = Organization.objects.get(pk=world.customer.pk)
    assert (row.name, row.name_folded, row.city) == ("Neu GmbH", "neu gmbh", "Ulm")
    assert Event.objects.latest("pk").changes == {"city": [world.customer.city, "Ulm"], "name": []}
    with pytest.raises(NotFound):
        as_web(update_organization_contact_data, actor=admin, organization=world.partner, city="Ulm")
    with pytest.raises(InvalidInput):
        as_web(update_organization_contact_data, actor=admin, organization=world.customer, kind="vendor")
    with pytest.raises(ActionRefused):
        as_web(
            update_organization_contact_data,
            actor=actor_for("customer.reader"),
            organization=world.customer,
            city="Bonn",
        )


def test_saving_what_is_there_already_records_nothing(world, actor_for, as_web):
    before = Event.objects.count()
    as_web(
        update_organization_contact_data,
        actor=actor_for("customer.admin"),
        organization=world.customer,
        city=world.customer.city,
    )
    assert Event.objects.count() == before
