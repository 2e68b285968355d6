"""Row-level security: an organisation sees itself, a person sees the organisations they act for.

connections widens the policy on organisations by the portfolio, once that table exists.
"""

from django.db import migrations

from partnerportal.lib.tenancy import grant_sql, protect

OWN = """id = portal_org() OR (SELECT true FROM accounts_operator o
         WHERE o.person_id = portal_person() AND o.organization_id = accounts_organization.id)"""
EDITABLE = "name, name_folded, country, street, postal_code, city, phone, contact_email, website"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        protect(
            "accounts_operator",
            using="organization_id = portal_org() OR person_id = portal_person()",
            check="organization_id = portal_org()",
            grant="SELECT, INSERT, UPDATE, DELETE",
        ),
        protect(
            "accounts_organization",
            using=OWN,
            check="id = portal_org()",
            grant=f"SELECT, INSERT, UPDATE ({EDITABLE})",
        ),
        migrations.RunSQL(  # people found customers; every other kind is registered by vendor staff
            """CREATE POLICY founded_by_people ON accounts_organization AS RESTRICTIVE FOR INSERT
               WITH CHECK (kind = 'customer' AND parent_id IS NULL)""",
            "DROP POLICY founded_by_people ON accounts_organization",
        ),
        protect(
            "accounts_programmembership",
            using="(SELECT true FROM accounts_organization o WHERE o.id = organization_id)",
            check="false",
        ),
        migrations.RunSQL(grant_sql("accounts_program", "SELECT"), migrations.RunSQL.noop),
    ]
