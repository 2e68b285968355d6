"""Connections: how long each may be silent, and what becomes of it when there are too many or the process leaves."""

import socket
import time
from contextlib import suppress
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer, UnixWSGIServer

from partnerportal.lib.private_files import NO_SPACE
from partnerportal.server.admission import SenderCheck
from partnerportal.server.answers import Answer, RefusalTask
from partnerportal.server.lanes import Lanes
from partnerportal.server.reading import SECONDS, NoSpace, Parser, RequestTimeout, Unauthorized

CONNECTIONS = 1000  # of one process; beyond them, those that wait longest without a whole request are closed
BUSY_TURN = 0.05  # seconds that a process whose threads are all at work leaves new connections to the other processes
KEEP_ALIVE = 65  # seconds between two requests; longer than usual proxies keep a connection
LINGER = 3  # seconds that a leaving process still answers on an open connection; proxies keep unused ones for 2
DRAIN = 2  # seconds in which what a refused client still sends is thrown away: a reset would destroy the answer


class Channel(HTTPChannel):
    """One connection. `since` is when the present wait began: for the first request, the next, or the rest of one."""

    task_class = Answer
    error_task_class = RefusalTask
    parser_class = Parser
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
        """Take in what the client sent, and return whether it was taken in.

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
            self.refuse_for_lack_of_room()
            return True
        if self.request is not before:
            self.since = time.time()
        if self.request is not None and self.request.is_upload and not self.request.is_asked_for:
            self.request.is_asked_for = self.paused = True
            self.server.task_dispatcher.uploads.add_task(SenderCheck(self))
        return taken

    def refuse_for_lack_of_room(self) -> None:
        """Refuse the request because the disk takes no more of its body, and let go of what it took."""
        with suppress(OSError):  # closing writes what is still in memory, which does not fit either
            self.request.close()
        self.request.body_rcv = None
        self.refuse(NoSpace(""))

    def admit(self, request: Parser, is_known: bool) -> None:
        """Go on reading an upload whose sender is known, and refuse any other."""
        self.paused = False
        if not is_known and self.connected and self.request is request:
            self.refuse(Unauthorized(""))

    def service(self) -> None:
        """Answer the next request, in this thread. If even the answer to an error fails, close the connection."""
        try:
            super().service()
        except Exception:
            self.requests, self.will_close = [], True
            self.server.pull_trigger()
            raise
        self.answered, self.since = True, time.time()

    def is_overdue(self, now: float) -> bool:
        """Return whether the client has let us wait too long. The time of our own answer does not count."""
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

    def close_waiting(self) -> None:
        """Close the connection. Where half a request has come, answer first that it was too slow."""
        if self.request is None or self.draining or self.total_outbufs_len:
            self.handle_close()
        else:
            self.refuse(RequestTimeout(""))

    def refuse(self, error: Any) -> None:
        """Answer the request that is being read with an error, and close the connection then."""
        with self.requests_lock:
            self.request.error = error
            self.requests.append(self.request)
            self.request = None
            self.server.add_task(self)

    def readable(self) -> bool:
        """Return whether to read from the client: always while draining, and not while paused."""
        return self.draining or (not self.paused and bool(super().readable()))

    def handle_write(self) -> None:
        """Send what is ready. After a refusal, read on for DRAIN seconds before closing, so that the answer arrives."""
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


class Listener:
    """The behaviour that TCP and Unix listening sockets share.

    `is_leaving` is set when the proxy is to look for another server; `leaves_at` is when no more connections are taken.
    """

    channel_class = Channel
    is_leaving = False
    leaves_at = 0.0
    looks_at = 0.0  # when a process without a free thread takes new connections all the same
    task_dispatcher: Lanes
    active_channels: dict[int, Channel]

    def maintenance(self, now: float) -> None:
        """Close the overdue connections. waitress calls this each second while the socket listens."""
        for channel in list(self.active_channels.values()):
            if channel.is_overdue(now):
                channel.close_waiting()

    def readable(self) -> bool:
        """Return whether to take new connections now.

        A process without a free thread takes them 50 ms later, so that they go to a process that has one.
        """
        is_open = bool(super().readable())  # type: ignore[misc]
        if not self.task_dispatcher.is_full:
            self.looks_at = 0.0
        elif not self.looks_at:
            self.looks_at = time.time() + BUSY_TURN
        return is_open and time.time() >= self.looks_at

    def handle_accept(self) -> None:
        """Take one new connection, or all that wait if this process let others go first, or if it leaves."""
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
            min(waiting, key=lambda c: (bool(c.request and c.request.is_upload), c.since)).handle_close()

    def stop_accepting(self) -> None:
        """Take the connections that the kernel has let in already, and then no more."""
        self.leaves_at = time.time()
        self.handle_accept()
        wasyncore.dispatcher.close(self)  # the trigger stays open, because answers still wake the loop by it


class TcpListener(Listener, TcpWSGIServer):
    """A listening TCP socket."""


class UnixListener(Listener, UnixWSGIServer):
    """A listening Unix socket."""
