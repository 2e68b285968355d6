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
    WHERE p.path IN ('2_connection', '3_partner_customer')
    UNION ALL SELECT v.id, c.id, c.created_at, c.name, 11
    FROM accounts_organization v, accounts_organization c WHERE v.kind = 'vendor' AND c.kind = 'customer'"""
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
               ('total requests', (requests > 0)::int),
               ('total trial_seats', trial_seats), ('total trial_assigned', trial_assigned), ('country ' || country, 1),
               ('total share_services', (scopes & 2) / 2), ('total share_usage', (scopes & 4) / 4),
               ('expiry ' || next_expiry_on, (next_expiry_on < '9999-12-31')::int)
    ) v(what, amount) GROUP BY 1, 2 HAVING sum(amount) <> 0
    UNION ALL
    SELECT viewer_id, 'unusual ' || said, count(*) FROM entitlements_customerlisting, unnest(unusual) said GROUP BY 1, 2
    UNION ALL
    SELECT viewer_id, 'sku ' || sku, count(*) FROM entitlements_customerlisting, unnest(skus) sku GROUP BY 1, 2
    UNION ALL
    SELECT l.viewer_id, 'end ' || ends_on, count(*)
    FROM entitlements_customerlisting l JOIN entitlements_entitlement e USING (customer_id)
    WHERE e.state = 'active' AND ends_on >= (now() AT TIME ZONE 'UTC')::date AND l.scopes & 2 = 2 GROUP BY 1, 2"""
OVERAGE = """
    SELECT viewer_id, customer_id, overage, coalesce((SELECT sum(s) FROM unnest(over_seats) s), 0),
           coalesce((SELECT string_agg(sku || ' +' || seats, ', ' ORDER BY seats DESC, sku)
                     FROM unnest(over_skus, over_seats) o(sku, seats)), ''), over_seats
    FROM entitlements_customerlisting"""
OVERAGE_OUGHT = """
    SELECT l.viewer_id, l.customer_id, coalesce(sum(greatest(s.assigned - s.quantity, 0)), 0),
           coalesce(sum(greatest(s.assigned - s.quantity, 0)), 0),
           coalesce(string_agg(s.sku_id || ' +' || s.assigned - s.quantity, ', ' ORDER BY s.assigned - s.quantity DESC,
                               s.sku_id) FILTER (WHERE s.assigned > s.quantity), ''),
           coalesce(array_agg((s.assigned - s.quantity)::bigint ORDER BY s.assigned - s.quantity DESC, s.sku_id)
                    FILTER (WHERE s.assigned > s.quantity), '{}')
    FROM entitlements_customerlisting l LEFT JOIN (
        SELECT customer_id, sku_id, sum(assigned) AS assigned, sum(quantity) AS quantity FROM entitlements_entitlement
        WHERE state = 'active' AND kind = 'production'
          AND (ends_on IS NULL OR ends_on >= (now() AT TIME ZONE 'UTC')::date) GROUP BY 1, 2
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
    WHERE scopes & 2 = 0 AND (services, trials, requests, seats, assigned, overage, trial_seats, trial_assigned)
          <> (0, 0, 0, 0, 0, 0, 0, 0)
       OR scopes & 2 = 0 AND (cardinality(skus), cardinality(ends), cardinality(over_skus), next_expiry_on)
          <> (0, 0, 0, '9999-12-31'::date)
       OR scopes & 4 = 0 AND unusual <> '{}'"""
THROUGH = "SELECT viewer_id, customer_id, partner_id, partner_org_id FROM connections_customerpartner"
THROUGH_OUGHT = """
    SELECT p.parent_id, c.customer_id, p.id, p.org_id
    FROM accounts_organization p JOIN connections_connection c ON c.partner_id = p.id AND c.state = 'active'
    WHERE p.parent_id <> c.customer_id
    UNION ALL
    SELECT v.id, c.customer_id, c.partner_id, p.org_id
    FROM connections_connection c, accounts_organization p, accounts_organization v
    WHERE c.state = 'active' AND p.id = c.partner_id AND v.kind = 'vendor'"""
