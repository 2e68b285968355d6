"""Checks of what must be right before the portal starts, for `manage.py check_installation`.

Each check asks the thing itself, and yields findings in plain words with what to do about them. None changes anything
or sends a mail.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import redis
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.checks import ERROR, WARNING, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import ConnectionHandler

from accounts.secrets import MFAAdapter
from partnerportal.database_roles import OLDEST_POSTGRES, WORKER_ROLE
from partnerportal.lib.environment import Environment, is_secret_set
from partnerportal.lib.tenancy import APP_ROLE

SECONDS = 5  # that each server has to answer
CLOCK_SECONDS = 5  # that two clocks may be apart
# Kinds of authenticators whose data holds an encrypted secret, and the key under which it stands.
ENCRYPTED = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}
# Asks for the rights of the role that signed in.
ROLE = """
SELECT rolsuper, rolbypassrls, pg_has_role(oid, %(app)s, 'MEMBER'), pg_has_role(oid, %(worker)s, 'MEMBER'),
       oid = (SELECT datdba FROM pg_database WHERE datname = current_database())
FROM pg_roles WHERE rolname = session_user"""
# By SQL alone a role may change settings for all who sign in with it. docs/operations.md sets these, for a pooler.
KNOWN_SETTINGS = {"lock_timeout", "idle_in_transaction_session_timeout", "statement_timeout"}
# Asks for the names of all settings that the role has.
SETTINGS = """
SELECT DISTINCT split_part(setting, '=', 1) FROM pg_db_role_setting, unnest(setconfig) AS setting
WHERE setrole = (SELECT oid FROM pg_roles WHERE rolname = session_user)
  AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))"""
# Asks for the other databases that the role may connect to.
ELSEWHERE = """
SELECT datname FROM pg_database
WHERE datallowconn AND datname IN ('postgres', 'template1') AND has_database_privilege(oid, 'CONNECT') ORDER BY 1"""
# Asks for the server's version, encoding and clock.
SERVER = """
SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version'),
       current_setting('server_encoding'), extract(epoch FROM clock_timestamp())::float"""


class InstallationFindingLevel(StrEnum):
    """How serious a finding of the installation check is, in the word that the command prints."""

    OK = "ok"
    NOTE = "note"  # it may be meant so
    WARNING = "WARN"  # the portal starts and works without it for a while
    ERROR = "WRONG"  # nothing should be started like this


@dataclass(frozen=True)
class InstallationFinding:
    """One result of the installation check.

    It has a level, the setting or service that it is about, and a sentence that says what to do.
    """

    level: InstallationFindingLevel
    subject: str
    text: str


Findings = Iterator[InstallationFinding]


def run_installation_checks() -> Findings:
    """Check the whole installation and yield the findings, in the order in which to mend them."""
    for check in CHECKS:
        yield from check()


def check_django_settings() -> Findings:
    """Check the settings with Django's own checks, and yield what they find.

    A note is added on a SECRET_KEY that production would refuse.
    """
    problems = [p for p in run_checks(include_deployment_checks=_is_production()) if p.level >= WARNING]
    for problem in problems:
        level = InstallationFindingLevel.ERROR if problem.level >= ERROR else InstallationFindingLevel.WARNING
        yield InstallationFinding(level, "Settings", f"{problem.msg} {problem.hint or ''}".strip())
    if not problems:
        yield InstallationFinding(InstallationFindingLevel.OK, "Settings", "Django finds nothing wrong with them.")
    if len(settings.SECRET_KEY) < 50:
        yield InstallationFinding(
            InstallationFindingLevel.NOTE,
            "SECRET_KEY",
            "Shorter than 50 characters, which production refuses: openssl rand -hex 40.",
        )


def check_portal_url() -> Findings:
    """Yield the URL from which links are built, as a finding.

    A note is added where no proxy is believed about the client's address.
    """
    secure = settings.PORTAL_ORIGIN.startswith("https://")
    what_if = "" if secure else " Without https:// only a developer's machine works."
    yield InstallationFinding(
        InstallationFindingLevel.OK if secure else InstallationFindingLevel.NOTE,
        "PORTAL_ORIGIN",
        settings.PORTAL_ORIGIN + what_if,
    )
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    if _is_production() and not proxies:
        yield InstallationFinding(
            InstallationFindingLevel.NOTE,
            "TRUSTED_PROXY_COUNT",
            "0: behind a proxy every client would share its limits. Set it to 1.",
        )


def check_mail_server() -> Findings:
    """Sign in to the mail server, and yield a finding on whether that worked. No mail is sent."""
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        yield InstallationFinding(
            InstallationFindingLevel.NOTE, "Mail", f"Nothing is sent: EMAIL_URL names {settings.EMAIL_BACKEND}."
        )
        return
    server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        mail = get_connection(timeout=SECONDS)
        try:
            mail.open()
        finally:
            mail.close()
    except OSError as error:  # the errors of smtplib are OSErrors too
        yield InstallationFinding(
            InstallationFindingLevel.WARNING, "Mail", f"{server} takes no mail of ours: {error}. Correct EMAIL_URL."
        )
    else:
        yield InstallationFinding(
            InstallationFindingLevel.OK, "Mail", f"{server} answers and lets us in. From: {settings.DEFAULT_FROM_EMAIL}"
        )


def check_file_storage() -> Findings:
    """Yield findings on whether PRIVATE_ROOT can be written, and whether STATIC_ROOT has the static files.

    Exports and uploads need PRIVATE_ROOT.
    """
    yield _writable("PRIVATE_ROOT", settings.PRIVATE_ROOT)
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if manifest.is_file():
        yield InstallationFinding(
            InstallationFindingLevel.OK, "STATIC_ROOT", f"{settings.STATIC_ROOT} holds the static files."
        )
    else:
        level = InstallationFindingLevel.ERROR if _is_production() else InstallationFindingLevel.NOTE
        yield InstallationFinding(level, "STATIC_ROOT", f"{manifest} is missing: run python -m tools.static.")


def _writable(name: str, folder: Path) -> InstallationFinding:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return InstallationFinding(InstallationFindingLevel.OK, name, f"{folder} can be written.")
    except OSError as error:
        return InstallationFinding(
            InstallationFindingLevel.ERROR,
            name,
            f"{folder} cannot be written by user {os.geteuid()}: {error.strerror}. Create it for them.",
        )


def check_database_logins() -> Findings:
    """Sign in with each database role whose URL is known here, and yield findings.

    They tell of its rights, of TLS and of the server.
    """
    server_seen = False
    for process, variable in settings.DATABASE_VARIABLES.items():
        if not is_secret_set(variable):
            yield InstallationFinding(InstallationFindingLevel.NOTE, variable, "Not set for this process: not checked.")
            continue
        try:
            with _connected(variable) as link, link.cursor() as cursor:
                if not server_seen:
                    server_seen = True
                    yield from _server(cursor)
                cursor.execute(ROLE, {"app": APP_ROLE, "worker": WORKER_ROLE})
                yield _rights(process, variable, *cursor.fetchone())
                if process == "web":
                    yield from _traces(cursor)
                yield _tls(variable, link)
        except (Error, ImproperlyConfigured) as error:
            yield _no_database(variable, error)


@contextmanager
def _connected(variable: str) -> Iterator[Any]:
    """Connect as the URL in `variable` says, with every option of it, and yield the connection for the block."""
    database = Environment().read_database_settings(variable)
    database["OPTIONS"].setdefault("connect_timeout", SECONDS)
    own = f"{settings.DATABASE_PINS} -c statement_timeout={SECONDS}s"
    database["OPTIONS"]["options"] = f"{own} {database['OPTIONS'].get('options', '')}".strip()
    link = ConnectionHandler({"default": database})["default"]
    try:
        yield link
    finally:
        link.close()


def _no_database(variable: str, error: Exception) -> InstallationFinding:
    reason = " ".join(str(error).split())
    if is_secret_set("ADMIN_DATABASE_URL") and (
        "does not exist" in reason or "password authentication failed" in reason
    ):
        return InstallationFinding(
            InstallationFindingLevel.NOTE, variable, f"{reason}: run manage.py setup_database, which makes it so."
        )
    return InstallationFinding(
        InstallationFindingLevel.ERROR,
        variable,
        f"{reason}. Is the server there, and did manage.py setup_database run?",
    )


def _server(cursor: Any) -> Findings:
    cursor.execute(SERVER)
    major, version, encoding, clock = cursor.fetchone()
    if major < OLDEST_POSTGRES:
        yield InstallationFinding(
            InstallationFindingLevel.ERROR, "PostgreSQL", f"{version} is too old: {OLDEST_POSTGRES} or newer is needed."
        )
    else:
        yield InstallationFinding(InstallationFindingLevel.OK, "PostgreSQL", version)
    if encoding != "UTF8":
        yield InstallationFinding(
            InstallationFindingLevel.ERROR,
            "Encoding",
            f"{encoding}: create the database anew with UTF8, as manage.py setup_database does.",
        )
    apart = abs(time.time() - clock)
    if apart > CLOCK_SECONDS:
        yield InstallationFinding(
            InstallationFindingLevel.WARNING,
            "Clock",
            f"This machine and the database are {apart:.0f} s apart: let both keep time by NTP.",
        )
    else:
        yield InstallationFinding(InstallationFindingLevel.OK, "Clock", "The same here and in the database.")


def _rights(
    process: str, variable: str, superuser: bool, bypasses: bool, app: bool, worker: bool, owns: bool
) -> InstallationFinding:
    """Return whether the role of a process has the rights that `database_roles` gives it, as a finding."""
    wrong = {
        "web": superuser or bypasses or owns or worker or not app,
        "job": superuser or owns or not (bypasses and app and worker),
        "owner": not (owns and (bypasses or superuser)),
    }[process]
    if wrong:
        has = [
            word
            for word, is_so in (
                ("superuser", superuser), ("above row-level security", bypasses), ("owner of the database", owns),
                (f"member of {APP_ROLE}", app), (f"member of {WORKER_ROLE}", worker),
            )
            if is_so
        ]  # fmt: skip
        text = (
            f"The role is not what {process} needs: it is {', '.join(has) or 'nothing'}. Run manage.py setup_database."
        )
        return InstallationFinding(InstallationFindingLevel.ERROR, variable, text)
    return InstallationFinding(
        InstallationFindingLevel.OK, variable, f"The role has what {process} needs, and no more."
    )


def _traces(cursor: Any) -> Findings:
    """Yield things that the portal never makes but the web role may: somebody may have made them by SQL."""
    cursor.execute(SETTINGS)
    if names := sorted({name for (name,) in cursor.fetchall()} - KNOWN_SETTINGS):
        text = (
            f"The web role has settings that the portal does not give it: {', '.join(names)}. If they are yours, give"
            " them to the database instead. If not, somebody ran SQL as this role: take them away (ALTER ROLE … RESET"
            " ALL, and the same with IN DATABASE …), and run manage.py setup_database: it sets the password anew."
        )
        yield InstallationFinding(InstallationFindingLevel.WARNING, "Left by SQL", text)
    cursor.execute("SELECT count(*) FROM pg_largeobject_metadata")
    if number := cursor.fetchone()[0]:
        text = f"The database holds {number} large objects. The portal makes none: remove them by lo_unlink."
        yield InstallationFinding(InstallationFindingLevel.WARNING, "Left by SQL", text)
    cursor.execute(ELSEWHERE)
    if names := [name for (name,) in cursor.fetchall()]:
        text = (
            f"The web role may enter {' and '.join(names)} too. If nobody else needs to: REVOKE CONNECT … FROM PUBLIC."
        )
        yield InstallationFinding(InstallationFindingLevel.NOTE, "Other databases", text)


def _tls(variable: str, link: Any) -> InstallationFinding:
    info = link.connection.info
    if info.ssl_in_use:
        return InstallationFinding(
            InstallationFindingLevel.OK, variable, f"Encrypted ({info.ssl_attribute('protocol')})."
        )
    if info.host.startswith("/") or info.host in ("localhost", "127.0.0.1", "::1"):
        return InstallationFinding(InstallationFindingLevel.OK, variable, "Not encrypted, on this machine.")
    return InstallationFinding(
        InstallationFindingLevel.NOTE,
        variable,
        f"Not encrypted on its way to {info.host}: add ?sslmode=verify-full&sslrootcert=… to it.",
    )


def check_migrations() -> Findings:
    """Yield a finding on whether the database has the tables of this version, or how many migrations wait."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error:
        return  # the check of the databases has said why
    if waiting:
        yield InstallationFinding(
            InstallationFindingLevel.NOTE, "Tables", f"{len(waiting)} migrations wait: run manage.py migrate."
        )
    else:
        yield InstallationFinding(InstallationFindingLevel.OK, "Tables", "They are those of this version.")


