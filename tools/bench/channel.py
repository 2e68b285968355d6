"""The goals of a channel: a distributor with 400 partners and 25,000 customers against one with a twentieth of both."""

from collections.abc import Iterator

from django.db import connection, transaction

from accounts.models import Organization, OrganizationKind, Person
from tools.bench import data
from tools.bench.measure import quantile, wall
from tools.bench.queries import SQL_ROUNDS, replay
from tools.bench.report import GoalLine
from tools.bench.signed_in import client, queries_of

EACH = 62  # customers of each partner
FIRST = 6_000_001  # number of the first customer, above those of data.py
SIZES = {"channel-large": 400, "channel-small": 20}  # partners by the login of the distributor's Admin
# Statements that every page sends, whatever it shows; their tables are not the channel's.
FRAME = ("django_session", "accounts_person", "accounts_operator", "usersessions_")


def load() -> None:
    """Write both distributors with their partners and customers, unless an earlier run has."""
    if Person.objects.filter(email=f"{[*SIZES][-1]}@bench.test").exists():
        return
    number = FIRST
    for login, partners in SIZES.items():
        distributor = data.make_organization(OrganizationKind.DISTRIBUTOR, f"Channel of {partners}", login)
        for first in range(number, number + partners * EACH, data.BATCH):
            last = min(first + data.BATCH, number + partners * EACH) - 1
            data.add_customers(first, last)
            data.add_entitlements(first, last)
        with data.followed_at_once():
            for partner in _add_partners(distributor, partners):
                data.connect(partner, number, number + EACH - 1)
                number += EACH
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("VACUUM ANALYZE entitlements_partnerlisting, connections_customerpartner")
        cursor.execute(f"VACUUM ANALYZE {data.LISTS}")


def _add_partners(distributor: Organization, count: int) -> list[Organization]:
    with transaction.atomic():
        return [
            Organization.objects.create(
                kind=OrganizationKind.PARTNER, name=f"Partner {number} of {count}", country="FR", parent=distributor
            )
            for number in range(1, count + 1)
        ]


def lines(rounds: int) -> Iterator[GoalLine]:
    """Measure each page of both distributors in turns, and yield a line for each page."""
    people = {login: Person.objects.get(email=f"{login}@bench.test") for login in SIZES}
    distributors = {login: Organization.objects.get(name=f"Channel of {size}") for login, size in SIZES.items()}
    partners = {login: Organization.objects.filter(parent=one).earliest("pk") for login, one in distributors.items()}
    pages = {
        "partners page": dict.fromkeys(SIZES, "/partners/?size=25"),  # nearly as many rows as the smaller one has
        "partners page by customers": dict.fromkeys(SIZES, "/partners/?size=25&sort=-customers"),
        "customers by one partner": {login: f"/customers/?partner={partners[login].org_id}" for login in SIZES},
        "customers page": dict.fromkeys(SIZES, "/customers/"),
        "first page": dict.fromkeys(SIZES, "/"),
        "page of a partner": {login: f"/partners/{partners[login].public_id}/" for login in SIZES},
    }
    for name, paths in pages.items():
        works = [replay(_statements(people[login], path), distributors[login].pk) for login, path in paths.items()]
        many, few = (quantile(samples, 95) for samples in wall(works, rounds * SQL_ROUNDS))
        yield GoalLine(f"{name}, SQL p95: distributor of 400 partners against one of 20", many / few, 1.3)


def _statements(person: Person, path: str) -> list[str]:
    return [sql for sql in queries_of(client(person), path) if not any(name in sql for name in FRAME)]
