"""The goals of SQL: the statements of pages, replayed with and without the second lock."""

from collections.abc import Callable, Iterator
from functools import partial

from django.db import connection, transaction
from django.test import Client

from partnerportal.lib import garbage, tenancy
from tools.bench.data import World
from tools.bench.measure import cpu, quantile, wall
from tools.bench.report import GoalLine
from tools.bench.signed_in import client, own_queries, without_rendering

SQL_ROUNDS = 4  # so many times the rounds of pages, because statements are short


def lines(world: World, rounds: int) -> Iterator[GoalLine]:
    """Measure the goals of SQL, and yield a line for each."""
    yield from _second_lock(world, rounds * SQL_ROUNDS)
    yield from _sizes(world, rounds * SQL_ROUNDS)
    yield from _many_against_few(world, rounds * SQL_ROUNDS)
    yield from _cpu(world, rounds)


def _second_lock(world: World, rounds: int) -> Iterator[GoalLine]:
    """Yield what statements take as portal_app with the tenant set, against a role that no policy holds."""
    large = client(world.large)
    detail = first_customer(world.large_id)
    cases = [
        ("list page, medium partner", client(world.medium), world.medium_id, "/customers/", 1.2),
        ("list page, large partner", large, world.large_id, "/customers/", 1.2),
        (
            "list page, distributor through two hops",
            client(world.distributor),
            world.distributor_id,
            "/customers/",
            1.2,
        ),
        ("inbox with its exact count", large, world.large_id, "/inbox/", 1.25),
        ("customer detail", large, world.large_id, f"/customers/{detail}/", 1.25),
    ]
    for name, who, organization_id, path, target in cases:
        statements = own_queries(who, path)
        locked, open_ = wall([replay(statements, organization_id), replay(statements, None)], rounds)
        yield GoalLine(
            f"second lock: {name}, SQL p95 against visible_to alone", quantile(locked, 95) / quantile(open_, 95), target
        )


def _sizes(world: World, rounds: int) -> Iterator[GoalLine]:
    large, medium, distributor = (client(p) for p in (world.large, world.medium, world.distributor))
    last = "/customers/?cursor=" + _last_cursor(world)
    works = [
        replay(own_queries(large, "/customers/"), world.large_id),
        replay(own_queries(medium, "/customers/"), world.medium_id),
        replay(own_queries(distributor, "/customers/"), world.distributor_id),
        replay(own_queries(large, last), world.large_id),
        replay(own_queries(large, "/customers/?q=obotic"), world.large_id),
        replay(own_queries(large, "/customers/?q=obotic+12+test"), world.large_id),
        replay(own_queries(large, f"/customers/{first_customer(world.large_id)}/"), world.large_id),
    ]
    first, small, hops, deep, search, words, detail = (quantile(samples, 95) for samples in wall(works, rounds))
    yield GoalLine("customers page, SQL p95: large partner against one with a twentieth", first / small, 1.3)
    yield GoalLine("distributor through two hops against the large partner", hops / first, 1.5)
    yield GoalLine("last keyset page against the first", deep / first, 2)
    yield GoalLine(
        "page of a customer, with its activity out of a log of a million, against the first list page",
        detail / first,
        3,
    )
    yield GoalLine("search of one word within the large partner's customers, SQL p95", search * 1000, 30, "ms")
    yield GoalLine("search of three words within them, SQL p95", words * 1000, 30, "ms")
    (palette,) = wall([partial(_search_everything, large)], rounds)
    yield GoalLine("palette of the large partner, the whole answer, p95", quantile(palette, 95) * 1000, 50, "ms")


def _search_everything(who: Client) -> None:
    answer = who.get("/search/?q=obotic+12", headers={"HX-Request": "true"})
    assert answer.status_code == 200


def _many_against_few(world: World, rounds: int) -> Iterator[GoalLine]:
    """Yield the goals of pages that say something of all customers.

    They read indexes and kept figures, so the number of customers should cost nothing.
    """
    pages = {
        "summary of use": "/usage/customers/",
        "renewals": "/renewals/",
        "customers with an anomaly": "/customers/?unusual=falling",
        "overview": "/",
    }
    large, medium = client(world.large), client(world.medium)
    for name, path in pages.items():
        works = [replay(own_queries(large, path), world.large_id), replay(own_queries(medium, path), world.medium_id)]
        many, few = (quantile(samples, 95) for samples in wall(works, rounds))
        yield GoalLine(f"{name}, SQL p95: large partner against one with a twentieth", many / few, 1.3)


def _cpu(world: World, rounds: int) -> Iterator[GoalLine]:
    who = client(world.large)

    def page() -> object:
        return who.get("/customers/?size=50")

    def unrendered() -> object:
        with without_rendering():
            return who.get("/customers/?size=50")

    garbage.tune_garbage_collection()  # because the server does so too
    whole, bare = (quantile(samples, 50) for samples in cpu([page, unrendered], rounds))
    yield GoalLine("page CPU against the same view whose template draws nothing", whole / bare, 1.7)


def replay(statements: list[str], organization_id: int | None) -> Callable[[], None]:
    """Return a function that runs the statements in one transaction, as the tenant or, for None, as the owner.

    No policy holds the owner.
    """

    def run() -> None:
        with transaction.atomic():
            if organization_id is not None:
                tenancy.enter_tenant(organization_id=organization_id)
            else:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT set_config('role', 'none', true), '', '', ''")
            with connection.cursor() as cursor:
                for sql in statements:
                    cursor.execute(sql)
                    cursor.fetchall()

    return run


def first_customer(viewer_id: int) -> str:
    """Return the public id of the viewer's first customer by name."""
    from entitlements.models import CustomerListing

    return str(CustomerListing.objects.filter(viewer=viewer_id).order_by("name_folded").values_list("public_id")[0][0])


def _last_cursor(world: World) -> str:
    """Return the cursor of the last page of the large partner's customers by name."""
    from entitlements.models import CustomerListing
    from partnerportal.lib.keyset import encode_cursor

    rows = CustomerListing.objects.filter(viewer=world.large_id)
    total = rows.count()
    row = rows.order_by("-name_folded", "-pk")[50]
    return encode_cursor(row.name_folded, row.pk, total - 51, backwards=False)
