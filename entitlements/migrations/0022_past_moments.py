"""What happened to customers as the data says it, for their activity: also what nobody did in the portal."""

from django.db import migrations, models

from partnerportal.lib.scopes import Scope

VIEW = "entitlements_moment"
NEAR = 31  # days between the end and a start of the same service that make the start a renewal


def _make_told_condition(row: str, party: str, *kinds: str) -> str:
    """Return SQL that is true where the log tells of a row already, so that nothing is shown twice.

    `party` compares a column of the event `t`, with which an index begins, with one of the row.
    """
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    return f"""EXISTS (SELECT FROM notifications_event t
        WHERE t.{party} AND t.subject_id = {row}.public_id AND t.kind IN ({listed}))"""  # noqa: S608 - constants


def _make_fact_columns(kind: str, at: str, scope: Scope) -> str:
    """Return the columns of a moment of a customer that nobody of the portal caused. A day begins at midnight UTC."""
    return f"""{kind}, ({at})::timestamp AT TIME ZONE 'UTC', '', NULL, '', NULL, '', e.customer_id,
        {Scope.NOTIFICATIONS | scope:d}"""


def _make_neighbour_condition(before: str, after: str) -> str:
    """Return SQL that is true where `after` goes on with the service of `before`: it begins when that ends."""
    return f"""{before}.customer_id = {after}.customer_id AND {before}.sku_id = {after}.sku_id
        AND {before}.kind = 'production' AND {before}.starts_on < {after}.starts_on
        AND {after}.starts_on BETWEEN {before}.ends_on - {NEAR} AND {before}.ends_on + {NEAR}"""


OF_CUSTOMER = "customer_id = e.customer_id"
NOTHING = "'{}'::jsonb"
SERVICE = "'', jsonb_build_object('sku_name', s.name, 'quantity', e.quantity), '{}'::jsonb, true"
STARTED = f"""CASE WHEN e.kind = 'trial' THEN 'trial.approved' WHEN EXISTS (
        SELECT FROM entitlements_entitlement f WHERE {_make_neighbour_condition("f", "e")}
    ) THEN 'entitlement.renewed' ELSE 'entitlement.started' END"""  # noqa: S608 - constants
ENDED = "CASE WHEN e.kind = 'trial' THEN 'trial.expired' ELSE 'entitlement.ended' END"
SERVICES = "entitlements_entitlement e JOIN entitlements_sku s ON s.id = e.sku_id"
# Each branch has numbers of its own (id modulo 8), so that they are unique and pages can be turned by them. The view has
# the rights of whoever asks, so the policies of the tables beneath it hold. Of an entitlement the last day is known: it
# ends with the next, unless it is renewed.
CREATE = f"""
CREATE VIEW {VIEW} WITH (security_invoker = true) AS
    SELECT id * 8 AS id, kind, at, actor_label, organization_id, organization_label, counterpart_id, counterpart_label,
        customer_id, scopes, subject_label, data, changes, false AS is_day
    FROM notifications_event
UNION ALL
    SELECT c.id * 8 + 1, 'connection.established', c.connected_at, '', c.customer_id, c.customer_name, c.partner_id,
        c.partner_name, NULL, 0, '', {NOTHING}, {NOTHING}, false
    FROM connections_connection c WHERE NOT {_make_told_condition("c", "organization_id = c.customer_id", "connection.established")}
UNION ALL
    SELECT c.id * 8 + 2, 'connection.ended', c.ended_at, '', c.ended_by_id,
        CASE WHEN c.ended_by_id = c.partner_id THEN c.partner_name ELSE c.customer_name END,
        CASE WHEN c.ended_by_id = c.partner_id THEN c.customer_id ELSE c.partner_id END,
        CASE WHEN c.ended_by_id = c.partner_id THEN c.customer_name ELSE c.partner_name END, NULL, 0, '', {NOTHING},
        {NOTHING}, false
    FROM connections_connection c
    WHERE c.ended_at IS NOT NULL AND NOT {_make_told_condition("c", "organization_id = c.ended_by_id", "connection.ended")}
UNION ALL
    SELECT e.id * 8 + 3, {_make_fact_columns("'order.placed'", "e.placed_on", Scope.ORDERS)}, e.number, {NOTHING},
        {NOTHING}, true
    FROM entitlements_order e WHERE NOT {_make_told_condition("e", OF_CUSTOMER, "order.placed")}
UNION ALL
    SELECT e.id * 8 + 4, {_make_fact_columns(STARTED, "e.starts_on", Scope.ENTITLEMENTS)}, {SERVICE}
    FROM {SERVICES}
    WHERE e.starts_on IS NOT NULL AND e.state IN ('active', 'expired', 'cancelled')
        AND NOT {_make_told_condition("e", OF_CUSTOMER, "entitlement.added", "trial.started", "trial.approved")}
UNION ALL
    SELECT e.id * 8 + 5, {_make_fact_columns(ENDED, "e.ends_on + 1", Scope.ENTITLEMENTS)}, {SERVICE}
    FROM {SERVICES}
    WHERE e.ends_on IS NOT NULL AND e.state IN ('active', 'expired')
        AND NOT {_make_told_condition("e", OF_CUSTOMER, "trial.expired")}
        AND NOT EXISTS (SELECT FROM entitlements_entitlement f WHERE {_make_neighbour_condition("e", "f")})
UNION ALL
    SELECT min(e.id) * 8 + 6, {_make_fact_columns("'usage.unusual'", "e.found_on", Scope.USAGE)}, '',
        jsonb_build_object('uses', jsonb_agg(jsonb_build_object('service', s.name, 'metric', e.metric) ORDER BY e.id)),
        {NOTHING}, true
    FROM entitlements_anomaly e JOIN entitlements_sku s ON s.id = e.sku_id
    WHERE NOT EXISTS (
        SELECT FROM notifications_event t
        WHERE t.kind = 'usage.unusual' AND t.customer_id = e.customer_id
            AND t.at >= e.found_on::timestamp AT TIME ZONE 'UTC' AND t.at < (e.found_on + 7)::timestamp AT TIME ZONE 'UTC'
    )
    GROUP BY e.customer_id, e.found_on;
REVOKE ALL ON {VIEW} FROM portal_app, portal_worker;
GRANT SELECT ON {VIEW} TO portal_app;
"""  # noqa: S608 - constants


class Migration(migrations.Migration):
    dependencies = [
        ("entitlements", "0021_words_of_problems"),
        ("connections", "0006_news"),
        ("notifications", "0009_unsealed_alone"),
    ]

    operations = [
        migrations.RunSQL(CREATE, f"DROP VIEW {VIEW}"),
        migrations.CreateModel(
            name="Moment",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=60)),
                ("at", models.DateTimeField()),
                ("actor_label", models.CharField(max_length=200)),
                ("organization_id", models.BigIntegerField(null=True)),
                ("organization_label", models.CharField(max_length=200)),
                ("counterpart_id", models.BigIntegerField(null=True)),
                ("counterpart_label", models.CharField(max_length=200)),
                ("customer_id", models.BigIntegerField(null=True)),
                ("scopes", models.PositiveSmallIntegerField()),
                ("subject_label", models.CharField(max_length=300)),
                ("data", models.JSONField()),
                ("changes", models.JSONField()),
                ("is_day", models.BooleanField()),
            ],
            options={"managed": False},
        ),
    ]
