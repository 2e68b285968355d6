"""An export is its person's own, and goes with the sight of what is in it."""

from django.db import migrations

from partnerportal.lib.states import guard
from partnerportal.lib.tenancy import NOW, protect, settle, tells

MINE = "organization_id = portal_org() AND person_id = portal_person()"

# Whoever's rows go out of sight takes with them every file that may hold them: see docs/operations.md, exports. A file
# that is asked for in these moments is begun after them: its writer waits for the lock (exports.actions).
FOLLOW_PORTFOLIO = """
CREATE FUNCTION exports_follow_portfolio() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(portal_lock('exports', OLD.viewer_id));
    UPDATE exports_export SET state = 'gone', error = 'connection_ended', finished_at = now()
        WHERE organization_id = OLD.viewer_id AND state IN ('queued', 'running', 'ready')
          AND (customer_id IS NULL OR customer_id = OLD.subject_id);
    RETURN NULL;
END $$;
CREATE TRIGGER exports_follow_portfolio AFTER DELETE ON connections_portfolio
    FOR EACH ROW WHEN (OLD.viewer_id <> OLD.subject_id) EXECUTE FUNCTION exports_follow_portfolio();
"""

MOVES = {
    "queued": ["running", "failed", "gone"],
    "running": ["queued", "ready", "failed", "gone"],
    "ready": ["gone"],
    "failed": ["queued", "gone"],
    "gone": [],
}


class Migration(migrations.Migration):
    dependencies = [("exports", "0001_initial"), ("connections", "0003_policies")]

    operations = [
        tells("exports", "list.exported"),
        protect("exports_export", using=MINE, grant="SELECT, INSERT"),
        settle(
            "exports_export",
            made={  # no worker has had it yet
                "rows_written": "0",
                "size": "0",
                "error": "''",
                "attempts": "0",
                "asked_at": NOW,
                "leased_until": "NULL",
                "finished_at": "NULL",
            },
        ),
        guard("exports_export", MOVES, begins="queued", holds="everybody"),
        migrations.RunSQL(
            FOLLOW_PORTFOLIO,
            "DROP TRIGGER exports_follow_portfolio ON connections_portfolio; DROP FUNCTION exports_follow_portfolio()",
        ),
    ]
