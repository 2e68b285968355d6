"""Licences of trials are counted beside the paid ones, and the listing says of which SKUs more are assigned than paid."""

from importlib import import_module

import django.contrib.postgres.fields
from django.db import migrations, models

from partnerportal.lib.scopes import Scope

_facts = import_module("entitlements.migrations.0008_customer_facts")
_sold = import_module("entitlements.migrations.0010_sold_customers")
names, typed, COPIED, LOWERED, UNKNOWN = _facts.names, _facts.typed, _facts.SINCE, _facts.LOWERED, _facts.UNKNOWN

BEFORE = _facts.NUMBERS
SINCE = BEFORE | {"trial_seats": "bigint", "trial_assigned": "bigint", "over_skus": "bigint[]", "over_seats": "bigint[]"}
LISTED_BY = ("viewer_id", "customer_id", "connected_at", "scopes")
SHARED = f"scopes & {Scope.ENTITLEMENTS:d} > 0"

# What counts, and as licences of what: before, all that runs, by SKU; since, what runs in production.
COUNTED_BEFORE = ("e.runs", "sku_id, runs", "e.is_first")
COUNTED_SINCE = ("e.runs AND e.kind = 'production'", "sku_id, runs, kind", "e.is_first AND e.kind = 'production'")
MORE = """,
           coalesce(sum(e.quantity) FILTER (WHERE e.runs AND e.kind = 'trial'), 0)::bigint,
           coalesce(sum(e.assigned) FILTER (WHERE e.runs AND e.kind = 'trial'), 0)::bigint,
           coalesce(array_agg(e.sku_id ORDER BY e.over DESC, e.sku_id) FILTER (WHERE {first} AND e.over > 0), '{{}}'),
           coalesce(array_agg(e.over ORDER BY e.over DESC, e.sku_id) FILTER (WHERE {first} AND e.over > 0), '{{}}')"""
FIGURES_MORE = ", ('trial_seats', l.trial_seats), ('trial_assigned', l.trial_assigned)"


