"""What the server keeps (`PreparedQuery`) says what its queryset says, and costs a tenant no more than it sees.

A kept plan may be one for all values: what is quick for most tenants can read everybody's rows for another.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import Model, QuerySet

from accounts.queries.operators import list_current_operators_of_person, list_operators_of_person
from entitlements.models import CustomerListing
from entitlements.queries.customers import annotate_latest_report_day, get_customer_with_account
from notifications.actions.inbox import mark_all_notices_read, mark_notice_read
from partnerportal.lib import tenancy
from partnerportal.lib.prepared import PreparedQuery
from partnerportal.lib.sessions import SessionStore
from tests import crowd
from tests.conftest import PageClient, sign_in
from tests.house.ours import OURS
from tests.world import World

pytestmark = pytest.mark.no_cover

# A large one, and small ones of each kind, whose roles and features see other rows.
PEOPLE = (f"{crowd.LARGE}.admin", "partner2.reader", "distributor.admin", "customer.admin", "vendor.admin", "many")
PAGES = ("/", "/inbox/", "/customers/", "/api/v1/customers/", "/customers/{customer}/", "/api/v1/customers/{customer}/")
MANY = 1_000  # rows of a table from which on a plan may not read it from end to end, and what it reads counts
LEAST = 100  # blocks and rows that a statement may read, those of the policies among them
EACH = 10  # more of them, for each row that it returns


@dataclass(frozen=True)
class Asked:
    """A kept statement as a page asked it."""

    who: str
    statement: PreparedQuery[Any]
    given: tuple[Any, ...]
    tenant: dict[str, str]
    found: list[Any]
    plain: list[Any]  # what its queryset gives

    def __str__(self) -> str:
        return f"{self.statement._build.__qualname__} for {self.who}"

    def plan(self) -> dict[str, Any]:
        """How the server does it, as that tenant, with a plan that does not know the values."""
        with transaction.atomic(), connection.cursor() as cursor:
            tenancy.enter_tenant(**self.tenant)  # type: ignore[arg-type]
            cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            assert connection.prepare_statement_once(*self.statement._kept)
            execute = f"EXECUTE {self.statement._kept[0]} ({', '.join(['%s'] * len(self.given))})"
            cursor.execute(execute, self.given)  # plans what the functions of the policies ask, too
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {execute}", self.given)
            return cursor.fetchone()[0][0]["Plan"]


class Visits:
    """Asks every page as everybody, and notes which kept statements they ask."""

    def __init__(self) -> None:
        self.who = ""
        self.asked: dict[tuple[str, PreparedQuery[Any]], Asked] = {}
        self.call = PreparedQuery.__call__

    def ask(self, statement: PreparedQuery[Any], *given: Any) -> list[Any]:
        rows = self.call(statement, *given)
        with connection.cursor() as cursor:
            cursor.execute(tenancy._CURRENT)
            tenant = dict(zip(("organization_id", "person_id", "secret"), cursor.fetchone()[1:4], strict=True))
        queryset = statement._build(*given)
        found, plain = ([described(row) for row in rows] for rows in (rows, queryset))
        if not queryset.ordered:
            found, plain = sorted(found, key=repr), sorted(plain, key=repr)
        self.asked[self.who, statement] = Asked(self.who, statement, given, tenant, found, plain)
        return rows

    def go(self) -> list[Asked]:
        for self.who in PEOPLE:
            client = PageClient()
            sign_in(client, self.who)
            seen = CustomerListing.objects.filter(viewer=World().organization_of(self.who)).first()
            for page in PAGES:
                client.get(page.format(customer=seen.public_id if seen else World().stranger.public_id))
        return list(self.asked.values())


def described(row: Any) -> Any:
    if not isinstance(row, Model):
        return row
    state = row._state
    values = {name: value for name, value in vars(row).items() if name != "_state"}
    others = {name: described(other) for name, other in state.fields_cache.items()}
    return type(row), values, others, state.db, state.adding


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> Visits:
    visits = Visits()
    monkeypatch.setattr(PreparedQuery, "__call__", lambda *asked: visits.ask(*asked))
    return visits


@pytest.mark.slow  # everybody asks every page
def test_each_kept_statement_says_what_its_queryset_says(world: World, visits: Visits) -> None:
    asked = visits.go()
    builders = {one.statement._build.__code__ for one in asked}
    assert Counter(code.co_filename for code in builders) == written(), "a page of PAGES must ask each"
    assert [str(one) for one in asked if one.found != one.plain] == []


def test_instances_are_those_that_django_makes(world: World) -> None:
    """Where a kept statement's columns become instances, they are those that Django makes of the plain queryset."""
    pairs: list[tuple[list[Any], QuerySet[Any]]] = []
    for who in (*PEOPLE, "nobody"):
        person_id = world.person(who).pk
        pairs.append((list_current_operators_of_person(person_id), list_operators_of_person(person_id)))
    actor, with_account = (
        world.actor("partner.reader"),
        annotate_latest_report_day(CustomerListing.objects.select_related("customer")),
    )
    for listed in with_account.filter(viewer=world.partner):
        pairs.append(([get_customer_with_account(actor, listed.public_id)], with_account.filter(pk=listed.pk)))
    session = SessionStore()
    session.save()
    pairs.append(([session._get_session_from_db()], Session.objects.filter(session_key=session.session_key)))
    for made, plain in pairs:
        assert [described(row) for row in made] == [described(row) for row in plain]
    assert sum(len(made) for made, _plain in pairs) > len(PEOPLE)


