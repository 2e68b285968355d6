"""The goal of consent: what it costs a list that a third of its customers share nothing but their account."""

from collections.abc import Iterator

from django.db import connection, transaction

from accounts.models import OrganizationKind, Person
from tools.bench.data import LISTS, World, followed_at_once, make_organization
from tools.bench.measure import quantile, wall
from tools.bench.queries import SQL_ROUNDS, replay
from tools.bench.report import GoalLine
from tools.bench.signed_in import client, own_queries

PAGES = {"customers page": "/customers/", "renewals": "/renewals/", "summary of use": "/usage/customers/"}
CONNECT = """
    INSERT INTO connections_connection
        (public_id, partner_id, customer_id, partner_name, customer_name, state, scopes, connected_at)
    SELECT gen_random_uuid(), %s, customer_id, '', customer_name, 'active',
           CASE WHEN customer_id %% 3 = 0 THEN 1 ELSE scopes END, connected_at
    FROM connections_connection WHERE partner_id = %s"""


def lines(world: World, rounds: int) -> Iterator[GoalLine]:
    """Measure pages of a partner with the large partner's customers, and yield a line for each.

    Its rows are rolled back: they would double what all other lines write.
    """
    with transaction.atomic():
        reserved_id, reserved = _load(world)
        for name, path in PAGES.items():
            some, all_of_them = (
                replay(own_queries(client(person), path), organization_id)
                for person, organization_id in ((reserved, reserved_id), (world.large, world.large_id))
            )
            samples = wall([some, all_of_them], rounds * SQL_ROUNDS)
            ratio = quantile(samples[0], 95) / quantile(samples[1], 95)
            yield GoalLine(f"{name}, SQL p95: a third share nothing, against all sharing", ratio, 1.3)
        transaction.set_rollback(True)


def _load(world: World) -> tuple[int, Person]:
    """Connect a new partner with the large partner's customers; return its primary key and its Admin."""
    partner = make_organization(OrganizationKind.PARTNER, "Partner of the reserved", "reserved")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else triggers could not be switched off in this transaction
        with followed_at_once():
            cursor.execute(CONNECT, [partner.pk, world.large_id])
        cursor.execute(f"ANALYZE {LISTS}, connections_portfolio")
    return partner.pk, Person.objects.get(email="reserved@bench.test")
