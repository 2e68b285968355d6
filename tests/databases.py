"""Databases for tests: one template with the schema and the world in it, and copies of it that cost a moment.

Every run and every xdist worker has a copy of its own, so that several runs on one server do not meet. Tests roll back;
those that must commit (threads, other processes, browsers) take one more copy with `copy()`.
"""

import datetime as dt
import functools
import hashlib
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction

PROJECT = Path(__file__).resolve().parents[1]
# What the world is made by, and what migrations write their triggers and policies with.
DECIDES_CONTENT = {"migrations", "models", "models.py", "actions", "actions.py", "notices.py", "events.py", "facts.py"}
DECIDES_CONTENT |= {"lib", "reach.py"}
MADE_BY = ("world", "names_nobody")  # modules of this folder by which the template is made
TEMPLATES_KEPT = 5  # a run that began with an older state of the code may still want its own
LOCK = 7_205_759
LOCKED = "300s"  # how long another run may build the template, on a machine with much else to do
DROPPED = "30s"  # how long a database is waited for that is no longer needed
AGE = dt.timedelta(hours=23)  # of the world, always: a template is kept for the day, and no test may need a fresh one
_number = itertools.count()


def create() -> str:
    """A new database with the world in it; returns its name."""
    name = f"portal_run_{os.getpid()}_{next(_number)}"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{LOCKED}'")
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])  # held until this cursor's connection closes
        _sweep(cursor)
        template = _template(cursor)
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return name


def drop(name: str) -> None:
    """Drop a database, or leave it to the next run, which sweeps: a process that still holds it is no failure."""
    with connection._nodb_cursor() as cursor:
        _drop(cursor, name)


@contextmanager
def use(name: str) -> Iterator[None]:
    """Every connection of this process, also of new threads, leads to that database."""
    settings = connection.settings_dict
    before = settings["NAME"]
    connections.close_all()
    settings["NAME"] = name
    try:
        yield
    finally:
        connections.close_all()
        settings["NAME"] = before


@contextmanager
def copy() -> Iterator[dict[str, str]]:
    """A database to commit into, used by this process; yields the variables that lead other processes there."""
    name = create()
    try:
        with use(name):
            yield urls(name)
    finally:
        drop(name)


def urls(name: str) -> dict[str, str]:
    variables = ("DATABASE_URL", "DATABASE_JOB_URL", "DATABASE_OWNER_URL")
    return {variable: f"{os.environ[variable].rpartition('/')[0]}/{name}" for variable in variables}


def _template(cursor: Any) -> str:
    """Built under another name and renamed when complete, so that an interrupted build is never taken for one."""
    name = f"portal_template_{_fingerprint()}"
    if name in _names(cursor, "portal_template_%"):
        return name
    from tests.names_nobody import refuse_names_outside_labels
    from tests.world import build

    cursor.execute("DROP DATABASE IF EXISTS portal_building")
    cursor.execute("CREATE DATABASE portal_building TEMPLATE template0 ENCODING 'UTF8'")
    with use("portal_building"):
        call_command("migrate", verbosity=0)
        refuse_names_outside_labels()
        build()
        _let_pass(AGE)
    cursor.execute(f"ALTER DATABASE portal_building RENAME TO {name}")
    for old in _names(cursor, "portal_template_%")[:-TEMPLATES_KEPT]:
        _drop(cursor, old)
    return name


@functools.cache  # once: what counts is the code that this process has imported
def _fingerprint() -> str:
    day = dt.datetime.now(dt.UTC).date()  # the world's dates are relative
    digest = hashlib.sha256(f"{day} {AGE}".encode())
    for path in sorted(PROJECT.glob("[!.]*/**/*.py")):
        parts = path.relative_to(PROJECT).parts
        if set(parts) & DECIDES_CONTENT or (parts[0] == "tests" and parts[1].startswith(MADE_BY)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _let_pass(time: dt.timedelta) -> None:
    """All that happened was so much earlier. Its days stay those of today, and what never happened stays so."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """SELECT table_name::regclass::text, string_agg(format(
                   '%1$I = CASE WHEN %1$I > ''1971-01-01'' THEN %1$I - %%s ELSE %1$I END', column_name), ', ')
               FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
               WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND data_type = 'timestamp with time zone'
               GROUP BY 1"""
        )
        for table, earlier in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"UPDATE {table} SET {earlier}", [time] * earlier.count("%s"))
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _sweep(cursor: Any) -> None:
    """Drop what killed runs left behind; a database in use by anybody refuses."""
    for name in _names(cursor, "portal_run_%"):
        if not psutil.pid_exists(int(name.split("_")[2])):
            _drop(cursor, name)


def _drop(cursor: Any, name: str) -> None:
    """Drop a database if it is soon done.

    The server first asks all its backends to close the files, and waits for each. One in the middle of a COPY answers
    when its client goes on: without a limit, a client of any other test that stands still would hold this one for ever.
    """
    cursor.execute(f"SET statement_timeout = '{DROPPED}'")
    with suppress(DatabaseError):
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
    cursor.execute("RESET statement_timeout")


def _names(cursor: Any, pattern: str) -> list[str]:
    cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s ORDER BY oid", [pattern])
    return [name for (name,) in cursor.fetchall()]


def count_waiting_for(table: str, cursor: Any) -> int:
    """How many wait for a lock of that table in this database: a copy on the same server has the same numbers of
    relations, and those who work in it wait too."""
    cursor.execute(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        [table],
    )
    return int(cursor.fetchone()[0])
