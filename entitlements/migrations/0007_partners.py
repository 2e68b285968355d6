"""The listing of partners and distributors: the triggers and functions that keep it, and its row-level security."""

import datetime

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from partnerportal.lib.scopes import Scope
from partnerportal.lib.tenancy import enable_row_security

# The columns that say something of the organisation itself, and those that add up its customers.
FACTS = (
    "organization_id, public_id, kind, name, name_folded, org_id, partner_id, country, website, parent_id, parent_name,"
    " state, is_confirmed, created_at, operators, last_sign_in_at, badges, next_lapse_on, badges_change_on"
)
SUMS = {
    "customers": "int",
    "sharing": "int",
    "over": "int",
    "seats": "bigint",
    "assigned": "bigint",
    "overage": "bigint",
    "skus": "bigint[]",
    "sku_count": "int",
    "next_expiry_on": "date",
    "last_customer_at": "timestamptz",
}
TYPED_SUMS = ", ".join(f'"{column}" {kind}' for column, kind in SUMS.items())


def of(side: str, columns: str) -> str:
    """Return the columns as an SQL list, each with the name of the table that has it."""
    return ", ".join(f'{side}."{column.strip()}"' for column in columns.split(","))


SUM_NAMES = ", ".join(f'"{column}"' for column in SUMS)
TOTAL = "coalesce(sum(f.amount) FILTER (WHERE f.facet = 'total' AND f.value = '{value}'), 0)::{kind}"
TOTALS = ", ".join(
    TOTAL.format(value=value, kind=SUMS[column]) + f' AS "{column}"'
    for column, value in {
        "customers": "customers",
        "sharing": "share_services",
        "over": "over",
        "seats": "seats",
        "assigned": "assigned",
        "overage": "overage",
    }.items()
)

