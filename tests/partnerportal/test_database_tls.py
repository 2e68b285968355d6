"""What the URL of the database asks for is done. An option lost in silence, such as `sslmode`, is plain text."""

import runpy
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, ProgrammingError
from django.db.utils import ConnectionHandler

from partnerportal.database_roles import create_database
from tests.servers import Authority, TcpPostgres, own_server, tls_in_front_of

pytestmark = pytest.mark.slow  # a server of its own
PROCESSES = ("web", "job", "owner")
Connect = Callable[[str, int, str], list[str]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TcpPostgres]:
    with own_server(tmp_path_factory.mktemp("server")) as server:
        web, job, owner = (url_of(f"portal_{name}", server.port) for name in ("web", "job", "owner"))
        create_database(server.admin, web_url=web, job_url=job, owner_url=owner)
        server.run("CREATE ROLE portal_admin SUPERUSER LOGIN PASSWORD 'secret'")
        yield server


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "ca.crt")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger") / "ca.crt")


@pytest.fixture(scope="module")
def tls(server: TcpPostgres, authority: Authority) -> Iterator[int]:
    with tls_in_front_of(server.port, authority.certificate_for("localhost")) as port:
        yield port


@pytest.fixture(scope="module")
def elsewhere(server: TcpPostgres, authority: Authority) -> Iterator[int]:
    """With a certificate for another host."""
    with tls_in_front_of(server.port, authority.certificate_for("elsewhere.example")) as port:
        yield port


def url_of(role: str, port: int, query: str = "") -> str:
    database = "postgres" if role == "portal_admin" else "portal"
    return f"postgres://{role}:secret@localhost:{port}/{database}?{query}"


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch, django_db_blocker) -> Connect:
    """Connect as that process would; says whether TLS is in use, and what limits the server knows of."""

    def connect(process: str, port: int, query: str) -> list[str]:
        monkeypatch.setenv("PORTAL_PROCESS", process)
        url = url_of(f"portal_{process}", port, query)
        monkeypatch.setenv(settings.DATABASE_VARIABLES[process], url)
        found = runpy.run_path(str(settings.BASE_DIR / "partnerportal/settings/base.py"))
        connection = ConnectionHandler(found["DATABASES"])["default"]
        with django_db_blocker.unblock(), connection.temporary_connection() as cursor:
            cursor.execute("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
            return [str(connection.connection.info.ssl_in_use), *cursor.fetchone()]

    return connect


@pytest.fixture
def set_up(server: TcpPostgres, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, str], None]:
    for process, variable in settings.DATABASE_VARIABLES.items():
        monkeypatch.setenv(variable, url_of(f"portal_{process}", server.port))
    return lambda port, query: call_command("setup_database", url_of("portal_admin", port, query))


@pytest.mark.promise("O-1")
@pytest.mark.parametrize("process", PROCESSES)
def test_a_server_without_tls_is_refused_when_tls_is_asked_for(server, connect, process, authority):
    for query in ("sslmode=require", f"sslmode=verify-full&sslrootcert={authority.file}"):
        with pytest.raises(OperationalError, match="server does not support SSL, but SSL was required"):
            connect(process, server.port, query)
    assert connect(process, server.port, "")[0] == "False"


def test_the_set_up_refuses_it_too(server, set_up):
    with pytest.raises(CommandError, match="SSL was required"):
        set_up(server.port, "sslmode=require")
    set_up(server.port, "sslmode=prefer")


@pytest.mark.promise("O-1")
@pytest.mark.parametrize("process", PROCESSES)
def test_the_right_authority_is_trusted_and_tls_is_in_use(tls, connect, process, authority):
    assert connect(process, tls, f"sslmode=verify-full&sslrootcert={authority.file}")[:2] == ["True", "5s"]


def test_the_set_up_trusts_the_right_authority_alone(tls, set_up, authority, stranger):
    set_up(tls, f"sslmode=verify-full&sslrootcert={authority.file}")
    with pytest.raises(CommandError, match="certificate verify failed"):
        set_up(tls, f"sslmode=verify-full&sslrootcert={stranger.file}")


def test_another_authority_and_another_host_are_refused(tls, elsewhere, connect, authority, stranger):
    with pytest.raises(OperationalError, match="certificate verify failed"):
        connect("web", tls, f"sslmode=verify-full&sslrootcert={stranger.file}")
    with pytest.raises(OperationalError, match='does not match host name "localhost"'):
        connect("web", elsewhere, f"sslmode=verify-full&sslrootcert={authority.file}")
    assert connect("web", elsewhere, f"sslmode=verify-ca&sslrootcert={authority.file}")[0] == "True"


def test_every_other_option_counts_beside_ours(server, connect):
    assert connect("web", server.port, "target_session_attrs=read-write")[1:] == ["5s", "15s"]
    assert connect("web", server.port, "options=-c%20statement_timeout%3D3s")[1:] == ["5s", "3s"]
    with pytest.raises(OperationalError, match="session is not read-only"):
        connect("web", server.port, "target_session_attrs=read-only")
    with pytest.raises(ProgrammingError, match="invalid connection option"):
        connect("web", server.port, "sslmood=require")


def test_a_missing_file_is_an_error_and_not_plain_text(tls, connect, tmp_path):
    with pytest.raises(OperationalError, match="does not exist"):
        connect("job", tls, f"sslmode=verify-full&sslrootcert={tmp_path / 'missing'}")
