"""Actions that keep the listing of partners true where triggers cannot: when a day passes, and when it may be wrong."""

from django.db import connection, transaction

from entitlements.models import PartnerListing
from partnerportal.lib.actors import Actor
from partnerportal.lib.policies import authorize_system

BATCH = 200  # partners that are looked at anew in one transaction
_DUE = """SELECT organization_id FROM entitlements_partnerlisting
          WHERE badges_change_on <= (now() AT TIME ZONE 'UTC')::date ORDER BY organization_id LIMIT %s"""
_KEY = "organization_id"
_SUMS = (
    "customers", "sharing", "over", "seats", "assigned", "overage", "skus", "sku_count", "next_expiry_on",
    "last_customer_at",
)  # fmt: skip
_TREND = "weeks"  # as of the last night or merge: customers report their use each day
_FACTS = tuple(
    field.attname for field in PartnerListing._meta.concrete_fields if field.attname not in (_KEY, *_SUMS, _TREND)
)


def _columns_of(side: str, names: tuple[str, ...]) -> str:
    return ", ".join(f'{side}."{name}"' for name in names)


_ALL = "ARRAY(SELECT id FROM accounts_organization WHERE kind IN ('partner', 'distributor'))"
_DIFFERENCES = f"""
    SELECT coalesce(f.org_id, l.org_id, '?') || ' as a partner: ' ||
           CASE WHEN l.organization_id IS NULL THEN 'missing' WHEN f.organization_id IS NULL THEN 'should not be there'
                ELSE 'differs' END
    FROM partner_facts({_ALL}) f JOIN partner_sums({_ALL}) s USING (organization_id)
    FULL JOIN entitlements_partnerlisting l USING (organization_id)
    WHERE l.organization_id IS NULL OR f.organization_id IS NULL
       OR ({_columns_of("l", _FACTS)}) IS DISTINCT FROM ({_columns_of("f", _FACTS)})
          AND l.badges_change_on > (now() AT TIME ZONE 'UTC')::date
       OR ({_columns_of("l", _SUMS)}) IS DISTINCT FROM ({_columns_of("s", _SUMS)})
          AND NOT EXISTS (
              SELECT FROM entitlements_portfoliofigure p WHERE p.viewer_id = organization_id AND NOT p.is_merged)
    ORDER BY 1"""  # noqa: S608 - constants of this module
_REMOVE = f"DELETE FROM entitlements_partnerlisting WHERE organization_id <> ALL ({_ALL})"  # noqa: S608
_WRITE_FACTS = f"SELECT partner_listing_refresh({_ALL})"
_WRITE_SUMS = "SELECT partner_listing_sum(organization_id) FROM entitlements_partnerlisting ORDER BY organization_id"


def refresh_changed_badges() -> int:
    """Write anew the rows of partners whose badges begin or end by today (UTC); return how many there were.

    A row that was written anew is due on a later day, so the loop ends.
    """
    refreshed = 0
    while batch := _refresh_batch():
        refreshed += batch
    return refreshed


@transaction.atomic
def _refresh_batch() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [BATCH])
        partners = [row[0] for row in cursor.fetchall()]
        if partners:
            cursor.execute("SELECT partner_listing_refresh(%s)", [partners])
    return len(partners)


def refresh_partner_trends() -> int:
    """Write the last sixteen weeks of use into the rows of partners and distributors; return how many there are."""
    partners = list(PartnerListing.objects.order_by("pk").values_list("pk", flat=True))
    for first in range(0, len(partners), BATCH):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT partner_listing_sum(id) FROM unnest(%s) AS id", [partners[first : first + BATCH]])
    return len(partners)


def find_wrong_partner_listing_rows() -> list[str]:
    """Compare the listing of partners with its source tables, and return one line of text for each wrong row.

    The list is empty unless something bypassed the triggers. Sums that wait for the merge of the figures and badges
    that wait for their day are not wrong.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENCES)
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def rebuild_partner_listing(*, actor: Actor) -> int:
    """Correct the listing of partners from its source tables, and return how many rows were wrong.

    The figures, from which the sums are made, must have been rebuilt before.
    """
    authorize_system(actor)
    wrong = len(find_wrong_partner_listing_rows())
    with connection.cursor() as cursor:
        for statement in (_REMOVE, _WRITE_FACTS, _WRITE_SUMS):
            cursor.execute(statement)
    return wrong
