"""What the vendor's staff do and see on pages: they register organisations, and count operators without naming them."""

import django.db.models.deletion
import django.db.models.functions
from django.db import migrations, models

from partnerportal.lib.tenancy import NOW, enable_row_security, fill_columns_by_trigger

STAFF = "(SELECT portal_is_vendor() AND portal_is_admin())"
MANAGER = {f"account_manager_{what}": "''" for what in ("name", "email", "phone")}
SETTLED = {"created_at": NOW, "partner_id": "''", "account_manager_id": "NULL"} | MANAGER
SETTLED_BUT_BY_STAFF = SETTLED | {
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
    DELETE FROM accounts_adminvacancy WHERE organization_id = NEW.organization_id;
    RETURN NULL;
END $$;
CREATE TRIGGER admin_fills_vacancy AFTER INSERT OR UPDATE OF roles ON accounts_operator
    FOR EACH ROW WHEN ('admin' = ANY (NEW.roles)) EXECUTE FUNCTION admin_fills_vacancy();
"""

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
    ]
