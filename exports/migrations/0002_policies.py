"""Row-level security of exports: a person sees only their own, and loses them with the sight of what is in them."""

from django.db import migrations

from partnerportal.lib.leases import UNLEASED
from partnerportal.lib.states import enforce_state_transitions
from partnerportal.lib.tenancy import NOW, allow_tenant_events, enable_row_security, fill_columns_by_trigger

MINE = "organization_id = portal_org() AND person_id = portal_person()"

# When a customer goes out of a viewer's sight, or shares less with it, every export of the viewer that may hold the
# customer's rows is gone: see docs/operations.md, exports. An export that is being begun at this moment reads its rows afterwards, because its worker
# waits for the lock (exports.actions).
FOLLOW_PORTFOLIO = """
CREATE FUNCTION exports_follow_portfolio() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(portal_lock('exports', OLD.viewer_id));
    UPDATE exports_export SET state = 'gone', finished_at = now(),
            error = CASE TG_OP WHEN 'DELETE' THEN 'connection_ended' ELSE 'sharing_narrowed' END
        WHERE organization_id = OLD.viewer_id AND state IN ('queued', 'running', 'ready')
          AND (customer_id IS NULL OR customer_id = OLD.subject_id);
    RETURN NULL;
END $$;
CREATE TRIGGER exports_follow_portfolio AFTER DELETE ON connections_portfolio
    FOR EACH ROW WHEN (OLD.viewer_id <> OLD.subject_id) EXECUTE FUNCTION exports_follow_portfolio();
CREATE TRIGGER exports_follow_narrowing AFTER UPDATE OF scopes ON connections_portfolio
    FOR EACH ROW WHEN (OLD.scopes & ~NEW.scopes <> 0) EXECUTE FUNCTION exports_follow_portfolio();
"""

# Whoever loses sight of orders and prices loses every export made with it (E-13): its file may name them.
FOLLOW_FINANCE = """
CREATE FUNCTION exports_follow_finance() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(portal_lock('exports', OLD.organization_id));
    UPDATE exports_export SET state = 'gone', finished_at = now(), error = 'role_narrowed'
        WHERE organization_id = OLD.organization_id AND person_id = OLD.person_id
          AND state IN ('queued', 'running', 'ready');
    RETURN NULL;
END $$;
CREATE TRIGGER exports_follow_finance AFTER UPDATE OF roles, finance_granted ON accounts_operator
    FOR EACH ROW WHEN ((OLD.finance_granted OR OLD.roles && '{admin,admin_agent}')
                       AND NOT (NEW.finance_granted OR NEW.roles && '{admin,admin_agent}'))
    EXECUTE FUNCTION exports_follow_finance();
CREATE TRIGGER exports_follow_removal AFTER DELETE ON accounts_operator
    FOR EACH ROW WHEN (OLD.finance_granted OR OLD.roles && '{admin,admin_agent}')
    EXECUTE FUNCTION exports_follow_finance();
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
        allow_tenant_events("exports", "list.exported"),
        enable_row_security("exports_export", using=MINE, grant="SELECT, INSERT"),
        fill_columns_by_trigger(
            "exports_export", on_insert=UNLEASED | {"rows_written": "0", "size": "0", "asked_at": NOW}
        ),
        enforce_state_transitions("exports_export", MOVES, initial_state="queued", enforced_for="everybody"),
        migrations.RunSQL(
            FOLLOW_PORTFOLIO,
            "DROP TRIGGER exports_follow_portfolio ON connections_portfolio;"
            "DROP TRIGGER exports_follow_narrowing ON connections_portfolio; DROP FUNCTION exports_follow_portfolio()",
        ),
        migrations.RunSQL(
            FOLLOW_FINANCE,
            "DROP TRIGGER exports_follow_finance ON accounts_operator;"
            "DROP TRIGGER exports_follow_removal ON accounts_operator; DROP FUNCTION exports_follow_finance()",
        ),
    ]
