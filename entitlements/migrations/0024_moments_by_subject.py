"""Moments find what the log tells already by the object it tells of, whatever the size of the log."""

from importlib import import_module

from django.db import migrations

from partnerportal.lib.scopes import Scope

_past = import_module("entitlements.migrations.0022_past_moments")
VIEW, NOTHING, STARTED, ENDED = _past.VIEW, _past.NOTHING, _past.STARTED, _past.ENDED
SERVICE, SERVICES = _past.SERVICE, _past.SERVICES
# Kinds of events that the log may already hold about a row.
TOLD = (
    *("connection.established", "connection.ended", "order.placed"),
    *("entitlement.added", "trial.started", "trial.approved", "trial.expired"),
)


def _list(*kinds: str) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds)


# The function runs as its owner, past the policy of events, which PostgreSQL took longer to plan in each branch of the
# view than it took to read the view. This shows nobody more: an event has the same readers as the row it is about. The
# party keeps a tenant from hiding a row by an event of its own.
FUNCTION = f"""
CREATE INDEX event_tells_moment ON notifications_event (subject_id) WHERE kind IN ({_list(*TOLD)});
CREATE FUNCTION log_tells(subject uuid, kinds text[], organization bigint, customer bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM notifications_event
                   WHERE subject_id = $1 AND kind IN ({_list(*TOLD)}) AND kind = ANY ($2)
                     AND ($3 IS NULL OR organization_id = $3) AND ($4 IS NULL OR customer_id = $4)) $$;
GRANT EXECUTE ON FUNCTION log_tells(uuid, text[], bigint, bigint) TO portal_app;
"""  # noqa: S608 - constants


def _make_told_condition(row: str, *kinds: str, organization: str = "NULL", customer: str = "NULL") -> str:
    """Return SQL that is true where the log tells of a row already, so that nothing is shown twice.

    `organization` and `customer` are the row's columns that the event has, too.
    """
    return f"log_tells({row}.public_id, ARRAY[{_list(*kinds)}], {organization}, {customer})"


def _make_fact_condition(*kinds: str) -> str:
    """Return the same for a fact of a customer, which the view calls `e`."""
    return _make_told_condition("e", *kinds, customer="e.customer_id")


def _make_end(by: str, other: str) -> str:
    """Return the branch of the connections that one side ended.

    Each side has a branch, where one CASE would do, so that a condition on the organisation can use a column's index.
    """
    told = _make_told_condition("c", "connection.ended", organization=f"c.{by}_id")
    return f"""SELECT c.id * 8 + 2, 'connection.ended', c.ended_at, '', c.{by}_id, c.{by}_name, c.{other}_id,
        c.{other}_name, NULL, 0, '', {NOTHING}, {NOTHING}, false
    FROM connections_connection c WHERE c.ended_at IS NOT NULL AND c.ended_by_id = c.{by}_id AND NOT {told}"""  # noqa: S608 - constants


# Each branch has numbers of its own (id modulo 8; the two of ends share theirs), so that they are unique and pages can
# be turned by them. The view has the rights of whoever asks, so the policies of the tables beneath it hold. Of an
# entitlement the last day is known: it ends with the next, unless it is renewed.
CREATE = f"""
CREATE OR REPLACE VIEW {VIEW} WITH (security_invoker = true) AS
    SELECT id * 8 AS id, kind, at, actor_label, organization_id, organization_label, counterpart_id, counterpart_label,
        customer_id, scopes, subject_label, data, changes, false AS is_day
    FROM notifications_event
UNION ALL
    SELECT c.id * 8 + 1, 'connection.established', c.connected_at, '', c.customer_id, c.customer_name, c.partner_id,
        c.partner_name, NULL, 0, '', {NOTHING}, {NOTHING}, false
    FROM connections_connection c
    WHERE NOT {_make_told_condition("c", "connection.established", organization="c.customer_id")}
UNION ALL
    {_make_end("customer", "partner")}
UNION ALL
    {_make_end("partner", "customer")}
UNION ALL
    SELECT e.id * 8 + 3, {_past._make_fact_columns("'order.placed'", "e.placed_on", Scope.ORDERS)}, e.number, {NOTHING},
        {NOTHING}, true
    FROM entitlements_order e WHERE NOT {_make_fact_condition("order.placed")}
UNION ALL
    SELECT e.id * 8 + 4, {_past._make_fact_columns(STARTED, "e.starts_on", Scope.ENTITLEMENTS)}, {SERVICE}
    FROM {SERVICES}
    WHERE e.starts_on IS NOT NULL AND e.state IN ('active', 'expired', 'cancelled')
        AND NOT {_make_fact_condition("entitlement.added", "trial.started", "trial.approved")}
UNION ALL
    SELECT e.id * 8 + 5, {_past._make_fact_columns(ENDED, "e.ends_on + 1", Scope.ENTITLEMENTS)}, {SERVICE}
    FROM {SERVICES}
    WHERE e.ends_on IS NOT NULL AND e.state IN ('active', 'expired') AND NOT {_make_fact_condition("trial.expired")}
        AND NOT EXISTS (SELECT FROM entitlements_entitlement f WHERE {_past._make_neighbour_condition("e", "f")})
UNION ALL
    SELECT min(e.id) * 8 + 6, {_past._make_fact_columns("'usage.unusual'", "e.found_on", Scope.USAGE)}, '',
        jsonb_build_object('uses', jsonb_agg(jsonb_build_object('service', s.name, 'metric', e.metric) ORDER BY e.id)),
        {NOTHING}, true
    FROM entitlements_anomaly e JOIN entitlements_sku s ON s.id = e.sku_id
    WHERE NOT EXISTS (
        SELECT FROM notifications_event t
        WHERE t.kind = 'usage.unusual' AND t.customer_id = e.customer_id
            AND t.at >= e.found_on::timestamp AT TIME ZONE 'UTC'
            AND t.at < (e.found_on + 7)::timestamp AT TIME ZONE 'UTC'
    )
    GROUP BY e.customer_id, e.found_on;
"""  # noqa: S608 - constants


class Migration(migrations.Migration):
    dependencies = [("entitlements", "0023_free_users")]

    operations = [
        migrations.RunSQL(
            FUNCTION, "DROP FUNCTION log_tells(uuid, text[], bigint, bigint); DROP INDEX event_tells_moment"
        ),
        migrations.RunSQL(CREATE, f"DROP VIEW {VIEW}; {_past.CREATE}"),
    ]
