"""Row-level security: an organisation sees itself, a person sees the organisations they act for.

connections widens the policy on organisations by the portfolio, once that table exists.
"""

from django.db import migrations

from partnerportal.lib.tenancy import grant_sql, protect

OWN = """id = portal_org() OR (SELECT true FROM accounts_operator o
         WHERE o.person_id = portal_person() AND o.organization_id = accounts_organization.id)"""
EDITABLE = "name, name_folded, country, street, postal_code, city, phone, contact_email, website"

# Vendor staff verified the name of every other kind: an invitation is trusted because of it. The rule holds for whom
# the policies hold.
RENAME = """
CREATE FUNCTION organization_keeps_its_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF row_security_active('accounts_organization') THEN
        RAISE EXCEPTION 'only customers rename themselves' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER organization_keeps_its_name BEFORE UPDATE OF name, name_folded ON accounts_organization
    FOR EACH ROW
    WHEN (OLD.kind <> 'customer' AND (OLD.name, OLD.name_folded) IS DISTINCT FROM (NEW.name, NEW.name_folded))
    EXECUTE FUNCTION organization_keeps_its_name();
"""
RENAME_UNDO = """
DROP TRIGGER organization_keeps_its_name ON accounts_organization; DROP FUNCTION organization_keeps_its_name();
"""


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
        migrations.RunSQL(RENAME, RENAME_UNDO),
        protect(
            "accounts_programmembership",
            using="(SELECT true FROM accounts_organization o WHERE o.id = organization_id)",
            check="false",
        ),
        migrations.RunSQL(grant_sql("accounts_program", "SELECT"), migrations.RunSQL.noop),
    ]
