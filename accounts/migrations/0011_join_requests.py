"""Requests of persons to be let into an organisation that has proved the domain of their address."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from partnerportal.lib.states import enforce_state_transitions
from partnerportal.lib.tenancy import (
    NOW,
    allow_tenant_events,
    enable_row_security,
    fill_columns_by_trigger,
    inline_policy_functions,
)

TABLE = "accounts_joinrequest"
MOVES = {"open": ["added", "declined"], "added": [], "declined": []}
OWN_ADMIN = "organization_id = portal_org() AND (SELECT portal_is_admin())"

# A person sees the name of an organisation that they act not for, because it has proved the domain of their verified
# address. SQL cannot write an international domain in punycode: whoever has such an address is compared by the
# application alone.
OFFERS = r"""
CREATE FUNCTION portal_organizations_to_join(wanted text) RETURNS TABLE (id bigint, public_id uuid, name varchar)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT o.id, o.public_id, o.name
    FROM accounts_person p
        JOIN account_emailaddress e ON e.user_id = p.id AND e.email = p.email AND e.verified
        JOIN accounts_organizationdomain d ON d.name = wanted AND d.state = 'proved'
        JOIN accounts_organization o ON o.id = d.organization_id AND o.state = 'active'
    WHERE p.id = portal_person() AND p.is_active
      AND (lower(substring(p.email from '[^@]*$')) = wanted OR substring(p.email from '[^@]*$') ~ '[^\x01-\x7f]')
      AND NOT EXISTS (SELECT FROM accounts_operator a WHERE a.person_id = p.id AND a.organization_id = o.id) $$;
GRANT EXECUTE ON FUNCTION portal_organizations_to_join(text) TO portal_app;
"""
POLICIES = f"""
CREATE POLICY asked_for_oneself ON {TABLE} AS RESTRICTIVE FOR INSERT WITH CHECK (
    person_id = portal_person() AND organization_id IN (SELECT o.id FROM portal_organizations_to_join(domain) o));
CREATE POLICY decided_by_admins ON {TABLE} AS RESTRICTIVE FOR UPDATE USING ({OWN_ADMIN}) WITH CHECK ({OWN_ADMIN});
"""
POLICIES_UNDO = f"DROP POLICY decided_by_admins ON {TABLE}; DROP POLICY asked_for_oneself ON {TABLE};"

# An Admin lets somebody in whose request they have granted in this very transaction.
GRANTED = f"""organization_id = portal_org() AND portal_is_admin() AND EXISTS (
    SELECT FROM {TABLE} r WHERE r.organization_id = accounts_operator.organization_id
        AND r.person_id = accounts_operator.person_id AND r.state = 'added' AND r.decided_at >= transaction_timestamp())"""
# Other ways in stand in the same policy, each beside the others: what it said before stays.
LET_IN = f"""
DO $do$ DECLARE before text; BEGIN
    SELECT pg_get_expr(polwithcheck, polrelid) INTO STRICT before FROM pg_policy
        WHERE polrelid = 'accounts_operator'::regclass AND polname = 'first_of_their_own';
    EXECUTE format('ALTER POLICY first_of_their_own ON accounts_operator WITH CHECK ((%s) OR (%s))', before,
                   $granted${inline_policy_functions(GRANTED)}$granted$);
END $do$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_partner_onboarding")]

    operations = [
        migrations.CreateModel(
            name="JoinRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("domain", models.CharField(max_length=253)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("added", "Added"), ("declined", "Declined")],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("decided_at", models.DateTimeField(editable=False, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="join_requests",
                        to="accounts.organization",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="join_requests",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["created_at"], name="join_request_age")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "added", "declined"])), name="join_request_state"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at", None), ("state", "open")),
                            models.Q(models.Q(("state", "open"), _negated=True), ("decided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="join_request_decided",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("organization", "person"),
                        name="join_request_one_open",
                    ),
                ],
            },
        ),
        migrations.RunSQL(OFFERS, "DROP FUNCTION portal_organizations_to_join(text)"),
        enable_row_security(
            TABLE,
            using=f"person_id = portal_person() OR {OWN_ADMIN}",
            check=f"person_id = portal_person() OR {OWN_ADMIN}",
            grant="SELECT, INSERT, UPDATE (state, decided_at)",
        ),
        migrations.RunSQL(inline_policy_functions(POLICIES), POLICIES_UNDO),
        enforce_state_transitions(TABLE, MOVES, initial_state="open", enforced_for="everybody"),
        fill_columns_by_trigger(
            TABLE, on_insert={"created_at": NOW, "decided_at": "NULL"}, on_change={"decided_at": NOW}
        ),
        migrations.RunSQL(LET_IN, migrations.RunSQL.noop),
        allow_tenant_events("accounts_joining", "join.requested join.granted join.declined"),
    ]
