"""The table and the function that /metrics reads: what workers have done, and how much work waits.

They tell numbers and the names of tasks, and nothing of any tenant.
"""

from django.db import migrations, models

from partnerportal.lib.tenancy import build_grant_sql

# Counts the waiting rows of all tenants. The web role, which does not see them, learns how many there are and how old
# the oldest is.
WAITING = """
CREATE FUNCTION portal_waiting(OUT kind text, OUT waiting bigint, OUT oldest_seconds float) RETURNS SETOF record
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT kind, count(*), extract(epoch FROM now() - min(since))::float FROM (
        SELECT d.channel::text AS kind, e.at AS since
        FROM notifications_delivery d JOIN notifications_event e ON e.id = d.event_id
        WHERE d.done_at IS NULL AND d.dead_at IS NULL
        UNION ALL SELECT 'secret_mails', created_at FROM notifications_secretmail
        UNION ALL SELECT 'exports', asked_at FROM exports_export WHERE state IN ('queued', 'running')
        UNION ALL SELECT 'imports', asked_at FROM imports_import
            WHERE state IN ('uploaded', 'checking', 'confirmed', 'applying')
        UNION ALL SELECT 'uploads', received_at FROM entitlements_ingestupload WHERE state IN ('received', 'running')
    ) AS undone GROUP BY kind
$$;
REVOKE EXECUTE ON FUNCTION portal_waiting() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION portal_waiting() TO portal_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("partnerportal", "0001_tenancy"),
        ("notifications", "0004_secret_mails"),
        ("entitlements", "0001_initial"),
        ("exports", "0001_initial"),
        ("imports", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="TaskRun",
            fields=[
                ("task", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("runs", models.PositiveBigIntegerField()),
                ("failures", models.PositiveBigIntegerField()),
                ("seconds", models.FloatField()),
                ("last_finished_at", models.DateTimeField()),
                ("last_succeeded_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RunSQL(build_grant_sql("partnerportal_taskrun", "SELECT"), migrations.RunSQL.noop),
        migrations.RunSQL(WAITING, "DROP FUNCTION portal_waiting()"),
    ]
