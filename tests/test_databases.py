"""Databases of tests are dropped without waiting for what other tests do."""

import threading
from typing import Any

from django.db import connection

from tests import databases
from tests.threads import join_all


def test_a_client_that_stands_still_in_a_copy_holds_nobody_up(own_database: dict[str, str], monkeypatch: Any) -> None:
    """The server drops a database when each of its backends has answered, and one in a COPY waits for its client."""
    monkeypatch.setattr(databases, "DROPPED", "1s")
    name, begun, go_on, ended = databases.create(), threading.Event(), threading.Event(), threading.Event()

    class StandsStill:
        def read(self, _size: int) -> str:
            begun.set()
            go_on.wait(60)
            return ""

    def copy() -> None:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE still (line text)")
            cursor.copy_expert("COPY still FROM STDIN", StandsStill())
        connection.close()
        ended.set()

    client = threading.Thread(target=copy, daemon=True)
    client.start()
    try:
        assert begun.wait(60)
        databases.drop(name)
        assert not ended.is_set()
    finally:
        go_on.set()
        join_all([client])
        databases.drop(name)
