"""The page's blocks for a machine without containers, in its order, in a folder and with servers of the test's own."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import Request, urlopen

import psycopg2
import pytest

from partnerportal import embedded
from tests.operations.page import PROJECT, Shell, blocks, clean_environment

BLOCKS = [block for block in blocks() if block.setting == "hand"]
ACCESS = """host all postgres 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Machine:
    """A machine of one's own in a folder: what the page calls /srv, /etc and /var/lib, and two servers."""

    root: Path
    shell: Shell
    database_port: int
    redis_url: str
    web_port: int = field(default_factory=free_port)

    def place(self, text: str) -> str:
        """Put this machine's folders in place of those of the page."""
        for folder in ("/srv/partnerportal", "/etc/partnerportal", "/var/lib/partnerportal"):
            text = text.replace(folder, f"{self.root}{folder}")
        return text

    def fill_in(self) -> None:
        """Write into portal.env what the page leaves to the operator."""
        path = Path(self.place("/etc/partnerportal/portal.env"))
        given = {
            "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
            "SECRETS_KEYS": "b25seS1mb3ItdGhpcy1jaGVjay1hbmQtbm8tb3RoZXI=",
            "REDIS_URL": self.redis_url,
            "EMAIL_URL": "smtp://127.0.0.1:1",
            "WEB_BIND": f"127.0.0.1:{self.web_port}",
            "ADMIN_DATABASE_URL": f"postgres://postgres@127.0.0.1:{self.database_port}/postgres",
        }
        text = self.place(path.read_text()).replace(":5432/", f":{self.database_port}/")
        text = re.sub(r"^(\w+)=.*", lambda line: line[0] if line[1] not in given else "", text, flags=re.MULTILINE)
        path.write_text(text + "".join(f"\n{name}={value}" for name, value in given.items()) + "\n")

    def status(self, path: str) -> int:
        headers = {"Host": "portal.example.com", "X-Forwarded-Proto": "https"}
        with urlopen(Request(f"http://127.0.0.1:{self.web_port}{path}", headers=headers), timeout=10) as answer:
            return int(answer.status)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    root = tmp_path_factory.mktemp("hand")
    for folder in (root, *root.parents[:2]):
        # PostgreSQL does not run as root, and its own user must come through. What else others may do there stays.
        folder.chmod(folder.stat().st_mode | 0o755)
    code = root / "srv/partnerportal"
    code.mkdir(parents=True)
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], check=True, cwd=PROJECT, capture_output=True, text=True
    )
    for name in filter(lambda name: (PROJECT / name).is_file(), listed.stdout.split("\0")):
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(PROJECT / name, code / name)
    server, port, programs = start_database(root / "database")
    environment = clean_environment(PATH=f"{programs}:{os.environ['PATH']}")
    redis = embedded.RedisServer(root)
    shell = Shell(code, environment)
    yield Machine(root, shell, port, redis.start_if_needed())
    shell.end()
    redis.stop()
    server.terminate()
    server.wait(30)


def start_database(root: Path) -> tuple[subprocess.Popen[bytes], int, Path]:
    """A PostgreSQL as on a server: on a port, with passwords. Returns it, its port and the folder of its programs."""
    root.mkdir()
    made = embedded.PostgresServer(root)
    programs = made._programs()
    made._initialise(programs)
    (made.data / "pg_hba.conf").write_text(ACCESS)
    port = free_port()
    options = ["-clisten_addresses=127.0.0.1", f"-cport={port}", "-cunix_socket_directories="]
    log = root / "log"
    command = [programs / "postgres", "-D", made.data, *options]
    with log.open("w") as output:
        server = subprocess.Popen(command, user=made.account, cwd="/", stderr=output)
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg2.connect(f"host=127.0.0.1 port={port} user=postgres").close()
            return server, port, programs
        except psycopg2.OperationalError:
            assert time.monotonic() < deadline and server.poll() is None, log.read_text()
            time.sleep(0.1)


def wait_for_pages(machine: Machine) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            assert (machine.status("/readyz"), machine.status("/sign-in/")) == (200, 200)
            return
        except OSError:
            assert time.monotonic() < deadline, machine.shell.output
            time.sleep(0.5)


@pytest.mark.promise("O-8")
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: str(block.line))
def test_block(block: object, machine: Machine) -> None:
    text = machine.place(block.text)  # type: ignore[attr-defined]
    if "RENAME TO portal_before_restore" in text:
        machine.shell.end()  # "when the portal is stopped"
    said = machine.shell.run(text)
    if "portal.env.example" in text:
        machine.fill_in()
    if "honcho" in text:
        wait_for_pages(machine)
    if "--link" in text:
        link = re.findall(r"https://portal\.example\.com(/sign-in/password/reset/key/\S+)", said)[0]
        assert machine.status(link) == 200
    if "rebuild_portfolio" in text:
        assert "No differences" in said
    if "verify_events ||" in text:  # after the dump was restored
        assert re.search(r"Checked \d[\d,]* events, positions 1 to \d", said)