LISTING = f"""
-- The badges of an organisation today: each programme with the first and the last day of the unbroken run of memberships
-- that today lies in, the nearest of these last days, and the day on which this will be another answer.
CREATE FUNCTION partner_badges(organization bigint) RETURNS TABLE (badges jsonb, next_lapse_on date, badges_change_on date)
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('program', code, 'since', lower(run), 'until', upper(run) - 1)
                              ORDER BY code) FILTER (WHERE run @> d.today), '[]'),
           coalesce(min(upper(run) - 1) FILTER (WHERE run @> d.today), '9999-12-31'),
           coalesce(least(min(upper(run)) FILTER (WHERE run @> d.today), min(lower(run)) FILTER (WHERE lower(run) > d.today)),
                    '9999-12-31')
    FROM (SELECT (now() AT TIME ZONE 'UTC')::date AS today) d LEFT JOIN (
        SELECT p.code, unnest(range_agg(daterange(m.starts_on, m.ends_on, '[]'))) AS run
        FROM accounts_programmembership m JOIN accounts_program p ON p.id = m.program_id
        WHERE m.organization_id = organization GROUP BY p.code) runs ON true $$;

-- What a row says of the organisation itself, by its definition.
CREATE FUNCTION partner_facts(organizations bigint[]) RETURNS TABLE (organization_id bigint, public_id uuid, kind varchar,
        name varchar, name_folded varchar, org_id varchar, partner_id varchar, country varchar, website varchar,
        parent_id bigint, parent_name varchar, state varchar, is_confirmed boolean, created_at timestamptz, operators int,
        last_sign_in_at timestamptz, badges jsonb, next_lapse_on date, badges_change_on date)
    LANGUAGE sql STABLE AS $$
    SELECT o.id, o.public_id, o.kind, o.name, o.name_folded, o.org_id, o.partner_id, o.country, o.website, o.parent_id,
           coalesce(parent.name, ''), o.state,
           o.kind = 'distributor' OR EXISTS (SELECT FROM accounts_programmembership WHERE organization_id = o.id),
           o.created_at, people.count::int, coalesce(people.latest, '1970-01-01Z'),
           b.badges, b.next_lapse_on, b.badges_change_on
    FROM accounts_organization o LEFT JOIN accounts_organization parent ON parent.id = o.parent_id
    CROSS JOIN LATERAL partner_badges(o.id) b
    CROSS JOIN LATERAL (
        SELECT count(*), max(person.last_login) AS latest
        FROM accounts_operator operator JOIN accounts_person person ON person.id = operator.person_id
        WHERE operator.organization_id = o.id) people
    WHERE o.id = ANY (organizations) AND o.kind IN ('partner', 'distributor') $$;

-- What a row adds up of the organisation's customers, by its definition: the figures of its own portfolio.
CREATE FUNCTION partner_sums(organizations bigint[]) RETURNS TABLE (organization_id bigint, {TYPED_SUMS})
    LANGUAGE sql STABLE AS $$
    SELECT o.id, t.customers, t.sharing, t."over", t.seats, t.assigned, t.overage, t.skus, cardinality(t.skus),
           coalesce(t.next_expiry_on, '9999-12-31'),
           coalesce((SELECT max(l.connected_at) FROM entitlements_customerlisting l WHERE l.viewer_id = o.id), '1970-01-01Z')
    FROM unnest(organizations) AS o(id) CROSS JOIN LATERAL (
        SELECT {TOTALS},
               coalesce(array_agg(f.value::bigint ORDER BY f.value::bigint) FILTER (WHERE f.facet = 'sku'), '{{}}') AS skus,
               (min(f.value) FILTER (WHERE f.facet = 'expiry'))::date AS next_expiry_on
        FROM (SELECT facet, value, sum(amount) AS amount FROM entitlements_portfoliofigure
              WHERE viewer_id = o.id AND facet IN ('total', 'sku', 'expiry') GROUP BY 1, 2 HAVING sum(amount) > 0) f) t $$;

-- The shares of its customers' licences that were assigned in each of the last sixteen weeks in percent, of those that
-- share their use and reported lately, weighed by the licences that each has now; -1 where none reported.
CREATE FUNCTION partner_weeks(organization bigint) RETURNS smallint[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(share ORDER BY at), '{{}}') FROM (
        SELECT x.at, coalesce(round(sum(x.share * u.purchased) FILTER (WHERE x.share >= 0)
                                    / nullif(sum(u.purchased) FILTER (WHERE x.share >= 0), 0)), -1)::smallint AS share
        FROM entitlements_customerlisting l JOIN entitlements_customerusage u ON u.customer_id = l.customer_id
        CROSS JOIN LATERAL unnest(u.weeks) WITH ORDINALITY x(share, at)
        WHERE l.viewer_id = organization AND l.customer_id <> organization
          AND l.scopes & {Scope.USAGE:d} > 0 AND u.as_of > (now() AT TIME ZONE 'UTC')::date - 14
        GROUP BY x.at) weeks $$;

-- The rows are locked first, in one order: the statement after that sees what whoever held them before has written.
CREATE FUNCTION partner_listing_refresh(organizations bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM entitlements_partnerlisting WHERE organization_id = ANY (organizations) ORDER BY organization_id FOR UPDATE;
    INSERT INTO entitlements_partnerlisting AS l ({FACTS})
    SELECT {of("f", FACTS)} FROM partner_facts(organizations) f ORDER BY f.organization_id
    ON CONFLICT (organization_id) DO UPDATE SET ({FACTS}) = ROW({of("excluded", FACTS)})
    WHERE ({of("l", FACTS)}) IS DISTINCT FROM ({of("excluded", FACTS)});
END $$;
CREATE FUNCTION partner_listing_sum(organization bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM entitlements_partnerlisting WHERE organization_id = organization FOR UPDATE;
    UPDATE entitlements_partnerlisting l SET ({SUM_NAMES}) = ROW({of("s", SUM_NAMES.replace('"', ""))})
    FROM partner_sums(ARRAY[organization]) s
    WHERE l.organization_id = s.organization_id
      AND ({of("l", SUM_NAMES.replace('"', ""))}) IS DISTINCT FROM ({of("s", SUM_NAMES.replace('"', ""))});
    UPDATE entitlements_partnerlisting l SET weeks = w.weeks FROM (SELECT partner_weeks(organization) AS weeks) w
    WHERE l.organization_id = organization AND l.weeks <> w.weeks;
END $$;
GRANT EXECUTE ON FUNCTION partner_badges(bigint), partner_facts(bigint[]), partner_sums(bigint[]),
    partner_listing_refresh(bigint[]), partner_listing_sum(bigint) TO portal_worker;

-- The sums of those partners that the tenant sees and whose figures are not merged yet; null stands for all of them. The
-- figures themselves are seen by the partner alone.
CREATE FUNCTION portal_partner_sums(partners bigint[]) RETURNS TABLE (organization_id bigint, {TYPED_SUMS})
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT * FROM partner_sums(ARRAY(
        SELECT l.organization_id FROM entitlements_partnerlisting l
        WHERE (partners IS NULL OR l.organization_id = ANY (partners))
          AND (l.parent_id = portal_org() OR (SELECT portal_is_vendor()))
          AND EXISTS (SELECT FROM entitlements_portfoliofigure f WHERE f.viewer_id = l.organization_id AND NOT f.is_merged))) $$;
GRANT EXECUTE ON FUNCTION portal_partner_sums(bigint[]) TO portal_app;

-- A new name stands in the rows of the partners below it too.
CREATE FUNCTION partner_listing_follows_organization() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM entitlements_partnerlisting WHERE organization_id = OLD.id;
    ELSIF TG_OP = 'UPDATE' AND OLD.name <> NEW.name AND NEW.kind = 'distributor' THEN
        PERFORM partner_listing_refresh(NEW.id || ARRAY(SELECT id FROM accounts_organization WHERE parent_id = NEW.id));
    ELSE
        PERFORM partner_listing_refresh(ARRAY[NEW.id]);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER partner_listing_follows_new AFTER INSERT ON accounts_organization
    FOR EACH ROW WHEN (NEW.kind IN ('partner', 'distributor')) EXECUTE FUNCTION partner_listing_follows_organization();
CREATE TRIGGER partner_listing_follows_change
    AFTER UPDATE OF public_id, name, name_folded, org_id, partner_id, country, website, parent_id, state
    ON accounts_organization
    FOR EACH ROW WHEN (NEW.kind IN ('partner', 'distributor')) EXECUTE FUNCTION partner_listing_follows_organization();
CREATE TRIGGER partner_listing_follows_end AFTER DELETE ON accounts_organization
    FOR EACH ROW WHEN (OLD.kind IN ('partner', 'distributor')) EXECUTE FUNCTION partner_listing_follows_organization();

CREATE FUNCTION partner_listing_follows_facts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM partner_listing_refresh(ARRAY(SELECT DISTINCT id FROM unnest(ARRAY[
        CASE WHEN TG_OP <> 'INSERT' THEN OLD.organization_id END,
        CASE WHEN TG_OP <> 'DELETE' THEN NEW.organization_id END]) id WHERE id IS NOT NULL));
    RETURN NULL;
END $$;
CREATE TRIGGER partner_listing_follows_membership AFTER INSERT OR UPDATE OR DELETE ON accounts_programmembership
    FOR EACH ROW EXECUTE FUNCTION partner_listing_follows_facts();
CREATE TRIGGER partner_listing_follows_operator
    AFTER INSERT OR DELETE OR UPDATE OF organization_id, person_id ON accounts_operator
    FOR EACH ROW EXECUTE FUNCTION partner_listing_follows_facts();

CREATE FUNCTION partner_listing_follows_sign_in() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM partner_listing_refresh(ARRAY(SELECT organization_id FROM accounts_operator WHERE person_id = NEW.id));
    RETURN NULL;
END $$;
CREATE TRIGGER partner_listing_follows_sign_in AFTER UPDATE OF last_login ON accounts_person
    FOR EACH ROW WHEN (OLD.last_login IS DISTINCT FROM NEW.last_login) EXECUTE FUNCTION partner_listing_follows_sign_in();

-- Since when a customer is one is no figure. A difference of nothing says that the sums are to be added up anew.
CREATE FUNCTION partner_sums_follow_listing() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO entitlements_portfoliofigure (viewer_id, facet, value, amount, is_merged)
        VALUES (NEW.viewer_id, 'total', 'customers', 0, false);
    RETURN NULL;
END $$;
CREATE TRIGGER partner_sums_follow_listing AFTER UPDATE OF connected_at ON entitlements_customerlisting
    FOR EACH ROW WHEN (OLD.connected_at <> NEW.connected_at) EXECUTE FUNCTION partner_sums_follow_listing();
"""
UNDO = """
DROP TRIGGER partner_sums_follow_listing ON entitlements_customerlisting; DROP FUNCTION partner_sums_follow_listing();
DROP TRIGGER partner_listing_follows_sign_in ON accounts_person; DROP FUNCTION partner_listing_follows_sign_in();
DROP TRIGGER partner_listing_follows_operator ON accounts_operator;
DROP TRIGGER partner_listing_follows_membership ON accounts_programmembership;
DROP FUNCTION partner_listing_follows_facts();
DROP TRIGGER partner_listing_follows_end ON accounts_organization;
DROP TRIGGER partner_listing_follows_change ON accounts_organization;
DROP TRIGGER partner_listing_follows_new ON accounts_organization; DROP FUNCTION partner_listing_follows_organization();
DROP FUNCTION portal_partner_sums(bigint[]); DROP FUNCTION partner_listing_sum(bigint);
DROP FUNCTION partner_listing_refresh(bigint[]); DROP FUNCTION partner_sums(bigint[]);
DROP FUNCTION partner_facts(bigint[]); DROP FUNCTION partner_badges(bigint); DROP FUNCTION partner_weeks(bigint);
"""
FILL = f"""
INSERT INTO entitlements_partnerlisting ({FACTS})
    SELECT {of("f", FACTS)} FROM partner_facts(ARRAY(SELECT id FROM accounts_organization WHERE kind <> 'customer')) f;
SELECT partner_listing_sum(organization_id) FROM entitlements_partnerlisting;
"""


