"""The words of a problem of an activation link are better; nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("entitlements", "0020_organization_waits_its_turn"),
    ]

    operations = [
        migrations.AlterField(
            model_name="activationlink",
            name="problem",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", ""),
                    ("sku_withdrawn", "The service can no longer be tried."),
                    ("trial_taken", "The organisation already has this service, or had it before."),
                    ("partner_not_active", "The partner’s programme membership is not active."),
                    ("partner_moved", "The partner no longer belongs to this distributor."),
                    ("name_taken", "Another partner in this country has this name."),
                    ("superseded", "Another activation link was used."),
                ],
                max_length=20,
            ),
        ),
    ]
