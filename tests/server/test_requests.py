"""What the server takes in and what it refuses by itself, and how it says so."""

import json
import socket
import time
from pathlib import Path

import pytest

from tests.faults.disk import ROOM, no_room
from tests.faults.plant import Plant
from tests.server.sockets import PATIENCE, SECRET, answer, connect, parse, read_all, request, send

pytestmark = pytest.mark.slow
PAGE, CALL, UPLOAD = "/sign-in/login/", "/api/v1/notices/", "/api/v1/ingest/usage/"
HUGE = "Content-Length: 999999999999"
BEARER = "Authorization: Bearer " + "x" * 43


def problem(body: bytes) -> tuple[str, str]:
    """The type and the code of the API's error."""
    said = json.loads(body)
    (error,) = said["errors"]
    assert error["detail"] and error["attr"] is None
    return said["type"], error["code"]


@pytest.mark.parametrize("expect", [(), ("Expect: 100-continue",)])
@pytest.mark.parametrize("path", [PAGE, CALL, UPLOAD])
def test_a_body_that_is_too_large_is_refused_before_it_comes(plant: Plant, path: str, expect: tuple[str, ...]) -> None:
    status, headers, body = answer(plant.port, request("POST", path, HUGE, *expect))
    assert status == 413 and headers["connection"] == "close"
    if path == PAGE:
        assert (headers["content-type"], body.decode()) == ("text/plain; charset=utf-8", "The request is too large.\n")
    else:
        assert headers["content-type"] == "application/json" and problem(body) == ("client_error", "too_large")


def test_the_answer_reaches_a_client_that_is_still_sending(plant: Plant) -> None:
    length = 8 * 1024**2
    with connect(plant.port) as link:
        link.sendall(request("POST", PAGE, f"Content-Length: {length}"))
        for _ in range(8):
            link.sendall(bytes(length // 64))
        assert parse(read_all(link))[0] == 413
        with pytest.raises(OSError):  # it is listened to for two seconds, so that the answer arrives, and no longer
            for _ in range(10 * PATIENCE):
                link.sendall(b"a")
                time.sleep(0.1)


def test_the_file_of_a_stranger_is_refused_before_it_comes(plant: Plant) -> None:
    with connect(plant.port) as link:
        link.sendall(request("POST", UPLOAD, BEARER, "Content-Length: 100000000", body=bytes(1000)))
        status, headers, body = parse(read_all(link))
    assert (status, problem(body)) == (401, ("client_error", "authentication_failed"))
    assert headers["www-authenticate"] == "Bearer"


def test_the_file_of_a_known_sender_comes_in(plant: Plant) -> None:
    body = bytes(3_000_000)
    headers = (f"Authorization: Bearer {SECRET}", "Idempotency-Key: one", "Content-Type: application/x-ndjson")
    with connect(plant.port) as link:
        link.sendall(request("POST", UPLOAD, *headers, f"Content-Length: {len(body)}", "Connection: close"))
        for start in range(0, len(body), 1_000_000):
            link.sendall(body[start : start + 1_000_000])
        status, _headers, said = parse(read_all(link))
    assert (status, json.loads(said)["size"]) == (202, len(body))


FORM = "/imports/new/goods/"
LARGE = 3_000_000  # bytes; other requests may have 2.5 MiB


def test_the_large_form_of_a_stranger_is_refused_before_it_comes(plant: Plant) -> None:
    of_request = "/requests/7c9e6679-7425-40de-944b-e07fc1f90ae7/details/"
    of_offer = "/offers/7c9e6679-7425-40de-944b-e07fc1f90ae7/files/"
    for path in (FORM, "/api/v1/imports/", of_request, f"/api/v1{of_request}", of_offer, f"/api/v1{of_offer}"):
        for cookie in ((), ("Cookie: portal-sid=" + "x" * 43,), ("Cookie: ;;=\xff",)):
            with connect(plant.port) as link:
                link.sendall(request("POST", path, *cookie, f"Content-Length: {LARGE}", body=bytes(1000)))
                status, _headers, body = parse(read_all(link))
            assert status == 401 and (b"Sign in" in body)


def test_the_large_form_of_somebody_who_is_signed_in_comes_in(plant: Plant, session_cookie: str) -> None:
    headers = (f"Cookie: {session_cookie}", "Content-Type: multipart/form-data; boundary=x", "Connection: close")
    for length, expected in ((LARGE, 403), (21 * 1024**2 + 1, 413)):  # 403: no CSRF token
        with connect(plant.port) as link:
            link.sendall(request("POST", FORM, *headers, f"Content-Length: {length}"))
            for _start in range(0, length if expected == 403 else 0, 1_000_000):
                link.sendall(bytes(1_000_000))
            assert parse(read_all(link))[0] == expected


def test_a_small_form_of_a_stranger_is_sent_to_the_application(plant: Plant) -> None:
    assert (
        answer(plant.port, request("POST", FORM, "Content-Length: 1000", "Connection: close", body=bytes(1000)))[0]
        == 403
    )
    assert answer(plant.port, request("GET", FORM, "Connection: close"))[0] == 302
    assert answer(plant.port, request("POST", PAGE, f"Content-Length: {LARGE}"))[0] == 413


@pytest.mark.promise("S-17")
@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (request("POST", UPLOAD, BEARER, "Transfer-Encoding: chunked"), 411, "length_required"),
        (request("POST", CALL, "Transfer-Encoding: chunked", body=b"1\r\na\r\n" * 100), 411, "length_required"),
        (request("POST", CALL, "Transfer-Encoding: gzip, chunked"), 501, "not_supported"),
        (request("GET", CALL + "?" + "a" * 40_000), 431, "headers_too_large"),
        (request("GET", CALL, "X: " + "a" * 40_000), 431, "headers_too_large"),
        (request("GET", CALL, "Content-Length: 1, 1"), 400, "bad_request"),
        (request("GET", CALL, "Content-Length: -1"), 400, "bad_request"),
        (request("GET", CALL, "Na me: x"), 400, "bad_request"),
        (request("GET", CALL, "X: a\nb"), 400, "bad_request"),
    ],
)
def test_the_api_has_its_own_shape_where_the_server_answers(plant: Plant, data: bytes, status: int, code: str) -> None:
    given, headers, body = answer(plant.port, data)
    assert (given, problem(body)) == (status, ("client_error" if status < 500 else "server_error", code))
    assert headers["content-type"] == "application/json" and headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store" and "server" not in headers


