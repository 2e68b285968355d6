"""The goals of strangers: a small partner's pages must cost the same with everybody else in the database or without."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection

from tools.bench import usage
from tools.bench.data import World, load_small
from tools.bench.measure import Page, quantile, wall
from tools.bench.queries import first_customer
from tools.bench.report import GoalLine
from tools.bench.signed_in import cookie

ALONE = "bench_alone"  # the database in which the small partner is alone
OTHERS_FIRST = 40  # pages that the large partner sees first, so that the plans that are kept suit it


def load() -> None:
    """Write the small partner into the empty database and copy it to ALONE, or migrate the copy of an earlier run."""
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [ALONE])
        is_copied = cursor.fetchone() is not None
    if is_copied:
        with _in(ALONE):
            call_command("migrate", verbosity=0)
        return
    load_small()
    usage.load()
    connection.close()  # nobody may be connected to a database that is copied
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {ALONE} TEMPLATE {connection.settings_dict['NAME']}")


def urls() -> dict[str, str]:
    """Return the variables that lead a server to the database where the small partner is alone."""
    return {"DATABASE_URL": f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{ALONE}"}


def lines(world: World, rounds: int, *, beside: int, alone: int) -> Iterator[GoalLine]:
    """Measure the goals of strangers, and yield a line for each.

    `beside` and `alone` are the ports of the servers whose database holds everybody, or the small partner alone.
    """
    for path in ("/", "/inbox/"):
        page = Page(beside, path, cookie(world.large))
        for _ in range(OTHERS_FIRST):
            page()
    mine = cookie(world.small)
    with _in(ALONE):
        mine_alone = cookie(world.small)
    customer = f"/customers/{first_customer(world.small_id)}/"
    for name, path in {"list": "/customers/", "inbox": "/inbox/", "customer": customer, "overview": "/"}.items():
        works = [Page(beside, path, mine), Page(alone, path, mine_alone)]
        with_others, without = (quantile(samples, 50) for samples in wall(works, rounds * 3))
        yield GoalLine(f"small partner's {name}: p50 beside everybody else against alone", with_others / without, 1.1)


@contextmanager
def _in(database: str) -> Iterator[None]:
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
