"""The portfolio and the customer list against their definitions, worked out independently of the product."""

from django.db import connection

DEFINITION = """
    SELECT DISTINCT ON (viewer_id, subject_id) viewer_id, subject_id, path, since
    FROM portfolio_basis ORDER BY viewer_id, subject_id, path, since"""
KEPT = "SELECT viewer_id, subject_id, path, since FROM connections_portfolio"
LISTED = "SELECT viewer_id, customer_id, connected_at, name FROM entitlements_customerlisting"
TO_BE_LISTED = f"""
    SELECT p.viewer_id, p.subject_id, p.since, o.name FROM ({DEFINITION}) p
    JOIN accounts_organization o ON o.id = p.subject_id
    WHERE p.path IN ('2_connection', '4_partner_customer')"""


def differences() -> list[tuple]:
    """Rows that are kept and should not be, or the other way round, in either table."""
    result = []
    with connection.cursor() as cursor:
        for kept, definition in ((KEPT, DEFINITION), (LISTED, TO_BE_LISTED)):
            for one, other in ((kept, definition), (definition, kept)):
                cursor.execute(f"(({one}) EXCEPT ({other}))")
                result += cursor.fetchall()
    return result
