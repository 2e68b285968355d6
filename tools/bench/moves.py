"""The goals of the move of a partner: how long it takes with thousands of customers, and what others wait for."""

import threading
import time
from collections.abc import Iterator

from django.db import connection, transaction

from accounts.actions.standing import move_partner
from accounts.models import Organization, Person
from tools.bench.data import SYSTEM, World
from tools.bench.measure import quantile
from tools.bench.report import GoalLine
from tools.bench.signed_in import client

ROUNDS = 3
PAGES = ("/", "/customers/", "/account/")  # of others, opened while a move is not committed


def lines(world: World) -> Iterator[GoalLine]:
    """Move the second partner, which is rolled back each time, and yield the lines.

    With 20,000 customers of the large partner the second has 5,000.
    """
    partner = Organization.objects.get(name="Second partner")
    seconds, waited = [], 0.0
    for _round in range(ROUNDS):
        with transaction.atomic():
            begin = time.perf_counter()
            move_partner(actor=SYSTEM, partner=partner, distributor=None)
            seconds.append(time.perf_counter() - begin)
            waited = max(waited, _measure_others(world, partner))
            transaction.set_rollback(True)
    yield GoalLine("moving a partner with a quarter of the customers", quantile(seconds, 50), 3, unit="s")
    yield GoalLine("the longest wait of others for a lock while it moves", waited * 1000, 100, unit="ms")


def _measure_others(world: World, partner: Organization) -> float:
    """Return the longest wait of pages and new rows of others, in seconds beyond what a page takes without a move."""
    found: list[float] = []
    thread = threading.Thread(target=_open_pages, args=(world, partner, found))
    thread.start()
    thread.join()
    return max(found)


def _open_pages(world: World, partner: Organization, found: list[float]) -> None:
    """Open pages as the distributor and as the partner that moves, and name the partner in a new row, twice each.

    The second time nothing is new to the process, so what it takes is the page's own and what it waits for.
    """
    try:
        people = (world.distributor, Person.objects.get(email="second@bench.test"))
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")
        for person in people:
            browser = client(person)
            for path in PAGES:
                browser.get(path)
                begin = time.perf_counter()
                with connection.execute_wrapper(_Waits(found)):
                    browser.get(path)
                assert time.perf_counter() - begin < 5, path
        with connection.execute_wrapper(_Waits(found)), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT id FROM accounts_organization WHERE id = %s FOR KEY SHARE", [partner.pk])
    finally:
        connection.close()


class _Waits:
    """A wrapper of statements that notes how long the database took for each."""

    def __init__(self, found: list[float]) -> None:
        self.found = found

    def __call__(self, execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        begin = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.found.append(time.perf_counter() - begin)
