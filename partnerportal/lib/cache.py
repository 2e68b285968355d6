"""The cache, in PostgreSQL and as JSON. Django's own stores pickles: whoever writes one makes its readers run code."""

import datetime as dt
import json
import random
from collections.abc import Iterable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connection, transaction

NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)  # when an entry without a timeout expires
SWEPT = 1 / 500  # share of the writes that also delete all expired entries

_READ = "SELECT cache_key, value::text FROM portal_cache WHERE cache_key = ANY(%s) AND expires > clock_timestamp()"
_ADD = """INSERT INTO portal_cache AS c (cache_key, value, expires) VALUES (%s, %s::jsonb, %s) ON CONFLICT (cache_key)
          DO UPDATE SET value = excluded.value, expires = excluded.expires WHERE c.expires <= clock_timestamp()"""
_SET = _ADD.removesuffix(" WHERE c.expires <= clock_timestamp()")
_TOUCH = "UPDATE portal_cache SET expires = %s WHERE cache_key = %s AND expires > clock_timestamp()"
_DELETE = "DELETE FROM portal_cache WHERE cache_key = %s"
_SWEEP = "DELETE FROM portal_cache WHERE expires <= clock_timestamp()"


class JsonCache(BaseCache):
    """A Django cache of JSON values in the database table `portal_cache`, which a migration creates.

    Values are numbers, strings, booleans, and lists and dicts of them; any other raises TypeError. A write that waits
    too long for another raises OperationalError. Django's own database cache would only return False then, and rate
    limits would tell people that they had asked too often.
    """

    def __init__(self, _location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self.get_many([key], version).get(key, default)

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        names = {self.make_and_validate_key(key, version=version): key for key in keys}
        with connection.cursor() as cursor:
            cursor.execute(_READ, [list(names)])
            return {names[name]: json.loads(value) for name, value in cursor.fetchall()}

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._store(_SET, key, value, timeout, version)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._store(_ADD, key, value, timeout, version)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._write(_TOUCH, self._expires(timeout), self.make_and_validate_key(key, version=version))

    def delete(self, key: str, version: int | None = None) -> bool:
        return self._write(_DELETE, self.make_and_validate_key(key, version=version))

    def clear(self) -> None:
        self._write("DELETE FROM portal_cache")

    def _store(self, sql: str, key: str, value: Any, timeout: Any, version: int | None) -> bool:
        if random.random() < SWEPT:
            self._write(_SWEEP)
        name, stored = self.make_and_validate_key(key, version=version), json.dumps(value, allow_nan=False)
        return self._write(sql, name, stored, self._expires(timeout))

    def _write(self, sql: str, *values: str | dt.datetime) -> bool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)
            return bool(cursor.rowcount)

    def _expires(self, timeout: Any) -> dt.datetime:
        seconds = self.get_backend_timeout(timeout)
        return NEVER if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC)
