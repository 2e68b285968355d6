"""Which threads answer a request: pages, uploads and health never wait for one another."""

import logging
import time
from collections import deque
from typing import Any, Protocol

from django.conf import settings
from waitress.task import ThreadedTaskDispatcher

from partnerportal.server.reading import UPLOADS, Parser

UPLOAD_THREADS = 2

# It says at each request how many wait, which on a busy day is always.
logging.getLogger("waitress.queue").setLevel(logging.ERROR)


class Task(Protocol):
    """What a thread does next."""

    def service(self) -> None: ...
    def cancel(self) -> None: ...


class Turns:
    """A queue in which senders take turns, in place of who came first: two hundred requests of one session at once kept
    everybody else waiting for seconds."""

    def __init__(self) -> None:
        self.lines: dict[str, deque[Any]] = {}  # of each sender; the first has the next turn
        self.length = 0

    def __len__(self) -> int:
        return self.length

    def append(self, task: Any) -> None:
        self.lines.setdefault(sender_of(task), deque()).append(task)
        self.length += 1

    def popleft(self) -> Any:
        sender = next(iter(self.lines))
        line = self.lines.pop(sender)
        task = line.popleft()
        if line:
            self.lines[sender] = line
        self.length -= 1
        return task


def sender_of(task: Any) -> str:
    """Return the session cookie of a channel's next request, without one the address that it came from."""
    if not getattr(task, "requests", None):  # a rehearsal
        return ""
    headers = task.requests[0].headers
    for cookie in headers.get("COOKIE", "").split(";"):
        name, _sign, value = cookie.strip().partition("=")
        if name == settings.SESSION_COOKIE_NAME:
            return str(value)
    return str(headers.get("X_FORWARDED_FOR") or task.addr[0])


class Lanes:
    """Stands in for waitress's one pool of threads. `taken` counts the requests.

    `asked_at` is when somebody last asked whether the process is ready, in whole seconds of the monotonic clock.
    """

    asked_at = 0

    def __init__(self, page_threads: int) -> None:
        self.taken = 0
        self.pages = start_threads(page_threads)
        self.uploads = start_threads(UPLOAD_THREADS)
        self.health = start_threads(1)
        self.readiness = start_threads(1)  # asks the database, which may hang

    def add_task(self, channel: Any) -> None:
        """Hand over the channel's next request. waitress calls this."""
        self.taken += 1
        lane = self.lane_of(channel.requests[0])
        if lane is self.readiness:
            self.asked_at = int(time.monotonic())
        lane.add_task(channel)

    def lane_of(self, request: Parser) -> ThreadedTaskDispatcher:
        if request.error or request.path == "/healthz":
            return self.health
        if request.path == "/readyz":
            return self.readiness
        return self.uploads if request.path.startswith(UPLOADS) else self.pages

    @property
    def is_full(self) -> bool:
        """Whether the next page would wait for a thread."""
        return bool(self.pages.active_count + len(self.pages.queue) >= len(self.pages.threads))

    def shutdown(self) -> None:
        for lane in (self.pages, self.uploads, self.health, self.readiness):
            lane.shutdown(timeout=1)


def start_threads(number: int) -> ThreadedTaskDispatcher:
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.queue = Turns()
    dispatcher.set_thread_count(number)
    return dispatcher
