"""Events of requests are recorded by Admins, who alone write requests and messages about them."""

from django.db import migrations

from partnerportal.lib.tenancy import restrict_tenant_events


class Migration(migrations.Migration):
    dependencies = [("support", "0003_files"), ("accounts", "0016_own_columns")]

    operations = [
        restrict_tenant_events(
            "admins_in_support",
            "request.answered request.commented request.overtaken request.submitted request.withdrawn",
        ),
    ]
