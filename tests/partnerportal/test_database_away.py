"""The database is really gone: nothing listens, or it ends the connection in mid-request. Or it is too busy."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Timer
from typing import Any

import psycopg2
import pytest
from django.db import close_old_connections, connection
from django.test import Client

from tests.conftest import PageClient
from tests.faults.plant import until
from tests.faults.relay import relay_to_database
from tests.world import World

PAGES = ["/", "/inbox/", "/sign-in/login/"]
CALLS = ["/api/v1/notices/", "/api/v1/nothing/"]


@pytest.fixture
def client(own_database: dict[str, str]) -> PageClient:
    """Of somebody whom the portal last saw an hour ago, so that each first request writes the session."""
    client, who, hour_ago = PageClient(raise_request_exception=False), "partner.admin", int(time.time()) - 3600
    client.begin_session(World().person(who), organization=World().organization_id_of(who), seen_at=hour_ago)
    return client


@contextmanager
def found_at(port: int) -> Iterator[None]:
    settings = connection.settings_dict
    before = settings["HOST"], settings["PORT"]
    connection.close()
    settings["HOST"], settings["PORT"] = "127.0.0.1", str(port)
    try:
        yield
    finally:
        connection.close()
        settings["HOST"], settings["PORT"] = before


def nothing_listens() -> AbstractContextManager[None]:
    return found_at(1)


def end_connection() -> None:
    with psycopg2.connect(connection.connection.dsn, password=connection.settings_dict["PASSWORD"]) as other:
        other.cursor().execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])
    other.close()


@contextmanager
def ended_by_the_server(table: str) -> Iterator[None]:
    """As a restart does: at the first question to that table the server ends the connection."""

    def end(execute: Any, sql: str, *rest: Any) -> Any:
        if table in (connection.kept[sql.split()[1]] if sql.startswith("EXECUTE") else sql):
            end_connection()
        return execute(sql, *rest)

    with connection.execute_wrapper(end):
        yield


def is_the_page(response: Any) -> bool:
    return "Back in a moment" in response.content.decode()


@pytest.mark.parametrize("language", ["en", "fr", "ja"])
def test_a_page_without_database_is_in_the_readers_language(client: Client, language: str) -> None:
    titles = {"en": "Back in a moment", "fr": "De retour dans un instant", "ja": "しばらくお待ちください"}
    for path in PAGES:
        with nothing_listens():
            response = client.get(path, headers={"Accept-Language": language})
        assert (response.status_code, response["Retry-After"]) == (503, "60"), path
        assert titles[language] in response.content.decode()
    assert client.get("/inbox/").status_code == 200  # it is back


def test_a_server_that_is_cut_off_without_a_word_is_given_up_in_seconds(db: None) -> None:
    """By the kernel, which alone hears nothing: a quarter of an hour otherwise, two minutes for a new connection."""
    connection.ensure_connection()
    asked = connection.connection.info.dsn_parameters
    silent = int(asked["keepalives_idle"]) + int(asked["keepalives_interval"]) * int(asked["keepalives_count"])
    assert silent <= 25 and int(asked["tcp_user_timeout"]) <= 20_000 and int(asked["connect_timeout"]) <= 5


@pytest.mark.parametrize("path", CALLS)
def test_a_call_without_database(client: Client, path: str) -> None:
    with nothing_listens():
        response = client.get(path)
    assert (response.status_code, response["Retry-After"]) == (503, "60")
    problem = response.json()
    assert problem["type"] == "server_error"
    assert [(e["code"], e["attr"]) for e in problem["errors"]] == [("unavailable", None)]


@pytest.mark.parametrize("path", ["/inbox/", "/api/v1/notices/"])
@pytest.mark.parametrize(
    "table", ["django_session", "accounts_operator", "notifications_notice", 'UPDATE "django_session"']
)
def test_lost_before_the_page_or_in_it(client: Client, path: str, table: str) -> None:
    with ended_by_the_server(table):
        response = client.get(path)
    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert response.json()["errors"][0]["code"] == "unavailable" if "api" in path else is_the_page(response)
    assert client.get(path).status_code == 200


def test_nothing_of_a_lost_request_is_kept(client: Client) -> None:
    notice = World().notices("partner").first()
    with ended_by_the_server("notifications_noticeread"):
        assert client.post(f"/inbox/{notice.public_id}/").status_code == 503
    assert not notice.noticeread_set.exists()


@contextmanager
def in_place_of(table: str, statement: str) -> Iterator[None]:
    """The first question to that table is another one."""

    def spoil(execute: Any, sql: str, params: Any, *rest: Any) -> Any:
        return execute(statement, None, *rest) if table in sql else execute(sql, params, *rest)

    with connection.execute_wrapper(spoil):
        yield


@pytest.mark.parametrize("path", ["/inbox/", "/api/v1/notices/"])
@pytest.mark.parametrize("mistake", ["SELECT 1/0", "SELECT nonsense"])
def test_a_mistake_of_ours_is_no_absence(client: Client, path: str, mistake: str) -> None:
    with in_place_of("notifications_notice", mistake):
        assert client.get(path).status_code == 500


@pytest.mark.parametrize("path", ["/inbox/", "/api/v1/notices/"])
@pytest.mark.parametrize("code", ["53100", "53200"], ids=["disk_full", "out_of_memory"])
def test_a_database_without_room_is_away(client: Client, path: str, code: str) -> None:
    with in_place_of("notifications_notice", f"DO $$BEGIN RAISE 'no room' USING ERRCODE = '{code}'; END$$"):
        response = client.get(path)
    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert response.json()["errors"][0]["code"] == "unavailable" if "api" in path else is_the_page(response)
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/inbox/", "/api/v1/notices/"])
@pytest.mark.parametrize(
    "statement",
    [
        "SET statement_timeout = 1; SELECT pg_sleep(1)",
        "DO $$BEGIN RAISE 'canceling statement due to lock timeout' USING ERRCODE = '55P03'; END$$",
        "DO $$BEGIN RAISE 'deadlock detected' USING ERRCODE = '40P01'; END$$",
    ],
    ids=["statement_timeout", "lock_timeout", "deadlock"],
)
def test_a_database_that_is_busy_is_asked_again_soon(client: Client, path: str, statement: str) -> None:
    with in_place_of("notifications_notice", statement):
        response = client.get(path)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response.json()["errors"][0]["code"] == "unavailable" if "api" in path else is_the_page(response)
    assert client.get(path).status_code == 200


def test_a_lock_that_is_held_is_waited_for_and_then_told(client: Client) -> None:
    """A real one: the notice's row is another's, and the transaction of the page goes back whole."""
    notice = World().notices("partner").first()
    with psycopg2.connect(connection.connection.dsn, password=connection.settings_dict["PASSWORD"]) as other:
        other.cursor().execute("LOCK notifications_noticeread")
        with connection.execute_wrapper(impatient):
            response = client.post(f"/inbox/{notice.public_id}/")
        other.rollback()
    other.close()
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert not notice.noticeread_set.exists()


def impatient(execute: Any, sql: str, *rest: Any) -> Any:
    return execute(f"SET LOCAL lock_timeout = '50ms'; {sql}" if sql.startswith("INSERT") else sql, *rest)


@pytest.mark.parametrize("is_new", [False, True])
def test_readiness_does_not_wait_for_a_database_that_hangs(
    client: Client, is_new: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither for its answer nor for a new connection."""
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "connect_timeout", 60)
    relay = relay_to_database()
    comes_back = Timer(30, relay.resume)
    with found_at(relay.port):
        assert client.get("/readyz").status_code == 200
        if is_new:
            connection.close()
        relay.stall()
        comes_back.start()
        for _ in range(2):  # asked again, it does not even wait
            response = client.get("/readyz")
            assert (response.status_code, response.json()) == (503, {"database": "down"})
        assert comes_back.is_alive()
        relay.resume()
        until(lambda: client.get("/readyz").status_code == 200)
    comes_back.cancel()
    relay.close()


def test_readiness_connects_anew_after_the_server_has_closed(client: Client) -> None:
    """It asks in a thread of its own, in which a connection may not be closed unless it is shared."""
    assert client.get("/readyz").status_code == 200
    end_connection()
    close_old_connections()  # as the next request does: then the connection is looked at
    assert client.get("/readyz").status_code == 200
