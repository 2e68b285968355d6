"""Domains of organisations, with the TXT record that proves each (CV-19, E-6)."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import accounts.models.domain
from partnerportal.lib.states import enforce_state_transitions
from partnerportal.lib.tenancy import NOW, allow_tenant_events, enable_row_security, fill_columns_by_trigger

TABLE = "accounts_organizationdomain"
MOVES = {"open": ["proved"], "proved": ["lapsed"], "lapsed": ["proved"]}
OWN_ADMIN = "organization_id = portal_org() AND (SELECT portal_is_admin())"
STAFF = "(SELECT portal_is_vendor() AND portal_is_admin())"

# Whoever could choose the value of the record would take one that stands in somebody else's domain already. What is
# proved a worker says, and what is confirmed the vendor's Admins.
SETTLED = {
    "created_at": NOW,
    "record_value": "'partnerportal-domain=' || replace(gen_random_uuid()::text, '-', '')",
    "proved_at": "NULL",
    "confirmed_at": f"CASE WHEN NEW.confirmed_at IS NOT NULL AND {STAFF} THEN {NOW} END",
    "next_check_at": f"{NOW} + interval '1 day'",
    "checked_at": "NULL",
    "failed_checks": "0",
    "failing_since": "NULL",
    "outcome": "''",
    "found_at": "''",
    "found": "'{}'",
}

# Once an Admin of an organisation has a verified main address, its domain is that of the first Admin for good: who
# changes their address, and who comes after them, moves nothing. '' says that it counts no more, NULL that nobody had
# such an address yet. What a consumer mail service is, the application knows.
FOUNDER = "o.first_admin_domain IS NULL AND 'admin' = ANY (a.roles) AND e.verified AND e.email = p.email"
ADDRESSES = """accounts_operator a JOIN accounts_person p ON p.id = a.person_id
    JOIN account_emailaddress e ON e.user_id = p.id"""
OF_FIRST_ADMIN = f"""
CREATE FUNCTION organization_keeps_first_domain() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE admin bigint;
BEGIN
    IF TG_TABLE_NAME = 'accounts_operator' THEN admin := NEW.person_id; ELSE admin := NEW.user_id; END IF;
    UPDATE accounts_organization o SET first_admin_domain = lower(substring(p.email from '[^@]*$'))
        FROM {ADDRESSES} WHERE a.organization_id = o.id AND a.person_id = admin AND {FOUNDER};
    RETURN NULL;
END $$;
CREATE TRIGGER organization_keeps_first_domain AFTER INSERT OR UPDATE OF roles ON accounts_operator
    FOR EACH ROW WHEN ('admin' = ANY (NEW.roles)) EXECUTE FUNCTION organization_keeps_first_domain();
CREATE TRIGGER organization_keeps_first_domain AFTER INSERT OR UPDATE OF verified, email ON account_emailaddress
    FOR EACH ROW WHEN (NEW.verified) EXECUTE FUNCTION organization_keeps_first_domain();
UPDATE accounts_organization o SET first_admin_domain = (
    SELECT lower(substring(p.email from '[^@]*$')) FROM {ADDRESSES}
    WHERE a.organization_id = o.id AND {FOUNDER} ORDER BY a.created_at, a.id LIMIT 1);
"""
OF_FIRST_ADMIN_UNDO = """
DROP TRIGGER organization_keeps_first_domain ON account_emailaddress;
DROP TRIGGER organization_keeps_first_domain ON accounts_operator; DROP FUNCTION organization_keeps_first_domain();
"""
# What counted and is taken from the list, or is no longer confirmed, does not count again as the first Admin's. SQL
# cannot compare a name in punycode with an address that has it in letters: then it counts no more either.
TAKEN_AWAY = r"""
CREATE FUNCTION domain_counts_no_more() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE accounts_organization SET first_admin_domain = '' WHERE id = OLD.organization_id
        AND (first_admin_domain = OLD.name OR first_admin_domain ~ '[^\x01-\x7f]' AND OLD.name ~ 'xn--');
    RETURN NULL;
END $$;
CREATE TRIGGER removed_domain_counts_no_more AFTER DELETE ON accounts_organizationdomain
    FOR EACH ROW WHEN (OLD.state <> 'open' OR OLD.confirmed_at IS NOT NULL) EXECUTE FUNCTION domain_counts_no_more();
