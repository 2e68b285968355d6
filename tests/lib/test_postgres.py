"""Statements are kept by the server that we speak to, never behind a pooler. A server that has gone is noticed."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from django.db import connection, transaction

from entitlements.models import CustomerListing
from partnerportal.lib import tenancy
from partnerportal.lib.postgres.base import DatabaseWrapper
from partnerportal.lib.prepared import PreparedQuery
from tests.threads import join_all
from tests.world import World

MANY = 8  # PostgreSQL plans the first five anew, then it may keep one plan for all values


@pytest.fixture
def own() -> Iterator[DatabaseWrapper]:
    """A connection of one's own to the same server, outside the test's transaction."""
    copied = cast(DatabaseWrapper, connection.copy())
    with closing(copied):
        yield copied


def kept(by: Any) -> set[str]:
    with by.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements")
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.django_db
def test_a_kept_plan_shows_each_tenant_its_own_and_nothing_to_nobody(world: World) -> None:
    viewers = PreparedQuery(lambda pk: CustomerListing.objects.filter(customer=pk).values_list("viewer_id"), -1)
    pairs = [("partner", "customer"), ("partner2", "customer2"), ("stranger", "customer"), ("partner", "stranger")]
    expected = [[world.partner.pk], [world.partner2.pk], [], []]
    for _ in range(MANY):
        seen = []
        for viewer, customer in [(world[viewer].pk, world[customer].pk) for viewer, customer in pairs]:
            with transaction.atomic(), tenancy.as_tenant(organization_id=viewer):
                seen.append([viewer for (viewer,) in viewers(customer)])
        assert seen == expected
        assert len(viewers(world.customer.pk)) > 1  # to the owner, whom no policy holds
    assert viewers._kept[0] in kept(connection)


@pytest.mark.django_db
def test_a_new_connection_is_told_again(own: DatabaseWrapper) -> None:
    for _ in range(2):
        assert own.prepare_statement_once("once", "SELECT 1") and own.prepare_statement_once("once", "SELECT 1")
        assert kept(own) == {"once"}
        own.close()


@pytest.mark.django_db
def test_behind_a_pooler_nothing_is_kept(own: DatabaseWrapper, tmp_path: Path) -> None:
    with pooler(connection.settings_dict["HOST"], tmp_path):
        own.settings_dict = own.settings_dict | {"HOST": str(tmp_path)}
        assert not own.prepare_statement_once("once", "SELECT 1")
        assert kept(own) == set()
        own.close()


@pytest.mark.django_db
def test_a_server_that_has_gone_is_noticed_without_asking_it(own: DatabaseWrapper) -> None:
    own.ensure_connection()
    assert own.is_usable()
    number = own.connection.info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [number])
    assert not own.is_usable()


@pytest.mark.django_db
def test_a_server_that_speaks_unasked_lives(own: DatabaseWrapper) -> None:
    with own.cursor() as cursor:
        cursor.execute("LISTEN news")
    with closing(connection.copy()) as other, other.cursor() as cursor:
        cursor.execute("NOTIFY news")
    assert own.is_usable()


@contextmanager
def pooler(server: str, directory: Path) -> Iterator[None]:
    """As PgBouncer, it gives the client a number that is not the server's, and passes on all else. It serves one
    client, and waits until that has left."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(directory / ".s.PGSQL.5432"))
        listening.listen()
        serving = threading.Thread(target=serve, args=(listening, f"{server}/.s.PGSQL.5432"), daemon=True)
        serving.start()
        yield
        serving.join(60)
        assert not serving.is_alive()


def serve(listening: socket.socket, server: str) -> None:
    client, _ = listening.accept()
    with client, socket.socket(socket.AF_UNIX) as upstream:
        upstream.connect(server)
        there = threading.Thread(target=relay, args=(client, upstream), daemon=True)
        there.start()
        relay(upstream, client, renumbered=True)
        join_all([there])


def relay(source: socket.socket, target: socket.socket, *, renumbered: bool = False) -> None:
    key_data = b"K\x00\x00\x00"
    while data := source.recv(65536):
        at = data.find(key_data) + 5 if renumbered and key_data in data else 0
        if at:  # the number follows the length
            data, renumbered = data[:at] + b"\x00\x00\x00\x07" + data[at + 4 :], False
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)  # not closed: the other direction still reads it