def build_functions(numbers: dict[str, str], counted: tuple[str, str, str], more: str, figures: str) -> str:
    """Return the SQL that makes anew what knows the numbers of the listing: its definition, triggers and figures.

    `counted` says which entitlements' licences count, of what overage is counted apart, and which row has it.
    """
    counts, apart, first = counted
    shared = ", ".join(
        f"CASE WHEN p.{SHARED} THEN c.{column} ELSE {UNKNOWN.get(kind, 0)} END" for column, kind in numbers.items()
    )
    listed = dict.fromkeys((*LISTED_BY, *COPIED, *numbers, "unusual"), "")
    return f"""
DROP FUNCTION listing_sold(bigint[]); DROP FUNCTION listing_expected(bigint[]); DROP FUNCTION listing_content(bigint[]);
DROP FUNCTION listing_numbers(bigint[]);
CREATE FUNCTION listing_numbers(customers bigint[]) RETURNS TABLE (customer_id bigint, {typed(numbers)})
    LANGUAGE sql STABLE AS $$
    SELECT c.id, count(e.id) FILTER (WHERE e.runs)::int,
           coalesce(array_agg(DISTINCT e.sku_id) FILTER (WHERE e.runs), '{{}}'),
           count(e.id) FILTER (WHERE e.runs AND e.kind = 'trial')::int,
           count(e.id) FILTER (WHERE e.state = 'requested')::int,
           coalesce(sum(e.quantity) FILTER (WHERE {counts}), 0)::bigint,
           coalesce(sum(e.assigned) FILTER (WHERE {counts}), 0)::bigint,
           coalesce(sum(e.over) FILTER (WHERE {first}), 0)::bigint,
           coalesce(min(e.ends_on) FILTER (WHERE e.runs), '9999-12-31'),
           coalesce(array_agg(e.ends_on ORDER BY e.ends_on) FILTER (WHERE e.runs AND e.ends_on IS NOT NULL), '{{}}')
           {more.format(first=first)}
    FROM unnest(customers) AS c(id)
    LEFT JOIN LATERAL (
        SELECT *, greatest(sum(assigned - quantity) OVER same, 0) AS over, runs AND row_number() OVER same = 1 AS is_first
        FROM (SELECT *, state = 'active' AND (ends_on IS NULL OR ends_on >= (now() AT TIME ZONE 'UTC')::date) AS runs
              FROM entitlements_entitlement WHERE customer_id = c.id AND state IN ('active', 'requested')) all_of_it
        WINDOW same AS (PARTITION BY {apart})
    ) e ON true
    GROUP BY c.id $$;
CREATE FUNCTION listing_content(customers bigint[])
    RETURNS TABLE (customer_id bigint, {typed(COPIED | numbers)}, unusual varchar[]) LANGUAGE sql STABLE AS $$
    SELECT n.customer_id, {names(COPIED, "o.", LOWERED)}, {names(numbers, "n.")}, coalesce(u.unusual, '{{}}')
    FROM listing_numbers(customers) n JOIN accounts_organization o ON o.id = n.customer_id
    LEFT JOIN entitlements_customerusage u ON u.customer_id = o.id $$;
CREATE FUNCTION listing_expected(customers bigint[]) RETURNS TABLE (viewer_id bigint, customer_id bigint,
        connected_at timestamptz, scopes smallint, {typed(COPIED | numbers)}, unusual varchar[]) LANGUAGE sql STABLE AS $$
    SELECT p.viewer_id, p.subject_id, p.since, p.scopes, {names(COPIED, "c.")}, {shared},
           CASE WHEN p.scopes & {Scope.USAGE:d} > 0 THEN c.unusual ELSE '{{}}' END
    FROM connections_portfolio p JOIN listing_content(customers) c ON c.customer_id = p.subject_id
    WHERE p.path IN ('2_connection', '3_partner_customer') $$;
CREATE FUNCTION listing_sold(customers bigint[]) RETURNS TABLE (viewer_id bigint, customer_id bigint,
        connected_at timestamptz, scopes smallint, {typed(COPIED | numbers)}, unusual varchar[]) LANGUAGE sql STABLE AS $$
    SELECT v.id, c.customer_id, c.created_at, {_sold.SOLD:d}::smallint, {names(COPIED, "c.")}, {names(numbers, "c.")},
           '{{}}'::varchar[]
    FROM listing_content(customers) c JOIN accounts_organization v ON v.kind = 'vendor' WHERE c.kind = 'customer' $$;
GRANT EXECUTE ON FUNCTION listing_numbers(bigint[]), listing_content(bigint[]), listing_expected(bigint[]),
    listing_sold(bigint[]) TO portal_worker;

CREATE OR REPLACE FUNCTION listing_refresh(customers bigint[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE entitlements_customerlisting l SET ({names(numbers)}) = ROW({names(numbers, "n.")})
    FROM listing_numbers(customers) n
    WHERE l.customer_id = n.customer_id AND l.{SHARED}
      AND ({names(numbers, "l.")}) IS DISTINCT FROM ({names(numbers, "n.")}) $$;

CREATE OR REPLACE FUNCTION listing_follows_portfolio() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE sight record;
BEGIN
    FOR sight IN SELECT t.viewer_id, TG_OP <> 'DELETE' AND t.path IN ('2_connection', '3_partner_customer') AS is_customer,
                        array_agg(t.subject_id ORDER BY t.subject_id) AS customers
                 FROM touched t GROUP BY 1, 2 LOOP
        IF sight.is_customer THEN
            INSERT INTO entitlements_customerlisting AS l ({names(listed)})
            SELECT {names(listed)} FROM listing_expected(sight.customers) WHERE viewer_id = sight.viewer_id
            ON CONFLICT (viewer_id, customer_id) DO UPDATE SET ({names(listed)}) = ROW({names(listed, "excluded.")})
            WHERE ({names(listed, "l.")}) IS DISTINCT FROM ({names(listed, "excluded.")});
        ELSE
            DELETE FROM entitlements_customerlisting l
                WHERE l.viewer_id = sight.viewer_id AND l.customer_id = ANY (sight.customers);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION listing_follows_new_organizations() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO entitlements_customerlisting ({names(listed)})
    SELECT {names(listed)} FROM listing_sold(ARRAY(SELECT id FROM added WHERE kind = 'customer'));
    IF EXISTS (SELECT FROM added WHERE kind = 'vendor') THEN
        INSERT INTO entitlements_customerlisting ({names(listed)})
        SELECT {names(listed)} FROM listing_sold(ARRAY(SELECT id FROM accounts_organization WHERE kind = 'customer'))
        ON CONFLICT (viewer_id, customer_id) DO NOTHING;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION listing_figures(l entitlements_customerlisting)
    RETURNS TABLE (facet text, value text, amount bigint) LANGUAGE sql IMMUTABLE AS $$
    SELECT 'total', t.value, t.amount FROM (VALUES
        ('customers', 1), ('seats', l.seats), ('assigned', l.assigned), ('over', (l.overage > 0)::int),
        ('overage', l.overage), ('unused', l.seats - l.assigned + l.overage), ('trials', (l.trials > 0)::int),
        ('requests', (l.requests > 0)::int), ('share_services', (l.{SHARED})::int),
        ('share_usage', (l.scopes & {Scope.USAGE:d} > 0)::int){figures}) t(value, amount)
    UNION ALL SELECT 'country', l.country, 1
    UNION ALL SELECT 'sku', s::text, 1 FROM unnest(l.skus) s
    UNION ALL SELECT 'unusual', kind, 1 FROM unnest(l.unusual) kind
    UNION ALL SELECT 'expiry', to_char(l.next_expiry_on, 'YYYY-MM-DD'), 1 WHERE l.next_expiry_on < '9999-12-31'
    UNION ALL SELECT 'end', to_char(e, 'YYYY-MM-DD'), count(*) FROM unnest(l.ends) e GROUP BY e $$;
"""  # noqa: S608 - constants of this module


