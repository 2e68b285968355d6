"""The triggers that keep the listing of resellers beside organisations, memberships and qualifications."""

from django.db import migrations

from partnerportal.lib.tenancy import enable_row_security

# `reseller_listing` is the definition; the triggers write again what it says of an organisation that has changed.
COLUMNS = "organization_id, public_id, name, name_folded, partner_id, tenant_id, kind, country, parent_id, is_suspended, competencies, skills, periods"
LISTING = f"""
CREATE FUNCTION reseller_listing() RETURNS TABLE (organization_id bigint, public_id uuid, name varchar,
    name_folded varchar, partner_id varchar, tenant_id uuid,
    kind varchar, country varchar, parent_id bigint, is_suspended boolean, competencies bigint[], skills bigint[],
    periods datemultirange)
    LANGUAGE sql STABLE AS $$
    SELECT o.id, o.public_id, o.name, o.name_folded, o.partner_id, o.tenant_id, o.kind, o.country, o.parent_id,
           o.state = 'suspended',
           ARRAY(SELECT c.competency_id FROM accounts_organizationcompetency c
                 WHERE c.organization_id = o.id ORDER BY 1),
           ARRAY(SELECT s.skill_id FROM accounts_organizationskill s
                 WHERE s.organization_id = o.id ORDER BY 1),
           range_agg(daterange(m.starts_on, m.ends_on, '[]'))
    FROM accounts_organization o JOIN accounts_programmembership m ON m.organization_id = o.id
    JOIN accounts_program p ON p.id = m.program_id AND 'marketplace_purchase' = ANY (p.grants)
    WHERE o.kind IN ('partner', 'distributor') GROUP BY o.id $$;
REVOKE EXECUTE ON FUNCTION reseller_listing() FROM PUBLIC;
CREATE FUNCTION list_reseller(changed bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DELETE FROM marketplace_resellerlisting WHERE organization_id = changed;
    INSERT INTO marketplace_resellerlisting ({COLUMNS})
        SELECT {COLUMNS} FROM reseller_listing() WHERE organization_id = changed $$;
REVOKE EXECUTE ON FUNCTION list_reseller(bigint) FROM PUBLIC;
CREATE FUNCTION organization_is_listed_as_reseller() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN PERFORM list_reseller(NEW.id); RETURN NULL; END $$;
CREATE TRIGGER organization_is_listed_as_reseller
    AFTER UPDATE OF public_id, name, name_folded, partner_id, tenant_id, kind, country, parent_id, state ON accounts_organization
    FOR EACH ROW WHEN (NEW.kind IN ('partner', 'distributor') OR OLD.kind IN ('partner', 'distributor'))
    EXECUTE FUNCTION organization_is_listed_as_reseller();
CREATE FUNCTION organization_leaves_resellers() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN DELETE FROM marketplace_resellerlisting WHERE organization_id = OLD.id; RETURN NULL; END $$;
CREATE TRIGGER organization_leaves_resellers AFTER DELETE ON accounts_organization
    FOR EACH ROW EXECUTE FUNCTION organization_leaves_resellers();
CREATE FUNCTION reseller_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM list_reseller(OLD.organization_id); END IF;
    IF TG_OP <> 'DELETE' THEN PERFORM list_reseller(NEW.organization_id); END IF;
    RETURN NULL;
END $$;
"""
FACTS = ("programmembership", "organizationcompetency", "organizationskill")
LISTING += "".join(
    f"""CREATE TRIGGER reseller_changed AFTER INSERT OR UPDATE OR DELETE ON accounts_{table}
        FOR EACH ROW EXECUTE FUNCTION reseller_changed();"""
    for table in FACTS
)
UNDO = "".join(f"DROP TRIGGER reseller_changed ON accounts_{table};" for table in FACTS) + """
DROP FUNCTION reseller_changed();
DROP TRIGGER organization_leaves_resellers ON accounts_organization; DROP FUNCTION organization_leaves_resellers();
DROP TRIGGER organization_is_listed_as_reseller ON accounts_organization;
DROP FUNCTION organization_is_listed_as_reseller(); DROP FUNCTION list_reseller(bigint); DROP FUNCTION reseller_listing();
"""
FILL = f"INSERT INTO marketplace_resellerlisting ({COLUMNS}) SELECT {COLUMNS} FROM reseller_listing()"


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0003_markets")]

    operations = [
        migrations.RunSQL(LISTING, UNDO),
        migrations.RunSQL(FILL, "DELETE FROM marketplace_resellerlisting"),
        # Asked once for each statement, not for each row.
        enable_row_security(
            "marketplace_resellerlisting",
            using="(SELECT portal_is_vendor()) OR (SELECT portal_is_publisher())",
            check="false",
        ),
    ]
