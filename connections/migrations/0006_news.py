"""News of a customer are told by the customer and the vendor alone, and what Admins do with connections by Admins."""

from django.db import migrations

from partnerportal.lib.tenancy import inline_policy_functions, restrict_tenant_events

# An event with scopes is read by everybody with whom the customer shares these, whom its other partners do not know.
NEWS = inline_policy_functions("""
CREATE POLICY news_of_its_own ON notifications_event AS RESTRICTIVE FOR INSERT
    WITH CHECK (scopes = 0 OR customer_id = portal_org() OR (SELECT portal_is_vendor()));
""")


class Migration(migrations.Migration):
    dependencies = [("connections", "0005_customer_partners"), ("accounts", "0016_own_columns")]

    operations = [
        migrations.RunSQL(NEWS, "DROP POLICY news_of_its_own ON notifications_event"),
        restrict_tenant_events(
            "admins_in_connections", "connection.established connection.ended connection.sharing_changed"
        ),
    ]
