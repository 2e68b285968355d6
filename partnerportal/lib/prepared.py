"""Statements that every request asks, written once: Django takes longer to write one than PostgreSQL to answer it."""

from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet

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
        assert set(places) >= set(range(len(self._examples))), "an example is not in the statement"
        return rows, compiler, sql, values, places

    def __call__(self, *given: object) -> list[R]:
        rows, written, sql, values, places = self._written
        filled = tuple(value if at < 0 else given[at] for value, at in zip(values, places, strict=True))
        compiler = copy(written)
        compiler.connection = connections[DEFAULT_DB_ALIAS]  # of this thread
        compiler.as_sql = lambda *args, **options: (sql, filled)
        rows = rows.all()
        rows.query.get_compiler = lambda *args, **options: compiler  # type: ignore[method-assign]
        return list(rows)
