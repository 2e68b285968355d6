"""A partner moves with all its customers in a few statements, and notices follow the portfolio by statements, not rows.

Each trigger goes through its transition table by viewer and asks with the keys as an array: the plan of such a statement
is good for one row, of an accepted invitation, and for the 5,000 of a move alike.
"""

from django.db import migrations

REFRESH = """
-- Writes the portfolio's rows of each of these viewers with each of these subjects anew from the view. The caller must
-- hold the locks, as for portfolio_refresh.
CREATE FUNCTION portfolio_refresh_many(viewers bigint[], subjects bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    WITH expected AS MATERIALIZED (
        SELECT e.viewer_id, e.subject_id, e.path, e.since, e.scopes FROM portfolio_expected e
        WHERE e.viewer_id = ANY (viewers) AND e.subject_id = ANY (subjects)
    ), gone AS (
        DELETE FROM connections_portfolio p
        WHERE p.viewer_id = ANY (viewers) AND p.subject_id = ANY (subjects)
          AND NOT EXISTS (SELECT FROM expected e WHERE e.viewer_id = p.viewer_id AND e.subject_id = p.subject_id)
    )
    INSERT INTO connections_portfolio AS p (viewer_id, subject_id, path, since, scopes)
    SELECT e.viewer_id, e.subject_id, e.path, e.since, e.scopes FROM expected e
    ON CONFLICT (viewer_id, subject_id)
    DO UPDATE SET path = excluded.path, since = excluded.since, scopes = excluded.scopes
    WHERE (p.path, p.since, p.scopes) IS DISTINCT FROM (excluded.path, excluded.since, excluded.scopes);
END $$;
"""

BY_STATEMENT = """
CREATE OR REPLACE FUNCTION portfolio_follows_organization() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE customers bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM portfolio_refresh(NEW.id, NEW.id);
        PERFORM portfolio_refresh(NEW.parent_id, NEW.id);
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(portal_lock('partner', NEW.id));
    customers := ARRAY(SELECT customer_id FROM connections_connection
                       WHERE partner_id = NEW.id AND state = 'active' ORDER BY customer_id);
    PERFORM pg_advisory_xact_lock(portal_lock('customer', c.id)) FROM unnest(customers) AS c(id);
    PERFORM portfolio_refresh_many(array_remove(ARRAY[OLD.parent_id, NEW.parent_id], NULL), customers || NEW.id);
    RETURN NULL;
END $$;

DROP TRIGGER notices_follow_portfolio ON connections_portfolio;
CREATE OR REPLACE FUNCTION notices_follow_portfolio() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE sight record;
BEGIN
    FOR sight IN SELECT t.viewer_id, CASE WHEN TG_OP = 'DELETE' THEN 0::smallint ELSE t.scopes END AS scopes,
                        array_agg(t.subject_id) AS subjects
                 FROM touched t GROUP BY 1, 2 LOOP
        UPDATE notifications_notice n SET in_reach = (sight.scopes & n.scopes = n.scopes)
            WHERE n.recipient_id = sight.viewer_id AND n.about_id = ANY (sight.subjects)
              AND n.in_reach <> (sight.scopes & n.scopes = n.scopes);
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER notices_follow_portfolio AFTER INSERT ON connections_portfolio
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION notices_follow_portfolio();
CREATE TRIGGER notices_follow_portfolio_change AFTER UPDATE ON connections_portfolio
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION notices_follow_portfolio();
CREATE TRIGGER notices_follow_portfolio_end AFTER DELETE ON connections_portfolio
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION notices_follow_portfolio();
"""

BY_ROW = """
DROP TRIGGER notices_follow_portfolio_end ON connections_portfolio;
DROP TRIGGER notices_follow_portfolio_change ON connections_portfolio;
DROP TRIGGER notices_follow_portfolio ON connections_portfolio;
CREATE OR REPLACE FUNCTION notices_follow_portfolio() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    pair record := coalesce(NEW, OLD);
    shared smallint := CASE WHEN TG_OP = 'DELETE' THEN 0 ELSE NEW.scopes END;
BEGIN
    UPDATE notifications_notice n SET in_reach = (shared & n.scopes = n.scopes)
        WHERE n.recipient_id = pair.viewer_id AND n.about_id = pair.subject_id
          AND n.in_reach <> (shared & n.scopes = n.scopes);
    RETURN NULL;
END $$;
CREATE TRIGGER notices_follow_portfolio AFTER INSERT OR DELETE OR UPDATE OF scopes ON connections_portfolio
    FOR EACH ROW EXECUTE FUNCTION notices_follow_portfolio();

CREATE OR REPLACE FUNCTION portfolio_follows_organization() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE customer bigint; parent bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM portfolio_refresh(NEW.id, NEW.id);
        PERFORM portfolio_refresh(NEW.parent_id, NEW.id);
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(portal_lock('partner', NEW.id));
    FOREACH parent IN ARRAY ARRAY[OLD.parent_id, NEW.parent_id] LOOP
        PERFORM portfolio_refresh(parent, NEW.id);
    END LOOP;
    FOR customer IN SELECT customer_id FROM connections_connection
                    WHERE partner_id = NEW.id AND state = 'active' ORDER BY customer_id LOOP
        PERFORM pg_advisory_xact_lock(portal_lock('customer', customer));
        FOREACH parent IN ARRAY ARRAY[OLD.parent_id, NEW.parent_id] LOOP
            PERFORM portfolio_refresh(parent, customer);
        END LOOP;
    END LOOP;
    RETURN NULL;
END $$;
"""

# The vendor's staff see no connections, but say before a move how many customers will be told of it.
COUNT = """
CREATE FUNCTION portal_connected_customers(partner bigint) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT count(*) FROM connections_connection
    WHERE partner_id = partner AND state = 'active' AND (SELECT portal_is_vendor()) $$;
GRANT EXECUTE ON FUNCTION portal_connected_customers(bigint) TO portal_app;
"""

# Nobody connects with a partner that is suspended: its link stops at once, and works again once it takes part.
MADE = """customer_id = portal_org() AND portal_is_admin() AND EXISTS (
    SELECT FROM connections_invitationlink link WHERE link.organization_id = partner_id AND link.token = portal_secret())"""


class Migration(migrations.Migration):
    dependencies = [("connections", "0003_policies")]

    operations = [
        migrations.RunSQL(REFRESH, "DROP FUNCTION portfolio_refresh_many(bigint[], bigint[])"),
        migrations.RunSQL(BY_STATEMENT, BY_ROW),
        migrations.RunSQL(
            f"""ALTER POLICY made_by_customer ON connections_connection
                WITH CHECK ({MADE} AND portal_enterable(partner_id) IS NOT NULL)""",
            f"ALTER POLICY made_by_customer ON connections_connection WITH CHECK ({MADE})",
        ),
        migrations.RunSQL(COUNT, "DROP FUNCTION portal_connected_customers(bigint)"),
    ]
