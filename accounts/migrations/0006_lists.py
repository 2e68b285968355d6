"""How people like to see lists: saved views, columns, density. A person sees their own, and views that colleagues share."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from partnerportal.lib.tenancy import NOW, enable_row_security, fill_columns_by_trigger

MINE = "organization_id = portal_org() AND person_id = portal_person()"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_attempts")]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("person_id", models.BigIntegerField()),
                ("list_key", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=60)),
                ("query", models.JSONField(default=dict)),
                ("is_shared", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.organization"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "person_id", "list_key", "name"), name="saved_view_name_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ListSettings",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person_id", models.BigIntegerField()),
                ("list_key", models.CharField(max_length=20)),
                (
                    "columns",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), default=list, size=None
                    ),
                ),
                (
                    "density",
                    models.CharField(
                        choices=[("comfortable", "Comfortable"), ("compact", "Compact")],
                        default="comfortable",
                        max_length=12,
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "default_view",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.savedview",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "person_id", "list_key"), name="list_settings_once"
                    ),
                ],
            },
        ),
        enable_row_security(
            "accounts_savedview",
            using="organization_id = portal_org() AND (is_shared OR person_id = portal_person())",
            check=MINE,
            grant="SELECT, INSERT, UPDATE (name, query, is_shared), DELETE",
        ),
        migrations.RunSQL(
            """CREATE POLICY removed_by_its_own ON accounts_savedview AS RESTRICTIVE FOR DELETE
               USING (person_id = portal_person() OR portal_is_admin())""",
            "DROP POLICY removed_by_its_own ON accounts_savedview",
        ),
        fill_columns_by_trigger(
            "accounts_savedview",
            on_insert={"created_at": NOW, "is_shared": "NEW.is_shared AND portal_is_admin()"},
            on_change={"is_shared": "CASE WHEN portal_is_admin() THEN NEW.is_shared ELSE OLD.is_shared END"},
        ),
        enable_row_security(
            "accounts_listsettings",
            using=MINE,
            grant="SELECT, INSERT, UPDATE (columns, density, default_view_id), DELETE",
        ),
    ]
