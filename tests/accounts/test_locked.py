"""A locked person is shut out everywhere and at once; an account that nobody proved is deleted after its time."""

import datetime as dt
import io
import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn.forms import LoginWebAuthnForm
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from accounts.actions.people import delete_unverified_people, lock_person, unlock_person
from accounts.models import Operator, Person
from accounts.queries.operators import find_addressees_by_organization
from accounts.tasks import delete_unverified_accounts as task
from notifications.actions.outbox import send_due_emails, write_due_notices
from notifications.models import Event
from partnerportal.lib.actors import Actor
from tests.accounts.test_sign_in import NEW, code_in, is_signed_in, sign_in, totp
from tests.conftest import PageClient
from tests.mails import sent
from tests.world import World, address, canary
from tests.world_usage import CALENDAR

pytestmark = pytest.mark.django_db
WHO, EMAIL = "customer.admin", address("customer.admin")
SWITCHED_OFF = "This account has been deactivated"


def call(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command(*arguments, stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue().strip()


def lock(email: str = EMAIL, reason: str = "Left the company") -> tuple[str, str]:
    return call("lock_person", email.upper(), f"--reason={reason}")


@pytest.mark.promise("O-14")
def test_sign_in_and_sessions_end(world: World) -> None:
    before, half = PageClient(), PageClient()
    sign_in(before)
    TOTP.activate(world.person(WHO), secret := "A" * 32)
    sign_in(half)
    said, warned = lock()
    assert said == f"{EMAIL} is locked."
    assert warned.startswith(f"{world.customer} ({world.customer.org_id}) has no other Admin")
    assert not is_signed_in(before) and not Session.objects.filter(pk=before.session.session_key).exists()
    assert not Session.objects.filter(pk=half.session.session_key).exists(), "one that waits at the second step too"
    half.post("/sign-in/two-factor/authenticate/", {"code": totp(secret)})
    assert not is_signed_in(half)
    after = PageClient()
    page = after.get(sign_in(after)["Location"]).content.decode()
    assert SWITCHED_OFF in page and not is_signed_in(after)
    wrong = sign_in(PageClient(), password="wrong password 1").content.decode()
    assert SWITCHED_OFF not in wrong, "only to who knows the password"
    assert before.get("/api/v1/customers/", headers={"Accept": "application/json"}).status_code == 401


def test_a_passkey_opens_nothing(world: World, monkeypatch: Any) -> None:
    """The device's own answer is the library's business: it is taken for right here."""
    passkey = Authenticator(user=world.person(WHO), type=Authenticator.Type.WEBAUTHN, data={"credential": {}})
    passkey.save()
    monkeypatch.setattr(LoginWebAuthnForm, "clean_credential", lambda self: Authenticator.objects.get(pk=passkey.pk))
    monkeypatch.setattr(Authenticator, "record_usage", lambda self: None)
    client = PageClient()
    client.post("/sign-in/two-factor/webauthn/login/", {"credential": '{"id": 1}'})
    assert is_signed_in(client)
    lock()
    client = PageClient()
    answer = client.post("/sign-in/two-factor/webauthn/login/", {"credential": '{"id": 1}'})
    assert SWITCHED_OFF in client.get(answer["Location"]).content.decode()
    assert not is_signed_in(client)


def test_reset_links_open_nothing_and_the_mail_says_why(world: World) -> None:
    PageClient().post("/sign-in/password/reset/", {"email": EMAIL})
    link = re.search(r"https?://[^/]+(/\S+/key/\S+)", sent().pop().body)[1]
    Person.objects.filter(email=EMAIL).update(is_active=False)  # the link itself is still what it was
    assert "no longer valid" in PageClient().get(link, follow=True).content.decode()
    Person.objects.filter(email=EMAIL).update(is_active=True)
    lock()
    page = PageClient().get(link, follow=True).content.decode()
    assert "no longer valid" in page
    known = PageClient().post("/sign-in/password/reset/", {"email": EMAIL}, follow=True)
    [message] = sent()
    assert (message.to, message.subject) == ([EMAIL], "Your account has been deactivated")
    assert "/key/" not in message.body
    unknown = PageClient().post("/sign-in/password/reset/", {"email": "nobody-at-all@example.com"}, follow=True)
    assert known.redirect_chain == unknown.redirect_chain


def test_a_reset_link_from_before_the_lock_stays_void(world: World) -> None:
    """Whoever reads the person's mail may be why they were locked. A link that is asked for afterwards works."""

    def reset_link() -> str:
        PageClient().post("/sign-in/password/reset/", {"email": EMAIL})
        return re.search(r"https?://[^/]+(/\S+/key/\S+)", sent().pop().body)[1]

    before, kept = reset_link(), world.person(WHO).password
    opened = PageClient()
    form = opened.get(before)["Location"]
    lock()
    call("unlock_person", EMAIL)
    new = {"password1": "another good one 7", "password2": "another good one 7"}
    opened.post(form, new)
    assert "no longer valid" in PageClient().get(before, follow=True).content.decode()
    assert world.person(WHO).password == kept
    client = PageClient()
    client.post(client.get(reset_link())["Location"], new)
    assert world.person(WHO).check_password("another good one 7")


def test_a_sign_in_that_had_begun_is_not_finished(world: World) -> None:
    """Also where its session outlived the lock: the last step asks once more."""
    TOTP.activate(world.person(WHO), secret := "A" * 32)
    half = PageClient()
    sign_in(half)
    Person.objects.filter(email=EMAIL).update(is_active=False)
    answer = half.post("/sign-in/two-factor/authenticate/", {"code": totp(secret)})
    assert SWITCHED_OFF in half.get(answer["Location"]).content.decode()
    assert "_auth_user_id" not in half.session


def test_calendars_mails_and_notices_stop(world: World) -> None:
    partner = address("partner.admin")
    secret = CALENDAR.format(canary("partner", "goods"))
    assert PageClient().get(f"/calendar/{secret}.ics").status_code == 200
    lock(partner)
    assert PageClient().get(f"/calendar/{secret}.ics").status_code == 404
    told = find_addressees_by_organization([world.partner.pk])[world.partner.pk]
    assert partner not in {person.email for person in told} and told
    call("add_operator", world.partner.org_id, "new@example.com", "--role=reader")
    while write_due_notices():
        pass
    while send_due_emails():
        pass
    assert partner not in {to for message in sent() for to in message.to}


def test_each_organisation_has_it_in_its_log_without_what_staff_noted(world: World) -> None:
    lock_person(actor=Actor.system("vendor staff"), person=world.person("many"), reason="her laptop is lost")
    unlock_person(actor=Actor.system("vendor staff"), person=world.person("many"))
    organizations = set(world.person("many").operators.values_list("organization", flat=True))
    for kind in ("person.locked", "person.unlocked"):
        events = Event.objects.filter(kind=kind)
        assert {event.counterpart_id for event in events} == {None, *organizations}
        assert {event.note for event in events if event.counterpart_id} == {""}
    assert Event.objects.get(kind="person.locked", counterpart_id=None).note == "her laptop is lost"


def test_unlocking_lets_in_as_before(world: World) -> None:
    lock()
    assert call("unlock_person", EMAIL)[0] == f"{EMAIL} is no longer locked."
    client = PageClient()
    sign_in(client)
    assert is_signed_in(client)
    locked, unlocked = Event.objects.filter(kind__startswith="person.", counterpart_id=None).order_by("pk")
    assert (locked.kind, locked.note, unlocked.kind) == ("person.locked", "Left the company", "person.unlocked")
    assert locked.data == {}
    assert locked.subject_id == world.person(WHO).public_id and locked.actor_label.startswith("vendor staff")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lock_person", "nobody-at-all@example.com", "--reason=x"], "Nobody has the address"),
        (["lock_person", EMAIL, "--reason= "], "Enter a reason"),
        (["unlock_person", EMAIL], "is not locked"),
        (["unlock_person", "no address"], "not an email address"),
        (["remove_operator", "10000000", EMAIL], "No organisation has the ORGID"),
        (["remove_operator", "STRANGER", EMAIL], "does not act for"),
        (["remove_operator", "CUSTOMER", EMAIL], "needs at least one Admin"),
    ],
)
def test_what_cannot_be_done_is_said_and_not_recorded(world: World, arguments: list[str], said: str) -> None:
    names = {"STRANGER": world.stranger.org_id, "CUSTOMER": world.customer.org_id}
    before = Event.objects.count()
    with pytest.raises(CommandError, match=said):
        call(*(names.get(argument, argument) for argument in arguments))
    assert Event.objects.count() == before


