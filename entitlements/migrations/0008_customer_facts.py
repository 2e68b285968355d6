"""The type, status and creation of customers in their listing, and their web domain where searches find it."""

import datetime

from django.db import migrations, models

from partnerportal.lib.scopes import Scope

# The columns that are copied from the organisation, with their types, before and since, and what differs from a copy.
BEFORE = {
    "public_id": "uuid",
    "name": "varchar",
    "name_folded": "varchar",
    "org_id": "varchar",
    "country": "varchar",
    "website": "varchar",
}
SINCE = BEFORE | {"kind": "varchar", "state": "varchar", "created_at": "timestamptz"}
LOWERED = {"website": "lower({of}website)"}
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


def names(columns: dict[str, str], of: str = "", read: dict[str, str] | None = None) -> str:
    """Return the columns as an SQL list, each with `of` before it, or as `read` has it."""
    return ", ".join((read or {}).get(column, "{of}" + column).format(of=of) for column in columns)


def typed(columns: dict[str, str]) -> str:
    """Return the columns as an SQL list, each with its type."""
    return ", ".join(f"{column} {kind}" for column, kind in columns.items())


def build_functions(copied: dict[str, str], read: dict[str, str]) -> str:
    """Return the SQL that makes anew what knows the copied columns (0002, 0005): the definition and the triggers' functions."""
    numbers = ", ".join(
        f"CASE WHEN p.scopes & {Scope.ENTITLEMENTS:d} > 0 THEN c.{column} ELSE {UNKNOWN.get(kind, 0)} END"
        for column, kind in NUMBERS.items()
    )
    listed = dict.fromkeys(("viewer_id", "customer_id", "connected_at", "scopes", *copied, *NUMBERS, "unusual"), "")
    return f"""
DROP FUNCTION listing_expected(bigint[]); DROP FUNCTION listing_content(bigint[]);
CREATE FUNCTION listing_content(customers bigint[])
    RETURNS TABLE (customer_id bigint, {typed(copied | NUMBERS)}, unusual varchar[]) LANGUAGE sql STABLE AS $$
    SELECT n.customer_id, {names(copied, "o.", read)}, {names(NUMBERS, "n.")}, coalesce(u.unusual, '{{}}')
    FROM listing_numbers(customers) n JOIN accounts_organization o ON o.id = n.customer_id
    LEFT JOIN entitlements_customerusage u ON u.customer_id = o.id $$;
CREATE FUNCTION listing_expected(customers bigint[]) RETURNS TABLE (viewer_id bigint, customer_id bigint,
        connected_at timestamptz, scopes smallint, {typed(copied | NUMBERS)}, unusual varchar[]) LANGUAGE sql STABLE AS $$
    SELECT p.viewer_id, p.subject_id, p.since, p.scopes, {names(copied, "c.")}, {numbers},
           CASE WHEN p.scopes & {Scope.USAGE:d} > 0 THEN c.unusual ELSE '{{}}' END
    FROM connections_portfolio p JOIN listing_content(customers) c ON c.customer_id = p.subject_id
    WHERE p.path IN ('2_connection', '3_partner_customer') $$;
GRANT EXECUTE ON FUNCTION listing_content(bigint[]), listing_expected(bigint[]) TO portal_worker;

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

DROP TRIGGER listing_follows_organization ON accounts_organization;
CREATE OR REPLACE FUNCTION listing_follows_organization() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE entitlements_customerlisting SET ({names(copied)}) = ROW({names(copied, "NEW.", read)}) WHERE customer_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER listing_follows_organization AFTER UPDATE OF {names(copied)} ON accounts_organization
    FOR EACH ROW EXECUTE FUNCTION listing_follows_organization();
"""  # noqa: S608 - constants of this module


FILL = """UPDATE entitlements_customerlisting l
    SET kind = o.kind, state = o.state, created_at = o.created_at, website = lower(o.website)
    FROM accounts_organization o WHERE o.id = l.customer_id"""


class Migration(migrations.Migration):
    dependencies = [("entitlements", "0007_partners")]

    operations = [
        migrations.AddField(
            "customerlisting",
            "kind",
            models.CharField(
                choices=[
                    ("vendor", "Vendor"),
                    ("distributor", "Distributor"),
                    ("partner", "Partner"),
                    ("customer", "Customer"),
                    ("publisher", "Publisher"),
                ],
                default="customer",
                max_length=16,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "customerlisting",
            "state",
            models.CharField(
                choices=[("active", "Active"), ("suspended", "Suspended")], default="active", max_length=12
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "customerlisting",
            "created_at",
            models.DateTimeField(default=datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)),
            preserve_default=False,
        ),
        migrations.RunSQL(build_functions(SINCE, LOWERED), build_functions(BEFORE, {})),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RemoveIndex("customerlisting", "listing_name_folded"),
        migrations.AddIndex(
            "customerlisting",
            models.Index(
                fields=["viewer", "name_folded", "customer"],
                include=["org_id", "website"],
                name="listing_name_folded",
            ),
        ),
        migrations.AddIndex(
            "customerlisting",
            models.Index(fields=["viewer", "created_at", "customer"], name="listing_created_at"),
        ),
    ]
