"""Row-level security, and the triggers that keep the customer listing beside the portfolio and the entitlements."""

from django.db import migrations

from partnerportal.lib.tenancy import grant_sql, protect

SEEN = "(SELECT true FROM connections_portfolio p WHERE p.viewer_id = portal_org() AND p.subject_id = customer_id)"

LISTING = """
-- What runs today, per customer: the numbers that lists show and sort by. Overage is counted for each SKU on its own.
CREATE FUNCTION listing_numbers(customers bigint[])
    RETURNS TABLE (customer_id bigint, services int, skus bigint[], trials int, requests int, seats bigint, assigned bigint, overage bigint, next_expiry_on date, ends date[])
    LANGUAGE sql STABLE AS $$
    SELECT c.id, count(e.id) FILTER (WHERE e.runs)::int,
           coalesce(array_agg(DISTINCT e.sku_id) FILTER (WHERE e.runs), '{}'),
           count(e.id) FILTER (WHERE e.runs AND e.kind = 'trial')::int,
           count(e.id) FILTER (WHERE e.state = 'requested')::int,
           coalesce(sum(e.quantity) FILTER (WHERE e.runs), 0)::bigint,
           coalesce(sum(e.assigned) FILTER (WHERE e.runs), 0)::bigint,
           coalesce(sum(e.over) FILTER (WHERE e.is_first), 0)::bigint,
           coalesce(min(e.ends_on) FILTER (WHERE e.runs), '9999-12-31'),
           coalesce(array_agg(e.ends_on ORDER BY e.ends_on) FILTER (WHERE e.runs AND e.ends_on IS NOT NULL), '{}')
    FROM unnest(customers) AS c(id)
    LEFT JOIN LATERAL (
        SELECT *, greatest(sum(assigned - quantity) OVER same, 0) AS over, runs AND row_number() OVER same = 1 AS is_first
        FROM (SELECT *, state = 'active' AND (ends_on IS NULL OR ends_on >= (now() AT TIME ZONE 'UTC')::date) AS runs
              FROM entitlements_entitlement WHERE customer_id = c.id AND state IN ('active', 'requested')) all_of_it
        WINDOW same AS (PARTITION BY sku_id, runs)
    ) e ON true
    GROUP BY c.id $$;

CREATE FUNCTION listing_refresh(customers bigint[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE entitlements_customerlisting l
    SET services = n.services, skus = n.skus, trials = n.trials, requests = n.requests, seats = n.seats, assigned = n.assigned, overage = n.overage,
        next_expiry_on = n.next_expiry_on, ends = n.ends
    FROM listing_numbers(customers) n
    WHERE l.customer_id = n.customer_id
      AND (l.services, l.skus, l.trials, l.requests, l.seats, l.assigned, l.overage, l.next_expiry_on, l.ends)
          IS DISTINCT FROM (n.services, n.skus, n.trials, n.requests, n.seats, n.assigned, n.overage, n.next_expiry_on, n.ends) $$;

GRANT EXECUTE ON FUNCTION listing_numbers(bigint[]), listing_refresh(bigint[]) TO portal_worker;

-- The lock is the one that the portfolio's trigger takes: a connection and an entitlement that are written at the same
-- moment must see each other, else a new row of the listing lacks the entitlement for good.
CREATE FUNCTION listing_follows_entitlements() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(portal_lock('customer', c.id)) FROM (SELECT DISTINCT customer_id AS id FROM touched ORDER BY 1) c;
    PERFORM listing_refresh(ARRAY(SELECT DISTINCT customer_id FROM touched));
    RETURN NULL;
END $$;
CREATE TRIGGER listing_follows_insert AFTER INSERT ON entitlements_entitlement
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION listing_follows_entitlements();
CREATE TRIGGER listing_follows_update AFTER UPDATE ON entitlements_entitlement
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION listing_follows_entitlements();
CREATE TRIGGER listing_follows_delete AFTER DELETE ON entitlements_entitlement
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION listing_follows_entitlements();

CREATE FUNCTION listing_follows_portfolio() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.path NOT IN ('2_connection', '4_partner_customer') THEN
        DELETE FROM entitlements_customerlisting l
            WHERE l.viewer_id = coalesce(NEW.viewer_id, OLD.viewer_id)
              AND l.customer_id = coalesce(NEW.subject_id, OLD.subject_id);
        RETURN NULL;
    END IF;
    INSERT INTO entitlements_customerlisting
        (viewer_id, customer_id, public_id, name, name_folded, org_id, country, website, connected_at,
         services, skus, trials, requests, seats, assigned, overage, next_expiry_on, ends, is_falling)
    SELECT NEW.viewer_id, o.id, o.public_id, o.name, o.name_folded, o.org_id, o.country, o.website, NEW.since,
           n.services, n.skus, n.trials, n.requests, n.seats, n.assigned, n.overage, n.next_expiry_on, n.ends, coalesce(u.is_falling, false)
    FROM listing_numbers(ARRAY[NEW.subject_id]) n, accounts_organization o
    LEFT JOIN entitlements_customerusage u ON u.customer_id = o.id WHERE o.id = NEW.subject_id
    ON CONFLICT (viewer_id, customer_id) DO UPDATE SET connected_at = excluded.connected_at;
    RETURN NULL;
END $$;
CREATE TRIGGER listing_follows_portfolio AFTER INSERT OR UPDATE OR DELETE ON connections_portfolio
    FOR EACH ROW EXECUTE FUNCTION listing_follows_portfolio();

CREATE FUNCTION listing_follows_organization() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE entitlements_customerlisting SET name = NEW.name, name_folded = NEW.name_folded, org_id = NEW.org_id,
        country = NEW.country, website = NEW.website WHERE customer_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER listing_follows_organization
    AFTER UPDATE OF name, name_folded, org_id, country, website ON accounts_organization
    FOR EACH ROW EXECUTE FUNCTION listing_follows_organization();
"""

