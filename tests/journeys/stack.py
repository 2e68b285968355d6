"""The real thing in processes of its own: web and worker of the Procfile, a Redis, mails in a folder.

Only the database server is shared with the other tests; the database is a copy of the world to commit into.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from django.conf import settings

from partnerportal import embedded
from tests import databases
from tests.dns_server import DnsServer
from tests.guard import Guard
from tests.queues import EVERY_QUEUE, new_beat
from tools import static
from tools.stages import PROJECT, base_environment

PATIENCE = 60  # seconds that anything may take; on a machine with nothing else to do nothing takes five


class Stack:
    def __init__(self, folder: Path, database: str, cast: dict[str, str]) -> None:
        self.folder = folder
        self.database = database
        self.cast = cast  # public ids of the world, by name
        self.port = _free_port()
        self.origin = f"http://localhost:{self.port}"
        self.dns = DnsServer()  # what workers ask for TXT records
        self.mails = folder / "mail"
        self.mails.mkdir()
        self.environment = base_environment() | {
            "DJANGO_SETTINGS_MODULE": "partnerportal.settings.dev",
            "SECRET_KEY": settings.SECRET_KEY,  # sessions that a test makes hold here too
            "PORTAL_ORIGIN": self.origin,
            "WEB_BIND": f"127.0.0.1:{self.port}",
            "WORKER_CONCURRENCY": "1",
            "STATIC_ROOT": str(folder / "static"),  # another run may collect changed files meanwhile
            "PRIVATE_ROOT": str(folder / "private"),
            "EMAIL_URL": f"filemail:///{self.mails}",
            "DNS_RESOLVERS": "{}:{}".format(*self.dns.address),
            **databases.urls(database),
        }

    @contextmanager
    def running(self) -> Iterator["Stack"]:
        redis, guard = embedded.RedisServer(self.folder), Guard()
        self.environment["REDIS_URL"] = redis.start_if_needed()
        guard.watch(int(redis._state()["pid"]))
        static.collect(environment=self.environment)
        processes = [self._start(name) for name in ("web", "worker")]
        for process in processes:
            guard.watch(process.pid)
        try:
            eventually(lambda: self._answers(processes), f"The web process answers; see {self.folder / 'web.log'}")
            with self.dns:
                yield self
        finally:
            for process in processes:
                _end(process)
            redis.stop()
            guard.stop()

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        """In a session of its own, so that its children can be ended with it."""
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                ["/bin/sh", "-c", _procfile()[name]],
                cwd=PROJECT, env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def _answers(self, processes: list[subprocess.Popen[bytes]]) -> bool:
        assert all(process.poll() is None for process in processes), f"A process ended; see the logs in {self.folder}"
        with suppress(OSError):
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5).status == 200)
        return False

    def manage(self, *arguments: str, given: str = "") -> str:
        """A command as vendor staff run it."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command,
            check=False, cwd=PROJECT, env=self.environment, input=given, capture_output=True, text=True,
            timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def send(self, task: str) -> None:
        """As beat does."""
        with new_beat(self.environment["REDIS_URL"]) as beat:
            beat.send_task(task, retry=False)

    def mails_to(self, address: str) -> list[EmailMessage]:
        texts = [path.read_bytes() for path in sorted(self.mails.glob("*.log"))]
        found = [_mail(part) for text in texts for part in text.split(b"-" * 79 + b"\n") if part.strip()]
        return [mail for mail in found if address in str(mail["To"])]

    def mail(self, address: str, subject: str) -> EmailMessage:
        """The latest mail whose subject contains that, as soon as it is there."""

        def newest() -> EmailMessage | None:
            return next((mail for mail in self.mails_to(address)[::-1] if subject in str(mail["Subject"])), None)

        return eventually(newest, f"A mail “{subject}” to {address}; see {self.folder}")

    def link(self, address: str, subject: str, place: str) -> str:
        """The link of the latest mail with that subject that leads to `place`, without the portal's host."""
        body = self.mail(address, subject).get_body(("plain",))
        assert body
        return re.search(rf"{self.origin}({place}\S*)", body.get_content())[1]  # type: ignore[index]

    def code(self, address: str) -> str:
        """The code by which somebody who signs up proves their address."""
        body = eventually(lambda: self.mails_to(address), f"A mail to {address}")[-1].get_body(("plain",))
        assert body
        return re.search(r"^\s*([A-Z0-9]{3,}(?:-[A-Z0-9]+)?)\s*$", body.get_content(), re.MULTILINE)[1]  # type: ignore[index]


def eventually(answer: Callable[[], Any], what: str) -> Any:
    """The first true answer."""
    deadline = time.monotonic() + PATIENCE
    while not (found := answer()):
        assert time.monotonic() < deadline, f"Not within {PATIENCE} s: {what}"
        time.sleep(0.1)
    return found


def _procfile() -> dict[str, str]:
    lines = (PROJECT / "Procfile").read_text().splitlines()
    commands = {name: command.strip() for name, _, command in (line.partition(":") for line in lines)}
    # One worker for all queues: four of them begin so slowly beside the other tests that the browser waits.
    return commands | {"worker": commands["worker"].replace("--queues celery", f"--queues {EVERY_QUEUE}")}


def _mail(text: bytes) -> EmailMessage:
    return message_from_bytes(text.strip() + b"\n", policy=policy.default)  # type: ignore[return-value]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
            return
