"""The portfolio, the customer list and the reach of notices against definitions of our own."""

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
REACH = "SELECT id, in_reach FROM notifications_notice WHERE about_id IS NOT NULL"
REACH_OUGHT = f"""
    SELECT n.id, EXISTS (SELECT FROM ({DEFINITION}) p WHERE (p.viewer_id, p.subject_id) = (n.recipient_id, n.about_id))
    FROM notifications_notice n WHERE n.about_id IS NOT NULL"""
PAIRS = ((KEPT, DEFINITION), (LISTED, TO_BE_LISTED), (REACH, REACH_OUGHT))


def differences() -> list[tuple]:
    """Rows that are kept and should not be, or the other way round, in any of them."""
    result = []
    with connection.cursor() as cursor:
        for kept, definition in PAIRS:
            for one, other in ((kept, definition), (definition, kept)):
                cursor.execute(f"(({one}) EXCEPT ({other}))")
                result += cursor.fetchall()
    return result
