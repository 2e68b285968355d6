"""A person gets a copy of what is held about them, and is erased: afterwards no table names them."""

import io
import json
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from accounts.actions.people import lock_person, unlock_person
from accounts.models import ExternalIdentity, JoinRequest, OperatorInvitation, Person, SavedView
from connections.models import Consent
from entitlements.actions.trials import decline_trial
from entitlements.models import ActivationLink, Entitlement, LicenseAssignment, Sku
from exports.events import ExportEventKind
from exports.models import Export
from imports.models import Import
from notifications.actions.outbox import write_due_notices
from notifications.actions.recording import record_event
from notifications.models import Delivery, Event, Notice, NoticePreference
from partnerportal.lib.actors import Actor
from partnerportal.lib.scopes import ALL
from partnerportal.lib.sessions import SessionStore
from support.country_change import CODE
from support.models import Request
from tests.accounts.test_secrets import everything
from tests.accounts.test_sign_in import sign_in
from tests.conftest import PageClient
from tests.world import World, address

pytestmark = pytest.mark.django_db

STAFF = Actor.system("vendor staff (test)")
EMAIL, NAME, BEFORE = address("many"), "Mary Many", "Mary Unwed"


def call(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().strip()


@pytest.fixture
def busy(world: World) -> Person:
    """Mary did something in every place: under an earlier name too, and in what others wrote about her."""
    person = world.person("many")
    Person.objects.filter(pk=person.pk).update(name=BEFORE)
    for page in ("/lists/customers/views/new/", "/renewals/calendar/"):
        signed_in(world, "many@partner").post(page, {"name": "Mine"})
    Person.objects.filter(pk=person.pk).update(name=NAME)
    client = signed_in(world, "many@partner")
    client.post("/me/notices/", {"ends_soon": "each"})
    client.post("/lists/customers/display/", {"density": "compact"})
    Export.objects.create(organization=world.partner, person_id=person.pk, list="customers")
    Import.objects.create(organization=world.partner, person_id=person.pk, kind="goods")
    JoinRequest.objects.create(organization=world.stranger, person=person, domain="example.com")
    OperatorInvitation.objects.filter(organization=world.customer).update(email=EMAIL)
    ActivationLink.objects.filter(organization=world.partner).update(email=EMAIL)
    ExternalIdentity.objects.create(person=person, source="old_portal", external_id="u-1")
    shared = {"scopes": ALL, "offered": ALL, "person_id": person.pk, "person_label": BEFORE}
    Consent.objects.create(connection=world.connection("customer", "partner"), **shared)
    open_one = Request.objects.get(organization=world.partner, state="submitted")
    client.post(f"/requests/{open_one.public_id}/messages/", {"message": f"{NAME} <{EMAIL}> has moved too"})
    client.post(f"/requests/new/{CODE}/{world.partner.public_id}/")
    Request.objects.filter(person=person).update(contact_email=EMAIL, justification=f"Ask {EMAIL}")
    client.post("/inbox/read/", {})
    client.post(f"/inbox/{world.notices('partner').first().public_id}/")
    client.post(f"/operators/{world.operator('partner.reader').public_id}/roles/", {"roles": ["sales_agent"]})
    hers = f"/operators/{person.operators.get(organization=world.partner).public_id}/roles/"
    signed_in(world, "partner.admin").post(hers, {"roles": ["admin", "reader"]})
    person = world.person("many")
    lock_person(actor=STAFF, person=person, reason=f"{NAME} <{EMAIL}> left, says co-{EMAIL}")
    unlock_person(actor=STAFF, person=person)
    sign_in(PageClient(), "many", REMOTE_ADDR="203.0.113.9")
    TOTP.activate(person, "A" * 32)
    RecoveryCodes.activate(person)
    sign_in(PageClient(), "many", password="wrong password 1", REMOTE_ADDR="203.0.113.8")
    while write_due_notices():
        pass
    for_her = Actor.system("exports", on_behalf_of=world.actor("many@partner"))
    record_event(ExportEventKind.EXPORTED, actor=for_her, subject=world.partner)
    Delivery.objects.filter(pk=Delivery.objects.first().pk).update(
        error=f"Recipients refused: {{'{EMAIL.upper()}': 550}}"
    )
    Notice.objects.filter(pk=Notice.objects.first().pk).update(note=f"Ask {EMAIL}")
    Entitlement.objects.filter(customer=world.customer, kind="trial").update(reason=f"Ask {EMAIL}, co-{EMAIL}")
    return person


def signed_in(world: World, who: str) -> PageClient:
    client = PageClient()
    client.force_login(world.person(who))
    session = client.session
    session["organization"] = world.organization_of(who).pk
    session.save()
    return client


def named() -> set[str]:
    """Tables of which a row holds the name or the address, as text."""
    words = (EMAIL.lower(), NAME.lower(), BEFORE.lower())
    text = everything().lower().replace(f"co-{EMAIL.lower()}", "somebody else")
    return {line.split()[0] for line in text.splitlines() if any(word in line for word in words)}


@pytest.mark.promise("O-14")
def test_a_copy_holds_all_and_no_secret(world: World, busy: Person) -> None:
    LicenseAssignment.objects.filter(customer=world.customer).update(holder=EMAIL.upper(), holder_kind="user")
    text = call("export_person", EMAIL.upper())
    held = json.loads(text)
    assert held["account"]["name"] == NAME
    assert {row["organization__name"] for row in held["organizations"]} == {
        str(world[name]) for name in ("partner", "customer", "distributor")
    }
    assert {device["type"] for device in held["devices"]} == {"totp", "recovery_codes"}
    assert [name for name, rows in held.items() if not rows] == [], "there is something of hers in every place"
    assert held["licences_held"][0]["customer__name"] == str(world.customer)
    secrets = [row.data.get("secret") or row.data["seed"] for row in Authenticator.objects.filter(user=busy)]
    assert not [secret for secret in (*secrets, busy.password, "A" * 32) if secret in text]


@pytest.mark.promise("O-14")
def test_no_table_names_a_person_who_is_erased(world: World, busy: Person) -> None:
    LicenseAssignment.objects.filter(customer=world.customer).update(holder=EMAIL, holder_kind="user")
    told = {"notifications_event", "notifications_notice", "notifications_delivery"}
    assert {"accounts_person", "connections_consent", *told} <= named()
    before = list(Event.objects.order_by("pk").values_list("pk", "public_id", "kind", "at", "actor_id", "subject_id"))
    assert call("erase_person", EMAIL.upper()) == f"{EMAIL.upper()} is erased."
    assert named() == {"entitlements_licenseassignment"}, "the customer's own record stays"
    after = Event.objects.order_by("pk").values_list("pk", "public_id", "kind", "at", "actor_id", "subject_id")
    assert list(after)[: len(before)] == before, "kinds, ids and times stay"
    told = Event.objects.get(kind="person.erased")
    assert (told.subject_id, told.data["events"] > 5) == (busy.public_id, True)
    assert told.actor_label.startswith("vendor staff")
    assert f"co-{EMAIL}" in Event.objects.get(kind="person.locked", counterpart_id=None).note, "another's address stays"
    assert not SavedView.objects.filter(person_id=busy.pk).exists()
    assert str(busy.pk) not in {SessionStore(row.pk).get("_auth_user_id") for row in Session.objects.all()}
    assert not NoticePreference.objects.filter(person_id=busy.pk).exists()
    assert call("erase_person", EMAIL) == f"Nobody has the address {EMAIL}; nothing names it."
    assert Event.objects.filter(kind="person.erased").count() == 2


def test_no_table_names_a_person_as_they_were_called_before(world: World, busy: Person) -> None:
    """Without a name the label is the address. Both may have changed since, and only the log still knows them."""
    old, others = "mary@former.example", address("partner.reader")
    for name, email in (("", old), ("Mary Former", old), (others, EMAIL), (NAME, EMAIL)):
        Person.objects.filter(pk=busy.pk).update(name=name, email=email)
        EmailAddress.objects.filter(user=busy).update(email=email)
        call("add_operator", world.partner.org_id, email, "--role=admin")
    reader = world.person("partner.reader")
    lock_person(actor=STAFF, person=reader, reason=f"Writes as {others}, wrote as {old}")
    notice = world.notices("customer").earliest("pk")  # of which she has had no mail yet
    for channel, day in (("email", None), ("digest", "2026-01-01")):
        mail = {"event_id": notice.event_id, "channel": channel, "notice": notice, "person_id": busy.pk, "day": day}
        Delivery.objects.create(**mail, error="Recipients refused: {'mary@oldest.example': 550}")
    words = (old, "mary former", "mary@oldest.example")
    assert [word for word in words if word in everything().lower()] == [*words]
    call("erase_person", EMAIL)
    assert named() == set()
    assert [word for word in words if word in everything().lower()] == []
    reason = Event.objects.get(kind="person.locked", subject_id=reader.public_id, counterpart_id=None).note
    assert reason == f"Writes as {others}, wrote as (erased)", "an address that is another's by now stays theirs"


def test_an_earlier_address_that_only_a_text_holds_is_found(world: World, busy: Person) -> None:
    """Nothing had called her by it: she had a name, and changed the address herself."""
    lock_person(actor=STAFF, person=world.person("partner.reader"), reason=f"Wrote as {EMAIL}")
    Person.objects.filter(pk=busy.pk).update(email="mary@new.example")
    EmailAddress.objects.filter(user=busy).update(email="mary@new.example")
    assert {row.subject_label for row in Event.objects.filter(kind="person.address_changed")} == {EMAIL}
    call("erase_person", "mary@new.example")
    left = everything().replace(f"co-{EMAIL}", "another's")
    assert EMAIL not in left and "mary@new.example" not in left


@pytest.mark.promise("O-14")
def test_the_reason_of_a_declined_trial_names_nobody_who_is_erased(world: World, busy: Person) -> None:
    """Neither by address, nor by name where the person has declined it; elsewhere the name may be a namesake's."""
    call("add_operator", world.vendor.org_id, EMAIL, "--role=admin")
    sku = Sku.objects.create(code="TRY", service="Try", name="Try")
    asked = {"sku": sku, "kind": "trial", "state": "requested", "quantity": 1}
    customers = (world.customer, world.customer2)
    trials = [Entitlement.objects.create(customer=row, external_id=row.org_id, **asked) for row in customers]
    decline_trial(actor=world.actor("many@vendor"), trial=trials[0], reason=f"Ask me, {NAME}")
    decline_trial(actor=world.actor("vendor.admin"), trial=trials[1], reason=f"Ask {NAME}, {EMAIL.upper()}")
    call("erase_person", EMAIL)
    reasons = [Entitlement.objects.get(pk=trial.pk).reason for trial in trials]
    assert reasons == ["Ask me, (erased)", f"Ask {NAME}, (erased)"]
    notes = [Event.objects.get(kind="trial.declined", subject_id=trial.public_id).note for trial in trials]
    assert notes == reasons


def test_others_of_the_same_name_keep_theirs(world: World, busy: Person) -> None:
    namesake = world.person("partner.sales_agent")
    Person.objects.filter(pk=namesake.pk).update(name=NAME)
    signed_in(world, "partner.admin").post(
        f"/operators/{world.operator('partner.sales_agent').public_id}/roles/", {"roles": ["reader"]}
    )
    call("erase_person", EMAIL)
    assert Event.objects.filter(subject_id=namesake.public_id).last().subject_label == NAME


def test_the_only_admin_is_not_erased(world: World) -> None:
    with pytest.raises(CommandError, match=r"only Admin of .*add_operator") as refused:
        call("erase_person", address("customer.admin"))
    assert world.customer.org_id in str(refused.value)
    assert world.person("customer.admin")
    assert not Event.objects.filter(kind="person.erased").exists()


def test_an_error_on_the_way_leaves_everything(world: World, busy: Person, monkeypatch: Any) -> None:
    monkeypatch.setattr(Person, "delete", lambda self: 1 / 0)
    before = everything()
    with pytest.raises(ZeroDivisionError):
        call("erase_person", EMAIL)
    assert everything() == before


@pytest.mark.parametrize("role", ["portal_app", "portal_worker"])
def test_nobody_changes_an_event_by_hand(world: World, role: str) -> None:
    """Neither with the setting of the erasure, nor, as the web role, by its function."""
    statements = [
        "UPDATE notifications_event SET actor_label = 'x'",
        "DELETE FROM notifications_event",
        *(["SELECT erase_from_log(1, NULL, '{}', '{x@example.com}', 'x')"] if role == "portal_app" else []),
    ]
    for statement in statements:
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SET LOCAL ROLE {role}")
            cursor.execute("SET LOCAL portal.erasing = 'on'")
            cursor.execute(statement)


def test_the_owner_changes_no_kind_id_or_time(world: World) -> None:
    for change in ("kind = 'x'", "at = now()", "actor_id = 1", "data = '[]'", "subject_id = gen_random_uuid()"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL portal.erasing = 'on'")
            cursor.execute(f"UPDATE notifications_event SET {change}")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.update(actor_label="x")


def test_after_an_erasure_events_are_final_again(world: World) -> None:
    """In the same transaction, which may go on."""
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        assert call("erase_person", "nobody-at-all@example.com")
        Event.objects.update(actor_label="x")
