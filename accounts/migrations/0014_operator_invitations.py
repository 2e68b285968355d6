"""Invitations of operators: an organisation sees its own, its Admins send them, and whoever holds a token accepts one.

Who accepts becomes an operator with the roles of the invitation and no others, for the organisation that sent it, and
only with the verified address that it was sent to. Of an organisation without an Admin the vendor's Admins invite the
first, and the vendor sees that invitation until then.
"""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from partnerportal.lib.mailed_invitations import protect_mailed_invitations
from partnerportal.lib.tenancy import allow_tenant_events, inline_policy_functions

ROLES = [("reader", "Reader"), ("admin", "Admin"), ("admin_agent", "Admin agent"), ("sales_agent", "Sales agent")]
LANGUAGES = [("en", "English"), ("fr", "Français"), ("ja", "日本語")]

JOINED = """
CREATE FUNCTION portal_is_invited(to_roles varchar[], to_finance boolean) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM accounts_operatorinvitation i
                   JOIN accounts_operatorinvitationtoken t ON t.invitation_id = i.id AND t.digest = portal_secret()
                   JOIN account_emailaddress a ON a.user_id = portal_person() AND a.verified AND lower(a.email) = i.email
                   WHERE i.organization_id = portal_org() AND i.state = 'open' AND i.expires_at > statement_timestamp()
                     AND i.roles::text[] = to_roles::text[] AND i.finance_granted = to_finance) $$;
GRANT EXECUTE ON FUNCTION portal_is_invited(varchar[], boolean) TO portal_app;
"""
INVITED = "person_id = portal_person() AND portal_is_invited(roles, finance_granted)"
# Other ways in stand in the same policy, each beside the others: what it said before stays.
LET_IN = f"""
DO $do$ DECLARE before text; BEGIN
    SELECT pg_get_expr(polwithcheck, polrelid) INTO STRICT before FROM pg_policy
        WHERE polrelid = 'accounts_operator'::regclass AND polname = 'first_of_their_own';
    EXECUTE format('ALTER POLICY first_of_their_own ON accounts_operator WITH CHECK ((%s) OR (%s))', before,
                   $invited${inline_policy_functions(INVITED)}$invited$);
END $do$;
"""
LET_IN_UNDO = """
ALTER POLICY first_of_their_own ON accounts_operator WITH CHECK (person_id = portal_person() AND portal_is_new())
"""
# Whoever accepts an invitation records it while they hold it, before it is closed.
HOLDS_ONE = """(SELECT true FROM accounts_operatorinvitation i
    WHERE i.organization_id = portal_org() AND accounts_operatorinvitation_is_held(i.id) LIMIT 1)"""

# Once somebody inside is an Admin, invitations are no business of the vendor's.
LACKS = """
CREATE FUNCTION portal_lacks_admin(organization bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT portal_is_vendor() AND NOT EXISTS (
        SELECT FROM accounts_operator o JOIN accounts_person p ON p.id = o.person_id
        WHERE o.organization_id = organization AND p.is_active AND 'admin' = ANY (o.roles)) $$;
GRANT EXECUTE ON FUNCTION portal_lacks_admin(bigint) TO portal_app;
"""
OF_FIRST_ADMIN = """(SELECT portal_is_vendor())
    AND roles::text[] = '{admin}' AND NOT finance_granted AND portal_lacks_admin(organization_id)"""

# Whoever comes in, by whatever door, has nothing to ask any more, and whoever leaves cannot come back by an invitation
# that was sent before: it is withdrawn with its links. The one that is being accepted is closed by that.
ANSWERED = """
CREATE FUNCTION operator_needs_no_invitation() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE them accounts_operator := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    UPDATE accounts_operatorinvitation i SET state = 'revoked', closed_at = statement_timestamp()
        WHERE i.organization_id = them.organization_id AND i.state = 'open'
          AND NOT accounts_operatorinvitation_is_held(i.id)
          AND i.email IN (SELECT lower(email) FROM accounts_person WHERE id = them.person_id UNION
                          SELECT lower(email) FROM account_emailaddress WHERE user_id = them.person_id AND verified);
    IF TG_OP = 'INSERT' THEN
        UPDATE accounts_joinrequest SET state = 'added', decided_at = statement_timestamp()
            WHERE organization_id = them.organization_id AND person_id = them.person_id AND state = 'open';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER operator_needs_no_invitation AFTER INSERT OR DELETE ON accounts_operator
    FOR EACH ROW EXECUTE FUNCTION operator_needs_no_invitation();
"""
ANSWERED_UNDO = """
DROP TRIGGER operator_needs_no_invitation ON accounts_operator; DROP FUNCTION operator_needs_no_invitation();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0013_staff"), ("notifications", "0004_secret_mails")]

    operations = [
        migrations.CreateModel(
            name="OperatorInvitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("email", models.EmailField(max_length=254, verbose_name="email address")),
                ("language", models.CharField(choices=LANGUAGES, max_length=8)),
                ("person_id", models.BigIntegerField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("accepted", "Accepted"), ("revoked", "Revoked")],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField(null=True)),
                ("reminded_at", models.DateTimeField(null=True)),
                ("bounced_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "roles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(choices=ROLES, max_length=16), size=None
                    ),
                ),
                ("finance_granted", models.BooleanField(default=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.organization"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["email"], name="operator_invitation_by_email"),
                    models.Index(fields=["expires_at"], name="operator_invitation_by_end"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("roles__contained_by", ["reader", "admin", "admin_agent", "sales_agent"]),
                            models.Q(("roles", []), _negated=True),
                        ),
                        name="operator_invitation_roles",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at", None), ("state", "open")),
                            models.Q(models.Q(("state", "open"), _negated=True), ("closed_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="operator_invitation_closed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OperatorInvitationToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "invitation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to="accounts.operatorinvitation",
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        migrations.RunSQL(LACKS, "DROP FUNCTION portal_lacks_admin(bigint)"),
        *protect_mailed_invitations(
            "accounts_operatorinvitation",
            "accounts_operatorinvitationtoken",
            seen=f"organization_id = portal_org() OR {OF_FIRST_ADMIN}",
        ),
        migrations.RunSQL(JOINED, "DROP FUNCTION portal_is_invited(varchar[], boolean)"),
        migrations.RunSQL(LET_IN, LET_IN_UNDO),
        migrations.RunSQL(ANSWERED, ANSWERED_UNDO),
        allow_tenant_events(
            "accounts_invitations",
            "operator_invitation.link_copied operator_invitation.sent operator_invitation.sent_again"
            " operator_invitation.withdrawn",
        ),
        allow_tenant_events("accounts_invited", "operator.added", condition=HOLDS_ONE),
        allow_tenant_events(
            "accounts_first_admins",
            "organization.first_admin_invited",
            condition="portal_is_vendor() AND portal_is_admin()",
        ),
    ]
