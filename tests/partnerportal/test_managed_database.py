"""The set-up by an administrator who is no superuser, as at a provider, and by somebody else's hand."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import StringIO

import psycopg2
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from tests.servers import TcpPostgres, own_server
from tests.threads import PATIENCE

pytestmark = pytest.mark.slow  # a server of its own
PASSWORD = 'it\'s a "pass\\word" %s;--'
ROLES = ("portal_web", "portal_job", "portal_owner", "portal_worker", "portal_app")
RIGHTS = """SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole,
                   array(SELECT DISTINCT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
                         WHERE m.member = r.oid ORDER BY 1),
                   rolname = (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'portal')
            FROM pg_roles r WHERE rolname LIKE 'portal%' ORDER BY 1"""
RIGHT = [
    ("portal_app", False, False, False, False, False, [], False),
    ("portal_job", True, False, True, False, False, ["portal_app", "portal_worker"], False),
    ("portal_owner", True, False, True, True, False, ["portal_app"], True),
    ("portal_web", True, False, False, False, False, ["portal_app"], False),
    ("portal_worker", False, False, False, False, False, [], False),
]


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TcpPostgres]:
    with own_server(tmp_path_factory.mktemp("server")) as server:
        server.run(
            "CREATE ROLE cloud LOGIN CREATEROLE CREATEDB BYPASSRLS PASSWORD 'c'",
            "CREATE ROLE small_cloud LOGIN CREATEROLE CREATEDB PASSWORD 'c'",
            "CREATE ROLE nobody_special LOGIN PASSWORD 'c'",
        )
        yield server


@pytest.fixture
def server(one_server: TcpPostgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[TcpPostgres]:
    """Without database and roles, and with the variables of an installation that is to be."""
    for process, variable in settings.DATABASE_VARIABLES.items():
        monkeypatch.setenv(variable, f"postgres://portal_{process}@localhost:{one_server.port}/portal")
        monkeypatch.setenv(variable.removesuffix("URL") + "PASSWORD", PASSWORD)
    yield one_server
    one_server.run("DROP DATABASE IF EXISTS portal", *(f"DROP ROLE IF EXISTS {role}" for role in ROLES))


def set_up(server: TcpPostgres, admin: str) -> None:
    call_command("setup_database", f"postgres://{admin}:c@localhost:{server.port}/postgres", stdout=StringIO())


@pytest.mark.promise("O-11")
@pytest.mark.parametrize("times", [1, 2])
def test_an_administrator_without_superuser_sets_all_up(server, times):
    for _time in range(times):
        set_up(server, "cloud")
    assert server.run(RIGHTS) == RIGHT
    [(may_be_owner,)] = server.run("SELECT pg_has_role('cloud', 'portal_owner', 'SET')")
    assert not may_be_owner  # any more
    for role in ("portal_web", "portal_job", "portal_owner"):
        psycopg2.connect(host="localhost", port=server.port, user=role, password=PASSWORD, dbname="portal").close()
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(host="localhost", port=server.port, user="nobody_special", password="c", dbname="portal")
    assert server.run("SELECT has_schema_privilege('portal_web', 'public', 'CREATE')", database="portal") == [(False,)]


def test_what_it_may_not_do_is_said_with_what_to_ask_for_and_the_rest_is_done(server):
    with pytest.raises(CommandError) as said:
        set_up(server, "small_cloud")
    asked = re.findall(r"^(ALTER ROLE .*);$", str(said.value), re.MULTILINE)
    assert asked == ['ALTER ROLE "portal_job" BYPASSRLS', 'ALTER ROLE "portal_owner" BYPASSRLS']
    server.run(*asked)  # the provider does
    set_up(server, "small_cloud")
    assert server.run(RIGHTS) == RIGHT


def test_an_administrator_who_may_nothing_is_refused_and_nothing_is_left(server):
    with pytest.raises(CommandError, match="permission denied to create role"):
        set_up(server, "nobody_special")
    assert server.run(RIGHTS) == []


def test_a_superuser_corrects_what_was_changed(server):
    set_up(server, "cloud")
    server.run("ALTER ROLE portal_web BYPASSRLS CREATEDB", "ALTER ROLE portal_job NOBYPASSRLS SUPERUSER")
    call_command("setup_database", server.admin, stdout=StringIO())
    assert server.run(RIGHTS) == RIGHT


@pytest.mark.promise("O-11")
def test_the_statements_for_another_hand_make_the_same(server):
    printed = StringIO()
    call_command("setup_database", print=True, only_print=True, stdout=printed)
    assert server.run(RIGHTS) == []
    run_as_psql(server, printed.getvalue())
    assert server.run(RIGHTS) == RIGHT
    psycopg2.connect(host="localhost", port=server.port, user="portal_web", password=PASSWORD, dbname="portal").close()


def run_as_psql(server: TcpPostgres, script: str) -> None:
    command = [str(server._programs() / "psql"), "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", server.admin]
    done = subprocess.run(command, check=False, input=script, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr


SERVE = """import django; import partnerportal.wsgi
from django.db import connection, transaction
from django.test import Client
from partnerportal.lib import tenancy
print(Client(headers={"host": "localhost"}).get("/sign-in/login/").status_code)
with transaction.atomic(), connection.cursor() as cursor:
    tenancy.enter_tenant(organization_id=None)
    cursor.execute("SELECT session_user, current_user, (SELECT count(*) FROM accounts_organization)")
    print(*cursor.fetchone())"""


def test_from_nothing_to_a_request_under_row_level_security(server):
    set_up(server, "cloud")
    python("manage.py", "migrate", "--verbosity", "0", process="owner")
    python("manage.py", "create_organization", "--kind", "vendor", "--name", "V", "--country", "DE", process="job")
    served = python("-c", SERVE, process="web")
    assert served.split() == ["200", "portal_web", "portal_app", "0"]
    assert server.run("SELECT count(*) FROM accounts_organization", database="portal") == [(1,)]


def python(*arguments: str, process: str) -> str:
    names = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", "PORTAL_PROCESS": process}
    done = subprocess.run(
        [sys.executable, *arguments],
        check=False, cwd=settings.BASE_DIR, env=os.environ | names, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


LEFT = [  # for all who sign in with the role from then on
    "search_path = pg_catalog",
    "row_security = off",
    "default_transaction_read_only = on",
    "statement_timeout = 1",
    "local_preload_libraries = planted",
    "role = portal_owner",
]


def test_what_the_role_sets_for_itself_widens_no_sight_and_stops_nobody(server):
    """PostgreSQL lets every role do so. The settings that policies read it keeps for superusers."""
    set_up(server, "cloud")
    python("manage.py", "migrate", "--verbosity", "0", process="owner")
    python("manage.py", "create_organization", "--kind", "vendor", "--name", "V", "--country", "DE", process="job")
    with as_web_role(server) as run:
        for setting in LEFT:
            run(f"ALTER ROLE portal_web SET {setting}")
            run(f"ALTER ROLE portal_web IN DATABASE portal SET {setting}")
        for name in ("org_id", "person_id", "secret", "admitted_id"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="permission denied to set parameter"):
                run(f"ALTER ROLE portal_web SET portal.{name} = '1'")
        run("SELECT lo_from_bytea(0, 'left')")
    assert python("-c", SERVE, process="web").split() == ["200", "portal_web", "portal_app", "0"]
    said = subprocess.run(
        [sys.executable, "manage.py", "check_installation"],
        check=False, cwd=settings.BASE_DIR, capture_output=True, text=True, env=os.environ | {"PORTAL_PROCESS": "web"},
        timeout=PATIENCE,
    ).stdout  # fmt: skip
    for setting in LEFT:
        assert (setting.split()[0] in said) is (not setting.startswith("statement_timeout")), said
    assert "WARN   Left by SQL: The database holds 1 large objects" in said


@contextmanager
def as_web_role(server: TcpPostgres) -> Iterator[Callable[[str], None]]:
    link = psycopg2.connect(host="localhost", port=server.port, user="portal_web", password=PASSWORD, dbname="portal")
    link.autocommit = True
    with closing(link), link.cursor() as cursor:
        yield cursor.execute


def test_the_web_role_enters_no_other_database_of_a_server_of_its_own(server):
    """On a server that others use, what they may is theirs to say."""
    enter = {"host": "localhost", "port": server.port, "user": "portal_web", "password": PASSWORD}
    call_command("setup_database", server.admin, stdout=StringIO())
    psycopg2.connect(dbname="postgres", **enter).close()
    strangers = ("cloud", "small_cloud", "nobody_special")
    server.run(*(f"ALTER ROLE {role} NOLOGIN" for role in strangers))
    try:
        call_command("setup_database", server.admin, stdout=StringIO())
        for name in ("postgres", "template1"):
            with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
                psycopg2.connect(dbname=name, **enter)
            psycopg2.connect(dbname=name, **enter | {"user": "portal_owner"}).close()
    finally:
        server.run(*(f"ALTER ROLE {role} LOGIN" for role in strangers))
        for name in ("postgres", "template1"):
            server.run(
                f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO PUBLIC",
                f"REVOKE ALL ON DATABASE {name} FROM portal_owner",
            )
