"""Somebody signs up with an address that is not theirs, and staff vouch for it: the account starts from nothing."""

import datetime as dt
import io
import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from accounts.actions.operators import add_operator
from accounts.actions.people import register_person
from accounts.models import FailedAttempts, Person, Role
from accounts.policies import ATTEMPTS_A_DAY
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from tests.accounts.test_sign_in import is_signed_in
from tests.conftest import PageClient
from tests.mails import sent
from tests.world import World

pytestmark = pytest.mark.django_db

VICTIM, MINE, PASSWORD = "ceo@bigpartner.example", "me@evil.example", "seven violet otters"
STAFF = Actor.system("vendor staff (test)")


def call(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command(*arguments, stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue().strip()


def sign_up(email: str = VICTIM) -> PageClient:
    """In the attacker's browser: it waits for the code."""
    client = PageClient()
    client.post(reverse("account_signup"), {"name": "Call +1 900", "email": email, "password1": PASSWORD})
    return client


def sign_in(email: str, client: PageClient | None = None) -> PageClient:
    client = client or PageClient()
    client.post(reverse("account_login"), {"login": email, "password": PASSWORD})
    return client


def vouch_by_organization(world: World) -> str:
    return call("create_organization", "--kind=partner", "--name=Big", "--country=FR", f"--admin={VICTIM}")[1]


def vouch_by_organization_and_link(world: World) -> str:
    return call("create_organization", "--kind=partner", "--name=Big", "--country=FR", f"--admin={VICTIM}", "--link")[1]


def vouch_by_operator(world: World) -> str:
    return call("add_operator", world.partner.org_id, VICTIM.upper(), "--role=admin")[1]


def vouch_by_link(world: World) -> str:
    return call("create_person", VICTIM, "--link")[1]


def vouch_by_any_later_path(world: World) -> str:
    add_operator(actor=STAFF, organization=world.partner, person=Person.objects.get(email=VICTIM), roles=[Role.ADMIN])
    return "signed up on, had not verified, were removed"


WAYS = [
    vouch_by_organization,
    vouch_by_organization_and_link,
    vouch_by_operator,
    vouch_by_link,
    vouch_by_any_later_path,
]


@pytest.mark.promise("S-3")
@pytest.mark.parametrize("vouch", WAYS)
def test_nothing_of_the_stranger_is_left(world: World, vouch: Any) -> None:
    sign_up()
    person = Person.objects.get(email=VICTIM)
    TOTP.activate(person, "A" * 32)
    RecoveryCodes.activate(person)
    Authenticator.objects.create(user=person, type=Authenticator.Type.WEBAUTHN, data={})
    reset = PageClient()
    reset.post(reverse("account_reset_password"), {"email": VICTIM})
    link = re.search(r"https?://[^/]+(/\S+/key/\S+)", sent()[-1].body)[1]
    assert Session.objects.exists()
    FailedAttempts.objects.create(person=person, kind="password", day=today(), failures=ATTEMPTS_A_DAY)
    said = vouch(world)
    assert all(words in said for words in ("signed up on", "had not verified", "were removed"))
    person.refresh_from_db()
    assert (person.has_usable_password(), person.name, person.origin) == (False, "", "registered")
    assert not Authenticator.objects.filter(user=person).exists()
    assert not FailedAttempts.objects.filter(person=person).exists(), "guesses at a password that is gone"
    assert not Session.objects.filter(expire_date__isnull=False).exclude(pk=reset.session.session_key).exists()
    assert not is_signed_in(sign_in(VICTIM))
    assert "no longer valid" in PageClient().get(link, follow=True).content.decode()
    assert Event.objects.get(kind="person.reset").subject_id == person.public_id


@pytest.mark.parametrize("vouch", WAYS)
def test_the_stranger_finds_no_way_back(world: World, changeable: None, vouch: Any) -> None:
    """From a browser that waits for the code, the address may still be changed to one of their own."""
    client = sign_up()
    vouch(world)
    client.post(reverse("account_email_verification_sent"), {"action": "change", "email": MINE})
    sent().clear()
    sign_in(MINE, client)
    sign_in(MINE)
    client.post(reverse("account_reset_password"), {"email": MINE})
    assert [message.subject for message in sent()] == ["There is no account with this address"]
    assert [address.email for address in EmailAddress.objects.filter(user__email=VICTIM)] == [VICTIM]
    assert Person.objects.filter(email=VICTIM).exists()


@pytest.fixture
def changeable(settings: Any) -> None:
    """Whoever signed up may correct the address before the code: off in our settings, and the library's to offer."""
    settings.ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = True


def test_another_address_of_the_stranger_goes_too(world: World) -> None:
    """Sign-in and reset links find an account by any of its addresses."""
    sign_up()
    EmailAddress.objects.create(user=Person.objects.get(email=VICTIM), email=MINE)
    vouch_by_operator(world)
    sent().clear()
    client = sign_in(MINE)
    PageClient().post(reverse("account_reset_password"), {"email": MINE})
    assert [message.subject for message in sent()] == ["There is no account with this address"]
    assert not is_signed_in(client)


def test_what_others_claim_of_a_new_address_goes(world: World) -> None:
    """Else a reset link for the address would be sent for the claiming account too, and staff's person shares it."""
    sign_up(MINE)
    EmailAddress.objects.create(user=Person.objects.get(email=MINE), email=VICTIM)
    register_person(actor=STAFF, email=VICTIM)
    assert EmailAddress.objects.get(email=VICTIM).user.email == VICTIM


def test_the_owner_of_the_address_gets_in_and_stays(world: World, time_machine: Any) -> None:
    sign_up()
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=1))  # a code is mailed once in ten seconds
    vouch_by_operator(world)
    PageClient().post(reverse("account_reset_password"), {"email": VICTIM})
    bodies = [message.body for message in sent()]  # the last one tells for whom they act now
    link = re.search(r"https?://[^/]+(/\S+/key/\S+)", "\n".join(bodies))[1]
    client = PageClient()
    form = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": PASSWORD, "password2": PASSWORD})
    sign_in(VICTIM, client)
    assert is_signed_in(client), "the link came by mail"
    assert call("add_operator", world.customer.org_id, VICTIM, "--role=reader")[1] == ""
    assert is_signed_in(client) and is_signed_in(sign_in(VICTIM)), "the address is proved: nothing is taken away"


def test_a_person_whom_staff_registered_is_named_again_without_a_word(world: World) -> None:
    call("create_person", VICTIM, "--name=Clara")
    assert call("add_operator", world.partner.org_id, VICTIM, "--role=reader")[1] == ""
    assert Person.objects.get(email=VICTIM).name == "Clara"
    assert not Event.objects.filter(kind="person.reset").exists()


def test_a_refused_command_takes_nothing(world: World) -> None:
    sign_up()
    with pytest.raises(CommandError, match="there already"):
        call("create_person", VICTIM)
    with pytest.raises(CommandError, match="No organisation"):
        call("add_operator", "123", VICTIM, "--role=admin")
    assert Person.objects.get(email=VICTIM).check_password(PASSWORD)


def test_a_sign_in_ends_where_the_password_it_began_with_is_another(world: World) -> None:
    """The thief of a password waits at the second step; the owner changes the password meanwhile."""
    person = world.person("customer.admin")
    TOTP.activate(person, "A" * 32)
    person.set_password(PASSWORD)
    person.save()
    thief = sign_in(person.email)
    person.set_password("another password altogether")
    person.save()
    codes = RecoveryCodes.activate(person).get_unused_codes()
    answer = thief.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert answer["Location"] == reverse("account_login")
    assert not is_signed_in(thief)
