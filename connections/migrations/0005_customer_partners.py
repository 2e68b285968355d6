"""Through which partners a distributor sees a customer, and which the vendor knows it has; the triggers that keep both."""

import django.db.models.deletion
from django.db import migrations, models

from partnerportal.lib.tenancy import enable_row_security

# The vendor's rows say who looks after whom, by name: nothing that a customer shares is seen by them, for no policy reads
# this table.
# The locks are those of the portfolio's triggers, in the same order, for the same reason: a connection and a move of the
# partner that are written at the same time would not see each other.
KEPT = """
CREATE VIEW customer_partner_expected WITH (security_invoker = true) AS
    SELECT p.parent_id AS viewer_id, c.customer_id, c.partner_id, p.org_id AS partner_org_id
    FROM connections_connection c JOIN accounts_organization p ON p.id = c.partner_id
    WHERE c.state = 'active' AND p.parent_id IS NOT NULL AND p.parent_id <> c.customer_id
    UNION ALL
    SELECT v.id, c.customer_id, c.partner_id, p.org_id
    FROM connections_connection c JOIN accounts_organization p ON p.id = c.partner_id
    JOIN accounts_organization v ON v.kind = 'vendor' AND v.id IS DISTINCT FROM p.parent_id WHERE c.state = 'active';
COMMENT ON VIEW customer_partner_expected IS 'Which partners a customer has, for the distributor above each and the vendor';

CREATE FUNCTION customer_partners_follow_connection() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE pair record := coalesce(NEW, OLD);
BEGIN
    PERFORM pg_advisory_xact_lock(portal_lock('partner', pair.partner_id));
    PERFORM pg_advisory_xact_lock(portal_lock('customer', pair.customer_id));
    DELETE FROM connections_customerpartner k WHERE k.partner_id = pair.partner_id AND k.customer_id = pair.customer_id
        AND NOT EXISTS (SELECT FROM customer_partner_expected e WHERE e.partner_id = k.partner_id
                        AND e.customer_id = k.customer_id AND e.viewer_id = k.viewer_id);
    INSERT INTO connections_customerpartner (viewer_id, customer_id, partner_id, partner_org_id)
        SELECT e.viewer_id, e.customer_id, e.partner_id, e.partner_org_id FROM customer_partner_expected e
        WHERE e.partner_id = pair.partner_id AND e.customer_id = pair.customer_id
        ON CONFLICT (viewer_id, customer_id, partner_id) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER customer_partners_follow_connection AFTER INSERT OR DELETE OR UPDATE OF state ON connections_connection
    FOR EACH ROW EXECUTE FUNCTION customer_partners_follow_connection();

CREATE FUNCTION customer_partners_follow_parent() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(portal_lock('partner', NEW.id));
    DELETE FROM connections_customerpartner WHERE partner_id = NEW.id AND viewer_id = OLD.parent_id;
    INSERT INTO connections_customerpartner (viewer_id, customer_id, partner_id, partner_org_id)
        SELECT e.viewer_id, e.customer_id, e.partner_id, e.partner_org_id FROM customer_partner_expected e
        WHERE e.partner_id = NEW.id AND e.viewer_id IN (OLD.parent_id, NEW.parent_id)
        ON CONFLICT (viewer_id, customer_id, partner_id) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER customer_partners_follow_parent AFTER UPDATE OF parent_id ON accounts_organization
    FOR EACH ROW WHEN (OLD.parent_id IS DISTINCT FROM NEW.parent_id) EXECUTE FUNCTION customer_partners_follow_parent();

CREATE FUNCTION customer_partners_follow_new_vendor() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO connections_customerpartner (viewer_id, customer_id, partner_id, partner_org_id)
        SELECT e.viewer_id, e.customer_id, e.partner_id, e.partner_org_id FROM customer_partner_expected e
        WHERE e.viewer_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER customer_partners_follow_new_vendor AFTER INSERT ON accounts_organization
    FOR EACH ROW WHEN (NEW.kind = 'vendor') EXECUTE FUNCTION customer_partners_follow_new_vendor();
"""
UNDO = """
DROP TRIGGER customer_partners_follow_new_vendor ON accounts_organization;
DROP FUNCTION customer_partners_follow_new_vendor();
DROP TRIGGER customer_partners_follow_parent ON accounts_organization; DROP FUNCTION customer_partners_follow_parent();
DROP TRIGGER customer_partners_follow_connection ON connections_connection;
DROP FUNCTION customer_partners_follow_connection(); DROP VIEW customer_partner_expected;
"""
FILL = """INSERT INTO connections_customerpartner (viewer_id, customer_id, partner_id, partner_org_id)
    SELECT viewer_id, customer_id, partner_id, partner_org_id FROM customer_partner_expected"""


class Migration(migrations.Migration):
    dependencies = [("connections", "0004_moves")]

    operations = [
        migrations.CreateModel(
            name="CustomerPartner",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("partner_org_id", models.CharField(max_length=8)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.organization"
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.organization"
                    ),
                ),
                (
                    "viewer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["viewer", "partner_org_id", "customer"], name="customer_partner_of_partner"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("viewer", "customer", "partner"), name="customer_partner_once")
                ],
            },
        ),
        migrations.RunSQL(KEPT, UNDO),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        enable_row_security("connections_customerpartner", using="viewer_id = portal_org()", check="false"),
    ]