HIDDEN = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
LENGTH = f"Content-Length: {len(HIDDEN)}"


@pytest.mark.parametrize(
    "data",
    [
        request("POST", PAGE, LENGTH, "Transfer-Encoding: chunked", body=b"0\r\n\r\n" + HIDDEN),
        request("POST", PAGE, "Content-Length: 0", LENGTH, body=HIDDEN),
        request("POST", PAGE, "Transfer-Encoding: chunked", body=b"0\r\n\r\n").replace(b"1.1", b"1.0") + HIDDEN,
        request("POST", PAGE, "Transfer-Encoding: x", body=b"0\r\n\r\n" + HIDDEN),
        request("POST", PAGE, "Transfer-Encoding: chunked", body=b"0x5\r\nabcde\r\n0\r\n\r\n" + HIDDEN),
        request("POST", PAGE, "Transfer-Encoding: chunked", body=b"5\r\nabcdeXX0\r\n\r\n" + HIDDEN),
        request("POST", PAGE, "Content-Length : 5", body=b"abcde" + HIDDEN),
        b"\r\n\r\n" * 3 + HIDDEN,
    ],
)  # fmt: skip
def test_what_is_framed_in_two_ways_is_refused_and_the_connection_with_it(plant: Plant, data: bytes) -> None:
    said = send(plant.port, data)
    assert said.count(b"HTTP/1.1 ") + said.count(b"HTTP/1.0 ") == 1
    assert parse(said)[0] in (400, 411, 501)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr-FR,fr", "La requête est trop volumineuse."),
        ("ja", "リクエストが大きすぎます。"),
        ("xx", "The request is too large."),
    ],
)
def test_a_refusal_is_in_the_readers_language(plant: Plant, language: str, words: str) -> None:
    _status, _headers, body = answer(plant.port, request("POST", PAGE, HUGE, f"Accept-Language: {language}"))
    assert body.decode() == f"{words}\n"


