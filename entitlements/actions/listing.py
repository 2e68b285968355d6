"""Actions that keep the customer listing true where triggers cannot: when a day passes, and when it may be wrong."""

from django.db import connection, transaction

from entitlements.models import CustomerListing
from partnerportal.lib.actors import Actor
from partnerportal.lib.policies import authorize_system
from partnerportal.lib.scopes import Scope

BATCH = 1000  # customers that are counted anew in one transaction
# What is not shared is not counted either, and would be due for ever.
_DUE = f"""SELECT DISTINCT customer_id FROM entitlements_customerlisting
           WHERE next_expiry_on < (now() AT TIME ZONE 'UTC')::date AND scopes & {Scope.ENTITLEMENTS:d} > 0
           ORDER BY customer_id LIMIT %s"""  # noqa: S608


def refresh_expired_customer_listings() -> int:
    """Recompute the customer listing's rows whose next expiry has passed; return for how many customers.

    Each batch of customers has its own transaction.
    """
    refreshed = 0
    while batch := _refresh_batch():
        refreshed += batch
    return refreshed


@transaction.atomic
def _refresh_batch() -> int:
    """Count up to BATCH due customers anew, and return how many: 0 at the end.

    A customer that was counted anew is not due again, because only running entitlements count, and they end today or
    later. So the caller's loop ends.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [BATCH])
        customers = [row[0] for row in cursor.fetchall()]
        if customers:
            cursor.execute("SELECT listing_refresh(%s)", [customers])
    return len(customers)


# The columns of the listing that are compared with its definition: all but the keys and `search`, which the database
# makes of the others. Numbers are not compared in rows
# that are due for `refresh_expired_customer_listings`.
_NUMBERS = (
    "services", "skus", "trials", "requests", "seats", "assigned", "overage", "trial_seats", "trial_assigned",
    "over_skus", "over_seats", "next_expiry_on", "ends",
)  # fmt: skip
_KEYS = ("id", "viewer_id", "customer_id", "search")
_ALL = tuple(field.attname for field in CustomerListing._meta.concrete_fields if field.attname not in _KEYS)
_FACTS = tuple(name for name in _ALL if name not in _NUMBERS)


def _columns_of(side: str, names: tuple[str, ...] = _ALL) -> str:
    return ", ".join(f"{side}.{name}" for name in names)


_COLUMNS = ", ".join(_ALL)
_SUBJECTS = "ARRAY(SELECT DISTINCT subject_id FROM connections_portfolio)"  # every organisation: each sees itself
_EXPECTED = f"SELECT * FROM listing_expected({_SUBJECTS}) UNION ALL SELECT * FROM listing_sold({_SUBJECTS})"  # noqa: S608
_DIFFERENCES = f"""
    SELECT coalesce(v.org_id, '?') || ' sees ' || coalesce(c.org_id, '?') || ': ' ||
           CASE WHEN l.id IS NULL THEN 'missing' WHEN e.customer_id IS NULL THEN 'should not be there'
                ELSE 'differs' END
    FROM ({_EXPECTED}) e
    FULL JOIN entitlements_customerlisting l ON (l.viewer_id, l.customer_id) = (e.viewer_id, e.customer_id)
    LEFT JOIN accounts_organization v ON v.id = coalesce(l.viewer_id, e.viewer_id)
    LEFT JOIN accounts_organization c ON c.id = coalesce(l.customer_id, e.customer_id)
    WHERE l.id IS NULL OR e.customer_id IS NULL
       OR ({_columns_of("l", _FACTS)}) IS DISTINCT FROM ({_columns_of("e", _FACTS)})
       OR l.next_expiry_on >= (now() AT TIME ZONE 'UTC')::date
          AND ({_columns_of("l", _NUMBERS)}) IS DISTINCT FROM ({_columns_of("e", _NUMBERS)})
    ORDER BY 1"""  # noqa: S608 - constants of this module
_REMOVE = f"""
    DELETE FROM entitlements_customerlisting l WHERE NOT EXISTS (
        SELECT FROM ({_EXPECTED}) e WHERE (e.viewer_id, e.customer_id) = (l.viewer_id, l.customer_id))"""  # noqa: S608
_WRITE = f"""
    INSERT INTO entitlements_customerlisting AS l (viewer_id, customer_id, {_COLUMNS})
    SELECT viewer_id, customer_id, {_COLUMNS} FROM ({_EXPECTED}) e
    ON CONFLICT (viewer_id, customer_id) DO UPDATE
    SET ({_COLUMNS}) = ({_columns_of("excluded")})
    WHERE ({_columns_of("l")}) IS DISTINCT FROM ({_columns_of("excluded")})"""  # noqa: S608

_PACE_EXPECTED = f"""
    SELECT l.customer_id, l.viewer_id, usage_moved(u) AS moved, usage_full_on(u) AS full_on
    FROM entitlements_customerlisting l LEFT JOIN entitlements_customerusage u
        ON u.customer_id = l.customer_id AND l.scopes & {Scope.USAGE:d} > 0"""  # noqa: S608
_PACE_DIFFERENCES = f"""
    SELECT coalesce(v.org_id, '?') || ' sees ' || coalesce(c.org_id, '?') || ': pace ' ||
           CASE WHEN p.customer_id IS NULL THEN 'missing' WHEN e.customer_id IS NULL THEN 'should not be there'
                ELSE 'differs' END
    FROM ({_PACE_EXPECTED}) e FULL JOIN entitlements_customerpace p USING (customer_id, viewer_id)
    LEFT JOIN accounts_organization v ON v.id = viewer_id LEFT JOIN accounts_organization c ON c.id = customer_id
    WHERE p.customer_id IS NULL OR e.customer_id IS NULL OR (p.moved, p.full_on) IS DISTINCT FROM (e.moved, e.full_on)
    ORDER BY 1"""  # noqa: S608
_PACE_REMOVE = """
    DELETE FROM entitlements_customerpace p WHERE NOT EXISTS (
        SELECT FROM entitlements_customerlisting l WHERE (l.customer_id, l.viewer_id) = (p.customer_id, p.viewer_id))"""
_PACE_WRITE = f"""
    INSERT INTO entitlements_customerpace AS p (customer_id, viewer_id, moved, full_on) {_PACE_EXPECTED}
    ON CONFLICT (customer_id, viewer_id) DO UPDATE SET (moved, full_on) = (excluded.moved, excluded.full_on)
    WHERE (p.moved, p.full_on) IS DISTINCT FROM (excluded.moved, excluded.full_on)"""

_LOCK = """LOCK TABLE accounts_organization, connections_portfolio, entitlements_entitlement, entitlements_customerusage
           IN SHARE MODE"""


def find_wrong_customer_listing_rows() -> list[str]:
    """Compare the customer listing with its source tables, and return one line of text for each wrong row.

    The list is empty unless something bypassed the triggers.
    """
    with connection.cursor() as cursor:
        differences: list[str] = []
        for statement in (_DIFFERENCES, _PACE_DIFFERENCES):
            cursor.execute(statement)
            differences += [row[0] for row in cursor.fetchall()]
        return differences


@transaction.atomic
def rebuild_customer_listing(*, actor: Actor) -> int:
    """Correct the customer listing from its source tables, and return how many rows were written or removed.

    Other writers of these tables wait until it is done; readers do not wait.
    """
    authorize_system(actor)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        changed = 0
        # Triggers keep the pace of customers that the first two statements write, so the last two find little to do.
        for statement in (_REMOVE, _WRITE, _PACE_REMOVE, _PACE_WRITE):
            cursor.execute(statement)
            changed += cursor.rowcount
        return changed
