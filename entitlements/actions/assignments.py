"""Stores who holds a licence, with statements over whole batches. Only the customer's own Admins see it (CC-32)."""

from django.db import connection, transaction

from entitlements.actions.releases import make_licence_release_event
from entitlements.events import EntitlementEventKind
from entitlements.facts import ReferencedCustomerAndSkuIds
from entitlements.models import LicenseAssignment
from notifications.actions.recording import record_events
from partnerportal.lib.actors import Actor
from partnerportal.lib.copy_rows import CopyTextStream
from partnerportal.lib.json_lines.facts import Answers, LineOutcome, LineProblem, ValidLine
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.policies import authorize_system

_COLUMNS = "external_id, customer_id, sku_id, holder_kind, holder, assigned_at, last_used_at, released_at"
_VALUES = "sku_id, holder_kind, holder, assigned_at, last_used_at, released_at"
# A licence that was released because its customer asked stays released: the vendor's staff may have said so before the
# feed does.
_RELEASED = """CASE WHEN excluded.assigned_at <= a.release_asked_at THEN coalesce(excluded.released_at, a.released_at)
    ELSE excluded.released_at END"""
_OLD = ", ".join(f"a.{name}" for name in _VALUES.split(", "))
_NEW = ", ".join(f"excluded.{name}" for name in _VALUES.split(", ")[:-1]) + f", {_RELEASED}"
_STAGE = """
    CREATE TEMPORARY TABLE staged_assignment (line bigint, external_id text, customer_id bigint, sku_id bigint,
        holder_kind text, holder text, assigned_at timestamptz, last_used_at timestamptz, released_at timestamptz)
    ON COMMIT DROP"""
_MOVED = """
    DELETE FROM staged_assignment s USING entitlements_licenseassignment a
    WHERE a.external_id = s.external_id AND a.customer_id <> s.customer_id RETURNING s.line"""
# A licence that is assigned anew is no longer waiting for the release that was asked for.
_UPSERT = f"""
    WITH written AS (
        INSERT INTO entitlements_licenseassignment AS a (public_id, {_COLUMNS})
        SELECT DISTINCT ON (external_id) gen_random_uuid(), {_COLUMNS} FROM staged_assignment
        ORDER BY external_id, line DESC
        ON CONFLICT (external_id) DO UPDATE SET ({_VALUES}) = ({_NEW}),
            release_asked_at = CASE WHEN excluded.assigned_at <= a.release_asked_at THEN a.release_asked_at END,
            released_by_id = CASE WHEN excluded.assigned_at <= a.release_asked_at THEN a.released_by_id END
        WHERE ({_OLD}) IS DISTINCT FROM ({_NEW}) AND a.customer_id = excluded.customer_id
        RETURNING a.external_id, old.id IS NULL AS added,
            CASE WHEN a.release_asked_at IS NOT NULL AND a.released_at IS NOT NULL AND old.released_at IS NULL
                THEN a.id END AS released)
    SELECT s.line, w.added, w.released FROM staged_assignment s JOIN written w USING (external_id)"""  # noqa: S608
_OTHER = LineProblem("other_customer", "This belongs to another ORGID.", "customer")


@transaction.atomic
def store_licence_assignments(*, actor: Actor, lines: list[ValidLine]) -> Answers:
    """Store which user or device holds which licence, from lines of the vendor's feed.

    Returns a dict from the line number to the outcome of the line, or to the problem that refused it. Of two lines
    about the same licence the later one counts. A licence that belongs to another customer is refused with the problem
    `other_customer`.
    """
    authorize_system(actor)
    known = ReferencedCustomerAndSkuIds.read_for_lines(lines)
    answers: Answers = {}
    rows: list[tuple[object, ...]] = []
    for fact in lines:
        if problem := known.find_problem(fact):
            answers[fact.line] = problem
            continue
        values = fact.values
        ids = known.customers[values["customer"]], known.skus[values["sku"]]
        holder = values["holder_kind"], values["holder"]
        times = values["assigned_at"], values["last_used_at"], values["released_at"]
        rows.append((fact.line, fact.key, *ids, *holder, *times))
        answers[fact.line] = LineOutcome.UNCHANGED
    return answers | _write(actor, rows) if rows else answers


def _write(actor: Actor, rows: list[tuple[object, ...]]) -> Answers:
    """Write the rows, and return the answers to lines that changed something or were refused."""
    answers: Answers = {}
    acquire_lock(AdvisoryLock.ASSIGNMENTS)
    with connection.cursor() as cursor:
        cursor.execute(
            "DROP TABLE IF EXISTS staged_assignment"
        )  # an earlier batch of this transaction may have left it
        cursor.execute(_STAGE)
        cursor.copy_expert("COPY staged_assignment FROM STDIN", CopyTextStream(rows))
        cursor.execute(_MOVED)
        answers |= {line: _OTHER for (line,) in cursor.fetchall()}
        cursor.execute(_UPSERT)
        written = cursor.fetchall()
    _record_releases(actor, {released for _line, _added, released in written if released})
    return answers | {line: LineOutcome.ADDED if added else LineOutcome.CHANGED for line, added, _released in written}


def _record_releases(actor: Actor, released: set[int]) -> None:
    """Record that the licences with these primary keys, whose release was asked for, are released.

    Releases that the vendor's staff had marked before were recorded then, and are not among them.
    """
    if released:
        rows = LicenseAssignment.objects.filter(pk__in=released).select_related("sku", "customer").order_by("pk")
        record_events([make_licence_release_event(EntitlementEventKind.RELEASE_MARKED, actor, row) for row in rows])