def written() -> Counter[str]:
    """How many kept statements each file writes."""
    found: Counter[str] = Counter()
    for app in OURS:
        for path in map(str, (settings.BASE_DIR / app).rglob("*.py")):
            for node in ast.walk(ast.parse(Path(path).read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == PreparedQuery.__name__:
                    found[path] += 1
    return found


def test_a_kept_plan_reads_what_the_tenant_sees(own_database: dict[str, str], visits: Visits) -> None:
    for name in ("customer", "distributor2", crowd.LARGE):  # so that their copies have read some, too
        actor = World().actor(f"{name}.reader")
        for notice in World().notices(name)[:3]:
            mark_notice_read(actor=actor, notice=notice)
        mark_all_notices_read(actor=actor)
        Authenticator.objects.create(user=World().person(f"{name}.reader"), type="totp", data={"secret": "x"})
    asked = visits.go()
    crowd.add_large()
    assert faults(asked) == []
    crowd.add_copies()
    assert faults(asked) == []
    read = {scan.table for one in asked for scan in scans(one.plan())}
    assert {table for table in read if Sizes()[table] < MANY} <= crowd.SHARED, "strangers need more rows to tell"


class Sizes(dict[str, float]):
    """Of tables and indexes, how many rows each has, as they were analysed."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT relname, reltuples FROM pg_class WHERE relnamespace = 'public'::regnamespace")
            super().__init__(cursor.fetchall())


@dataclass(frozen=True)
class Scan:
    table: str  # or the index
    rows: float  # that were read
    is_whole: bool  # from end to end


def faults(asked: list[Asked]) -> list[str]:
    sizes, found = Sizes(), []
    for one in asked:
        plan = one.plan()
        large = [scan for scan in scans(plan) if sizes[scan.table] >= MANY]
        rows, blocks = sum(scan.rows for scan in large), plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        if max(rows, blocks) > LEAST + EACH * plan["Actual Rows"] or any(scan.is_whole for scan in large):
            found.append(f"{one} reads {blocks} blocks for {plan['Actual Rows']:.0f} rows: {large}")
    return found


def scans(node: dict[str, Any]) -> Iterator[Scan]:
    table = node.get("Relation Name") or node.get("Index Name")
    if table:
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        yield Scan(table, (node["Actual Rows"] + removed) * node["Actual Loops"], node["Node Type"] == "Seq Scan")
    for part in node.get("Plans", ()):
        yield from scans(part)