def test_head_has_the_headers_of_get_and_no_body(plant: Plant) -> None:
    """A body would be read as the next answer by whoever keeps the connection, such as the proxy."""
    with connect(plant.port) as link:
        for path in (PAGE, "/healthz", PAGE):
            link.sendall(request("HEAD", path))
            said = link.recv(65536)
            assert said.startswith(b"HTTP/1.1 200 ") and said.endswith(b"\r\n\r\n")
            assert int(parse(said)[1]["content-length"]) > 0
        link.sendall(request("GET", "/healthz", "Connection: close"))
        assert parse(read_all(link))[2] == b"ok"


@pytest.mark.promise("S-17")
def test_no_answer_names_a_program_and_none_is_guessed_at(plant: Plant) -> None:
    for path in ("/healthz", "/readyz", PAGE, "/nothing/", "/static/nothing.css", CALL):
        _status, headers, _body = answer(plant.port, request("GET", path, "Connection: close"))
        assert "server" not in headers and "via" not in headers
        assert headers["x-content-type-options"] == "nosniff", path


def test_a_client_may_ask_before_it_sends(plant: Plant) -> None:
    body = b"csrfmiddlewaretoken=x"
    with connect(plant.port) as link:
        link.sendall(request("POST", PAGE, f"Content-Length: {len(body)}", "Expect: 100-continue", "Connection: close"))
        assert link.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        link.sendall(body)
        assert parse(read_all(link))[0] == 403  # for want of the cookie
    status, _headers, _body = answer(
        plant.port, request("GET", "/healthz", "Expect: 100-continue", "Connection: close")
    )
    assert status == 200, "without a body there is nothing to wait for"


def test_two_requests_in_one_piece_are_answered_in_turn(plant: Plant) -> None:
    said = send(plant.port, request("GET", PAGE) + request("GET", "/healthz", "Connection: close"))
    assert said.count(b"HTTP/1.1 200 ") == 2 and said.endswith(b"ok")


@pytest.mark.parametrize("path", [PAGE, UPLOAD])
def test_a_body_that_the_disk_does_not_take_is_refused_with_words(plant: Plant, path: str) -> None:
    body = bytes(4 * ROOM)
    headers = (f"Authorization: Bearer {SECRET}", "Idempotency-Key: full", "Content-Type: application/x-ndjson")
    data = request("POST", path, *headers, f"Content-Length: {len(body)}", "Connection: close", body=body)
    before = files(plant)
    with no_room(*plant.pids("web")):
        status, said_headers, said = answer(plant.port, data)
    assert (status, said_headers["retry-after"], said_headers["connection"]) == (503, "60", "close")
    if path == UPLOAD:
        assert problem(said) == ("server_error", "no_space")
    else:
        assert said.decode() == "There is no space for the file at the moment. Try again later.\n"
    assert files(plant) == before
    assert answer(plant.port, data)[0] == {PAGE: 403, UPLOAD: 202}[path]


def files(plant: Plant) -> set[Path]:
    return {path for path in plant.folder.glob("private/**/*") if path.is_file()}


def test_half_a_body_is_no_request(plant: Plant) -> None:
    with connect(plant.port) as link:
        link.sendall(request("POST", PAGE, "Content-Length: 1000", body=b"{}"))
        link.shutdown(socket.SHUT_WR)
        assert read_all(link) == b""


def test_the_log_holds_no_secret_of_an_address(plant: Plant) -> None:
    token = "SecretToken123" * 4
    paths = [f"/i/{token}/accept/?secret=query", f"/calendar/{token}.ics", f"/sign-in/password/reset/key/1-{token}/"]
    for path in paths:
        answer(plant.port, request("GET", path, f"Referer: http://x/i/{token}/", "Connection: close"))
        assert answer(plant.port, request("POST", path, HUGE, f"Referer: http://x/i/{token}/"))[0] == 413
    log = (plant.folder / "web.log").read_text()
    for line in ("GET /i/…/accept/ 405", "POST /i/…/accept/ 413", "GET /calendar/… 404", "POST /calendar/… 413"):
        assert line in log
    assert "Secret" not in log and "query" not in log


def test_nobody_forges_a_line_of_the_log(plant: Plant) -> None:
    answer(plant.port, request("POST", "/x%0d%0aforged%1b[31m", HUGE))
    log = (plant.folder / "web.log").read_text()
    assert r"POST /x\r\nforged\x1b[31m 413" in log