# Each statement brings the numbers of every customer up to date, and by triggers the figures that add them up.
RECOUNT = """
SELECT listing_refresh(ARRAY(SELECT id FROM accounts_organization));
UPDATE entitlements_channelmonth m SET seats = (
    SELECT coalesce(sum(quantity), 0) FROM entitlements_entitlement
    WHERE state IN ('active', 'expired') AND kind = ANY (ARRAY[{kinds}])
      AND coalesce(starts_on, created_at::date) <= least((m.month + interval '1 month - 1 day')::date, m.written_at::date)
      AND (ends_on IS NULL OR ends_on >= least((m.month + interval '1 month - 1 day')::date, m.written_at::date)));
SET CONSTRAINTS ALL IMMEDIATE;
"""
TO_PAID = build_functions(SINCE, COUNTED_SINCE, MORE, FIGURES_MORE) + RECOUNT.format(kinds="'production'")
# What is appended to the figures for the columns that go would stay: they are set to nothing first.
TO_ALL = """
UPDATE entitlements_customerlisting SET trial_seats = 0, trial_assigned = 0, over_skus = '{}', over_seats = '{}'
    WHERE trials > 0 OR overage > 0;
""" + build_functions(BEFORE, COUNTED_BEFORE, "", "") + RECOUNT.format(kinds="'production', 'trial'")


class Migration(migrations.Migration):
    dependencies = [("entitlements", "0016_vacuum_listing")]

    operations = [
        *(
            migrations.AddField("customerlisting", column, models.PositiveBigIntegerField(default=0))
            for column in ("trial_seats", "trial_assigned")
        ),
        *(
            migrations.AddField(
                "customerlisting",
                column,
                django.contrib.postgres.fields.ArrayField(
                    base_field=models.BigIntegerField(), default=list, size=None
                ),
            )
            for column in ("over_skus", "over_seats")
        ),
        migrations.RunSQL(TO_PAID, TO_ALL),
    ]
