"""Small exports are listed too: as what was sent, without a file. Tenants store them in a state of their own."""

from django.db import migrations, models

from partnerportal.lib.leases import UNLEASED
from partnerportal.lib.states import enforce_state_transitions
from partnerportal.lib.tenancy import NOW, fill_columns_by_trigger

STATES = [
    ("queued", "Queued"),
    ("running", "Running"),
    ("ready", "Ready"),
    ("sent", "Sent"),
    ("failed", "Failed"),
    ("gone", "Gone"),
]
MOVES = {
    "queued": ["running", "failed", "gone"],
    "running": ["queued", "ready", "failed", "gone"],
    "ready": ["gone"],
    "failed": ["queued", "gone"],
    "gone": [],
}
BEGINS = "DROP POLICY state_begins ON exports_export; CREATE POLICY state_begins ON exports_export AS RESTRICTIVE"

# What was sent of one customer is written anew by whoever sees that customer: without its connection it is no offer.
LOSE_SIGHT = """
CREATE OR REPLACE FUNCTION exports_lose_sight(viewer bigint, subjects bigint[], reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(portal_lock('exports', viewer));
    UPDATE exports_export SET state = 'gone', finished_at = now(), error = reason
        WHERE organization_id = viewer AND ({condition});
END $$;
"""
BEFORE = "state IN ('queued', 'running', 'ready') AND (customer_id IS NULL OR customer_id = ANY (subjects))"
AFTER = f"{BEFORE} OR state = 'sent' AND customer_id = ANY (subjects)"
NONE_YET = "CASE WHEN NEW.state = 'sent' THEN NEW.{} ELSE 0 END"


def replace(before: migrations.RunSQL, after: migrations.RunSQL) -> migrations.RunSQL:
    return migrations.RunSQL(f"{before.reverse_sql}; {after.sql}", f"{after.reverse_sql}; {before.sql}")


class Migration(migrations.Migration):
    dependencies = [("exports", "0003_moves")]

    operations = [
        migrations.AlterField(
            "export", "state", models.CharField(choices=STATES, default="queued", max_length=8)
        ),
        replace(
            fill_columns_by_trigger(
                "exports_export", on_insert=UNLEASED | {"rows_written": "0", "size": "0", "asked_at": NOW}
            ),
            fill_columns_by_trigger(
                "exports_export",
                on_insert=UNLEASED
                | {"rows_written": NONE_YET.format("rows"), "size": NONE_YET.format("size"), "asked_at": NOW},
            ),
        ),
        replace(
            enforce_state_transitions("exports_export", MOVES, initial_state="queued", enforced_for="everybody"),
            enforce_state_transitions(
                "exports_export", MOVES | {"sent": ["gone"]}, initial_state="queued", enforced_for="everybody"
            ),
        ),
        migrations.RunSQL(
            f"{BEGINS} FOR INSERT WITH CHECK (state = 'queued' OR state = 'sent')",
            f"{BEGINS} FOR INSERT WITH CHECK (state = 'queued')",
        ),
        migrations.RunSQL(LOSE_SIGHT.format(condition=AFTER), LOSE_SIGHT.format(condition=BEFORE)),
    ]
