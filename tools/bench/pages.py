"""The goals of whole requests, through gunicorn."""

import gzip
import threading
import time
from collections.abc import Iterator

from tools.bench.data import World
from tools.bench.measure import Page, quantile, wall
from tools.bench.queries import first_customer
from tools.bench.report import GoalLine
from tools.bench.signed_in import client, cookie, queries_of


def lines(world: World, rounds: int, *, portal: int, floor: int) -> Iterator[GoalLine]:
    """Measure the goals of whole requests, and yield a line for each.

    `portal` and `floor` are the ports of the two servers.
    """
    mine, viewer, detail = cookie(world.large), world.large_id, first_customer(world.large_id)
    pairs = [
        ("list of 50", Page(portal, "/customers/?size=50", mine), Page(floor, f"/page/{viewer}/")),
        ("API list", Page(portal, "/api/v1/customers/?limit=50", mine), Page(floor, f"/list/{viewer}/")),
        ("API detail", Page(portal, f"/api/v1/customers/{detail}/", mine), Page(floor, f"/detail/{viewer}/")),
    ]
    for name, ours, bare in pairs:
        portals, least = wall([ours, bare], rounds * 3)
        goal = f"{name}: p50 against a bare Django page over the same rows"
        yield GoalLine(goal, quantile(portals, 50) / quantile(least, 50), 2)
        if name == "list of 50":
            yield GoalLine("list: p99 against p50", quantile(portals, 99) / quantile(portals, 50), 2)
    who = client(world.large)
    yield GoalLine("list page: queries", len(queries_of(who, "/customers/?size=50")), 8, "")
    yield GoalLine("API list: queries", len(queries_of(who, "/api/v1/customers/?limit=50")), 5, "")
    yield GoalLine("API detail: queries", len(queries_of(who, f"/api/v1/customers/{detail}/")), 4, "")
    yield GoalLine("list page: HTML of 50 rows, compressed", len(gzip.compress(pairs[0][1]())) / 1000, 14, " kB")
    for name, ours, bare in pairs:
        goal = f"{name}: requests a second at concurrency 8, against the bare page's"
        yield GoalLine(goal, _rate(ours, rounds) / _rate(bare, rounds), 0.5, at_least=True)


def _rate(page: Page, rounds: int) -> float:
    """Return the requests a second that eight clients at once get answered, each of which sends `rounds`."""
    pages = [Page(page.connection.port, page.path, page.headers["Cookie"]) for _ in range(8)]

    def visit(page: Page) -> None:
        for _ in range(rounds):
            page()

    threads = [threading.Thread(target=visit, args=[page]) for page in pages]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 8 * rounds / (time.perf_counter() - begin)