FIGURES = """
-- What one row of the listing adds to its viewer's figures.
CREATE FUNCTION listing_figures(country text, skus bigint[], trials int, requests int, seats bigint, assigned bigint, overage bigint, next_expiry_on date, ends date[], is_falling boolean)
    RETURNS TABLE (facet text, value text, amount bigint) LANGUAGE sql IMMUTABLE AS $$
    SELECT 'total', t.value, t.amount FROM (VALUES
        ('customers', 1), ('seats', seats), ('assigned', assigned), ('over', (overage > 0)::int), ('overage', overage), ('unused', seats - assigned + overage),
        ('trials', (trials > 0)::int), ('requests', (requests > 0)::int), ('falling', is_falling::int)) t(value, amount)
    UNION ALL SELECT 'country', country, 1
    UNION ALL SELECT 'sku', s::text, 1 FROM unnest(skus) s
    UNION ALL SELECT 'expiry', to_char(next_expiry_on, 'YYYY-MM-DD'), 1 WHERE next_expiry_on < '9999-12-31'
    UNION ALL SELECT 'end', to_char(e, 'YYYY-MM-DD'), count(*) FROM unnest(ends) e GROUP BY e $$;
GRANT EXECUTE ON FUNCTION
    listing_figures(text, bigint[], int, int, bigint, bigint, bigint, date, date[], boolean) TO portal_worker;

-- Differences are appended; a figure that stays as it was gets none.
CREATE FUNCTION figures_follow_listing() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    differs text := '(a.country, a.skus, a.trials, a.requests, a.seats, a.assigned, a.overage, a.next_expiry_on, a.ends, a.is_falling)
        IS DISTINCT FROM (r.country, r.skus, r.trials, r.requests, r.seats, r.assigned, r.overage, r.next_expiry_on, r.ends, r.is_falling)';
    changed text := CASE TG_OP
        WHEN 'INSERT' THEN 'SELECT 1 AS sign, * FROM added'
        WHEN 'DELETE' THEN 'SELECT -1 AS sign, * FROM removed'
        ELSE 'SELECT 1 AS sign, a.* FROM added a JOIN removed r USING (id) WHERE ' || differs
            || ' UNION ALL SELECT -1, r.* FROM added a JOIN removed r USING (id) WHERE ' || differs END;
BEGIN
    EXECUTE 'INSERT INTO entitlements_portfoliofigure (viewer_id, facet, value, amount, is_folded)
        SELECT c.viewer_id, f.facet, f.value, sum(c.sign * f.amount), false
        FROM (' || changed || ') c,
             listing_figures(c.country, c.skus, c.trials, c.requests, c.seats, c.assigned, c.overage, c.next_expiry_on, c.ends, c.is_falling) f
        GROUP BY 1, 2, 3 HAVING sum(c.sign * f.amount) <> 0';
    RETURN NULL;
END $$;
CREATE TRIGGER figures_follow_insert AFTER INSERT ON entitlements_customerlisting
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION figures_follow_listing();
CREATE TRIGGER figures_follow_update AFTER UPDATE ON entitlements_customerlisting
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION figures_follow_listing();
CREATE TRIGGER figures_follow_delete AFTER DELETE ON entitlements_customerlisting
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION figures_follow_listing();
"""

_MOVED, _FULL_ON = "u.assigned - u.assigned_before", "CASE WHEN u.full_on > u.as_of THEN u.full_on END"
_SAID = f"u.is_falling, {_MOVED}, {_FULL_ON}"

