"""By what other systems know a person, and which addresses were erased: the web role sees and writes neither."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from partnerportal.lib.tenancy import enable_row_security


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_join_requests")]

    operations = [
        migrations.CreateModel(
            name="ExternalIdentity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(choices=[("old_portal", "Old Portal")], max_length=20)),
                ("external_id", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="external_identities",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("source", "external_id"), name="external_identity_once"),
                    models.CheckConstraint(
                        condition=models.Q(("external_id", ""), _negated=True), name="external_identity_named"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ErasedAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64, unique=True)),
            ],
        ),
        enable_row_security("accounts_externalidentity", using="false"),
        enable_row_security("accounts_erasedaddress", using="false"),
    ]
