"""Row-level security, and the triggers that keep the customer listing beside the portfolio and the entitlements."""

from collections.abc import Iterable, Mapping

from django.db import migrations

from connections.reach import make_sharing_condition_sql
from partnerportal.lib.scopes import Scope
from partnerportal.lib.tenancy import build_grant_sql, enable_row_security

SHARES_ENTITLEMENTS = f"{{of}}scopes & {Scope.ENTITLEMENTS:d} > 0"
SHARES_USAGE = f"{{of}}scopes & {Scope.USAGE:d} > 0"

# The columns of the listing with which a row tells of its customer, and their types. The first are copied from the
# organisation, the others counted from what the customer may use.
COPIED = {
    "public_id": "uuid",
    "name": "varchar",
    "name_folded": "varchar",
    "org_id": "varchar",
    "country": "varchar",
    "website": "varchar",
}
NUMBERS = {
    "services": "int",
    "skus": "bigint[]",
    "trials": "int",
    "requests": "int",
    "seats": "bigint",
    "assigned": "bigint",
    "overage": "bigint",
    "next_expiry_on": "date",
    "ends": "date[]",
}
UNKNOWN = {"date": "'9999-12-31'", "bigint[]": "'{}'", "date[]": "'{}'"}  # of a type, where it is not shared; else 0


def names(columns: Iterable[str], of: str = "") -> str:
    """Return the columns as an SQL list, each with `of` before it: the name of a table and a point."""
    return ", ".join(f"{of}{column}" for column in columns)


def typed(columns: Mapping[str, str]) -> str:
    """Return the columns as an SQL list, each with its type."""
    return ", ".join(f"{column} {kind}" for column, kind in columns.items())


LISTED = ("viewer_id", "customer_id", "connected_at", "scopes", *COPIED, *NUMBERS, "unusual")


def if_shared(columns: Mapping[str, str], of: str, viewer: str) -> str:
    """Return the numbers as an SQL list, each as if there were nothing where the customer does not share entitlements."""
    return ", ".join(
        f"CASE WHEN {SHARES_ENTITLEMENTS.format(of=viewer)} THEN {of}{column} ELSE {UNKNOWN.get(kind, 0)} END"
        for column, kind in columns.items()
    )


