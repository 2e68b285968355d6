"""What the vendor's staff do and see on pages: they register organisations, and count operators without naming them."""

import django.db.models.deletion
import django.db.models.functions
from django.db import migrations, models

from partnerportal.lib.tenancy import NOW, enable_row_security, fill_columns_by_trigger

STAFF = "(SELECT portal_is_vendor() AND portal_is_admin())"
MANAGER = {f"account_manager_{what}": "''" for what in ("name", "email", "phone")}
SETTLED = {"created_at": NOW, "partner_id": "''", "account_manager_id": "NULL"} | MANAGER
SETTLED_BUT_BY_STAFF = SETTLED | {
    "first_admin_domain": "NULL",
    "partner_id": "CASE WHEN portal_is_vendor() AND portal_is_admin() THEN NEW.partner_id ELSE '' END"
}

# The vendor's Admins register every kind but the vendor itself. The restrictive policy that says what people found is
# widened by the app entitlements, which has widened it for invited partners too.
REGISTERED = f"""
CREATE POLICY registered_by_staff ON accounts_organization FOR INSERT WITH CHECK (kind <> 'vendor' AND {STAFF});
"""
REGISTERED_UNDO = "DROP POLICY registered_by_staff ON accounts_organization"

# How many people act for an organisation, in which roles, and when one of them signed in last: for the vendor's staff
# and for the distributor above a partner, who see no operator of others. The role '' stands for all of them.
OPERATORS = """
CREATE FUNCTION portal_operators_of(organization bigint)
    RETURNS TABLE (role varchar, operators bigint, last_sign_in timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT r.role, count(*), max(p.last_login)
    FROM accounts_operator o JOIN accounts_person p ON p.id = o.person_id, unnest('{""}'::varchar[] || o.roles) AS r(role)
    WHERE o.organization_id = organization AND p.is_active
      AND (portal_is_vendor()
           OR EXISTS (SELECT FROM accounts_organization below WHERE below.id = organization
                      AND below.parent_id = portal_org()))
    GROUP BY r.role $$;
GRANT EXECUTE ON FUNCTION portal_operators_of(bigint) TO portal_app;
"""

VACANCIES = """
CREATE FUNCTION admin_fills_vacancy() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM accounts_adminvacancy WHERE organization_id = NEW.organization_id
        AND (SELECT is_active FROM accounts_person WHERE id = NEW.person_id);
    RETURN NULL;
END $$;
CREATE TRIGGER admin_fills_vacancy AFTER INSERT OR UPDATE OF roles ON accounts_operator
    FOR EACH ROW WHEN ('admin' = ANY (NEW.roles)) EXECUTE FUNCTION admin_fills_vacancy();
"""

# Who is locked out can do nothing for an organisation: it needs another Admin.
ONE_ADMIN = """
CREATE OR REPLACE FUNCTION operator_one_admin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF row_security_active('accounts_operator') AND (TG_OP = 'DELETE' OR NOT 'admin' = ANY (NEW.roles)) THEN
        PERFORM pg_advisory_xact_lock(portal_lock('operators', OLD.organization_id));
        IF NOT EXISTS (SELECT FROM accounts_operator o JOIN accounts_person p ON p.id = o.person_id {who}
                       WHERE o.organization_id = OLD.organization_id AND o.id <> OLD.id AND 'admin' = ANY (o.roles)) THEN
            RAISE EXCEPTION 'the last Admin stays: this violates operator_one_admin'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'operator_one_admin', TABLE = 'accounts_operator';
        END IF;
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
"""

# A change of address is recorded once more for each organisation that the person acts for, whose log shows it.
ADDRESS = """
CREATE OR REPLACE FUNCTION person_keeps_former_address() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO notifications_event (public_id, kind, at, actor_label, organization_label, counterpart_id,
                                     counterpart_label, subject_kind, subject_id, subject_label, data)
        SELECT gen_random_uuid(), 'person.address_changed', now(), '', '', told.id, told.name,
               'accounts.person', OLD.public_id, OLD.email, '{{}}'
        FROM (SELECT NULL::bigint, '' {told}) AS told (id, name);
    RETURN NULL;
END $$;
"""
OPERATED = """UNION ALL SELECT o.id, o.name FROM accounts_organization o
              JOIN accounts_operator a ON a.organization_id = o.id AND a.person_id = NEW.id"""

_before = fill_columns_by_trigger("accounts_organization", on_insert=SETTLED)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_external_identities")]

    operations = [
        migrations.RunSQL(_before.reverse_sql, _before.sql),
        fill_columns_by_trigger("accounts_organization", on_insert=SETTLED_BUT_BY_STAFF),
        migrations.RunSQL(REGISTERED, REGISTERED_UNDO),
        migrations.RunSQL(OPERATORS, "DROP FUNCTION portal_operators_of(bigint)"),
        migrations.AddIndex(
            model_name="organization",
            index=models.Index(
                condition=models.Q(("kind", "publisher")), fields=["name_folded", "id"], name="organization_publishers"
            ),
        ),
        migrations.AddIndex(
            model_name="organization",
            index=models.Index(condition=models.Q(("kind", "vendor")), fields=["id"], name="organization_vendors"),
        ),
        migrations.AddIndex(
            model_name="programmembership",
            index=models.Index(
                condition=models.Q(("ends_on__isnull", False)), fields=["ends_on", "id"], name="membership_ending"
            ),
        ),
        migrations.CreateModel(
            name="AdminVacancy",
            fields=[
                (
                    "organization",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="accounts.organization",
                    ),
                ),
                ("found_at", models.DateTimeField(db_default=django.db.models.functions.Now())),
            ],
            options={
                "indexes": [models.Index(fields=["-found_at", "organization"], name="admin_vacancy_newest")],
            },
        ),
        enable_row_security("accounts_adminvacancy", using="(SELECT portal_is_vendor())", check="false"),
        migrations.RunSQL(
            VACANCIES, "DROP TRIGGER admin_fills_vacancy ON accounts_operator; DROP FUNCTION admin_fills_vacancy()"
        ),
        migrations.RunSQL(ONE_ADMIN.format(who="AND p.is_active"), ONE_ADMIN.format(who="")),
        migrations.RunSQL(ADDRESS.format(told=OPERATED), ADDRESS.format(told="")),
    ]
