"""The portfolio, the customer list and the reach of notices against definitions of our own."""

from django.db import connection

DEFINITION = """
    SELECT DISTINCT ON (viewer_id, subject_id) viewer_id, subject_id, path, since,
           bit_or(scopes) OVER (PARTITION BY viewer_id, subject_id) AS scopes
    FROM portfolio_basis ORDER BY viewer_id, subject_id, path, since"""
KEPT = "SELECT viewer_id, subject_id, path, since, scopes FROM connections_portfolio"
LISTED = "SELECT viewer_id, customer_id, connected_at, name, scopes FROM entitlements_customerlisting"
TO_BE_LISTED = f"""
    SELECT p.viewer_id, p.subject_id, p.since, o.name, p.scopes FROM ({DEFINITION}) p
    JOIN accounts_organization o ON o.id = p.subject_id
    WHERE p.path IN ('2_connection', '3_partner_customer')"""
REACH = "SELECT id, in_reach FROM notifications_notice WHERE about_id IS NOT NULL"
REACH_OUGHT = f"""
    SELECT n.id, EXISTS (SELECT FROM ({DEFINITION}) p WHERE (p.viewer_id, p.subject_id) = (n.recipient_id, n.about_id)
                                                        AND p.scopes & n.scopes = n.scopes)
    FROM notifications_notice n WHERE n.about_id IS NOT NULL"""
FIGURES = """
    SELECT viewer_id, facet || ' ' || value, sum(amount) FROM entitlements_portfoliofigure
    GROUP BY 1, 2 HAVING sum(amount) <> 0"""
COUNTED = """
    SELECT viewer_id, what, sum(amount) FROM entitlements_customerlisting l, LATERAL (
        VALUES ('total customers', 1), ('total seats', seats), ('total assigned', assigned),
               ('total over', (overage > 0)::int), ('total overage', overage),
               ('total unused', seats - assigned + overage), ('total trials', (trials > 0)::int),
               ('total requests', (requests > 0)::int), ('country ' || country, 1),
               ('total share_services', (scopes & 2) / 2), ('total share_usage', (scopes & 4) / 4),
               ('expiry ' || next_expiry_on, (next_expiry_on < '9999-12-31')::int)
    ) v(what, amount) GROUP BY 1, 2 HAVING sum(amount) <> 0
    UNION ALL
    SELECT viewer_id, 'unusual ' || kind, count(*) FROM entitlements_customerlisting, unnest(unusual) kind GROUP BY 1, 2
    UNION ALL
    SELECT viewer_id, 'sku ' || sku, count(*) FROM entitlements_customerlisting, unnest(skus) sku GROUP BY 1, 2
    UNION ALL
    SELECT l.viewer_id, 'end ' || ends_on, count(*)
    FROM entitlements_customerlisting l JOIN entitlements_entitlement e USING (customer_id)
    WHERE e.state = 'active' AND ends_on >= (now() AT TIME ZONE 'UTC')::date AND l.scopes & 2 = 2 GROUP BY 1, 2"""
OVERAGE = "SELECT viewer_id, customer_id, overage FROM entitlements_customerlisting"
OVERAGE_OUGHT = """
    SELECT l.viewer_id, l.customer_id, coalesce(sum(greatest(s.assigned - s.quantity, 0)), 0)
    FROM entitlements_customerlisting l LEFT JOIN (
        SELECT customer_id, sku_id, sum(assigned) AS assigned, sum(quantity) AS quantity FROM entitlements_entitlement
        WHERE state = 'active' AND (ends_on IS NULL OR ends_on >= (now() AT TIME ZONE 'UTC')::date) GROUP BY 1, 2
    ) s ON s.customer_id = l.customer_id AND l.scopes & 2 = 2 GROUP BY 1, 2"""
PACE = "SELECT viewer_id, customer_id, moved, full_on FROM entitlements_customerpace"
PACE_OUGHT = """
    SELECT l.viewer_id, l.customer_id, u.assigned - u.assigned_before,
           CASE WHEN u.full_on <= u.as_of THEN NULL ELSE u.full_on END
    FROM entitlements_customerlisting l LEFT JOIN entitlements_customerusage u
        ON u.customer_id = l.customer_id AND l.scopes & 4 = 4"""
# Whoever may not see the services or the use sees none of their numbers.
UNSHARED = """
    SELECT viewer_id, customer_id FROM entitlements_customerlisting
    WHERE scopes & 2 = 0 AND (services, trials, requests, seats, assigned, overage) <> (0, 0, 0, 0, 0, 0)
       OR scopes & 2 = 0 AND (cardinality(skus), cardinality(ends), next_expiry_on) <> (0, 0, '9999-12-31'::date)
       OR scopes & 4 = 0 AND unusual <> '{}'"""
NOBODY = "SELECT 1::bigint, 1::bigint WHERE false"
PAIRS = (
    (KEPT, DEFINITION),
    (LISTED, TO_BE_LISTED),
    (REACH, REACH_OUGHT),
    (FIGURES, COUNTED),
    (OVERAGE, OVERAGE_OUGHT),
    (PACE, PACE_OUGHT),
    (UNSHARED, NOBODY),
)


def differences() -> list[tuple]:
    """Rows that are kept and should not be, or the other way round, in any of them."""
    result = []
    with connection.cursor() as cursor:
        for kept, definition in PAIRS:
            for one, other in ((kept, definition), (definition, kept)):
                cursor.execute(f"(({one}) EXCEPT ({other}))")
                result += cursor.fetchall()
    return result
