"""The portfolio's definition (a view), the triggers that keep it, and the one that gives a new partner its link."""

from django.db import migrations

from partnerportal.lib.scopes import ALL, Scope

PORTFOLIO = """
CREATE VIEW portfolio_basis WITH (security_invoker = true) AS
    SELECT id AS viewer_id, id AS subject_id, '1_self' AS path, created_at AS since, {all} AS scopes
    FROM accounts_organization
    UNION ALL
    SELECT partner_id, customer_id, '2_connection', connected_at, scopes
    FROM connections_connection WHERE state = 'active'
    UNION ALL
    SELECT p.parent_id, c.customer_id, '3_partner_customer', c.connected_at, c.scopes
    FROM connections_connection c JOIN accounts_organization p ON p.id = c.partner_id
    WHERE c.state = 'active' AND p.parent_id IS NOT NULL AND p.parent_id <> c.customer_id
    UNION ALL
    SELECT parent_id, id, '4_partner', created_at, {account} FROM accounts_organization WHERE parent_id IS NOT NULL;
COMMENT ON VIEW portfolio_basis IS 'Why somebody sees somebody, and what of them';

CREATE VIEW portfolio_expected WITH (security_invoker = true) AS
    SELECT viewer_id, subject_id, (array_agg(path ORDER BY path, since))[1] AS path,
           (array_agg(since ORDER BY path, since))[1] AS since, bit_or(scopes)::smallint AS scopes
    FROM portfolio_basis GROUP BY viewer_id, subject_id;
COMMENT ON VIEW portfolio_expected IS 'The portfolio by its definition: the first path with its earliest date, and the scopes of all';

-- Writes the portfolio's row of one viewer and subject anew from the view. The caller must hold the locks; then each
-- statement here sees what was committed before them.
CREATE FUNCTION portfolio_refresh(viewer bigint, subject bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE expected record;
BEGIN
    IF viewer IS NULL OR subject IS NULL THEN RETURN; END IF;
    SELECT e.path, e.since, e.scopes INTO expected FROM portfolio_expected e
        WHERE e.viewer_id = viewer AND e.subject_id = subject;
    IF FOUND THEN
        INSERT INTO connections_portfolio AS p (viewer_id, subject_id, path, since, scopes)
            VALUES (viewer, subject, expected.path, expected.since, expected.scopes)
            ON CONFLICT (viewer_id, subject_id)
            DO UPDATE SET path = excluded.path, since = excluded.since, scopes = excluded.scopes
            WHERE (p.path, p.since, p.scopes) IS DISTINCT FROM (excluded.path, excluded.since, excluded.scopes);
    ELSE
        DELETE FROM connections_portfolio p WHERE p.viewer_id = viewer AND p.subject_id = subject;
    END IF;
END $$;

-- The locks are taken partner first, then customer. Without them two connections under one distributor that are written
-- at the same time would not see each other, and the distributor's row would be missing, or stay after both have ended.
CREATE FUNCTION portfolio_follows_connection() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE pair record := coalesce(NEW, OLD);
BEGIN
    PERFORM pg_advisory_xact_lock(portal_lock('partner', pair.partner_id));
    PERFORM pg_advisory_xact_lock(portal_lock('customer', pair.customer_id));
    PERFORM portfolio_refresh(pair.partner_id, pair.customer_id);
    PERFORM portfolio_refresh((SELECT parent_id FROM accounts_organization WHERE id = pair.partner_id), pair.customer_id);
    RETURN NULL;
END $$;
CREATE TRIGGER portfolio_follows_connection AFTER INSERT OR DELETE OR UPDATE OF state, scopes ON connections_connection
    FOR EACH ROW EXECUTE FUNCTION portfolio_follows_connection();

CREATE FUNCTION portfolio_follows_organization() RETURNS trigger
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
CREATE TRIGGER portfolio_follows_new_organization AFTER INSERT ON accounts_organization
    FOR EACH ROW EXECUTE FUNCTION portfolio_follows_organization();
CREATE TRIGGER portfolio_follows_parent AFTER UPDATE OF parent_id ON accounts_organization
    FOR EACH ROW WHEN (OLD.parent_id IS DISTINCT FROM NEW.parent_id) EXECUTE FUNCTION portfolio_follows_organization();

-- A partner has exactly one invitation link from its first moment (CC-42). The token is two random UUIDs: 244 bits.
CREATE FUNCTION partner_has_a_link() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO connections_invitationlink (organization_id, token, created_at)
    VALUES (NEW.id, replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), now());
    RETURN NULL;
END $$;
CREATE TRIGGER partner_has_a_link AFTER INSERT ON accounts_organization
    FOR EACH ROW WHEN (NEW.kind = 'partner') EXECUTE FUNCTION partner_has_a_link();
"""

UNDO = """
DROP TRIGGER partner_has_a_link ON accounts_organization; DROP FUNCTION partner_has_a_link();
DROP TRIGGER portfolio_follows_parent ON accounts_organization;
DROP TRIGGER portfolio_follows_new_organization ON accounts_organization; DROP FUNCTION portfolio_follows_organization();
DROP TRIGGER portfolio_follows_connection ON connections_connection; DROP FUNCTION portfolio_follows_connection();
DROP FUNCTION portfolio_refresh(bigint, bigint);
DROP VIEW portfolio_expected; DROP VIEW portfolio_basis;
"""


# Most rows share most scopes. Without these figures PostgreSQL takes one row in two hundred to share any of them, and reads
# a viewer's whole portfolio where it should walk along the order of a list: 14 times slower for renewals.
STATISTICS = "".join(
    f"CREATE STATISTICS portfolio_shares_{scope.code} ON (scopes & {scope:d}) FROM connections_portfolio;"
    for scope in Scope
)
STATISTICS_UNDO = "".join(f"DROP STATISTICS portfolio_shares_{scope.code};" for scope in Scope)


class Migration(migrations.Migration):
    dependencies = [("connections", "0001_initial"), ("accounts", "0003_programs")]
    operations = [
        migrations.RunSQL(PORTFOLIO.replace("{all}", f"{ALL:d}").replace("{account}", f"{Scope.ACCOUNT:d}"), UNDO),
        migrations.RunSQL(STATISTICS, STATISTICS_UNDO),
    ]
