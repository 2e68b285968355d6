"""The worker class for gunicorn: the loop of one process, from its first page until it leaves."""

import mmap
import os
import resource
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

from gunicorn.workers.base import Worker
from waitress import wasyncore

# Nothing here may read the settings while it is imported: gunicorn's parent imports this once, and its processes must
# see the settings of their own start.

STARTED, READY, TOLD, ASKED = range(4)  # places in `PortalWorker.shared`
ANNOUNCED = 4  # seconds for which a leaving server says so before it refuses connections; the proxy looks each 2
WATCHED = 30  # seconds; a server that nobody has asked for readiness in that time has nobody to tell
FILES = 4096  # open files of a process, where the system allows them: some connections need three
FIRST_PAGE = "/sign-in/login/"


class PortalWorker(Worker):
    """A gunicorn worker process that answers requests with waitress."""

    # All processes of a parent share these numbers: the age of the worker that was started last, of the youngest that
    # is ready, and of the youngest that was told to leave; and when one was last asked whether it is ready.
    shared = memoryview(mmap.mmap(-1, 32)).cast("q")

    def __init__(self, age: int, *arguments: Any) -> None:
        super().__init__(age, *arguments)
        self.shared[STARTED] = age  # this still runs in the parent
        self.listeners: list[Any] = []

    def run(self) -> None:
        """Run the process: draw the first pages, answer requests, and end when that is due."""
        from partnerportal.lib import garbage
        from partnerportal.lib.private_files import ensure_private_folder
        from partnerportal.server.connections import BUSY_TURN
        from partnerportal.server.thread_pools import ThreadPoolDispatcher

        raise_open_file_limit()
        tempfile.tempdir = str(ensure_private_folder("incoming"))  # bodies must lie on a disk, and /tmp may be memory
        self.thread_pools = ThreadPoolDispatcher(self.cfg.threads)
        self.warm_up_page_threads()
        garbage.tune_garbage_collection()
        self.open_listeners()
        self.shared[READY] = max(self.shared[READY], self.age)
        while self.should_keep_running():
            self.run_event_loop_once(BUSY_TURN if self.thread_pools.is_full else 1)
        self.finish_open_requests()

    def warm_up_page_threads(self) -> None:
        """Load all templates and draw one page in each page thread, before the first request comes.

        The first page of a process takes many times as long as a later one.
        """
        preload_templates()
        together = threading.Barrier(self.cfg.threads + 1)
        for _ in range(self.cfg.threads):
            self.thread_pools.pages.add_task(PageWarmUpTask(self.wsgi, together))
        with suppress(threading.BrokenBarrierError):  # a page that cannot be drawn must not keep the process from work
            together.wait(timeout=self.cfg.timeout)

    def open_listeners(self) -> None:
        """Let waitress accept connections on each socket of gunicorn."""
        from django.conf import settings

        from partnerportal.server.connections import TcpListener, UnixListener
        from partnerportal.server.reading import build_waitress_settings

        self.channels: dict[int, Any] = {}
        for bound in self.sockets:
            kind = UnixListener if bound.sock.family.name == "AF_UNIX" else TcpListener
            self.listeners.append(
                kind(
                    self.wsgi,
                    self.channels,
                    _sock=bound.sock,
                    dispatcher=self.thread_pools,
                    adj=build_waitress_settings(settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
                    sockinfo=(bound.sock.family, bound.sock.type, bound.sock.proto, bound.sock.getsockname()),
                    bind_socket=False,
                )
            )

    def run_event_loop_once(self, max_seconds: float) -> None:
        """Run one turn of the main loop, of `max_seconds` at most, and tell the parent process that this one lives."""
        self.notify()
        wasyncore.poll2(max_seconds, self.channels)

    def should_keep_running(self) -> bool:
        """Return whether the process goes on answering requests.

        It ends when its parent is gone or its renewal is due. Told to leave, it stays until its successor is ready and
        its leave has been announced.
        """
        if self.ppid != os.getppid():
            self.log.info("The parent is gone")
            return False
        self.shared[ASKED] = max(self.shared[ASKED], self.thread_pools.asked_at)
        if self.alive:
            return not self.is_due_for_renewal()
        return self.is_successor_starting() or self.is_announcing_shutdown()

    def is_due_for_renewal(self) -> bool:
        """Return whether the process has answered `max_requests` requests and no upload is being received.

        An upload may take ten minutes, during which a leaving process would take no new connections.
        """
        if self.thread_pools.taken < self.max_requests:
            return False
        reading = (c.request for listener in self.listeners for c in list(listener.active_channels.values()))
        return not any(request and request.is_upload for request in reading)

    def is_successor_starting(self) -> bool:
        """Return whether a younger process has been started that is not ready yet.

        At a reload the parent ends a process as soon as it has started the next. A successor is waited for during half
        of graceful_timeout.
        """
        self.told_at = getattr(self, "told_at", time.monotonic())
        is_coming = self.shared[STARTED] > self.age >= self.shared[READY]
        return is_coming and time.monotonic() - self.told_at < self.cfg.graceful_timeout / 2

    def is_announcing_shutdown(self) -> bool:
        """Return whether the process stays for ANNOUNCED seconds to say in `/readyz` that it leaves.

        That is so when the parent leaves too, and somebody asks for readiness. A form that meets a closed port may be
        lost, and a proxy that notices nothing of a short restart would send requests to the next process before that is
        ready.
        """
        everybody_leaves = self.shared[TOLD] == self.shared[STARTED]
        is_watched = self.told_at - self.shared[ASKED] < WATCHED
        if not (everybody_leaves and is_watched and time.monotonic() - self.told_at < ANNOUNCED):
            return False
        for listener in self.listeners:
            listener.is_leaving = True
        return True

    def finish_open_requests(self) -> None:
        """Accept no new connections, and finish the requests that are being answered.

        The parent limits the time; uploads limit theirs.
        """
        for listener in self.listeners:
            listener.stop_accepting()
        while any(listener.active_channels for listener in self.listeners):
            self.run_event_loop_once(0.2)
            for listener in self.listeners:
                listener.maintenance(time.time())
        self.thread_pools.shutdown()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Handle the signal that tells this process to leave: tell the other processes, and wake the main loop."""
        super().handle_exit(sig, frame)
        self.shared[TOLD] = max(self.shared[TOLD], self.age)
        for listener in self.listeners[:1]:
            listener.pull_trigger()


class PageWarmUpTask:
    """A task that draws one page at the start of a process, so that later pages are quick.

    Its thread then waits until all others have drawn one too.
    """

    def __init__(self, application: Callable[..., Any], together: threading.Barrier) -> None:
        self.application, self.together = application, together

    def service(self) -> None:
        try:
            draw_sign_in_page(self.application)
        finally:  # an error is reported as any other, and must not keep the process from its start
            with suppress(threading.BrokenBarrierError):
                self.together.wait()

    def cancel(self) -> None:
        self.together.abort()


def draw_sign_in_page(application: Callable[..., Any]) -> None:
    """Ask the WSGI application for the sign-in page, as a visitor behind all trusted proxies would."""
    from django.conf import settings

    environ: dict[str, Any] = {"PATH_INFO": FIRST_PAGE, "HTTP_HOST": settings.PORTAL_HOST}
    setup_testing_defaults(environ)
    environ |= {
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_FORWARDED_FOR": ", ".join(["127.0.0.1"] * max(1, settings.ALLAUTH_TRUSTED_PROXY_COUNT)),
        "REMOTE_ADDR": "127.0.0.1",
    }
    answer = application(environ, lambda *_arguments: None)
    try:
        for _part in answer:
            pass
    finally:
        if hasattr(answer, "close"):
            answer.close()


def preload_templates() -> None:
    """Let Django parse and cache each of the portal's templates, in the default language."""
    import jinja2
    from django.template import TemplateSyntaxError, engines
    from django.utils.translation import get_language

    from partnerportal.jinja import get_part_environment

    parts = get_part_environment(get_language())
    for folder in map(Path, engines["django"].dirs):
        for path in folder.rglob("*.*"):
            load: Any = {".html": engines["django"].get_template, ".jinja": parts.get_template}.get(path.suffix)
            with suppress(TemplateSyntaxError, jinja2.TemplateSyntaxError):  # raised again by the page that uses it
                if load:
                    load(str(path.relative_to(folder)))


def raise_open_file_limit() -> None:
    """Raise this process's limit of open files to FILES, or as far as the system permits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < FILES:
        most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
