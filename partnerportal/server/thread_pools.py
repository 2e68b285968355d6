"""The threads that answer requests, in pools: pages, uploads and health checks never wait for one another."""

import logging
import time
from collections import deque
from typing import Any

from django.conf import settings
from waitress.task import ThreadedTaskDispatcher

from partnerportal.server.reading import UPLOADS, RequestParser

UPLOAD_THREADS = 2

# This logger tells at each request how many others wait, which on a busy day is always the case.
logging.getLogger("waitress.queue").setLevel(logging.ERROR)


class FairQueue:
    """A queue of requests from which each sender in turn is served one.

    In order of arrival, two hundred requests of one session at once kept everybody else waiting for seconds.
    """

    def __init__(self) -> None:
        self.lines: dict[str, deque[Any]] = {}  # the tasks of each sender; the first sender has the next turn
        self.length = 0

    def __len__(self) -> int:
        return self.length

    def append(self, task: Any) -> None:
        """Add a task behind the other tasks of its sender."""
        self.lines.setdefault(identify_sender(task), deque()).append(task)
        self.length += 1

    def popleft(self) -> Any:
        """Remove and return the first task of the sender whose turn it is. The sender then goes behind all others."""
        sender = next(iter(self.lines))
        line = self.lines.pop(sender)
        task = line.popleft()
        if line:
            self.lines[sender] = line
        self.length -= 1
        return task


def identify_sender(task: Any) -> str:
    """Return a text that identifies who sent the channel's next request.

    It is the session cookie, or without one the IP address.
    """
    if not getattr(task, "requests", None):  # a rehearsal is no channel
        return ""
    headers = task.requests[0].headers
    for cookie in headers.get("COOKIE", "").split(";"):
        name, _sign, value = cookie.strip().partition("=")
        if name == settings.SESSION_COOKIE_NAME:
            return str(value)
    return str(headers.get("X_FORWARDED_FOR") or task.addr[0])


class ThreadPoolDispatcher:
    """Four pools of threads: for pages, uploads, health checks and readiness checks.

    They replace the one pool of waitress, so that no kind of request waits for another. `taken` counts all requests.
    `asked_at` is when somebody last asked whether the process is ready, in whole seconds of the monotonic clock.
    """

    asked_at = 0

    def __init__(self, page_threads: int) -> None:
        self.taken = 0
        self.pages = start_thread_pool(page_threads)
        self.uploads = start_thread_pool(UPLOAD_THREADS)
        self.health = start_thread_pool(1)
        self.readiness = start_thread_pool(1)  # apart from health, because it asks the database, which may hang

    def add_task(self, channel: Any) -> None:
        """Give the channel's next request to the thread pool for its kind. waitress calls this."""
        self.taken += 1
        pool = self.choose_thread_pool(channel.requests[0])
        if pool is self.readiness:
            self.asked_at = int(time.monotonic())
        pool.add_task(channel)

    def choose_thread_pool(self, request: RequestParser) -> ThreadedTaskDispatcher:
        """Return the thread pool for a request, by its path.

        Refused requests go to the pool for health checks, because to answer them takes no time.
        """
        if request.error or request.path == "/healthz":
            return self.health
        if request.path == "/readyz":
            return self.readiness
        return self.uploads if request.path.startswith(UPLOADS) else self.pages

    @property
    def is_full(self) -> bool:
        """Whether a request for a page would now have to wait for a thread."""
        return bool(self.pages.active_count + len(self.pages.queue) >= len(self.pages.threads))

    def shutdown(self) -> None:
        """End all threads, and wait up to a second for those of each pool."""
        for pool in (self.pages, self.uploads, self.health, self.readiness):
            pool.shutdown(timeout=1)


def start_thread_pool(thread_count: int) -> ThreadedTaskDispatcher:
    """Start a pool of `thread_count` threads and return it. Its queue is a FairQueue."""
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.queue = FairQueue()
    dispatcher.set_thread_count(thread_count)
    return dispatcher
