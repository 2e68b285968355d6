"""Strangers in the world's database, for what must not depend on how many there are: a few large ones, then each
organisation of the world some hundred times over. Written in bulk, to be committed into a database of one's own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from tests.world import World

COPIES = 400  # of each row, as long as a table gets no more than ROWS
ROWS = 30_000
STEP = 10_000  # between the keys of two copies; no table of the world has as many rows
NOTICES = 50_000  # of a large one
SHARED = {
    "accounts_competency", "accounts_program", "accounts_skill", "auth_permission", "django_content_type",
    "django_migrations", "entitlements_channelmonth", "marketplace_category", "marketplace_market",
    "marketplace_marketcountry", "marketplace_marketcurrency", "portal_cache",
}  # fmt: skip
LARGE = "partner"
OF_THE_LARGE = {"connections_portfolio": "viewer_id", "entitlements_customerlisting": "viewer_id"}


@dataclass(frozen=True)
class Column:
    name: str
    kind: str
    is_unique: bool
    length: int
    is_shared: bool  # points into a table that is not copied

    def copied(self, free_org_id: int) -> str:
        """Its value in the copy number k, as SQL. What belongs together in the world does so in each copy."""
        if self.kind == "uuid":
            return f"md5({self.name}::text || k)::uuid"
        if self.kind in ("bigint", "integer") and f"_{self.name}".endswith("_id") and not self.is_shared:
            return f"{self.name} + k * {STEP}"
        if self.is_unique and self.kind == "bigint":
            return f"{self.name} + k * {STEP}"
        if self.is_unique and self.kind == "bytea":
            return f"sha256({self.name} || int8send(k))"
        if self.is_unique and self.name == "org_id":
            return f"({free_org_id} + id + k * {STEP})::text"
        if self.is_unique or self.name == "account_manager_name":  # by which tests know the world's own
            return f"left(k || '-' || {self.name}, {self.length})"
        return self.name


def add_large() -> None:
    """Give two organisations of the world NOTICES notices each: nearly all that there are, as it may be at first."""
    with _without_triggers() as cursor:
        for table in ("notifications_event", "notifications_notice"):
            _leave_room_for_copies(cursor, table)
        for name in (LARGE, "distributor2"):
            cursor.execute(
                """WITH e AS (
                       INSERT INTO notifications_event (public_id, kind, at, actor_label, organization_label,
                           counterpart_label, subject_kind, subject_label, data)
                       SELECT gen_random_uuid(), 'many', now() - k * interval '1 minute', '', '', '', '', '', '{}'
                       FROM generate_series(1, %s) k RETURNING id, at)
                   INSERT INTO notifications_notice (public_id, event_id, kind, at, recipient_id, about_label, in_reach,
                       params)
                   SELECT gen_random_uuid(), id, 'ends_soon', at, %s, '', true, '{}' FROM e""",
                [NOTICES, World()[name].pk],
            )


def add_copies() -> None:
    """Copy the rows of every table COPIES times, and let the large one see the customers of all the copies."""
    with _without_triggers() as cursor:
        for table in _tables(cursor):
            _copy(cursor, table)
        for table, owner in OF_THE_LARGE.items():
            _copy(cursor, table, owner)


@contextmanager
def _without_triggers() -> Iterator[Any]:
    """What triggers keep is written too. Afterwards all is as autovacuum leaves it in time."""
    with transaction.atomic(), connection.cursor() as cursor:
        tables = _tables(cursor)
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield cursor
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {', '.join(tables)}")


def _copy(cursor: Any, table: str, owner: str = "") -> None:
    """Copies of all rows of the world; with an owner, of those of the large one, which stay its own."""
    columns, base = _columns(cursor, table), _free_org_id(cursor) if table == "accounts_organization" else 0
    copied = {column.name: column.copied(base) for column in columns}
    if "partner_id" in copied and table == "accounts_organization":
        copied["partner_id"] = "''"  # unique where there is one, and of a fixed shape
    has_key = "id" in copied
    world = f"id < {STEP}" if has_key else "true"
    if owner:
        del copied["id"]  # the next free ones
        copied[owner] = owner
        world += f" AND {owner} = {World()[LARGE].pk}"
    cursor.execute(f"SELECT count(*) FROM {table} WHERE {world}")
    copies = min(COPIES, ROWS // (cursor.fetchone()[0] or 1))
    cursor.execute(
        f"""INSERT INTO {table} ({", ".join(copied)}) SELECT {", ".join(copied.values())}
            FROM {table}, generate_series(1, {copies}) k WHERE {world}"""
    )
    if has_key and not owner:
        _leave_room_for_copies(cursor, table)


def _leave_room_for_copies(cursor: Any, table: str) -> None:
    """The next row's key is above those of all copies."""
    cursor.execute(
        "SELECT setval(s, greatest(nextval(s), %s)) FROM pg_get_serial_sequence(%s, 'id') s",
        [(COPIES + 1) * STEP, table],
    )


def _tables(cursor: Any) -> list[str]:
    cursor.execute(
        """SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
           AND relnamespace = 'public'::regnamespace ORDER BY 1"""
    )
    return [name for (name,) in cursor.fetchall() if name not in SHARED]


def _columns(cursor: Any, table: str) -> list[Column]:
    cursor.execute(
        """SELECT quote_ident(a.attname), t.typname, CASE WHEN a.atttypmod > 4 THEN a.atttypmod - 4 ELSE 1000 END,
               EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique
                       AND i.indkey::text = a.attnum::text),
               EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = a.attrelid AND c.contype = 'f'
                       AND c.conkey = ARRAY[a.attnum] AND c.confrelid::regclass::text = ANY (%s))
           FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
           WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''""",
        [list(SHARED), table],
    )
    kinds = {"int8": "bigint", "int4": "integer"}
    return [
        Column(name, kinds.get(kind, kind), is_unique, length, is_shared)
        for name, kind, length, is_unique, is_shared in cursor.fetchall()
    ]


def _free_org_id(cursor: Any) -> int:
    """The first of a row of ORGIDs of which none is taken."""
    cursor.execute("SELECT org_id::int FROM accounts_organization")
    taken, needed = [number for (number,) in cursor.fetchall()], (COPIES + 1) * STEP
    return next(
        first
        for first in range(10_000_000, 90_000_000, needed)
        if not any(first <= number < first + needed for number in taken)
    )