CREATE TRIGGER domain_counts_no_more AFTER UPDATE OF confirmed_at ON accounts_organizationdomain
    FOR EACH ROW WHEN (OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS NULL)
    EXECUTE FUNCTION domain_counts_no_more();
"""
TAKEN_AWAY_UNDO = """
DROP TRIGGER domain_counts_no_more ON accounts_organizationdomain;
DROP TRIGGER removed_domain_counts_no_more ON accounts_organizationdomain; DROP FUNCTION domain_counts_no_more();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_requests"), ("notifications", "0002_policies")]

    operations = [
        migrations.CreateModel(
            name="OrganizationDomain",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=253)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Not proved yet"), ("proved", "Proved"), ("lapsed", "Lapsed")],
                        default="open",
                        max_length=8,
                    ),
                ),
                (
                    "record_value",
                    models.CharField(default=accounts.models.domain.make_record_value, editable=False, max_length=64),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("proved_at", models.DateTimeField(editable=False, null=True)),
                ("confirmed_at", models.DateTimeField(editable=False, null=True)),
                ("next_check_at", models.DateTimeField(null=True)),
                ("checked_at", models.DateTimeField(editable=False, null=True)),
                ("failed_checks", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("failing_since", models.DateTimeField(editable=False, null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("found", "Found"),
                            ("elsewhere", "Elsewhere"),
                            ("other_value", "Other Value"),
                            ("no_record", "No Record"),
                            ("server_failed", "Server Failed"),
                            ("loop", "Loop"),
                            ("bad_answer", "Bad Answer"),
                            ("no_resolver", "No Resolver"),
                        ],
                        editable=False,
                        max_length=16,
                    ),
                ),
                ("found_at", models.CharField(blank=True, editable=False, max_length=253)),
                (
                    "found",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120),
                        blank=True,
                        default=list,
                        editable=False,
                        size=None,
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="domains",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "proved")), fields=["name"], name="organization_domain_by_name"
                    ),
                    models.Index(fields=["next_check_at"], name="organization_domain_due"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "name"), name="organization_domain_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "proved", "lapsed"])),
                        name="organization_domain_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state", "open"), ("proved_at__isnull", False), _connector="OR"),
                        name="organization_domain_proved",
                    ),
                ],
            },
        ),
        enable_row_security(
            TABLE,
            using="organization_id = portal_org() OR (SELECT portal_is_vendor())",
            check=f"{OWN_ADMIN} OR {STAFF}",
            grant="SELECT, INSERT, UPDATE (next_check_at, confirmed_at), DELETE",
        ),
        migrations.RunSQL(
            f"""CREATE POLICY removed_by_admins ON {TABLE} AS RESTRICTIVE FOR DELETE
                USING (organization_id = portal_org() AND portal_is_admin())""",
            f"DROP POLICY removed_by_admins ON {TABLE}",
        ),
        enforce_state_transitions(TABLE, MOVES, initial_state="open", enforced_for="everybody"),
        fill_columns_by_trigger(
            TABLE,
            on_insert=SETTLED,
            on_change={
                "next_check_at": NOW,
                "confirmed_at": f"""CASE WHEN NOT {STAFF} THEN OLD.confirmed_at
                                         WHEN NEW.confirmed_at IS NOT NULL THEN {NOW} END""",
            },
        ),
        allow_tenant_events("accounts_domains", "domain.added domain.removed"),
        allow_tenant_events(
            "accounts_domains_vendor",
            "domain.confirmation_withdrawn domain.confirmed",
            condition="portal_is_vendor() AND portal_is_admin()",
        ),
        migrations.AddField(
            model_name="organization",
            name="first_admin_domain",
            field=models.CharField(editable=False, max_length=253, null=True),
        ),
        migrations.RunSQL(
            "GRANT INSERT (first_admin_domain) ON accounts_organization TO portal_app",
            "REVOKE INSERT (first_admin_domain) ON accounts_organization FROM portal_app",
        ),
        migrations.RunSQL(OF_FIRST_ADMIN, OF_FIRST_ADMIN_UNDO),
        migrations.RunSQL(TAKEN_AWAY, TAKEN_AWAY_UNDO),
    ]
