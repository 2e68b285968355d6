"""Failed attempts to sign in, counted and read by functions: who fails is nobody yet, and may see no row."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from partnerportal.lib.tenancy import protect

FUNCTIONS = """
CREATE FUNCTION note_failed_attempt(of_person bigint, of_kind text, on_day date) RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO accounts_failedattempts AS f (person_id, kind, day, failures) VALUES (of_person, of_kind, on_day, 1)
    ON CONFLICT (person_id, kind, day) DO UPDATE SET failures = f.failures + 1
    RETURNING failures $$;
CREATE FUNCTION failed_attempts(of_person bigint, of_kind text, on_day date) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(
        (SELECT failures FROM accounts_failedattempts WHERE (person_id, kind, day) = (of_person, of_kind, on_day)), 0) $$;
REVOKE EXECUTE ON FUNCTION note_failed_attempt(bigint, text, date), failed_attempts(bigint, text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION note_failed_attempt(bigint, text, date), failed_attempts(bigint, text, date) TO portal_app;
"""
UNDO = "DROP FUNCTION failed_attempts(bigint, text, date); DROP FUNCTION note_failed_attempt(bigint, text, date);"


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
                    models.UniqueConstraint(fields=("person", "kind", "day"), name="failed_attempts_once")
                ],
            },
        ),
        protect("accounts_failedattempts", using="false"),
        migrations.RunSQL(FUNCTIONS, UNDO),
    ]