class Migration(migrations.Migration):
    dependencies = [("entitlements", "0006_vendor")]

    operations = [
        migrations.CreateModel(
            name="PartnerListing",
            fields=[
                (
                    "organization",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="accounts.organization",
                    ),
                ),
                ("public_id", models.UUIDField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("vendor", "Vendor"),
                            ("distributor", "Distributor"),
                            ("partner", "Partner"),
                            ("customer", "Customer"),
                            ("publisher", "Publisher"),
                        ],
                        max_length=16,
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("name_folded", models.CharField(max_length=400)),
                ("org_id", models.CharField(max_length=8)),
                ("partner_id", models.CharField(max_length=12)),
                ("country", models.CharField(max_length=2)),
                ("website", models.CharField(max_length=120)),
                ("parent_name", models.CharField(max_length=200)),
                (
                    "state",
                    models.CharField(choices=[("active", "Active"), ("suspended", "Suspended")], max_length=12),
                ),
                ("is_confirmed", models.BooleanField()),
                ("created_at", models.DateTimeField()),
                ("operators", models.PositiveIntegerField()),
                ("last_sign_in_at", models.DateTimeField()),
                ("badges", models.JSONField()),
                ("next_lapse_on", models.DateField()),
                ("badges_change_on", models.DateField()),
                ("customers", models.PositiveIntegerField(db_default=0)),
                ("sharing", models.PositiveIntegerField(db_default=0)),
                ("over", models.PositiveIntegerField(db_default=0)),
                ("seats", models.PositiveBigIntegerField(db_default=0)),
                ("assigned", models.PositiveBigIntegerField(db_default=0)),
                ("overage", models.PositiveBigIntegerField(db_default=0)),
                (
                    "skus",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), db_default=[], size=None
                    ),
                ),
                ("sku_count", models.PositiveIntegerField(db_default=0)),
                ("next_expiry_on", models.DateField(db_default=datetime.date(9999, 12, 31))),
                (
                    "last_customer_at",
                    models.DateTimeField(db_default=datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)),
                ),
                (
                    "weeks",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(), db_default=[], size=16
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["parent", "name_folded", "organization"], name="partner_of_parent"),
                    models.Index(fields=["kind", "name_folded", "organization"], name="partner_of_kind"),
                    models.Index(fields=["badges_change_on"], name="partner_badges_change_on"),
                ],
            },
        ),
        migrations.RunSQL(LISTING, UNDO),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        # Whose the vendor is, is asked once for each statement and not for each row.
        enable_row_security(
            "entitlements_partnerlisting",
            using="parent_id = portal_org() OR (SELECT portal_is_vendor())",
            check="false",
        ),
    ]