LISTING = f"""
-- What runs today, per customer: the numbers that lists show and sort by. Overage is counted for each SKU on its own.
CREATE FUNCTION listing_numbers(customers bigint[]) RETURNS TABLE (customer_id bigint, {typed(NUMBERS)})
    LANGUAGE sql STABLE AS $$
    SELECT c.id, count(e.id) FILTER (WHERE e.runs)::int,
           coalesce(array_agg(DISTINCT e.sku_id) FILTER (WHERE e.runs), '{{}}'),
           count(e.id) FILTER (WHERE e.runs AND e.kind = 'trial')::int,
           count(e.id) FILTER (WHERE e.state = 'requested')::int,
           coalesce(sum(e.quantity) FILTER (WHERE e.runs), 0)::bigint,
           coalesce(sum(e.assigned) FILTER (WHERE e.runs), 0)::bigint,
           coalesce(sum(e.over) FILTER (WHERE e.is_first), 0)::bigint,
           coalesce(min(e.ends_on) FILTER (WHERE e.runs), '9999-12-31'),
           coalesce(array_agg(e.ends_on ORDER BY e.ends_on) FILTER (WHERE e.runs AND e.ends_on IS NOT NULL), '{{}}')
    FROM unnest(customers) AS c(id)
    LEFT JOIN LATERAL (
        SELECT *, greatest(sum(assigned - quantity) OVER same, 0) AS over, runs AND row_number() OVER same = 1 AS is_first
        FROM (SELECT *, state = 'active' AND (ends_on IS NULL OR ends_on >= (now() AT TIME ZONE 'UTC')::date) AS runs
              FROM entitlements_entitlement WHERE customer_id = c.id AND state IN ('active', 'requested')) all_of_it
        WINDOW same AS (PARTITION BY sku_id, runs)
    ) e ON true
    GROUP BY c.id $$;

-- All that a row says, but for whom and since when: the listing's definition.
CREATE FUNCTION listing_content(customers bigint[])
    RETURNS TABLE (customer_id bigint, {typed(COPIED | NUMBERS)}, unusual varchar[]) LANGUAGE sql STABLE AS $$
    SELECT n.customer_id, {names(COPIED, "o.")}, {names(NUMBERS, "n.")}, coalesce(u.unusual, '{{}}')
    FROM listing_numbers(customers) n JOIN accounts_organization o ON o.id = n.customer_id
    LEFT JOIN entitlements_customerusage u ON u.customer_id = o.id $$;

-- The listing of these customers by its definition: what each viewer sees of them.
CREATE FUNCTION listing_expected(customers bigint[]) RETURNS TABLE (viewer_id bigint, customer_id bigint,
        connected_at timestamptz, scopes smallint, {typed(COPIED | NUMBERS)}, unusual varchar[]) LANGUAGE sql STABLE AS $$
    SELECT p.viewer_id, p.subject_id, p.since, p.scopes, {names(COPIED, "c.")}, {if_shared(NUMBERS, "c.", "p.")},
           CASE WHEN {SHARES_USAGE.format(of="p.")} THEN c.unusual ELSE '{{}}' END
    FROM connections_portfolio p JOIN listing_content(customers) c ON c.customer_id = p.subject_id
    WHERE p.path IN ('2_connection', '3_partner_customer') $$;

CREATE FUNCTION listing_refresh(customers bigint[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE entitlements_customerlisting l SET ({names(NUMBERS)}) = ROW({names(NUMBERS, "n.")})
    FROM listing_numbers(customers) n
    WHERE l.customer_id = n.customer_id AND {SHARES_ENTITLEMENTS.format(of="l.")}
      AND ({names(NUMBERS, "l.")}) IS DISTINCT FROM ({names(NUMBERS, "n.")}) $$;

GRANT EXECUTE ON FUNCTION listing_numbers(bigint[]), listing_content(bigint[]), listing_expected(bigint[]),
    listing_refresh(bigint[]) TO portal_worker;

-- The lock is the one that the portfolio's trigger takes: a connection and an entitlement that are written at the same
-- moment must see each other, else a new row of the listing lacks the entitlement for good.
CREATE FUNCTION listing_follows_entitlements() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(portal_lock('customer', c.id)) FROM (SELECT DISTINCT customer_id AS id FROM touched ORDER BY 1) c;
    PERFORM listing_refresh(ARRAY(SELECT DISTINCT customer_id FROM touched));
    RETURN NULL;
END $$;
CREATE TRIGGER listing_follows_insert AFTER INSERT ON entitlements_entitlement
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION listing_follows_entitlements();
CREATE TRIGGER listing_follows_update AFTER UPDATE ON entitlements_entitlement
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION listing_follows_entitlements();
CREATE TRIGGER listing_follows_delete AFTER DELETE ON entitlements_entitlement
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION listing_follows_entitlements();

CREATE FUNCTION listing_follows_portfolio() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.path NOT IN ('2_connection', '3_partner_customer') THEN
        DELETE FROM entitlements_customerlisting l
            WHERE l.viewer_id = coalesce(NEW.viewer_id, OLD.viewer_id)
              AND l.customer_id = coalesce(NEW.subject_id, OLD.subject_id);
        RETURN NULL;
    END IF;
    INSERT INTO entitlements_customerlisting AS l ({names(LISTED)})
    SELECT {names(LISTED)} FROM listing_expected(ARRAY[NEW.subject_id]) WHERE viewer_id = NEW.viewer_id
    ON CONFLICT (viewer_id, customer_id) DO UPDATE SET ({names(LISTED)}) = ROW({names(LISTED, "excluded.")})
    WHERE ({names(LISTED, "l.")}) IS DISTINCT FROM ({names(LISTED, "excluded.")});
    RETURN NULL;
END $$;
CREATE TRIGGER listing_follows_portfolio AFTER INSERT OR UPDATE OR DELETE ON connections_portfolio
    FOR EACH ROW EXECUTE FUNCTION listing_follows_portfolio();

CREATE FUNCTION listing_follows_organization() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE entitlements_customerlisting SET ({names(COPIED)}) = ROW({names(COPIED, "NEW.")}) WHERE customer_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER listing_follows_organization
    AFTER UPDATE OF {names(COPIED)} ON accounts_organization
    FOR EACH ROW EXECUTE FUNCTION listing_follows_organization();
"""


def append_figures(rows: str) -> str:
    """Return the SQL that appends the sums of `rows` (viewer, facet, value, amount). Sums of 0 are left out."""
    return f"""INSERT INTO entitlements_portfoliofigure (viewer_id, facet, value, amount, is_merged)
            SELECT viewer_id, facet, value, sum(amount), false FROM ({rows}) f
            GROUP BY 1, 2, 3 HAVING sum(amount) <> 0;"""  # noqa: S608 - constants of this module


ADDED = "SELECT a.viewer_id, f.facet, f.value, f.amount FROM added a, listing_figures(a) f"
REMOVED = "SELECT r.viewer_id, f.facet, f.value, -f.amount AS amount FROM removed r, listing_figures(r) f"

