"""Row-level security, and the triggers that keep the customer listing beside the portfolio and the entitlements."""

from django.db import migrations

from partnerportal.lib.tenancy import grant_sql, protect

SEEN = "(SELECT true FROM connections_portfolio p WHERE p.viewer_id = portal_org() AND p.subject_id = customer_id)"

LISTING = """
-- What runs today, per customer: the numbers that lists show and sort by.
CREATE FUNCTION listing_numbers(customers bigint[])
    RETURNS TABLE (customer_id bigint, services int, skus bigint[], trials int, seats bigint, assigned bigint, next_expiry_on date)
    LANGUAGE sql STABLE AS $$
    SELECT c.id, count(e.id)::int, coalesce(array_agg(DISTINCT e.sku_id) FILTER (WHERE e.id IS NOT NULL), '{}'),
           count(e.id) FILTER (WHERE e.kind = 'trial')::int,
           coalesce(sum(e.quantity), 0)::bigint, coalesce(sum(e.assigned), 0)::bigint,
           coalesce(min(e.ends_on), '9999-12-31')
    FROM unnest(customers) AS c(id)
    LEFT JOIN entitlements_entitlement e ON e.customer_id = c.id AND e.state = 'active'
        AND (e.ends_on IS NULL OR e.ends_on >= (now() AT TIME ZONE 'UTC')::date)
    GROUP BY c.id $$;

CREATE FUNCTION listing_refresh(customers bigint[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE entitlements_customerlisting l
    SET services = n.services, skus = n.skus, trials = n.trials, seats = n.seats, assigned = n.assigned,
        next_expiry_on = n.next_expiry_on
    FROM listing_numbers(customers) n
    WHERE l.customer_id = n.customer_id
      AND (l.services, l.skus, l.trials, l.seats, l.assigned, l.next_expiry_on)
          IS DISTINCT FROM (n.services, n.skus, n.trials, n.seats, n.assigned, n.next_expiry_on) $$;

-- The lock is the one that the portfolio's trigger takes: a connection and an entitlement that are written at the same
-- moment must see each other, else a new row of the listing lacks the entitlement for good.
CREATE FUNCTION listing_follows_entitlements() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(2, c.id::int) FROM (SELECT DISTINCT customer_id AS id FROM touched ORDER BY 1) c;
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
         services, skus, trials, seats, assigned, next_expiry_on)
    SELECT NEW.viewer_id, o.id, o.public_id, o.name, o.name_folded, o.org_id, o.country, o.website, NEW.since,
           n.services, n.skus, n.trials, n.seats, n.assigned, n.next_expiry_on
    FROM accounts_organization o, listing_numbers(ARRAY[NEW.subject_id]) n WHERE o.id = NEW.subject_id
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

UNDO = """
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
        migrations.RunSQL(LISTING, UNDO),
        protect("entitlements_entitlement", using=SEEN, check="false"),
        protect("entitlements_order", using=SEEN, check="false"),
        protect(
            "entitlements_orderline",
            using="(SELECT true FROM entitlements_order o WHERE o.id = order_id)",
            check="false",
        ),
        protect("entitlements_customerlisting", using="viewer_id = portal_org()", check="false"),
        migrations.RunSQL(grant_sql("entitlements_sku", "SELECT"), migrations.RunSQL.noop),
    ]
