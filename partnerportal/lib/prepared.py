"""Statements that every request asks, written once and planned once for each connection: Django takes longer to write
one, and PostgreSQL to plan it, than to answer it."""

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
    """Called with values, it gives the rows of `build(*values)`.

    `build` is called once only, with `examples`: values that stand nowhere else in the statement, one for each that
    changes. No value may decide what the statement looks like.
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
        """What the server calls it, and what it is, with $1 for the first example, as PREPARE takes it."""
        _rows, _compiler, sql, values, places = self._written
        filled = [value if at < 0 else AsIs(f"${at + 1}") for value, at in zip(values, places, strict=True)]
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            statement = cursor.mogrify(sql, filled).decode()
        return f"prepared_{sha256(statement.encode()).hexdigest()[:16]}", statement

    def __call__(self, *given: object) -> list[R]:
        rows, written, sql, values, places = self._written
        connection = cast(DatabaseWrapper, connections[DEFAULT_DB_ALIAS])  # of this thread
        name, statement = self._kept
        if connection.keep(name, statement):
            sql, filled = f"EXECUTE {name} ({', '.join(['%s'] * len(given))})", given
        else:
            filled = tuple(value if at < 0 else given[at] for value, at in zip(values, places, strict=True))
        compiler = copy(written)
        compiler.connection = connection
        compiler.as_sql = lambda *args, **options: (sql, filled)
        rows = rows.all()
        rows.query.get_compiler = lambda *args, **options: compiler  # type: ignore[method-assign]
        return list(rows)