def check_encryption_keys() -> Findings:
    """Yield a finding on whether SECRETS_KEYS decrypts the oldest and the newest secret in the database."""
    kept = Authenticator.objects.filter(type__in=ENCRYPTED).order_by("pk")
    try:
        for authenticator in filter(None, (kept.first(), kept.last())):
            MFAAdapter().decrypt(authenticator.data[ENCRYPTED[authenticator.type]])
    except ImproperlyConfigured as error:
        yield InstallationFinding(InstallationFindingLevel.ERROR, "SECRETS_KEYS", str(error))
    except Error:
        return  # an earlier check has said why
    else:
        yield InstallationFinding(
            InstallationFindingLevel.OK, "SECRETS_KEYS", "They open what lies encrypted in the database."
        )


def check_redis_server() -> Findings:
    """Yield findings on whether Redis answers, and whether its settings let it drop accepted tasks."""
    try:
        client = redis.Redis.from_url(
            settings.CELERY_BROKER_URL, socket_timeout=SECONDS, socket_connect_timeout=SECONDS, decode_responses=True
        )
        with client:
            client.ping()
            policy = client.info("memory").get("maxmemory_policy", "noeviction")
    except (redis.RedisError, ValueError, OSError) as error:
        yield InstallationFinding(
            InstallationFindingLevel.WARNING, "Redis", f"No answer: {error}. Correct REDIS_URL, or start it."
        )
        return
    if policy == "noeviction":
        yield InstallationFinding(InstallationFindingLevel.OK, "Redis", "It answers, and refuses rather than forgets.")
    else:
        yield InstallationFinding(
            InstallationFindingLevel.NOTE,
            "Redis",
            f"With maxmemory-policy {policy} it may forget tasks: set noeviction.",
        )


def _is_production() -> bool:
    return str(settings.SETTINGS_MODULE).endswith(".production")


CHECKS: tuple[Callable[[], Findings], ...] = (
    check_django_settings, check_portal_url, check_mail_server, check_file_storage, check_database_logins,
    check_migrations, check_encryption_keys, check_redis_server,
)  # fmt: skip