# The list of partners: what it says of each, and, where figures are merged, what the rows of its customers add up to.
PARTNERS = """
    SELECT organization_id, name, parent_id, parent_name, state, is_confirmed, operators, last_sign_in_at,
           next_lapse_on,
           ARRAY(SELECT b ->> 'program' FROM jsonb_array_elements(badges) b ORDER BY 1)
    FROM entitlements_partnerlisting"""
PARTNERS_OUGHT = """
    WITH RECURSIVE running AS (
        SELECT * FROM accounts_programmembership WHERE starts_on <= (now() AT TIME ZONE 'UTC')::date
           AND coalesce(ends_on, '9999-12-31') >= (now() AT TIME ZONE 'UTC')::date),
    follows AS (
        SELECT organization_id, program_id, ends_on FROM running
        UNION SELECT f.organization_id, f.program_id, m.ends_on FROM follows f JOIN accounts_programmembership m
            ON (m.organization_id, m.program_id) = (f.organization_id, f.program_id) AND m.starts_on <= f.ends_on + 1),
    last AS (
        SELECT organization_id, CASE WHEN bool_and(ends_on IS NOT NULL) THEN max(ends_on) END AS day
        FROM follows GROUP BY organization_id, program_id)
    SELECT o.id, o.name, o.parent_id, coalesce(parent.name, ''), o.state,
           o.kind = 'distributor' OR o.id IN (SELECT organization_id FROM accounts_programmembership),
           (SELECT count(*) FROM accounts_operator WHERE organization_id = o.id),
           coalesce((SELECT max(last_login) FROM accounts_person WHERE id IN (
               SELECT person_id FROM accounts_operator WHERE organization_id = o.id)), '1970-01-01Z'),
           coalesce((SELECT min(day) FROM last WHERE organization_id = o.id), '9999-12-31'),
           ARRAY(SELECT DISTINCT p.code::text FROM running r JOIN accounts_program p ON p.id = r.program_id
                 WHERE r.organization_id = o.id ORDER BY 1)
    FROM accounts_organization o LEFT JOIN accounts_organization parent ON parent.id = o.parent_id
    WHERE o.kind IN ('partner', 'distributor')"""
MERGED = """NOT EXISTS (
    SELECT FROM entitlements_portfoliofigure f WHERE f.viewer_id = p.organization_id AND NOT f.is_merged)"""
PARTNER_SUMS = f"""
    SELECT organization_id, customers, sharing, "over", seats, assigned, overage, sku_count, next_expiry_on,
           last_customer_at
    FROM entitlements_partnerlisting p WHERE {MERGED}"""
PARTNER_SUMS_OUGHT = f"""
    SELECT p.organization_id, count(l.id), count(l.id) FILTER (WHERE l.scopes & 2 = 2),
           count(l.id) FILTER (WHERE l.overage > 0),
           coalesce(sum(l.seats), 0), coalesce(sum(l.assigned), 0), coalesce(sum(l.overage), 0),
           (SELECT count(DISTINCT sku) FROM entitlements_customerlisting, unnest(skus) sku
            WHERE viewer_id = p.organization_id),
           coalesce(min(l.next_expiry_on), '9999-12-31'), coalesce(max(l.connected_at), '1970-01-01Z')
    FROM entitlements_partnerlisting p LEFT JOIN entitlements_customerlisting l ON l.viewer_id = p.organization_id
    WHERE {MERGED} GROUP BY 1"""
NOBODY = "SELECT 1::bigint, 1::bigint WHERE false"
PAIRS = (
    (KEPT, DEFINITION),
    (LISTED, TO_BE_LISTED),
    (REACH, REACH_OUGHT),
    (FIGURES, COUNTED),
    (OVERAGE, OVERAGE_OUGHT),
    (PACE, PACE_OUGHT),
    (UNSHARED, NOBODY),
    (THROUGH, THROUGH_OUGHT),
    (PARTNERS, PARTNERS_OUGHT),
    (PARTNER_SUMS, PARTNER_SUMS_OUGHT),
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
