"""What vendor staff say of an organisation: who it is, whether it takes part, its distributor, manager and badges."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, transaction

from accounts.actions import standing
from accounts.actions.operators import remove_operator
from accounts.actions.organizations import grant_membership, register_organization
from accounts.models import (
    Competency,
    Operator,
    Organization,
    OrganizationCompetency,
    OrganizationKind,
    OrganizationSkill,
    Person,
    Program,
    ProgramMembership,
    Skill,
)
from connections.models import Connection, Portfolio
from notifications import registry
from notifications.actions.outbox import write_due_notices
from notifications.models import Event, Notice
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound
from tests.states import put
from tests.world import World

STAFF = Actor.system("vendor staff (test)")
NUMBER = "1234567"


def manager_of(world: World) -> Operator:
    return world.operator("vendor.admin")


def calls(world: World) -> dict[str, dict[str, Any]]:
    partner, program = world.partner, Program.objects.get(code="service_provider")
    return {
        "correct_organization_identity": {"organization": partner, "partner_id": NUMBER},
        "suspend_organization": {"organization": partner, "reason": "Unpaid"},
        "reactivate_organization": {"organization": partner},
        "grant_membership": {"organization": partner, "program": program, "starts_on": dt.date(2020, 1, 1)},
        "change_membership_end": {"organization": partner, "program": program, "ends_on": today()},
        "move_partner": {"partner": partner, "distributor": world.distributor2},
        "set_account_manager": {"organization": partner, "operator": manager_of(world)},
        "set_qualifications": {"organization": partner, "competencies": [], "skills": []},
    }


ACTIONS = sorted(
    ["correct_organization_identity", "suspend_organization", "reactivate_organization", "grant_membership",
     "change_membership_end", "move_partner", "set_account_manager", "set_qualifications"]
)  # fmt: skip


def run_action(name: str, world: World, actor: Actor) -> None:
    """Call the action, as whoever is the tenant."""
    action = grant_membership if name == "grant_membership" else getattr(standing, name)
    action(actor=actor, **calls(world)[name])


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("partner.admin", "wrong_kind"),
        ("distributor.admin", "wrong_kind"),
        ("customer.admin", "wrong_kind"),
        ("publisher.admin", "wrong_kind"),
        ("vendor.reader", "wrong_role"),
    ],
)
def test_only_the_vendors_admins_do_it(action: str, who: str, code: str, world: World, actor_for: Any) -> None:
    before = Event.objects.count()
    with pytest.raises(ActionRefused) as refused:
        run_action(action, world, actor_for(who))
    assert refused.value.code == code
    assert code == "wrong_kind" or str(refused.value.message) == "Only Admins can do this."
    assert Event.objects.count() == before


@pytest.mark.promise("CV-15")
@pytest.mark.parametrize("action", ACTIONS)
def test_an_admin_of_the_vendor_does_it_by_name(action: str, world: World, actor_for: Any, as_tenant: Any) -> None:
    """As people do, under row-level security: the event names the person, and the organisation reads it."""
    actor, partner = actor_for("vendor.admin"), world.partner
    reader, other = actor_for("partner.reader"), actor_for("partner2.admin")
    if action == "reactivate_organization":
        put(Organization.objects.filter(pk=partner.pk), state="suspended")
    at = Event.objects.latest("pk").pk
    with as_tenant(actor):
        run_action(action, world, actor)
    (event,) = Event.objects.filter(pk__gt=at)
    assert (event.actor_kind, event.actor_id, event.actor_label) == ("person", actor.person_id, actor.label)
    assert (event.organization_id, event.counterpart_id) == (world.vendor.pk, partner.pk)
    assert event.changes
    for who, reads in ((reader, action != "suspend_organization"), (other, False)):
        with as_tenant(who):  # which enters no suspended organisation
            assert Event.objects.filter(pk=event.pk).exists() is reads


@pytest.mark.parametrize("action", sorted({*ACTIONS} - {"reactivate_organization"}))
def test_each_is_one_event_that_the_organisation_reads_and_the_same_again_is_none(action: str, world: World) -> None:
    before = Event.objects.count()
    run_action(action, world, STAFF)
    (event,) = Event.objects.order_by("-pk")[: Event.objects.count() - before]
    assert (event.counterpart_id, event.actor_label) == (world.partner.pk, STAFF.label)
    assert event.changes
    if action not in ("suspend_organization", "set_account_manager"):
        run_action(action, world, STAFF)
        assert Event.objects.count() == before + 1


CHANGES: list[dict[str, Any]] = [
    {"partner_id": "7654321"}, {"tenant_id": uuid.uuid4()}, {"state": "suspended"}, {"parent_id": None},
    {"account_manager_id": None}, {"account_manager_phone": "1"},
]  # fmt: skip


@pytest.mark.parametrize("who", ["partner.admin", "customer.admin", "distributor.admin", "publisher.admin"])
@pytest.mark.parametrize("values", CHANGES, ids=lambda values: next(iter(values)))
def test_the_database_lets_no_other_tenant_do_it(
    values: dict[str, Any], who: str, world: World, actor_for: Any, as_tenant: Any
) -> None:
    """Not even of the own organisation, whose row its Admins may edit."""
    actor = actor_for(who)
    Organization.objects.filter(pk=actor.organization_id).update(account_manager=world.operator("vendor.reader"))
    if actor.organization_kind != OrganizationKind.PARTNER and "parent_id" in values:
        return
    with pytest.raises(DatabaseError, match="only vendor staff"), as_tenant(actor):
        Organization.objects.filter(pk=actor.organization_id).update(**values)


def test_the_database_lets_nobody_elses_operator_be_an_account_manager(
    world: World, actor_for: Any, as_tenant: Any
) -> None:
    """It would copy that person's name and address to where others read them."""
    theirs = world.operator("partner.admin")
    with pytest.raises(DatabaseError, match="one of the vendor's operators"), as_tenant(actor_for("vendor.admin")):
        Organization.objects.filter(pk=world.customer.pk).update(account_manager_id=theirs.pk)


