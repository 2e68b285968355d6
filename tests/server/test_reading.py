"""Lines that are made to be slow are read at once: whoever reads them keeps everybody waiting meanwhile."""

import time

import pytest

from partnerportal.server.reading import HEADER_BYTES, RequestParser, build_waitress_settings

ROOM = HEADER_BYTES - 200  # for the line that is tried


def read(data: bytes) -> RequestParser:
    parser = RequestParser(build_waitress_settings(1000))
    parser.received(data)
    return parser


@pytest.mark.parametrize(
    "data",
    [
        b"GET a://" + b"1" * ROOM + b" HTTP/1.x\r\nHost: x\r\n\r\n",
        b"GET /a://" + b"1" * ROOM + b"?x y HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET a://" + b"1" * ROOM + b"\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET" * (ROOM // 3) + b"\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX:" + b" " * ROOM + b"\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX:" + b" a" * (ROOM // 2) + b"\x7f\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n" + b" b\r\n" * (ROOM // 4) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n Y: goes on\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X" * ROOM + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * ROOM + b"\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /\r\nHost: x\r\n\r\n",
    ],
)
def test_a_line_that_is_made_to_be_slow_is_refused_at_once(data: bytes) -> None:
    started = time.process_time()
    parser = read(data)
    assert time.process_time() - started < 1, "a regular expression needed from five seconds to minutes"
    assert parser.completed and parser.error.code == 400


@pytest.mark.parametrize("blanks", [0, 1, ROOM])
def test_blanks_around_a_value_are_no_part_of_it_however_many(blanks: int) -> None:
    started = time.process_time()
    parser = read(
        b"GET /a%20b?c=d HTTP/1.1\r\nHost:" + b" " * blanks + b"x\r\nEmpty:\r\nTwo: a \t b \r\nTwo: c\r\n\r\n"
    )
    assert time.process_time() - started < 1
    assert parser.error is None and (parser.path, parser.query) == ("/a b", "c=d")
    assert parser.headers == {"HOST": "x", "EMPTY": "", "TWO": "a \t b, c"}


def test_chunks_are_asked_to_come_with_their_length() -> None:
    parser = read(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 100)
    assert parser.completed and parser.error.code == 411
