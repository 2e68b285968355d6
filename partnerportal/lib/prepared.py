"""Prepared statements, for what every request asks: each is written once, and planned once for each connection.

Without that, Django takes longer to write such a statement, and PostgreSQL to plan it, than to answer it.
"""

from collections.abc import Callable
from copy import copy
from functools import cached_property
from hashlib import sha256
from typing import Any, Generic, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet
from psycopg2.extensions import AsIs

from partnerportal.lib.postgres.base import DatabaseWrapper

R = TypeVar("R")


class Prepared(Generic[R]):
    """A query as a prepared statement. Calling it with values returns the rows of `build(*values)`.

    `build` is called only once, with `examples`: one for each value that changes, and none of which stands elsewhere in
    the statement. The values may not decide what the statement looks like. An example that the statement does not hold
    raises AssertionError at the first call.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, R]], *examples: object) -> None:
        self._build, self._examples = build, examples

    @cached_property
    def _written(self) -> tuple[QuerySet[Any, R], Any, str, tuple[object, ...], list[int]]:
        rows = self._build(*self._examples)
        compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, values = compiler.as_sql()
        places = [self._examples.index(value) if value in self._examples else -1 for value in values]
        converters = compiler.get_converters([column for column, *_ in compiler.select])
        compiler.get_converters = lambda columns: converters
        assert set(places) >= set(range(len(self._examples))), "an example is not in the statement"
        return rows, compiler, sql, values, places

    @cached_property
    def _kept(self) -> tuple[str, str]:
        """Return the statement's name on the server, and its text for PREPARE, with $1 for the first example."""
        _rows, _compiler, sql, values, places = self._written
        filled = [value if at < 0 else AsIs(f"${at + 1}") for value, at in zip(values, places, strict=True)]
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            statement = cursor.mogrify(sql, filled).decode()
        return f"prepared_{sha256(statement.encode()).hexdigest()[:16]}", statement

    def __call__(self, *arguments: object) -> list[R]:
        rows, written, sql, values, places = self._written
        connection = cast(DatabaseWrapper, connections[DEFAULT_DB_ALIAS])  # each thread has one of its own
        name, statement = self._kept
        if connection.keep(name, statement):
            sql, filled = f"EXECUTE {name} ({', '.join(['%s'] * len(arguments))})", arguments
        else:
            filled = tuple(value if at < 0 else arguments[at] for value, at in zip(values, places, strict=True))
        compiler = copy(written)
        compiler.connection = connection
        compiler.as_sql = lambda *args, **options: (sql, filled)
        rows = rows.all()
        rows.query.get_compiler = lambda *args, **options: compiler  # type: ignore[method-assign]
        return list(rows)