@pytest.mark.parametrize("who", ["vendor.admin", "vendor.reader"])
def test_the_vendors_staff_see_every_organisation_and_what_it_is(
    who: str, world: World, actor_for: Any, as_tenant: Any
) -> None:
    actor = actor_for(who)
    for model in (Organization, ProgramMembership, OrganizationCompetency, OrganizationSkill):
        everything = set(model.objects.values_list("pk", flat=True))
        assert set(model.objects.visible_to(actor).values_list("pk", flat=True)) == everything
        with as_tenant(actor):
            assert set(model.objects.values_list("pk", flat=True)) == everything


def test_what_is_verified_is_corrected(world: World) -> None:
    tenant = uuid.uuid4()
    standing.correct_organization_identity(
        actor=STAFF, organization=world.partner, name="Right", country="JP", tenant_id=tenant, partner_id=NUMBER
    )
    row = Organization.objects.get(pk=world.partner.pk)
    assert (row.name, row.name_folded, row.country, row.tenant_id, row.partner_id) == (
        "Right", "right", "JP", tenant, NUMBER,
    )  # fmt: skip
    changes = Event.objects.latest("pk").changes
    assert changes["country"] == ["DE", "JP"] and changes["partner_id"] == ["", NUMBER]
    with pytest.raises(ValidationError, match="partner_id"):
        standing.correct_organization_identity(actor=STAFF, organization=world.partner2, partner_id=NUMBER)
    with pytest.raises(IntegrityError, match="partner_id_once"), transaction.atomic():
        Organization.objects.filter(pk=world.partner2.pk).update(partner_id=NUMBER)
    for bad in ("0123456", "12", "MPN1234567", "１２３４５６７"):
        with pytest.raises(ValidationError):
            standing.correct_organization_identity(actor=STAFF, organization=world.partner2, partner_id=bad)


def test_a_new_organisation_has_its_numbers_from_the_start(db: None) -> None:
    tenant = uuid.uuid4()
    made = register_organization(
        actor=STAFF, kind=OrganizationKind.PARTNER, name="New", country="FR", partner_id=NUMBER, tenant_id=tenant
    )
    row = Organization.objects.get(pk=made.pk)
    assert (row.partner_id, row.tenant_id) == (NUMBER, tenant)
    call_command(
        "create_organization", "--kind=partner", "--name=B", "--country=SE", "--partner-id=7654321",
        "--tenant-id=11111111-1111-4111-8111-111111111111",
    )  # fmt: skip
    assert Organization.objects.get(partner_id="7654321").tenant_id == uuid.UUID("11111111-1111-4111-8111-111111111111")


def test_a_membership_ends_and_is_extended(world: World) -> None:
    program, row = Program.objects.get(code="service_provider"), {"actor": STAFF, "organization": world.partner}
    later = today() + dt.timedelta(days=30)
    assert standing.change_membership_end(**row, program=program, ends_on=later).ends_on == later
    assert standing.change_membership_end(**row, program=program, ends_on=None).ends_on is None
    with pytest.raises(InvalidInput):
        standing.change_membership_end(**row, program=program, ends_on=dt.date(1999, 1, 1))
    standing.change_membership_end(**row, program=program, ends_on=today() - dt.timedelta(days=1))
    with pytest.raises(NotFound):
        standing.change_membership_end(**row, program=program, ends_on=later)


