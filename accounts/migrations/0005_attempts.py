"""The table of failed sign-ins, which the web role writes and reads by functions alone.

Whoever fails to sign in is not a tenant yet, and so may see no row.
"""

import django.db.models.deletion
import django.db.models.functions
from django.conf import settings
from django.db import migrations, models

from partnerportal.lib.tenancy import enable_row_security

# What a caller can count is bounded: only failures of today; failures of other persons only while nobody is signed in;
# and one for each message that a client sends, so that no single statement makes up a thousand failures of everybody.
FUNCTIONS = """
CREATE FUNCTION note_failed_attempt(of_person bigint, of_kind text) RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO accounts_failedattempts AS f (person_id, kind, day, failures, counted_at)
    SELECT of_person, of_kind, (now() AT TIME ZONE 'UTC')::date, 1, statement_timestamp()
    WHERE coalesce(portal_person(), of_person) = of_person
    ON CONFLICT (person_id, kind, day) DO UPDATE
    SET failures = f.failures + (f.counted_at <> statement_timestamp())::int, counted_at = statement_timestamp()
    RETURNING failures $$;
CREATE FUNCTION failed_attempts(of_person bigint, of_kind text) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce((SELECT failures FROM accounts_failedattempts
                     WHERE (person_id, kind, day) = (of_person, of_kind, (now() AT TIME ZONE 'UTC')::date)), 0) $$;
REVOKE EXECUTE ON FUNCTION note_failed_attempt(bigint, text), failed_attempts(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION note_failed_attempt(bigint, text), failed_attempts(bigint, text) TO portal_app;
"""
UNDO = "DROP FUNCTION failed_attempts(bigint, text); DROP FUNCTION note_failed_attempt(bigint, text);"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_sign_in")]

    operations = [
        migrations.CreateModel(
            name="FailedAttempts",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("password", "Password"), ("code", "Code")], max_length=8)),
                ("day", models.DateField()),
                ("failures", models.PositiveIntegerField()),
                ("counted_at", models.DateTimeField(db_default=django.db.models.functions.Now())),
                ("told_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["day"], name="failed_attempts_by_day"),
                    models.Index(
                        condition=models.Q(("told_at", None)),
                        fields=["kind", "failures"],
                        name="failed_attempts_untold",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["password", "code"])), name="failed_attempts_kind"
                    ),
                    models.UniqueConstraint(fields=("person", "kind", "day"), name="failed_attempts_once"),
                ],
            },
        ),
        enable_row_security("accounts_failedattempts", using="false"),
        migrations.RunSQL(FUNCTIONS, UNDO),
    ]