FIGURES = f"""
-- What one row of the listing adds to its viewer's figures.
CREATE FUNCTION listing_figures(l entitlements_customerlisting)
    RETURNS TABLE (facet text, value text, amount bigint) LANGUAGE sql IMMUTABLE AS $$
    SELECT 'total', t.value, t.amount FROM (VALUES
        ('customers', 1), ('seats', l.seats), ('assigned', l.assigned), ('over', (l.overage > 0)::int),
        ('overage', l.overage), ('unused', l.seats - l.assigned + l.overage), ('trials', (l.trials > 0)::int),
        ('requests', (l.requests > 0)::int), ('share_services', ({SHARES_ENTITLEMENTS.format(of="l.")})::int),
        ('share_usage', ({SHARES_USAGE.format(of="l.")})::int)) t(value, amount)
    UNION ALL SELECT 'country', l.country, 1
    UNION ALL SELECT 'sku', s::text, 1 FROM unnest(l.skus) s
    UNION ALL SELECT 'unusual', kind, 1 FROM unnest(l.unusual) kind
    UNION ALL SELECT 'expiry', to_char(l.next_expiry_on, 'YYYY-MM-DD'), 1 WHERE l.next_expiry_on < '9999-12-31'
    UNION ALL SELECT 'end', to_char(e, 'YYYY-MM-DD'), count(*) FROM unnest(l.ends) e GROUP BY e $$;
GRANT EXECUTE ON FUNCTION listing_figures(entitlements_customerlisting) TO portal_worker;

-- Differences are appended. What only the name changes cancels out.
CREATE FUNCTION figures_follow_listing() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        {append_figures(ADDED)}
    ELSIF TG_OP = 'DELETE' THEN
        {append_figures(REMOVED)}
    ELSE
        {append_figures(f"{ADDED} UNION ALL {REMOVED}")}
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER figures_follow_insert AFTER INSERT ON entitlements_customerlisting
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION figures_follow_listing();
CREATE TRIGGER figures_follow_update AFTER UPDATE ON entitlements_customerlisting
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION figures_follow_listing();
CREATE TRIGGER figures_follow_delete AFTER DELETE ON entitlements_customerlisting
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION figures_follow_listing();
"""

PACE = f"""
-- The pace of a customer, told from its use: seats assigned against 28 days before, and when all will be.
CREATE FUNCTION usage_moved(u entitlements_customerusage) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT u.assigned - u.assigned_before $$;
CREATE FUNCTION usage_full_on(u entitlements_customerusage) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN u.full_on > u.as_of THEN u.full_on END $$;
GRANT EXECUTE ON FUNCTION usage_moved(entitlements_customerusage), usage_full_on(entitlements_customerusage)
    TO portal_worker;

-- A row of the listing has its pace beside it.
CREATE FUNCTION pace_follows_listing() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM entitlements_customerpace p USING touched t
            WHERE (p.customer_id, p.viewer_id) = (t.customer_id, t.viewer_id);
    ELSE
        INSERT INTO entitlements_customerpace (customer_id, viewer_id, moved, full_on)
        SELECT t.customer_id, t.viewer_id, usage_moved(u), usage_full_on(u)
        FROM touched t LEFT JOIN entitlements_customerusage u
            ON u.customer_id = t.customer_id AND {SHARES_USAGE.format(of="t.")}
        ON CONFLICT (customer_id, viewer_id) DO UPDATE SET moved = excluded.moved, full_on = excluded.full_on;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER pace_follows_insert AFTER INSERT ON entitlements_customerlisting
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION pace_follows_listing();
CREATE TRIGGER pace_follows_delete AFTER DELETE ON entitlements_customerlisting
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION pace_follows_listing();

-- What is shared of the use changes for one row at a time.
CREATE FUNCTION pace_follows_consent() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE entitlements_customerpace p SET (moved, full_on) = (
        SELECT usage_moved(u), usage_full_on(u) FROM entitlements_customerusage u
        WHERE u.customer_id = NEW.customer_id AND {SHARES_USAGE.format(of="NEW.")})
    WHERE p.customer_id = NEW.customer_id AND p.viewer_id = NEW.viewer_id;
    RETURN NULL;
END $$;
CREATE TRIGGER pace_follows_consent AFTER UPDATE OF scopes ON entitlements_customerlisting
    FOR EACH ROW WHEN (OLD.scopes <> NEW.scopes) EXECUTE FUNCTION pace_follows_consent();

-- Both follow the use of those of whom something else is said now. The lock, for the same reason as with entitlements.
CREATE FUNCTION listing_follows_usage() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    changed bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        changed := ARRAY(SELECT customer_id FROM touched ORDER BY 1);
    ELSE
        changed := ARRAY(SELECT customer_id FROM touched t JOIN before b USING (customer_id)
                         WHERE (t.unusual, usage_moved(t), usage_full_on(t))
                             IS DISTINCT FROM (b.unusual, usage_moved(b), usage_full_on(b)) ORDER BY 1);
    END IF;
    PERFORM pg_advisory_xact_lock(portal_lock('customer', c)) FROM unnest(changed) c;
    UPDATE entitlements_customerlisting l SET unusual = u.unusual
    FROM entitlements_customerusage u
    WHERE u.customer_id = ANY(changed) AND l.customer_id = u.customer_id AND l.unusual <> u.unusual
      AND {SHARES_USAGE.format(of="l.")};
    UPDATE entitlements_customerpace p SET moved = usage_moved(u), full_on = usage_full_on(u)
    FROM entitlements_customerusage u JOIN entitlements_customerlisting l USING (customer_id)
    WHERE u.customer_id = ANY(changed) AND p.customer_id = u.customer_id AND p.viewer_id = l.viewer_id
      AND {SHARES_USAGE.format(of="l.")}
      AND (p.moved, p.full_on) IS DISTINCT FROM (usage_moved(u), usage_full_on(u));
    RETURN NULL;
END $$;
CREATE TRIGGER listing_follows_usage AFTER UPDATE ON entitlements_customerusage
    REFERENCING OLD TABLE AS before NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION listing_follows_usage();
CREATE TRIGGER listing_follows_first_usage AFTER INSERT ON entitlements_customerusage
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION listing_follows_usage();
"""

