"""Actions on the figures that triggers append beside the customer listing: add them up, and check or rebuild them."""

from django.db import connection, transaction

from partnerportal.lib.actors import Actor
from partnerportal.lib.policies import authorize_system

# This is one statement, so that a reader sees a figure's rows either before or after it. A second merge waits for these
# rows, finds them gone and leaves what the first has written.
_MERGE = """
    WITH gone AS (
        DELETE FROM entitlements_portfoliofigure WHERE viewer_id = %(viewer)s AND (facet, value) IN (
            SELECT facet, value FROM entitlements_portfoliofigure WHERE viewer_id = %(viewer)s AND NOT is_merged)
        RETURNING viewer_id, facet, value, amount)
    INSERT INTO entitlements_portfoliofigure (viewer_id, facet, value, amount, is_merged)
    SELECT viewer_id, facet, value, sum(amount), true FROM gone GROUP BY 1, 2, 3 HAVING sum(amount) <> 0"""

# Afterwards the row of the viewer in the listing of partners is brought up to date, if it has one. The function locks
# that row before it adds up, so that of two merges the later to write has seen all that the earlier one saw.
_SUM = "SELECT partner_listing_sum(%(viewer)s)"

_EXPECTED = """
    SELECT l.viewer_id, f.facet, f.value, sum(f.amount) AS amount
    FROM entitlements_customerlisting l, listing_figures(l) f
    GROUP BY 1, 2, 3 HAVING sum(f.amount) <> 0"""
_DIFFERENCES = f"""
    SELECT coalesce(v.org_id, '?') || ' ' || facet || ' ' || value || ': ' ||
           coalesce(k.amount, 0) || ' instead of ' || coalesce(e.amount, 0)
    FROM ({_EXPECTED}) e
    FULL JOIN (
        SELECT viewer_id, facet, value, sum(amount) AS amount FROM entitlements_portfoliofigure
        GROUP BY 1, 2, 3 HAVING sum(amount) <> 0) k USING (viewer_id, facet, value)
    LEFT JOIN accounts_organization v ON v.id = viewer_id
    WHERE e.amount IS DISTINCT FROM k.amount
    ORDER BY 1"""  # noqa: S608 - constants of this module
_WRITE = f"""
    INSERT INTO entitlements_portfoliofigure (viewer_id, facet, value, amount, is_merged)
    SELECT viewer_id, facet, value, amount, true FROM ({_EXPECTED}) e"""  # noqa: S608
_LOCK = "LOCK TABLE entitlements_customerlisting, entitlements_portfoliofigure IN SHARE ROW EXCLUSIVE MODE"


def merge_portfolio_figure_changes() -> int:
    """Merge the differences that triggers have appended to portfolio figures; return the number of viewers.

    A viewer is an organisation with a customer list. Each viewer has its own transaction, in which its row in the
    listing of partners gets the new sums.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT viewer_id FROM entitlements_portfoliofigure WHERE NOT is_merged ORDER BY 1")
        viewers = [row[0] for row in cursor.fetchall()]
    for viewer in viewers:
        _merge_changes_of_viewer(viewer)
    return len(viewers)


@transaction.atomic
def _merge_changes_of_viewer(viewer_id: int) -> None:
    with connection.cursor() as cursor:
        for statement in (_MERGE, _SUM):
            cursor.execute(statement, {"viewer": viewer_id})


def find_wrong_portfolio_figures() -> list[str]:
    """Compare every portfolio figure with the customer listing, and return one line of text for each wrong figure.

    The list is empty unless something bypassed the triggers.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENCES)
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def rebuild_portfolio_figures(*, actor: Actor) -> int:
    """Write all portfolio figures anew if any disagrees with the customer listing; return how many were wrong.

    Transactions that write the listing wait until it is done.
    """
    authorize_system(actor)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        wrong = len(find_wrong_portfolio_figures())
        if wrong:
            cursor.execute("DELETE FROM entitlements_portfoliofigure")
            cursor.execute(_WRITE)
    return wrong
