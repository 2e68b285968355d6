"""Exports follow the portfolio by statements, not rows: a partner that moves takes 5,000 customers out of sight at once."""

from django.db import migrations

BY_STATEMENT = """
DROP TRIGGER exports_follow_narrowing ON connections_portfolio;
DROP TRIGGER exports_follow_portfolio ON connections_portfolio;
CREATE FUNCTION exports_lose_sight(viewer bigint, subjects bigint[], reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(portal_lock('exports', viewer));
    UPDATE exports_export SET state = 'gone', finished_at = now(), error = reason
        WHERE organization_id = viewer AND state IN ('queued', 'running', 'ready')
          AND (customer_id IS NULL OR customer_id = ANY (subjects));
END $$;
CREATE OR REPLACE FUNCTION exports_follow_portfolio() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM exports_lose_sight(lost.viewer_id, lost.subjects, 'connection_ended')
        FROM (SELECT viewer_id, array_agg(subject_id) AS subjects FROM touched WHERE viewer_id <> subject_id
              GROUP BY viewer_id ORDER BY viewer_id) lost;
    RETURN NULL;
END $$;
CREATE FUNCTION exports_follow_narrowing() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM exports_lose_sight(lost.viewer_id, lost.subjects, 'sharing_narrowed')
        FROM (SELECT b.viewer_id, array_agg(b.subject_id) AS subjects FROM before b JOIN touched t USING (id)
              WHERE b.scopes & ~t.scopes <> 0 GROUP BY b.viewer_id ORDER BY b.viewer_id) lost;
    RETURN NULL;
END $$;
CREATE TRIGGER exports_follow_portfolio AFTER DELETE ON connections_portfolio
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION exports_follow_portfolio();
CREATE TRIGGER exports_follow_narrowing AFTER UPDATE ON connections_portfolio
    REFERENCING OLD TABLE AS before NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION exports_follow_narrowing();
"""

BY_ROW = """
DROP TRIGGER exports_follow_narrowing ON connections_portfolio;
DROP TRIGGER exports_follow_portfolio ON connections_portfolio;
DROP FUNCTION exports_follow_narrowing();
CREATE OR REPLACE FUNCTION exports_follow_portfolio() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(portal_lock('exports', OLD.viewer_id));
    UPDATE exports_export SET state = 'gone', finished_at = now(),
            error = CASE TG_OP WHEN 'DELETE' THEN 'connection_ended' ELSE 'sharing_narrowed' END
        WHERE organization_id = OLD.viewer_id AND state IN ('queued', 'running', 'ready')
          AND (customer_id IS NULL OR customer_id = OLD.subject_id);
    RETURN NULL;
END $$;
DROP FUNCTION exports_lose_sight(bigint, bigint[], text);
CREATE TRIGGER exports_follow_portfolio AFTER DELETE ON connections_portfolio
    FOR EACH ROW WHEN (OLD.viewer_id <> OLD.subject_id) EXECUTE FUNCTION exports_follow_portfolio();
CREATE TRIGGER exports_follow_narrowing AFTER UPDATE OF scopes ON connections_portfolio
    FOR EACH ROW WHEN (OLD.scopes & ~NEW.scopes <> 0) EXECUTE FUNCTION exports_follow_portfolio();
"""


class Migration(migrations.Migration):
    dependencies = [("exports", "0002_policies"), ("connections", "0004_moves")]

    operations = [migrations.RunSQL(BY_STATEMENT, BY_ROW)]
