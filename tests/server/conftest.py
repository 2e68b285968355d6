"""The real web process, on a database of its own that all tests of a module share; and the server alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings

from accounts.models import Person
from entitlements.models import IngestToken
from partnerportal.lib.tokens import digest_secret
from tests import databases
from tests.conftest import PageClient
from tests.faults.plant import Plant, free_port
from tests.guard import Guard
from tests.server.sockets import PATIENCE, SECRET, answer, request


@pytest.fixture(scope="module")
def plant(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Plant]:
    folder = tmp_path_factory.mktemp("plant")
    with django_db_blocker.unblock(), databases.copy() as variables:
        plant = Plant(variables | {"PRIVATE_ROOT": str(folder / "private")}, folder)
        plant.environment["LOG_LEVEL"] = "INFO"
        IngestToken.objects.create(name="Slow", digest=digest_secret(SECRET), prefix=SECRET[:8])
        try:
            plant.start_web()
            yield plant
        finally:
            plant.stop()


@pytest.fixture
def session_cookie(plant: Plant, django_db_blocker: Any) -> str:
    """The cookie of somebody who is signed in, as a header has it."""
    client = PageClient()
    with django_db_blocker.unblock():
        client.begin_session(Person.objects.earliest("pk"))
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


class Server:
    """gunicorn with the project's configuration and the application of `waiting`."""

    def __init__(self, folder: Path, *options: str, **variables: str) -> None:
        self.port = free_port()
        self.log = folder / "server.log"
        self.private = folder / "private"
        names = {
            "DJANGO_SETTINGS_MODULE": "partnerportal.settings.dev",
            "PORTAL_PROCESS": "web",
            "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",  # so any sender may upload
            "PRIVATE_ROOT": str(self.private),
        }
        command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
        command += ["--bind", f"127.0.0.1:{self.port}", *options]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "tests.server.waiting:application"],
                cwd=settings.BASE_DIR,
                env=os.environ | names | variables,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.guard = Guard()
        self.guard.watch(self.process.pid)

    def get(self, path: str) -> dict[str, str]:
        """What the application knew when it answered."""
        status, _headers, body = answer(self.port, request("GET", path, "Connection: close"))
        assert status == 200, (status, body)
        return facts(body)

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        with suppress(OSError, IndexError):
            return bool(self.get("/"))
        return False

    def workers(self) -> set[int]:
        return {child.pid for child in psutil.Process(self.process.pid).children()}

    def until(self, what: Callable[[], Any]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(60)
        self.guard.stop()


def facts(body: bytes) -> dict[str, str]:
    return dict(line.split("=", 1) for line in body.decode().splitlines())


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*options: str, **variables: str) -> Server:
        servers.append(Server(tmp_path, *options, **variables))
        servers[-1].until(servers[-1].answers)
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
