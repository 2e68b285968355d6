"""The vendor's Admins invite the first Admin of an organisation that has none, and see that invitation until then."""

from django.db import migrations

from partnerportal.lib.tenancy import allow_tenant_events

# Once somebody inside is an Admin, invitations are no business of the vendor's.
LACKS = """
CREATE FUNCTION portal_lacks_admin(organization bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT portal_is_vendor() AND NOT EXISTS (
        SELECT FROM accounts_operator o JOIN accounts_person p ON p.id = o.person_id
        WHERE o.organization_id = organization AND p.is_active AND 'admin' = ANY (o.roles)) $$;
GRANT EXECUTE ON FUNCTION portal_lacks_admin(bigint) TO portal_app;
"""
VENDOR, STAFF = "(SELECT portal_is_vendor())", "(SELECT portal_is_vendor() AND portal_is_admin())"
OF_FIRST_ADMIN = "roles::text[] = '{admin}' AND NOT finance_granted AND portal_lacks_admin(organization_id)"
OF_INVITATION = f"""invitation_id IN (SELECT i.id FROM accounts_operatorinvitation i
                                      WHERE {OF_FIRST_ADMIN.replace("roles", "i.roles")})"""
POLICIES = f"""
CREATE POLICY of_first_admin ON accounts_operatorinvitation
    USING ({VENDOR} AND {OF_FIRST_ADMIN}) WITH CHECK ({STAFF} AND {OF_FIRST_ADMIN});
CREATE POLICY of_first_admin ON accounts_operatorinvitationtoken
    USING ({VENDOR} AND {OF_INVITATION}) WITH CHECK ({STAFF} AND {OF_INVITATION});
"""
POLICIES_UNDO = """
DROP POLICY of_first_admin ON accounts_operatorinvitationtoken;
DROP POLICY of_first_admin ON accounts_operatorinvitation;
DROP FUNCTION portal_lacks_admin(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0014_operator_invitations")]

    operations = [
        migrations.RunSQL(LACKS + POLICIES, POLICIES_UNDO),
        allow_tenant_events(
            "accounts_first_admins",
            "organization.first_admin_invited",
            condition="portal_is_vendor() AND portal_is_admin()",
        ),
    ]
