"""A link to a server that a test may cut, without rights over the network."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from django.db import connection

from tests.threads import join_all

CHUNK = 1 << 16


class Relay:
    """Passes on what comes to `port`. While it is stalled, connections are taken and stay open, and nothing passes: as
    with a server that is stopped, or behind a network that loses everything. While it loses answers, the server gets
    and does all it is asked for, and nobody hears of it."""

    def __init__(self, target: tuple[str, int] | str) -> None:
        self.target = target  # an address, or the path of a Unix socket
        self._passing = threading.Event()
        self._passing.set()
        self._links: list[socket.socket] = []
        self._closing = self._loses_answers = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._take, daemon=True)]
        self._threads[0].start()

    def stall(self) -> None:
        self._passing.clear()

    def lose_answers(self) -> None:
        self._loses_answers = True

    @contextmanager
    def stalled(self) -> Iterator[None]:
        self.stall()
        try:
            yield
        finally:
            self.resume()

    def resume(self) -> None:
        """Pass all on again. Connections that have lost something end."""
        if self._loses_answers:
            self._end_links()
        self._loses_answers = False
        self._passing.set()

    def _take(self) -> None:
        while True:
            near, _address = self._listening.accept()
            if self._closing:
                near.close()
                return
            far = socket.socket(socket.AF_UNIX if isinstance(self.target, str) else socket.AF_INET)
            far.connect(self.target)
            self._links += [near, far]
            for source, sink in ((near, far), (far, near)):
                self._threads.append(
                    threading.Thread(target=self._pump, args=(source, sink, sink is near), daemon=True)
                )
                self._threads[-1].start()

    def _pump(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                self._passing.wait()
                if not (is_answer and self._loses_answers):
                    sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _end_links(self) -> None:
        for link in self._links:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._closing = True
        self.resume()
        socket.create_connection(("127.0.0.1", self.port)).close()
        join_all(self._threads[:1])
        self._end_links()
        join_all(self._threads)
        for link in (*self._links, self._listening):
            link.close()


def relay_to(url: str) -> tuple[Relay, str]:
    """A relay to the server of that URL, and the URL that leads through it."""
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    relay = Relay((parts.hostname, parts.port))
    return relay, parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{relay.port}").geturl()


def relay_to_database() -> Relay:
    """A relay to the server of the tests."""
    host, port = connection.settings_dict["HOST"], int(connection.settings_dict["PORT"] or 5432)
    return Relay(f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port))
