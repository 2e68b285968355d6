"""`manage.py check_installation` tells what is wrong, with what to do, by asking the thing itself."""

import os
from datetime import timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
import redis
import time_machine
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from partnerportal import embedded
from partnerportal.installation import (
    CHECKS,
    InstallationFindingLevel,
    _rights,
    _tls,
    check_migrations,
    run_installation_checks,
)
from tests.faults.plant import MailServer, free_port
from tests.partnerportal.test_configuration import start

pytestmark = pytest.mark.django_db


def found(subject: str) -> list[tuple[str, str]]:
    return [(finding.level, finding.text) for finding in run_installation_checks() if finding.subject == subject]


@pytest.fixture
def mail_server():
    server = MailServer()
    yield server
    server.server.stop()


@pytest.fixture
def mail(settings, mail_server):
    """As a URL of a real server would be read."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail_server.server.port
    return mail_server


def test_a_right_installation_passes_and_every_check_says_something(mail):
    output = StringIO()
    call_command("check_installation", stdout=output)
    lines = output.getvalue().splitlines()
    assert len(lines) >= len(CHECKS) and not [line for line in lines if line.startswith(("WRONG", "WARN"))]
    assert mail.taken == {}


@pytest.mark.promise("O-10")
def test_something_wrong_makes_the_command_fail(settings):
    settings.PRIVATE_ROOT = Path("/dev/null/private")
    output = StringIO()
    with pytest.raises(CommandError, match="must be put right first"):
        call_command("check_installation", stdout=output)
    assert "WRONG  PRIVATE_ROOT: /dev/null/private cannot be written by user" in output.getvalue()


def test_what_the_portal_starts_without_fails_the_command_but_not_the_start(settings, mail):
    settings.EMAIL_PORT = free_port()
    output = StringIO()
    call_command("check_installation", fail_level="error", stdout=output)  # as compose's `setup` asks
    assert "WARN   Mail: 127.0.0.1:" in output.getvalue()
    with pytest.raises(CommandError, match="must be put right first"):
        call_command("check_installation", stdout=StringIO())
    settings.PRIVATE_ROOT = Path("/dev/null/private")
    with pytest.raises(CommandError, match="This must be put right first"):
        call_command("check_installation", fail_level="error", stdout=StringIO())


def test_mail(settings, mail):
    [(level, text)] = found("Mail")
    assert level == InstallationFindingLevel.OK and "lets us in" in text
    settings.EMAIL_PORT = free_port()
    [(level, text)] = found("Mail")
    assert level == InstallationFindingLevel.WARNING and "Connection refused. Correct EMAIL_URL" in text.replace(
        "[Errno 111] ", ""
    )
    settings.EMAIL_PORT, settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = mail.server.port, "who", "wrong"
    [(level, text)] = found("Mail")
    assert level == InstallationFindingLevel.WARNING and "AUTH" in text


def test_static_files(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.SETTINGS_MODULE = "partnerportal.settings.production"
    [(level, text)] = found("STATIC_ROOT")
    assert level == InstallationFindingLevel.ERROR and "python -m tools.static" in text
    (tmp_path / "staticfiles.json").write_text("{}")
    assert found("STATIC_ROOT")[0][0] == InstallationFindingLevel.OK


@pytest.mark.parametrize(
    ("variable", "of", "words"),
    [
        ("DATABASE_URL", "DATABASE_JOB_URL", "not what web needs: it is above row-level security"),
        ("DATABASE_URL", "DATABASE_OWNER_URL", "owner of the database"),
        ("DATABASE_JOB_URL", "DATABASE_URL", "not what job needs: it is member of portal_app"),
        ("DATABASE_OWNER_URL", "DATABASE_JOB_URL", "not what owner needs"),
    ],
)
def test_a_role_that_is_not_what_its_process_needs(monkeypatch, variable, of, words):
    assert [level for level, _text in found(variable)] == [InstallationFindingLevel.OK, InstallationFindingLevel.OK]
    monkeypatch.setenv(variable, os.environ[of])
    (level, text), _tls = found(variable)
    assert level == InstallationFindingLevel.ERROR and words in text and "setup_database" in text


@pytest.mark.parametrize(
    ("host", "level"),
    [
        ("db.example.com", InstallationFindingLevel.NOTE),
        ("localhost", InstallationFindingLevel.OK),
        ("/var/run/postgresql", InstallationFindingLevel.OK),
    ],
)
def test_a_database_elsewhere_without_tls_is_named(host, level):
    link = SimpleNamespace(connection=SimpleNamespace(info=SimpleNamespace(ssl_in_use=False, host=host)))
    found = _tls("DATABASE_URL", link)
    assert found.level == level and (host in found.text or level == InstallationFindingLevel.OK)


def test_tables_of_another_version(db):
    assert [found.level for found in check_migrations()] == [InstallationFindingLevel.OK]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'notifications' AND name > '0001'")
    [found] = check_migrations()
    assert found.level == InstallationFindingLevel.NOTE and "migrations wait: run manage.py migrate" in found.text


HAS = {  # superuser, above the policies, in portal_app, in portal_worker, owner of the database; None: as it likes
    "web": (False, False, True, False, False),
    "job": (False, True, True, True, False),
    "owner": (None, True, None, None, True),
}


@pytest.mark.parametrize("process", HAS)
def test_each_right_counts(process):
    right = [bool(has) for has in HAS[process]]
    assert _rights(process, "URL", *right).level == InstallationFindingLevel.OK
    for number, has in enumerate(HAS[process]):
        if has is not None:
            other = [not right[n] if n == number else right[n] for n in range(5)]
            assert _rights(process, "URL", *other).level == InstallationFindingLevel.ERROR, number


def test_a_role_that_is_not_there_yet(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", os.environ["DATABASE_URL"].replace("portal_web@", "missing@"))
    [(level, text)] = found("DATABASE_URL")
    assert level == InstallationFindingLevel.ERROR and 'role "missing" does not exist' in text
    monkeypatch.setenv("ADMIN_DATABASE_URL", "postgres://postgres@db/postgres")
    [(level, text)] = found("DATABASE_URL")
    assert level == InstallationFindingLevel.NOTE and "run manage.py setup_database" in text


def test_a_server_that_is_away_and_a_url_that_is_not_set(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://portal_web:secret@127.0.0.1:1/portal")
    monkeypatch.delenv("DATABASE_JOB_URL")
    [(level, text)] = found("DATABASE_URL")
    assert level == InstallationFindingLevel.ERROR and "Connection refused" in text and "secret" not in text
    assert found("DATABASE_JOB_URL") == [(InstallationFindingLevel.NOTE, "Not set for this process: not checked.")]


def test_an_old_server_and_a_wrong_encoding(monkeypatch, django_db_blocker):
    assert [level for level, _text in found("PostgreSQL")] == [InstallationFindingLevel.OK]
    monkeypatch.setattr("partnerportal.installation.OLDEST_POSTGRES", 99)
    [(level, text)] = found("PostgreSQL")
    assert level == InstallationFindingLevel.ERROR and "99 or newer is needed" in text
    name = f"portal_run_{os.getpid()}_ascii"  # swept if this test is killed
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
        try:
            monkeypatch.setenv("DATABASE_URL", f"{os.environ['DATABASE_OWNER_URL'].rpartition('/')[0]}/{name}")
            [(level, text)] = found("Encoding")
        finally:
            cursor.execute(f"DROP DATABASE {name}")
    assert level == InstallationFindingLevel.ERROR and text.startswith("SQL_ASCII")


def test_clocks_that_are_apart():
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        [(level, text)] = found("Clock")
    assert level == InstallationFindingLevel.WARNING and "NTP" in text
    assert found("Clock")[0][0] == InstallationFindingLevel.OK


def test_redis(settings, tmp_path):
    server = embedded.RedisServer(tmp_path)
    settings.CELERY_BROKER_URL = server.start_if_needed()
    assert [level for level, _text in found("Redis")] == [InstallationFindingLevel.OK]
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    [(level, text)] = found("Redis")
    assert level == InstallationFindingLevel.NOTE and "allkeys-lru it may forget" in text
    server.stop()
    [(level, text)] = found("Redis")
    assert level == InstallationFindingLevel.WARNING and "Correct REDIS_URL" in text


def test_keys_that_do_not_open_what_is_kept(settings, world):
    assert [level for level, _text in found("SECRETS_KEYS")] == [InstallationFindingLevel.OK]  # nothing is kept
    TOTP.activate(world.person("customer.admin"), "A" * 32)
    RecoveryCodes.activate(world.person("customer.admin"))
    assert [level for level, _text in found("SECRETS_KEYS")] == [InstallationFindingLevel.OK]
    settings.SECRETS_KEYS = [Fernet.generate_key().decode()]
    [(level, text)] = found("SECRETS_KEYS")
    assert level == InstallationFindingLevel.ERROR and "give back the key" in text


def test_settings_that_django_finds_wrong(settings):
    settings.SETTINGS_MODULE = "partnerportal.settings.production"
    assert InstallationFindingLevel.WARNING in {
        level for level, _text in found("Settings")
    }  # here cookies go over plain HTTP


@pytest.mark.slow
def test_production_as_it_should_be(mail_server, tmp_path):
    (tmp_path / "staticfiles.json").write_text("{}")
    variables = {
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_server.server.port}",
        "STATIC_ROOT": str(tmp_path),
        "PRIVATE_ROOT": str(tmp_path / "private"),
        "PORTAL_PROCESS": "owner",
        "TRUSTED_PROXY_COUNT": "1",
    }
    done = start("manage.py", "check_installation", **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not {"WRONG", "WARN"} & set(done.stdout.split())
    assert "ok     PORTAL_ORIGIN: https://portal.example.com" in done.stdout