PACE = f"""
-- A row of the listing has its pace beside it.
CREATE FUNCTION pace_follows_listing() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM entitlements_customerpace p USING touched t
            WHERE (p.customer_id, p.viewer_id) = (t.customer_id, t.viewer_id);
    ELSE
        INSERT INTO entitlements_customerpace (customer_id, viewer_id, moved, full_on)
        SELECT customer_id, t.viewer_id, {_MOVED}, {_FULL_ON}
        FROM touched t LEFT JOIN entitlements_customerusage u USING (customer_id) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER pace_follows_insert AFTER INSERT ON entitlements_customerlisting
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION pace_follows_listing();
CREATE TRIGGER pace_follows_delete AFTER DELETE ON entitlements_customerlisting
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION pace_follows_listing();

-- Both follow the use of those of whom something else is said now. The lock, for the same reason as with entitlements.
CREATE FUNCTION listing_follows_usage() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    changed bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        changed := ARRAY(SELECT customer_id FROM touched ORDER BY 1);
    ELSE
        changed := ARRAY(SELECT customer_id FROM touched t JOIN before b USING (customer_id)
                         WHERE ({_SAID.replace("u.", "t.")}) IS DISTINCT FROM ({_SAID.replace("u.", "b.")}) ORDER BY 1);
    END IF;
    PERFORM pg_advisory_xact_lock(portal_lock('customer', c)) FROM unnest(changed) c;
    UPDATE entitlements_customerlisting l SET is_falling = u.is_falling
    FROM entitlements_customerusage u
    WHERE u.customer_id = ANY(changed) AND l.customer_id = u.customer_id AND l.is_falling <> u.is_falling;
    UPDATE entitlements_customerpace p SET moved = {_MOVED}, full_on = {_FULL_ON}
    FROM entitlements_customerusage u
    WHERE u.customer_id = ANY(changed) AND p.customer_id = u.customer_id
      AND (p.moved, p.full_on) IS DISTINCT FROM ({_MOVED}, {_FULL_ON});
    RETURN NULL;
END $$;
CREATE TRIGGER listing_follows_usage AFTER UPDATE ON entitlements_customerusage
    REFERENCING OLD TABLE AS before NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION listing_follows_usage();
CREATE TRIGGER listing_follows_first_usage AFTER INSERT ON entitlements_customerusage
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION listing_follows_usage();
"""

UNDO = """
DROP TRIGGER listing_follows_usage ON entitlements_customerusage;
DROP TRIGGER listing_follows_first_usage ON entitlements_customerusage; DROP FUNCTION listing_follows_usage();
DROP TRIGGER pace_follows_insert ON entitlements_customerlisting;
DROP TRIGGER pace_follows_delete ON entitlements_customerlisting; DROP FUNCTION pace_follows_listing();
DROP TRIGGER figures_follow_insert ON entitlements_customerlisting;
DROP TRIGGER figures_follow_update ON entitlements_customerlisting;
DROP TRIGGER figures_follow_delete ON entitlements_customerlisting; DROP FUNCTION figures_follow_listing();
DROP FUNCTION listing_figures(text, bigint[], int, int, bigint, bigint, bigint, date, date[], boolean);
DROP TRIGGER listing_follows_organization ON accounts_organization; DROP FUNCTION listing_follows_organization();
DROP TRIGGER listing_follows_portfolio ON connections_portfolio; DROP FUNCTION listing_follows_portfolio();
DROP TRIGGER listing_follows_insert ON entitlements_entitlement;
DROP TRIGGER listing_follows_update ON entitlements_entitlement;
DROP TRIGGER listing_follows_delete ON entitlements_entitlement; DROP FUNCTION listing_follows_entitlements();
DROP FUNCTION listing_refresh(bigint[]); DROP FUNCTION listing_numbers(bigint[]);
"""


class Migration(migrations.Migration):
    dependencies = [("entitlements", "0001_initial"), ("connections", "0003_policies")]

    operations = [
        migrations.RunSQL(LISTING + FIGURES + PACE, UNDO),
        protect("entitlements_entitlement", using=SEEN, check="false"),
        protect("entitlements_order", using=SEEN, check="false"),
        protect(
            "entitlements_orderline",
            using="(SELECT true FROM entitlements_order o WHERE o.id = order_id)",
            check="false",
        ),
        protect("entitlements_customerlisting", using="viewer_id = portal_org()", check="false"),
        protect("entitlements_customerpace", using="viewer_id = portal_org()", check="false"),
        protect("entitlements_portfoliofigure", using="viewer_id = portal_org()", check="false"),
        migrations.RunSQL(grant_sql("entitlements_sku", "SELECT"), migrations.RunSQL.noop),
    ]
