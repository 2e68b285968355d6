"""The vendor's staff see of every customer what the vendor sold it, in rows of the listing that no portfolio is behind."""

from importlib import import_module

from django.db import migrations

from connections.reach import make_sharing_condition_sql
from partnerportal.lib.scopes import Scope
from partnerportal.lib.tenancy import inline_policy_functions

_facts = import_module("entitlements.migrations.0008_customer_facts")
names, typed, COPIED, NUMBERS = _facts.names, _facts.typed, _facts.SINCE, _facts.NUMBERS
LISTED = dict.fromkeys(("viewer_id", "customer_id", "connected_at", "scopes", *COPIED, *NUMBERS, "unusual"), "")
SOLD = Scope.ACCOUNT | Scope.ENTITLEMENTS | Scope.ORDERS  # never what only consent gives: usage, holders, news

LISTING = f"""
-- The rows of these customers with the vendor as viewer, by their definition. They are no part of the portfolio: no notice
-- and no policy follows from them.
CREATE FUNCTION listing_sold(customers bigint[]) RETURNS TABLE (viewer_id bigint, customer_id bigint,
        connected_at timestamptz, scopes smallint, {typed(COPIED | NUMBERS)}, unusual varchar[]) LANGUAGE sql STABLE AS $$
    SELECT v.id, c.customer_id, c.created_at, {SOLD:d}::smallint, {names(COPIED, "c.")}, {names(NUMBERS, "c.")},
           '{{}}'::varchar[]
    FROM listing_content(customers) c JOIN accounts_organization v ON v.kind = 'vendor' WHERE c.kind = 'customer' $$;
GRANT EXECUTE ON FUNCTION listing_sold(bigint[]) TO portal_worker;

CREATE FUNCTION listing_follows_new_organizations() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO entitlements_customerlisting ({names(LISTED)})
    SELECT {names(LISTED)} FROM listing_sold(ARRAY(SELECT id FROM added WHERE kind = 'customer'));
    IF EXISTS (SELECT FROM added WHERE kind = 'vendor') THEN
        INSERT INTO entitlements_customerlisting ({names(LISTED)})
        SELECT {names(LISTED)} FROM listing_sold(ARRAY(SELECT id FROM accounts_organization WHERE kind = 'customer'))
        ON CONFLICT (viewer_id, customer_id) DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER listing_follows_new_organizations AFTER INSERT ON accounts_organization
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION listing_follows_new_organizations();
"""
UNDO = """
DROP TRIGGER listing_follows_new_organizations ON accounts_organization;
DROP FUNCTION listing_follows_new_organizations();
DELETE FROM entitlements_customerlisting WHERE viewer_id IN (SELECT id FROM accounts_organization WHERE kind = 'vendor');
DROP FUNCTION listing_sold(bigint[]);
"""
FILL = f"""INSERT INTO entitlements_customerlisting ({names(LISTED)})
    SELECT {names(LISTED)} FROM listing_sold(ARRAY(SELECT id FROM accounts_organization WHERE kind = 'customer'))"""

# What stands last is the vendor's: it is not asked of a row that others see by the portfolio.
VENDOR = "(SELECT portal_is_vendor())"
ENTITLEMENTS = make_sharing_condition_sql("customer_id", Scope.ENTITLEMENTS)
ORDERS = make_sharing_condition_sql("customer_id", Scope.ORDERS)
POLICIES = inline_policy_functions(f"""
ALTER POLICY tenant ON entitlements_entitlement USING ({ENTITLEMENTS} OR {VENDOR});
ALTER POLICY tenant ON entitlements_order USING ({ORDERS} OR {VENDOR} AND (SELECT portal_sees_finance()));
DROP FUNCTION has_a_trial(bigint);
""")
POLICIES_UNDO = inline_policy_functions(f"""
CREATE FUNCTION has_a_trial(customer bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT portal_is_vendor()
       AND EXISTS (SELECT FROM entitlements_entitlement WHERE customer_id = customer AND kind = 'trial') $$;
GRANT EXECUTE ON FUNCTION has_a_trial(bigint) TO portal_app;
ALTER POLICY tenant ON entitlements_order USING ({ORDERS});
ALTER POLICY tenant ON entitlements_entitlement
    USING ({ENTITLEMENTS} OR {VENDOR} AND (kind = 'trial' OR has_a_trial(customer_id)));
""")


class Migration(migrations.Migration):
    dependencies = [("entitlements", "0009_sku_publishers"), ("connections", "0005_customer_partners")]

    operations = [
        migrations.RunSQL(LISTING, UNDO),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL(POLICIES, POLICIES_UNDO),
    ]
