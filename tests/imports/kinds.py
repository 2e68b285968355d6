"""Kinds of imports for tests: keys with a note, which are put on a shelf, a table that a test makes itself."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.models import Organization
from accounts.policies import ROLE_TABLE as ACCOUNTS
from accounts.policies import AccountPermission
from imports import catalogue
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.imports.kinds import ImportColumn, ImportKind, ImportMode, ImportRow
from partnerportal.lib.imports.results import RowOutcome, RowResult
from partnerportal.lib.visible_rows import get_by_public_id

TABLE = "CREATE TABLE shelf (key text PRIMARY KEY, note text, owner bigint, writes int DEFAULT 1)"
GRANT = "GRANT SELECT, INSERT, UPDATE, DELETE ON shelf TO portal_app"


def make_shelf() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"{TABLE}; {GRANT}")


def shelf() -> dict[str, int]:
    """Each key with the number of times that it was written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, writes FROM shelf")
        return dict(cursor.fetchall())


def judge(rows: Sequence[ImportRow]) -> list[RowResult]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM shelf WHERE key = ANY (%s)", [[row.values["key"] for row in rows]])
        there = {key for (key,) in cursor.fetchall()}
    return [
        RowResult(RowOutcome.UNKNOWN, "Nobody knows this key.")
        if row.values["key"].startswith("unknown")
        else RowResult(RowOutcome.ALREADY_THERE if row.values["key"] in there else RowOutcome.NEW)
        for row in rows
    ]


def check(actor: Actor, target: Any, rows: Sequence[ImportRow]) -> list[RowResult]:
    return judge(rows)


def put_on_shelf(actor: Actor, target: Any, rows: Sequence[ImportRow], mode: str) -> list[RowResult]:
    results = judge(rows)
    new = [row for row, result in zip(rows, results, strict=True) if result.outcome == RowOutcome.NEW]
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO shelf (key, note, owner) SELECT *, %s FROM unnest(%s::text[], %s::text[])
               ON CONFLICT (key) DO UPDATE SET writes = shelf.writes + 1""",
            [
                actor.organization_id,
                [row.values["key"] for row in new],
                [row.values["note"] for row in new],
            ],
        )
    return results


def left_out(rows: Iterable[ImportRow]) -> list[str]:
    kept = {row.values["key"] for row in rows}
    return sorted(shelf().keys() - kept)


def preview(actor: Actor, target: Any, mode: str, rows: Iterable[ImportRow]) -> Iterator[Message]:
    if mode == "replace":
        yield f"{len(left_out(rows))} keys are not in the file."


def finish(actor: Actor, target: Any, mode: str, rows: Iterable[ImportRow]) -> Iterator[Message]:
    if mode == "replace":
        gone = left_out(rows)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM shelf WHERE key = ANY (%s)", [gone])
        yield f"{len(gone)} keys were taken away."


SHELF = ImportKind(
    code="shelf",
    label="Shelf",
    columns=(
        ImportColumn("key", "What it is called.", "A-1"),
        ImportColumn("note", "Anything.", "=1+1", is_required=False),
    ),
    rule=(ACCOUNTS, AccountPermission.EDIT_ACCOUNT),
    check=check,
    apply=put_on_shelf,
    modes=(ImportMode("merge", "Merge", "Add what is new."), ImportMode("replace", "Replace", "Take away the rest.")),
    key_columns=("key",),
    preview=preview,
    finish=finish,
    max_rows=100_000,
    max_bytes=20_000_000,
)


def find_organization(actor: Actor, public_id: UUID) -> Organization:
    return get_by_public_id(Organization.objects.visible_to(actor), public_id)


OF_ORGANIZATION = replace(
    SHELF,
    code="shelf_of",
    find_target=find_organization,
    describe_target=lambda organization: organization.name,
    modes=SHELF.modes[:1],
    preview=None,
    finish=None,
)


OF_THE_PORTAL = dict(catalogue.KINDS)


@contextmanager
def kinds_of_tests() -> Iterator[None]:
    """Add both kinds to the catalogue. Afterwards it holds the portal's own again, whatever a test has put in."""
    catalogue.KINDS.update({kind.code: kind for kind in (SHELF, OF_ORGANIZATION)})
    try:
        yield
    finally:
        catalogue.KINDS.clear()
        catalogue.KINDS.update(OF_THE_PORTAL)
