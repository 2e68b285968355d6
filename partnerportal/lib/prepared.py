"""Prepared statements, for what every request asks: each is written once, and planned once for each connection.

Without that, Django takes longer to write such a statement, and PostgreSQL to plan it, than to answer it.
"""

import json
from collections.abc import Callable, Iterable
from functools import cache, cached_property
from hashlib import sha256
from itertools import islice
from typing import Any, Generic, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet
from psycopg2.extensions import AsIs, new_array_type, new_type, register_type

from partnerportal.lib.postgres.base import DatabaseWrapper

R = TypeVar("R", bound=tuple[Any, ...])
M = TypeVar("M", bound=Model)

# Django has the driver leave JSON as text, and reads it itself when it makes rows. Here the driver reads it.
JSONB = new_type((3802,), "JSONB", lambda text, _cursor: None if text is None else json.loads(text))
JSONB_ARRAY = new_array_type((3807,), "JSONBARRAY", JSONB)


class PreparedQuery(Generic[R]):
    """A query that PostgreSQL prepares once for each connection. Calling it returns its rows as a list of tuples.

    `build` takes the values of a call and returns the queryset, which must end in `values_list`. It runs only once,
    with the `examples` as its values; each call then puts its own values in their place. So each example must be a
    value that stands nowhere else in the statement, and the shape of the statement must not depend on the values. The
    first call raises AssertionError if an example is missing from the statement. Rows hold what the database driver
    returns: model fields do not convert it.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, R]], *examples: object) -> None:
        self._build, self._examples = build, examples

    @cached_property
    def _written(self) -> tuple[str, tuple[Any, ...], list[int]]:
        """Return the statement, its values, and for each of them the place of the example that it is, or -1."""
        sql, values = self._build(*self._examples).query.sql_with_params()
        places = [self._examples.index(value) if value in self._examples else -1 for value in values]
        assert set(places) >= set(range(len(self._examples))), "an example is not in the statement"
        return sql, values, places

    @cached_property
    def _kept(self) -> tuple[str, str]:
        """Return the statement's name on the server, and its text for PREPARE, with $1 for the first example."""
        sql, values, places = self._written
        filled = [value if at < 0 else AsIs(f"${at + 1}") for value, at in zip(values, places, strict=True)]
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            statement = cursor.mogrify(sql, filled).decode()
        return f"prepared_{sha256(statement.encode()).hexdigest()[:16]}", statement

    def __call__(self, *arguments: Any) -> list[R]:
        connection = cast(DatabaseWrapper, connections[DEFAULT_DB_ALIAS])  # each thread has one of its own
        name, statement = self._kept
        if connection.prepare_statement_once(name, statement):
            sql, filled = f"EXECUTE {name} ({', '.join(['%s'] * len(arguments))})", arguments
        else:
            sql, values, places = self._written
            filled = tuple(value if at < 0 else arguments[at] for value, at in zip(values, places, strict=True))
        with connection.cursor() as cursor:
            register_type(JSONB, cursor.cursor)
            register_type(JSONB_ARRAY, cursor.cursor)
            cursor.execute(sql, filled)
            return cursor.fetchall()


@cache  # each request asks for those of a few models
def list_column_names(model: type[Model], relation: str = "") -> tuple[str, ...]:
    """Return the names of all the model's columns, as `values_list` takes them.

    `relation`, such as "organization__", is put before each name, for columns that are reached through a relation.
    """
    return tuple(f"{relation}{field.attname}" for field in model._meta.concrete_fields)


def build_model_instance(model: type[M], values: Iterable[Any]) -> M:
    """Return an instance of the model, built from its columns' values as a prepared query returns them.

    `values` are in the order of the model's columns. From an iterator it takes only the values of this model, so that
    the next model of a joined row can be built from the rest.
    """
    names = list_column_names(model)
    return model.from_db(DEFAULT_DB_ALIAS, names, list(islice(values, len(names))))
