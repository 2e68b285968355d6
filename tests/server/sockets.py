"""Clients that a kind library would not be: they stop in the middle, trickle, and break rules."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.threads import join_all

SECRET = "u" * 43  # a token of the feed that the web process knows
PATIENCE = 60  # seconds until a socket that hangs fails its test


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def read_all(link: socket.socket) -> bytes:
    """Everything until the server closes the connection."""
    received = b""
    with suppress(ConnectionResetError):
        while part := link.recv(65536):
            received += part
    return received


def receive(link: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """The next answer on a connection that stays open."""
    received = b""
    while b"\r\n\r\n" not in received or len(parse(received)[2]) < int(parse(received)[1]["content-length"]):
        part = link.recv(65536)
        assert part, received
        received += part
    return parse(received)


def send(port: int, data: bytes) -> bytes:
    """Send it and return all that is said until the connection closes."""
    with connect(port) as link:
        link.sendall(data)
        return read_all(link)


def parse(said: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the one answer in there."""
    head, _blank, body = said.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _colon, value in (line.partition(": ") for line in lines)}
    return int(first.split(" ", 2)[1]), headers, body


def answer(port: int, data: bytes) -> tuple[int, dict[str, str], bytes]:
    return parse(send(port, data))


def get(port: int, path: str) -> tuple[int, float]:
    """The status of a page and the seconds until it was there."""
    started = time.monotonic()
    status, _headers, _body = answer(port, request("GET", path, "Connection: close"))
    return status, time.monotonic() - started


@contextmanager
def half_open(port: int, number: int, data: bytes) -> Iterator[list[socket.socket]]:
    """So many connections on which that much has been sent, and nothing more comes."""
    links = []
    try:
        for _ in range(number):
            links.append(connect(port))
            links[-1].sendall(data)
        yield links
    finally:
        for link in links:
            link.close()


@contextmanager
def trickle(port: int, number: int, data: bytes) -> Iterator[list[float]]:
    """So many connections on which a byte comes each half second after that. Yields the seconds until each was cut."""
    over, lasted = threading.Event(), []

    def drip(link: socket.socket) -> None:
        started = time.monotonic()
        with link:
            link.settimeout(0.5)
            while not over.is_set():
                try:
                    link.sendall(b"a")
                    if not link.recv(1):
                        break
                    link.settimeout(PATIENCE)
                    read_all(link)
                    break
                except TimeoutError:
                    continue
                except OSError:
                    break
        lasted.append(time.monotonic() - started)

    with half_open(port, number, data) as links:
        threads = [threading.Thread(target=drip, args=[link], daemon=True) for link in links]
        for thread in threads:
            thread.start()
        try:
            yield lasted
        finally:
            over.set()
            join_all(threads)
