"""The rule of an organisation that everybody who acts for it has a second factor."""

from django.db import migrations, models

from partnerportal.lib.tenancy import allow_tenant_events


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_domains")]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="requires_second_factor",
            field=models.BooleanField(default=False),
        ),
        migrations.RunSQL(
            "GRANT INSERT (requires_second_factor), UPDATE (requires_second_factor) ON accounts_organization TO portal_app",
            "REVOKE INSERT (requires_second_factor), UPDATE (requires_second_factor) ON accounts_organization FROM portal_app",
        ),
        allow_tenant_events("accounts_security", "organization.second_factor_rule_changed"),
    ]