def test_a_person_is_locked_once(world: World) -> None:
    lock()
    with pytest.raises(CommandError, match="already locked"):
        lock()


def test_an_operator_is_removed_and_the_organisation_has_it_in_its_log(world: World) -> None:
    client = PageClient()
    sign_in(client, "customer.reader")
    assert client.get("/services/").status_code == 200
    said = call("remove_operator", world.customer.org_id, address("customer.reader"))[0]
    assert said == f"{address('customer.reader')} no longer acts for {world.customer}."
    assert client.get("/services/")["Location"] == "/organizations/new/"
    event = Event.objects.latest("pk")
    assert (event.kind, event.counterpart_id) == ("operator.removed", world.customer.pk)


LONG_AGO = timezone.now() - dt.timedelta(days=31)


def sign_up(email: str, *, joined: dt.datetime = LONG_AGO) -> Person:
    PageClient().post(reverse("account_signup"), {**NEW, "email": email})
    Person.objects.filter(email=email).update(date_joined=joined)
    return Person.objects.get(email=email)


def test_who_signed_up_and_never_proved_the_address_is_deleted(world: World, settings: Any) -> None:
    gone = sign_up("gone@example.com")
    late = sign_up("late@example.com", joined=timezone.now() - dt.timedelta(days=29))
    acts = sign_up("acts@example.com")
    Operator.objects.create(person=acts, organization=world.customer, roles=["reader"])
    proved = sign_up("proved@example.com")
    EmailAddress.objects.filter(user=proved).update(verified=True)
    call("create_person", "staff@example.com")
    call("add_operator", world.customer.org_id, "once@example.com", "--role=reader")
    call("remove_operator", world.customer.org_id, "once@example.com")
    imported = Person.objects.create_user("imported@example.com", "a long password", name="I")
    vouched = sign_up("vouched@example.com")
    call("create_person", vouched.email, "--link")
    EmailAddress.objects.filter(user=vouched).update(verified=False)
    Person.objects.update(date_joined=LONG_AGO)
    Person.objects.filter(pk=late.pk).update(date_joined=timezone.now() - dt.timedelta(days=29))
    before = set(Person.objects.values_list("email", flat=True))
    assert delete_unverified_people() == 1
    assert before - set(Person.objects.values_list("email", flat=True)) == {gone.email}
    assert imported.email in before
    settings.PORTAL_UNVERIFIED_KEPT = dt.timedelta(days=28)
    task()
    assert not Person.objects.filter(pk=late.pk).exists()
    PageClient().post(reverse("account_signup"), {**NEW, "email": gone.email})
    assert code_in(sent()[-1]), "the address is free again"
