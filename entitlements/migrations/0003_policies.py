"""Row-level security on trials, releases, use, and what belongs to one person or token; partitions for days of use."""

from django.db import migrations

from connections.reach import make_sharing_condition_sql
from partnerportal.lib.leases import UNLEASED
from partnerportal.lib.scopes import Scope
from partnerportal.lib.states import enforce_state_transitions
from partnerportal.lib.tenancy import (
    NOW,
    allow_tenant_events,
    build_grant_sql,
    enable_row_security,
    inline_policy_functions,
    fill_columns_by_trigger,
)

SEEN = make_sharing_condition_sql("customer_id", Scope.ENTITLEMENTS)
USE_SEEN = make_sharing_condition_sql("customer_id", Scope.USAGE)
VENDOR = "(SELECT portal_is_vendor())"  # the subquery is evaluated once for a statement, not for each row
OF_TOKEN = """(SELECT true FROM entitlements_ingesttoken t
    WHERE t.id = token_id AND t.digest = portal_secret() AND t.revoked_at IS NULL"""
MINE = "organization_id = portal_org() AND person_id = portal_person()"

# The function makes the partition of a day's month, because the job role may not create tables. Nobody may read a
# partition by its own name.
PARTITIONS = """
CREATE FUNCTION usage_partition(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first date := date_trunc('month', day);
    name text := 'entitlements_usageday_' || to_char(first, 'YYYYMM');
BEGIN
    IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;
    PERFORM pg_advisory_xact_lock(portal_lock('usage month', to_char(first, 'YYYYMM')::bigint));
    -- Not to_regclass again: it would answer from its cache, which an advisory lock does not bring up to date.
    IF EXISTS (SELECT FROM pg_class WHERE relname = name AND relnamespace = 'public'::regnamespace) THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF entitlements_usageday FOR VALUES FROM (%L) TO (%L)',
                   name, first, first + interval '1 month');
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('REVOKE ALL ON %I FROM portal_app', name);
END $$;
GRANT EXECUTE ON FUNCTION usage_partition(date) TO portal_worker;
"""

# The vendor's staff decide trials: they see every trial, and of those who have one what else they use. A customer asks for its own, and takes it back. The functions have their definer's rights, because a policy that
# reads its own table recurses. One policy for each command, and in it what only the vendor needs stands last: it is not
# asked of a row that others see by the portfolio.
TRIALS = f"""
CREATE FUNCTION has_a_trial(customer bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT portal_is_vendor()
       AND EXISTS (SELECT FROM entitlements_entitlement WHERE customer_id = customer AND kind = 'trial') $$;
GRANT EXECUTE ON FUNCTION has_a_trial(bigint) TO portal_app;

DROP POLICY tenant ON entitlements_entitlement;
CREATE POLICY tenant ON entitlements_entitlement FOR SELECT
    USING ({SEEN} OR {VENDOR} AND (kind = 'trial' OR has_a_trial(customer_id)));
CREATE POLICY trials_requested ON entitlements_entitlement FOR INSERT
    WITH CHECK (customer_id = portal_org() AND kind = 'trial' AND external_id LIKE 'trial-%'
                AND quantity BETWEEN 1 AND 100 AND portal_is_admin());
CREATE POLICY trials_decided_or_cancelled ON entitlements_entitlement FOR UPDATE
    USING (kind = 'trial' AND (customer_id = portal_org() OR {VENDOR}))
    WITH CHECK ((customer_id = portal_org() AND kind = 'trial' AND state = 'cancelled' OR {VENDOR}) AND portal_is_admin());
"""
TRIALS_UNDO = f"""
DROP POLICY trials_decided_or_cancelled ON entitlements_entitlement;
DROP POLICY trials_requested ON entitlements_entitlement;
DROP POLICY tenant ON entitlements_entitlement;
CREATE POLICY tenant ON entitlements_entitlement USING ({SEEN}) WITH CHECK (false);
DROP FUNCTION has_a_trial(bigint);
"""

# The view shows the vendor's staff which licences to release, by the key of their own systems and without who holds them
# (CC-32). It has the rights of its owner, who is above the policies, so its last condition is the lock. If the view were
# the far side of an outer join, that condition would be evaluated after the join's own, whose error tells what it read:
# hence the barrier. Behind a barrier no page can follow an index, so a page finds its keys first. Each column of another
# table is looked up by itself, because PostgreSQL leaves out what a statement does not ask for.
RELEASES = """
CREATE VIEW entitlements_licencerelease WITH (security_barrier) AS
    SELECT a.id, a.external_id AS key, a.release_asked_at AS asked_at, a.released_at,
        coalesce((SELECT p.name FROM accounts_person p WHERE p.id = a.released_by_id), '') AS released_by,
        (SELECT o.name FROM accounts_organization o WHERE o.id = a.customer_id) AS customer_name,
        (SELECT o.org_id FROM accounts_organization o WHERE o.id = a.customer_id) AS org_id,
        (SELECT o.country FROM accounts_organization o WHERE o.id = a.customer_id) AS country, a.sku_id
    FROM entitlements_licenseassignment a
    WHERE a.release_asked_at IS NOT NULL AND (SELECT portal_is_vendor());
REVOKE ALL ON entitlements_licencerelease FROM portal_app, portal_worker;
GRANT SELECT ON entitlements_licencerelease TO portal_app;

-- Marks one as released, or takes the mark back. Says whose it was, and nothing if there was nothing to mark.
CREATE FUNCTION mark_release(release_key text, is_released boolean)
    RETURNS TABLE (public_id uuid, customer_id bigint, customer_name text, sku_name text, asked_at timestamptz)
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE entitlements_licenseassignment a
    SET released_at = CASE WHEN is_released THEN now() END,
        released_by_id = CASE WHEN is_released THEN portal_person() END
    FROM accounts_organization o, entitlements_sku s
    WHERE a.external_id = release_key AND a.release_asked_at IS NOT NULL AND (a.released_at IS NULL) = is_released
      AND o.id = a.customer_id AND s.id = a.sku_id AND (SELECT portal_is_vendor() AND portal_is_admin())
    RETURNING a.public_id, o.id, o.name, s.name, a.release_asked_at $$;
GRANT EXECUTE ON FUNCTION mark_release(text, boolean) TO portal_app;
"""

