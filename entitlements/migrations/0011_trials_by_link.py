"""A trial that an activation link has started says so, and its start is an event of its own."""

from importlib import import_module

from django.db import migrations, models

from partnerportal.lib.tenancy import allow_tenant_events

ACTIVATED: str = import_module("entitlements.migrations.0004_activation").ACTIVATED
AGAIN = ACTIVATED.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
BY_LINK = AGAIN.replace("'granted'", "'link'")
# A tenant tells the start of a trial only in the transaction in which a link has started it.
STARTED_NOW = """(SELECT true FROM entitlements_entitlement e WHERE e.public_id = subject_id AND e.customer_id = portal_org()
    AND e.external_id LIKE 'trial-link-%' AND e.created_at >= transaction_timestamp())"""
STARTED_BEFORE = """UPDATE entitlements_entitlement SET source = '{}'
    WHERE external_id LIKE 'trial-link-%' AND kind = 'trial' AND source = '{}'"""


class Migration(migrations.Migration):
    dependencies = [("entitlements", "0010_sold_customers")]

    operations = [
        migrations.AlterField(
            model_name="entitlement",
            name="source",
            field=models.CharField(
                choices=[
                    ("bought", "Bought"),
                    ("granted", "Granted"),
                    ("enabled", "Enabled"),
                    ("link", "Activation link"),
                ],
                default="bought",
                max_length=8,
            ),
        ),
        migrations.RunSQL(BY_LINK, AGAIN),
        migrations.RunSQL(STARTED_BEFORE.format("link", "granted"), STARTED_BEFORE.format("granted", "link")),
        allow_tenant_events("trials_by_link", "trial.started", condition=STARTED_NOW),
    ]