UNDO = """
DROP TRIGGER listing_follows_usage ON entitlements_customerusage;
DROP TRIGGER listing_follows_first_usage ON entitlements_customerusage; DROP FUNCTION listing_follows_usage();
DROP TRIGGER pace_follows_insert ON entitlements_customerlisting;
DROP TRIGGER pace_follows_delete ON entitlements_customerlisting; DROP FUNCTION pace_follows_listing();
DROP TRIGGER pace_follows_consent ON entitlements_customerlisting; DROP FUNCTION pace_follows_consent();
DROP FUNCTION usage_moved(entitlements_customerusage); DROP FUNCTION usage_full_on(entitlements_customerusage);
DROP TRIGGER figures_follow_insert ON entitlements_customerlisting;
DROP TRIGGER figures_follow_update ON entitlements_customerlisting;
DROP TRIGGER figures_follow_delete ON entitlements_customerlisting; DROP FUNCTION figures_follow_listing();
DROP FUNCTION listing_figures(entitlements_customerlisting);
DROP TRIGGER listing_follows_organization ON accounts_organization; DROP FUNCTION listing_follows_organization();
DROP TRIGGER listing_follows_portfolio ON connections_portfolio; DROP FUNCTION listing_follows_portfolio();
DROP TRIGGER listing_follows_insert ON entitlements_entitlement;
DROP TRIGGER listing_follows_update ON entitlements_entitlement;
DROP TRIGGER listing_follows_delete ON entitlements_entitlement; DROP FUNCTION listing_follows_entitlements();
DROP FUNCTION listing_refresh(bigint[]); DROP FUNCTION listing_expected(bigint[]); DROP FUNCTION listing_content(bigint[]); DROP FUNCTION listing_numbers(bigint[]);
"""


class Migration(migrations.Migration):
    dependencies = [("entitlements", "0001_initial"), ("connections", "0003_policies")]

    operations = [
        migrations.RunSQL(LISTING + FIGURES + PACE, UNDO),
        enable_row_security("entitlements_entitlement", using=make_sharing_condition_sql("customer_id", Scope.ENTITLEMENTS), check="false"),
        enable_row_security("entitlements_order", using=make_sharing_condition_sql("customer_id", Scope.ORDERS), check="false"),
        enable_row_security(
            "entitlements_orderline",
            using="(SELECT true FROM entitlements_order o WHERE o.id = order_id)",
            check="false",
        ),
        enable_row_security("entitlements_customerlisting", using="viewer_id = portal_org()", check="false"),
        enable_row_security("entitlements_customerpace", using="viewer_id = portal_org()", check="false"),
        enable_row_security("entitlements_portfoliofigure", using="viewer_id = portal_org()", check="false"),
        migrations.RunSQL(build_grant_sql("entitlements_sku", "SELECT"), migrations.RunSQL.noop),
    ]