# The values of a new upload, of which nothing is read yet.
NOT_READ = {"read": "0", "lines": "0", "counts": "'{}'", "problems": "'[]'"}
# The columns of a trial that a customer may not change, because they are the vendor's decision.
DECIDED = "source, quantity, starts_on, ends_on, reason"

TRIAL_MOVES = {
    "requested": ["active", "declined", "cancelled"],
    "active": ["expired", "cancelled"],
    "expired": [],
    "declined": [],
    "cancelled": [],
}
UPLOAD_MOVES = {
    "received": ["running", "failed"],
    "running": ["received", "done", "failed"],
    "done": [],
    "failed": [],
}


class Migration(migrations.Migration):
    dependencies = [("entitlements", "0002_listing")]

    operations = [
        migrations.RunSQL(inline_policy_functions(TRIALS), inline_policy_functions(TRIALS_UNDO)),
        migrations.RunSQL(
            build_grant_sql("entitlements_entitlement", f"SELECT, INSERT, UPDATE (kind, state, updated_at, {DECIDED})"),
            build_grant_sql("entitlements_entitlement", "SELECT"),
        ),
        fill_columns_by_trigger(
            "entitlements_entitlement",
            on_insert={
                "source": "'granted'",
                "assigned": "0",
                "starts_on": "NULL",
                "ends_on": "NULL",
                "reason": "''",
                "created_at": NOW,
                "updated_at": NOW,
            },
            on_change={"updated_at": NOW}
            | {name: f"CASE WHEN portal_is_vendor() THEN NEW.{name} ELSE OLD.{name} END" for name in DECIDED.split(", ")},
        ),
        allow_tenant_events(
            "entitlements",
            "calendar.made calendar.revoked licence.release_asked licence.release_withdrawn trial.cancelled trial.requested",
        ),
        allow_tenant_events(
            "entitlements_vendor",
            "licence.release_marked licence.release_reopened trial.approved trial.converted trial.declined trial.extended",
            condition="portal_is_vendor()",
        ),
        migrations.RunSQL(PARTITIONS, "DROP FUNCTION usage_partition(date)"),
        enable_row_security("entitlements_usageday", using=USE_SEEN, check="false"),
        enable_row_security("entitlements_usagemonth", using=USE_SEEN, check="false"),
        enable_row_security("entitlements_customerusage", using=USE_SEEN, check="false"),
        enable_row_security("entitlements_anomaly", using=USE_SEEN, check="false"),
        enable_row_security(
            "entitlements_licenseassignment",
            using="customer_id = portal_org()",
            grant="SELECT, UPDATE (release_asked_at)",
        ),
        migrations.RunSQL(  # a licence that has been released can neither be asked for nor be kept any more
            """CREATE POLICY asked_while_held ON entitlements_licenseassignment AS RESTRICTIVE FOR UPDATE
               USING (true) WITH CHECK (released_at IS NULL AND portal_is_admin())""",
            "DROP POLICY asked_while_held ON entitlements_licenseassignment",
        ),
        fill_columns_by_trigger(
            "entitlements_licenseassignment",
            on_change={"release_asked_at": f"CASE WHEN NEW.release_asked_at IS NOT NULL THEN {NOW} END"},
        ),
        migrations.RunSQL(
            RELEASES, "DROP FUNCTION mark_release(text, boolean); DROP VIEW entitlements_licencerelease"
        ),
        enable_row_security(
            "entitlements_ingesttoken", using="digest = portal_secret()", grant="SELECT, UPDATE (last_used_at)"
        ),
        fill_columns_by_trigger("entitlements_ingesttoken", on_change={"last_used_at": NOW}),
        enable_row_security(
            "entitlements_ingestupload",
            using=f"{OF_TOKEN})",
            check=f"{OF_TOKEN} AND kind = ANY (t.kinds))",
            grant="SELECT, INSERT",
        ),
        fill_columns_by_trigger("entitlements_ingestupload", on_insert=UNLEASED | NOT_READ | {"received_at": NOW}),
        enforce_state_transitions("entitlements_entitlement", TRIAL_MOVES, initial_state="requested", enforced_for="tenants"),
        enforce_state_transitions("entitlements_ingestupload", UPLOAD_MOVES, initial_state="received", enforced_for="everybody"),
        enable_row_security("entitlements_renewalalert", using="false", grant="SELECT"),
        enable_row_security(
            "entitlements_calendarfeed",
            using=f"({MINE}) OR digest = portal_secret()",
            check=MINE,
            grant="SELECT, INSERT, DELETE, UPDATE (last_read_at)",
        ),
        fill_columns_by_trigger(
            "entitlements_calendarfeed",
            on_insert={"created_at": NOW, "last_read_at": "NULL"},
            on_change={"last_read_at": NOW},
        ),
    ]