def test_a_partner_moves_and_the_sight_of_its_customers_with_it(world: World) -> None:
    def seen_by(distributor: Organization) -> bool:
        return Portfolio.objects.filter(viewer=distributor, subject=world.customer).exists()

    assert seen_by(world.distributor) and not seen_by(world.distributor2)
    standing.move_partner(actor=STAFF, partner=world.partner, distributor=world.distributor2)
    assert seen_by(world.distributor2) and not seen_by(world.distributor)
    standing.move_partner(actor=STAFF, partner=world.partner, distributor=None)
    assert not seen_by(world.distributor2)
    for partner, above in ((world.customer, world.distributor), (world.partner, world.partner2)):
        with pytest.raises(InvalidInput):
            standing.move_partner(actor=STAFF, partner=partner, distributor=above)


def test_the_customers_of_a_moved_partner_are_told_who_sees_what_they_share(world: World) -> None:
    told = Notice.objects.filter(kind="partner_moved")
    standing.move_partner(actor=STAFF, partner=world.partner, distributor=world.distributor2)
    while write_due_notices():
        pass
    connected = Connection.objects.active().filter(partner=world.partner).values_list("customer_id", flat=True)
    assert set(told.values_list("recipient_id", flat=True)) == set(connected) >= {world.customer.pk}
    notice = told.get(recipient_id=world.customer.pk)
    kind = registry.get_notice_kinds()["partner_moved"]
    assert kind.get_subject(notice) == f"{world.partner} now works with the distributor {world.distributor2}"
    assert f"{world.distributor2} can also see what you share" in kind.get_body(notice)
    standing.move_partner(actor=STAFF, partner=world.partner, distributor=None)
    while write_due_notices():
        pass
    assert "no longer works with the distributor" in kind.get_subject(
        told.filter(recipient_id=world.customer.pk).latest("pk")
    )


def test_the_account_manager_is_the_vendors_and_named_to_the_organisation(world: World) -> None:
    with pytest.raises(InvalidInput):
        standing.set_account_manager(actor=STAFF, organization=world.customer, operator=world.operator("partner.admin"))
    customer = world.customer  # tests know it by its account manager's name
    manager = manager_of(world)
    standing.set_account_manager(actor=STAFF, organization=customer, operator=manager, phone="+1 555 0100")
    Person.objects.filter(pk=manager.person_id).update(name="Renamed Manager")
    customer.refresh_from_db()
    assert (customer.account_manager_name, customer.account_manager_email, customer.account_manager_phone) == (
        "Renamed Manager", manager.person.email, "+1 555 0100",
    )  # fmt: skip
    standing.set_account_manager(actor=STAFF, organization=customer, operator=None)
    customer.refresh_from_db()
    assert (customer.account_manager, customer.account_manager_name, customer.account_manager_phone) == (None, "", "")


def test_an_account_manager_who_leaves_is_named_no_more(world: World, actor_for: Any, as_tenant: Any) -> None:
    """Also where the vendor's own Admin removes them, who may not write other organisations."""
    customer, manager = world.customer, world.operator("vendor.reader")
    standing.set_account_manager(actor=STAFF, organization=customer, operator=manager)
    with as_tenant(actor_for("vendor.admin")):
        remove_operator(actor=actor_for("vendor.admin"), operator=manager)
    customer.refresh_from_db()
    assert (customer.account_manager_id, customer.account_manager_name, customer.account_manager_email) == (
        None, "", "",
    )  # fmt: skip


def test_qualifications_are_replaced(world: World) -> None:
    security, training = Competency.objects.get(code="security"), Skill.objects.get(code="training")
    standing.set_qualifications(actor=STAFF, organization=world.partner, competencies=[security], skills=[training])
    assert [*world.partner.competencies.all(), *world.partner.skills.all()] == [security, training]
    assert Event.objects.latest("pk").changes == {"skills": [["migration"], ["training"]]}


def test_the_account_page_shows_what_an_organisation_looks_for(web: Any, world: World) -> None:
    standing.correct_organization_identity(actor=STAFF, organization=world.partner, partner_id=NUMBER)
    page = web("partner.reader").get("/account/").content.decode()
    assert NUMBER in page and "Security" in page and "Migration" in page
    assert world.partner.account_manager_email in page
    other = web("customer.reader").get("/account/").content.decode()
    assert "Partner ID" not in other and "Competencies" not in other


def test_a_suspension_has_a_reason_and_ends(world: World) -> None:
    with pytest.raises(InvalidInput):
        standing.suspend_organization(actor=STAFF, organization=world.customer, reason=" ")
    with pytest.raises(InvalidInput):
        standing.suspend_organization(actor=STAFF, organization=world.vendor, reason="No")
    suspended = standing.suspend_organization(actor=STAFF, organization=world.customer, reason="Unpaid")
    assert Event.objects.latest("pk").note == "Unpaid"
    with pytest.raises(Conflict):
        standing.suspend_organization(actor=STAFF, organization=suspended, reason="Again")
    assert standing.reactivate_organization(actor=STAFF, organization=suspended).state == "active"
