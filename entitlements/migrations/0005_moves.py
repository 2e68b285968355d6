"""The listing follows the portfolio by statements, not rows, so that a partner with 5,000 customers moves in seconds."""

from importlib import import_module

from django.db import migrations

_listing = import_module("entitlements.migrations.0002_listing")
names, LISTED = _listing.names, _listing.LISTED
CUSTOMER_PATHS = "('2_connection', '3_partner_customer')"

BY_STATEMENT = f"""
DROP TRIGGER listing_follows_portfolio ON connections_portfolio;
CREATE OR REPLACE FUNCTION listing_follows_portfolio() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE sight record;
BEGIN
    FOR sight IN SELECT t.viewer_id, TG_OP <> 'DELETE' AND t.path IN {CUSTOMER_PATHS} AS is_customer,
                        array_agg(t.subject_id ORDER BY t.subject_id) AS customers
                 FROM touched t GROUP BY 1, 2 LOOP
        IF sight.is_customer THEN
            INSERT INTO entitlements_customerlisting AS l ({names(LISTED)})
            SELECT {names(LISTED)} FROM listing_expected(sight.customers) WHERE viewer_id = sight.viewer_id
            ON CONFLICT (viewer_id, customer_id) DO UPDATE SET ({names(LISTED)}) = ROW({names(LISTED, "excluded.")})
            WHERE ({names(LISTED, "l.")}) IS DISTINCT FROM ({names(LISTED, "excluded.")});
        ELSE
            DELETE FROM entitlements_customerlisting l
                WHERE l.viewer_id = sight.viewer_id AND l.customer_id = ANY (sight.customers);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER listing_follows_portfolio AFTER INSERT ON connections_portfolio
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION listing_follows_portfolio();
CREATE TRIGGER listing_follows_portfolio_change AFTER UPDATE ON connections_portfolio
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION listing_follows_portfolio();
CREATE TRIGGER listing_follows_portfolio_end AFTER DELETE ON connections_portfolio
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION listing_follows_portfolio();
"""

BY_ROW = f"""
DROP TRIGGER listing_follows_portfolio_end ON connections_portfolio;
DROP TRIGGER listing_follows_portfolio_change ON connections_portfolio;
DROP TRIGGER listing_follows_portfolio ON connections_portfolio;
CREATE OR REPLACE FUNCTION listing_follows_portfolio() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.path NOT IN {CUSTOMER_PATHS} THEN
        DELETE FROM entitlements_customerlisting l
            WHERE l.viewer_id = coalesce(NEW.viewer_id, OLD.viewer_id)
              AND l.customer_id = coalesce(NEW.subject_id, OLD.subject_id);
        RETURN NULL;
    END IF;
    INSERT INTO entitlements_customerlisting AS l ({names(LISTED)})
    SELECT {names(LISTED)} FROM listing_expected(ARRAY[NEW.subject_id]) WHERE viewer_id = NEW.viewer_id
    ON CONFLICT (viewer_id, customer_id) DO UPDATE SET ({names(LISTED)}) = ROW({names(LISTED, "excluded.")})
    WHERE ({names(LISTED, "l.")}) IS DISTINCT FROM ({names(LISTED, "excluded.")});
    RETURN NULL;
END $$;
CREATE TRIGGER listing_follows_portfolio AFTER INSERT OR UPDATE OR DELETE ON connections_portfolio
    FOR EACH ROW EXECUTE FUNCTION listing_follows_portfolio();
"""


class Migration(migrations.Migration):
    dependencies = [("entitlements", "0004_activation"), ("connections", "0004_moves")]

    operations = [migrations.RunSQL(BY_STATEMENT, BY_ROW)]
