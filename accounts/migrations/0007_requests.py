"""Requests of the API with an idempotency key. A person sees their own; nothing but the response is changed."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from partnerportal.lib.tenancy import NOW, enable_row_security, fill_columns_by_trigger

MINE = "person_id = portal_person()"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_lists")]

    operations = [
        migrations.CreateModel(
            name="IdempotentRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person_id", models.BigIntegerField()),
                ("key", models.CharField(max_length=120)),
                ("digest", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField(default=0)),
                ("headers", models.JSONField(default=dict)),
                ("response", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["created_at"], name="idempotent_request_age")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("person_id", "organization", "key"),
                        name="idempotent_request_once",
                        nulls_distinct=False,
                    ),
                ],
            },
        ),
        enable_row_security(
            "accounts_idempotentrequest",
            using=MINE,
            grant="SELECT, INSERT, UPDATE (status, headers, response), DELETE",
        ),
        fill_columns_by_trigger("accounts_idempotentrequest", on_insert={"created_at": NOW}),
    ]
