"""Secrets of authenticators lie encrypted in the database, with a key that is not there."""

import io
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import decrypt
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.management.commands import rotate_secrets
from notifications.actions.secret_mails import queue_secret_mail
from tests.accounts.test_sign_in import client, is_signed_in, sign_in, totp, with_totp
from tests.conftest import PageClient
from tests.mails import sent
from tests.world import World

__all__ = ["client", "with_totp"]  # fixtures
pytestmark = pytest.mark.django_db


def everything() -> str:
    """All rows of all tables as text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        tables = [name for (name,) in cursor.fetchall()]
        texts = []
        for name in tables:
            cursor.execute(f'SELECT t::text FROM "{name}" t')
            texts += [f"{name} {row}" for (row,) in cursor.fetchall()]
    return "\n".join(texts)


def rotate() -> str:
    out = io.StringIO()
    call_command("rotate_secrets", stdout=out)
    return out.getvalue().strip()


@pytest.mark.promise("S-10")
def test_no_secret_lies_in_clear(with_totp: Any) -> None:
    """Neither the secret of the app, nor the seed of the recovery codes, nor a code."""
    _client, secret, codes = with_totp
    text = everything()
    seed = decrypt(Authenticator.objects.get(type="recovery_codes").data["seed"])
    assert "mfa_authenticator" in text and len(seed) == 80 and len(codes) == 10
    assert [word for word in (secret, seed, *codes) if word in text] == []


def test_they_open_the_second_step(with_totp: Any) -> None:
    _client, secret, codes = with_totp
    for code in (totp(secret), codes[0]):
        other = PageClient()
        sign_in(other)
        other.post("/sign-in/two-factor/authenticate/", {"code": code})
        assert is_signed_in(other)


def test_rotation_puts_all_under_the_first_key(world: World, settings: Any, monkeypatch: Any) -> None:
    """In batches, and again without harm; then the old key is no longer needed."""
    monkeypatch.setattr(rotate_secrets, "BATCH", 2)
    people = [world.person(who) for who in ("customer.admin", "partner.admin", "vendor.admin")]
    for person in people:
        TOTP.activate(person, "A" * 32)
    codes = RecoveryCodes.activate(people[0]).generate_codes()
    Authenticator.objects.create(user=people[0], type="webauthn", data={"name": "Key", "credential": {}})
    queue_secret_mail(EmailMessage("A code", "XYZ-123", to=["ada@example.com"]))
    old, new = settings.SECRETS_KEYS, Fernet.generate_key().decode()
    settings.SECRETS_KEYS = [new, *old]
    assert rotate() == rotate() == "Encrypted with the first key: 4 authenticators, 1 mails that wait."
    settings.SECRETS_KEYS = [new]
    secrets = {decrypt(row.data["secret"]) for row in Authenticator.objects.filter(type="totp")}
    assert secrets == {"A" * 32}
    assert Authenticator.objects.get(type="recovery_codes").wrap().generate_codes() == codes
    assert [mail.body for mail in sent()] == ["XYZ-123"]
    settings.SECRETS_KEYS = old
    with pytest.raises(ImproperlyConfigured, match="No key of SECRETS_KEYS"):
        Authenticator.objects.get(type="recovery_codes").wrap().generate_codes()


def test_rotation_without_the_old_key_stops_and_changes_nothing(world: World, settings: Any) -> None:
    TOTP.activate(world.person("customer.admin"), "A" * 32)
    before = Authenticator.objects.get().data
    settings.SECRETS_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="No key of SECRETS_KEYS"):
        rotate()
    assert Authenticator.objects.get().data == before
