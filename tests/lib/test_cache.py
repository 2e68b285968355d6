"""The cache: what all processes count together, and nothing that a reader would run."""

import pickle
import threading
import time
from base64 import b64encode

import pytest
from django.conf import settings
from django.contrib.sessions.serializers import JSONSerializer
from django.core.cache import cache
from django.db import DataError, OperationalError, connection, transaction
from django.utils.module_loading import import_string

from partnerportal.lib.cache import JsonCache
from tests.threads import join_all


def expire(key):
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE portal_cache SET expires = now() - interval '1 s' WHERE cache_key = %s", [cache.make_key(key)]
        )


@pytest.mark.parametrize("value", [7, True, None, "é\u3042", [1764312345.5, 2.25], {"a": [1]}])
def test_it_gives_back_what_it_was_given(value, db):
    cache.set("k", value)
    assert cache.get("k", "nothing") == value
    assert cache.get_many(["k", "other"]) == {"k": value}
    assert cache.delete("k") and not cache.delete("k")
    assert cache.get("k", "nothing") == "nothing"


def test_what_has_expired_is_gone(db):
    cache.set("k", 1)
    expire("k")
    assert cache.get("k") is None and not cache.touch("k")
    assert cache.add("k", 2) and not cache.add("k", 3)
    assert cache.get("k") == 2
    cache.set("k", 4, timeout=0)
    assert cache.get("k") is None
    cache.set("k", 5, timeout=None)
    assert cache.touch("k", 60) and cache.get("k") == 5
    assert cache.incr("k") == 6
    cache.clear()
    assert cache.get("k") is None


def test_what_has_expired_is_swept_now_and_then(db, monkeypatch):
    for number in range(3):
        cache.set(number, number)
        expire(number)
    monkeypatch.setattr("partnerportal.lib.cache.SWEPT", 1)
    cache.set("k", 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM portal_cache")
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", float("nan")])
def test_it_takes_nothing_but_json(value, db):
    with pytest.raises((TypeError, ValueError)):
        cache.set("k", value)


@pytest.mark.promise("S-10")
def test_nothing_that_is_read_runs_code(db):
    """Neither the cache nor the sessions know pickles, and the table takes none."""
    assert type(cache._connections[cache._alias]) is JsonCache  # type: ignore[attr-defined]
    assert import_string(settings.SESSION_SERIALIZER) is JSONSerializer
    bomb = b64encode(pickle.dumps(print)).decode()
    with pytest.raises(DataError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO portal_cache VALUES ('k', %s, now())", [bomb])


@pytest.mark.slow
def test_of_many_who_add_one_does(own_database):
    """As allauth's rate limits do to take turns."""
    won, start = [], threading.Barrier(8)

    def add():
        start.wait(60)
        won.append(cache.add("turn", True, timeout=30))
        connection.close()

    threads = [threading.Thread(target=add, daemon=True) for _ in range(8)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    join_all(threads)
    assert sorted(won) == [False] * 7 + [True] and time.monotonic() - begin < 30


@pytest.mark.slow
def test_whoever_waits_too_long_is_not_told_that_it_was_too_often(own_database):
    failed = []

    def add():
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        try:
            cache.add("turn", True)
        except OperationalError as error:
            failed.append(error.__cause__.pgcode)
        connection.close()

    with transaction.atomic():
        cache.add("turn", True)
        waiting = threading.Thread(target=add, daemon=True)
        waiting.start()
        join_all([waiting])
    assert failed == ["55P03"]
