"""The real parts of an installation as processes of a test: web, worker, Redis, and a mail server that takes all."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import psutil
from aiosmtpd.controller import Controller
from django.conf import settings
from kombu import pools

from partnerportal import embedded
from tests.guard import Guard
from tests.queues import EVERY_QUEUE, new_beat
from tests.threads import join_all

NO_ANSWER = 599
WAIT_SECONDS = 120  # a machine with nothing else to do needs 5


def until(answer: Callable[[], Any], meanwhile: Callable[[], Any] = lambda: None) -> None:
    """Wait until `answer` says something true, for WAIT_SECONDS at most, and do `meanwhile` between two looks."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not answer():
        assert time.monotonic() < deadline
        meanwhile()
        time.sleep(0.2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class MailServer:
    """Counts the mails taken, by Message-ID and address."""

    def __init__(self) -> None:
        self.taken: Counter[tuple[str, str]] = Counter()
        self.server = Controller(self, hostname="127.0.0.1", port=free_port())
        self.server.start()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        lines = envelope.content.decode(errors="replace").splitlines()
        message_id = next(line.partition(":")[2].strip() for line in lines if line.lower().startswith("message-id:"))
        self.taken[message_id, envelope.rcpt_tos[0]] += 1
        return "250 OK"


class Plant:
    def __init__(self, databases: dict[str, str], folder: Path) -> None:
        self.folder = folder
        self.mails = MailServer()
        self.redis = embedded.RedisServer(folder)
        self.redis_url = self.redis.start_if_needed()
        self.guard = Guard()
        self.guard.watch(int(self.redis._state()["pid"]))
        self.port = free_port()
        self.environment = (
            os.environ
            | databases
            | {
                "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
                "REDIS_URL": self.redis_url,
                "EMAIL_URL": f"smtp://127.0.0.1:{self.mails.server.port}",
                "PORTAL_ORIGIN": f"http://127.0.0.1:{self.port}",
                "LOG_LEVEL": "WARNING",
            }
        )
        self.beat = new_beat(self.redis_url)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *command: str, process: str, **more: Any) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=settings.BASE_DIR,
                env=self.environment | {"PORTAL_PROCESS": process},
                stderr=log,
                start_new_session=True,
                **({"stdout": log} | more),
            )
        self.guard.watch(self.processes[name].pid)
        return self.processes[name]

    def start_web(self) -> None:
        self.start(
            "web", "gunicorn", "--config", "gunicorn.conf.py", "-b", f"127.0.0.1:{self.port}", "partnerportal.wsgi",
            process="web",
        )  # fmt: skip
        self._until("web", self.web_answers)

    def web_answers(self) -> bool:
        with suppress(OSError):
            return bool(urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5).status == 200)
        return False

    def web_listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def start_worker(self, name: str, queues: str = EVERY_QUEUE) -> None:
        options = ("--loglevel", "warning", "--concurrency", "1", "--without-gossip", "--without-mingle", "-Q", queues)
        self.start(name, "celery", "--app", "partnerportal", "worker", "--hostname", name, *options, process="job")

    def wait_for_worker(self, name: str) -> None:
        """Until it takes tasks: it then answers through the broker."""
        self._until(name, lambda: self.beat.control.ping(destination=[f"celery@{name}"], timeout=0.5))

    def wait_for_task(self, name: str, task: str) -> None:
        """Until that worker has taken it, and has nothing in hand any more."""
        node = f"celery@{name}"
        ask = self.beat.control.inspect([node], timeout=0.5)
        self._until(
            name, lambda: (stats := ask.stats()) and task in stats[node]["total"] and ask.active() == {node: []}
        )

    def _until(self, name: str, answer: Callable[[], Any]) -> None:
        deadline = time.monotonic() + 120
        while not answer():
            assert time.monotonic() < deadline, (self.folder / f"{name}.log").read_text()
            time.sleep(0.1)

    def pids(self, name: str) -> list[int]:
        """The process and its children."""
        process = psutil.Process(self.processes[name].pid)
        return [process.pid, *(child.pid for child in process.children(recursive=True))]

    def kill(self, name: str) -> None:
        """As the kernel would: the process and its children, without a word."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):  # it had ended by itself
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)

    def kill_parent(self, name: str) -> list[int]:
        """The process alone, without a word to its children. Returns their numbers."""
        process = self.processes.pop(name)
        children = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
        process.kill()
        process.wait(60)
        return children

    def start_beat(self, name: str) -> None:
        schedule = str(self.folder / f"{name}.schedule")
        self.start(name, "celery", "--app", "partnerportal", "beat", "-s", schedule, "--pidfile=", process="job")

    def kill_redis(self) -> None:
        os.kill(int(self.redis._state()["pid"]), signal.SIGKILL)
        self._forget_connections()
        self.beat = new_beat(self.redis_url)

    def _forget_connections(self) -> None:
        """Drop this plant's broken connections alone: kombu's pools belong to the process, and an application that
        another test uses would go on with the pool it has, closed."""
        broker = self.beat.connection_for_write()
        for group in (pools.producers, pools.connections):
            group[broker].force_close_all()
            del group[broker]

    def start_redis(self) -> None:
        assert urlsplit(self.redis.start_if_needed()).port == urlsplit(self.redis_url).port

    def sweep(self) -> None:
        """What beat does each minute."""
        for task in ("write_notices", "send_emails"):
            self.beat.send_task(f"notifications.tasks.{task}", retry=False)

    def stop(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        self._forget_connections()
        self.beat.close()
        self.redis.stop()
        self.guard.stop()
        self.mails.server.stop()


class Visitor(threading.Thread):
    """Reads pages and saves a form all the while; remembers each answer."""

    PAGES = ("/", "/customers/", "/inbox/", "/account/")
    PATIENCE = 30  # seconds until an answer

    def __init__(self, port: int, cookies: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self.port, self.cookies, self.leave = port, cookies, threading.Event()
        self.answers: list[tuple[str, int, float]] = []

    def run(self) -> None:
        number = 0
        while not self.leave.wait(0.25):
            number += 1
            if number % 4 == 0:
                token = self.cookies["portal-csrf"]
                self._ask("POST", "/account/edit/", street=f"Street {number}", country="DE", csrfmiddlewaretoken=token)
            else:
                self._ask("GET", self.PAGES[number % len(self.PAGES)])

    def _ask(self, method: str, path: str, **data: str) -> str:
        """Returns where the answer sends on to."""
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        started = time.monotonic()
        link = HTTPConnection("127.0.0.1", self.port, timeout=self.PATIENCE)
        status, then = NO_ANSWER, ""
        with suppress(OSError, HTTPException):
            link.request(method, path, urlencode(data), headers)
            answer = link.getresponse()
            answer.read()
            status, then = answer.status, answer.headers.get("Location", "")
        link.close()
        self.answers.append((f"{method} {path}", status, time.monotonic() - started))
        return then

    def close(self) -> None:
        self.leave.set()
        join_all([self])
