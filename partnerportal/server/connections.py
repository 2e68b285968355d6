"""Connections: how long each may be silent, and what becomes of it when there are too many or the process leaves."""

import socket
import time
from contextlib import suppress
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer, UnixWSGIServer

from partnerportal.lib.private_files import NO_SPACE
from partnerportal.server.admission import UploadSenderCheckTask
from partnerportal.server.answers import ApplicationResponseTask, ErrorResponseTask
from partnerportal.server.reading import SECONDS, DiskFull, RequestParser, RequestTimeout, Unauthorized
from partnerportal.server.thread_pools import ThreadPoolDispatcher

CONNECTIONS = 1000  # of one process; beyond them, those that wait longest without a whole request are closed
BUSY_TURN = 0.05  # seconds that a process whose threads are all at work leaves new connections to the other processes
KEEP_ALIVE = 65  # seconds between two requests; longer than usual proxies keep a connection
LINGER = 3  # seconds that a leaving process still answers on an open connection; proxies keep unused ones for 2
DRAIN = 2  # seconds in which what a refused client still sends is thrown away: a reset would destroy the answer


class PortalHTTPChannel(HTTPChannel):
    """A connection to one client.

    `since` is the time at which it began to wait for the client: for a first request, the next, or the rest of one.
    """

    task_class = ApplicationResponseTask
    error_task_class = ErrorResponseTask
    parser_class = RequestParser
    request: Any  # the one that is being read
    requests: list[Any]  # those that are being answered, or will be
    close_when_flushed: bool
    answered = False  # whether it has had an answer before
    paused = False  # whether reading waits until the sender of an upload is known
    refused = False  # whether its last answer is a refusal
    draining = False  # whether what still comes is thrown away

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.since = time.time()

    def received(self, data: bytes) -> bool:
        """Take in bytes that the client sent, and return whether they were taken in.

        A body for which the disk has no room is refused, and an upload waits until its sender is known.
        """
        if self.draining:
            return False
        before = self.request
        try:
            taken: bool = super().received(data)
        except OSError as error:
            if error.errno not in NO_SPACE:
                raise
            self.refuse_because_disk_is_full()
            return True
        if self.request is not before:
            self.since = time.time()
        if self.request is not None and self.request.needs_known_sender and not self.request.is_asked_for:
            self.request.is_asked_for = self.paused = True
            self.server.task_dispatcher.uploads.add_task(UploadSenderCheckTask(self))
        return taken

    def refuse_because_disk_is_full(self) -> None:
        """Refuse the present request because the disk is full, and delete what has been stored of its body."""
        with suppress(OSError):  # closing writes what is still in memory, which does not fit either
            self.request.close()
        self.request.body_rcv = None
        self.refuse_current_request(DiskFull(""))

    def resume_or_refuse_upload(self, request: RequestParser, is_known_sender: bool) -> None:
        """Go on reading the upload `request` if its sender is known, or refuse it."""
        self.paused = False
        if not is_known_sender and self.connected and self.request is request:
            self.refuse_current_request(Unauthorized(""))

    def service(self) -> None:
        """Answer the next request in this thread. If even the answer to an error fails, close the connection."""
        try:
            super().service()
        except Exception:
            self.requests, self.will_close = [], True
            self.server.pull_trigger()
            raise
        self.answered, self.since = True, time.time()

    def is_overdue(self, now: float) -> bool:
        """Return whether the client has kept the connection waiting too long.

        The time that the portal takes to answer does not count. `now` is in seconds, as time.time() gives it.
        """
        if self.requests or self.will_close:
            self.since = now
            return False
        if self.draining:
            return now - self.since > DRAIN
        if self.total_outbufs_len:  # the client is reading an answer; what it reads moves `last_activity` on
            self.since = now
            return bool(now - self.last_activity > KEEP_ALIVE)
        if self.request is not None:
            return bool(now - self.since > self.request.seconds)
        if self.server.leaves_at:
            return now - max(self.since, self.server.leaves_at) > LINGER
        return now - self.since > (KEEP_ALIVE if self.answered else SECONDS)

    def close_overdue_connection(self) -> None:
        """Close the connection. If half a request has come, first answer that it was too slow."""
        if self.request is None or self.draining or self.total_outbufs_len:
            self.handle_close()
        else:
            self.refuse_current_request(RequestTimeout(""))

    def refuse_current_request(self, error: Any) -> None:
        """Answer the request that is being read with an error, then close the connection."""
        with self.requests_lock:
            self.request.error = error
            self.requests.append(self.request)
            self.request = None
            self.server.add_task(self)

    def readable(self) -> bool:
        """Return whether to read from the client now.

        It is true while what a refused client sends is thrown away, and false while an upload waits for the check of
        its sender.
        """
        return self.draining or (not self.paused and bool(super().readable()))

    def handle_write(self) -> None:
        """Send what is ready to be sent.

        After a refusal, go on reading for DRAIN seconds before closing, so that the answer arrives.
        """
        if self.will_close or not (self.refused and self.close_when_flushed):
            super().handle_write()
            return
        self._flush_exception(self._flush_some)
        if self.connected and not self.total_outbufs_len:
            self.close_when_flushed, self.draining, self.since = False, True, time.time()
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:
                self.handle_close()


class ConnectionListener:
    """The base of the TCP and Unix sockets that accept connections.

    `is_leaving` is set when the proxy is to look for another server; `leaves_at` is when no more connections are
    accepted.
    """

    channel_class = PortalHTTPChannel
    is_leaving = False
    leaves_at = 0.0
    looks_at = 0.0  # when a process without a free thread takes new connections all the same
    task_dispatcher: ThreadPoolDispatcher
    active_channels: dict[int, PortalHTTPChannel]

    def maintenance(self, now: float) -> None:
        """Close the connections whose clients wait too long. waitress calls this each second."""
        for channel in list(self.active_channels.values()):
            if channel.is_overdue(now):
                channel.close_overdue_connection()

    def readable(self) -> bool:
        """Return whether to accept new connections now.

        A process without a free thread accepts them 50 ms later, so that they go to a process that has one.
        """
        is_open = bool(super().readable())  # type: ignore[misc]
        if not self.task_dispatcher.is_full:
            self.looks_at = 0.0
        elif not self.looks_at:
            self.looks_at = time.time() + BUSY_TURN
        return is_open and time.time() >= self.looks_at

    def handle_accept(self) -> None:
        """Accept one new connection.

        All that wait are accepted if this process leaves, or has let other processes go first.
        """
        takes_all, self.looks_at = bool(self.looks_at or self.leaves_at), 0.0
        before = -1
        while before != len(self.active_channels):
            before = len(self.active_channels)
            super().handle_accept()  # type: ignore[misc]
            if len(self.active_channels) > CONNECTIONS:
                self.close_longest_waiting()
            if not takes_all:
                break

    def close_longest_waiting(self) -> None:
        """Close the connection that has waited longest without a whole request; one with an upload comes last."""
        waiting = [channel for channel in self.active_channels.values() if not channel.requests]
        if waiting:
            min(waiting, key=lambda c: (bool(c.request and c.request.needs_known_sender), c.since)).handle_close()

    def stop_accepting(self) -> None:
        """Accept the connections that the kernel has already let in, and then no more."""
        self.leaves_at = time.time()
        self.handle_accept()
        wasyncore.dispatcher.close(self)  # the trigger stays open, because answers still wake the loop by it


class TcpListener(ConnectionListener, TcpWSGIServer):
    """A TCP socket that accepts connections."""


class UnixListener(ConnectionListener, UnixWSGIServer):
    """A Unix socket that accepts connections."""
