"""Row-level security of accounts: an organisation sees itself, and a person sees the organisations they act for.

The app connections widens the policy on organisations by the portfolio, once that table exists.
"""

from django.db import migrations

from partnerportal.lib.states import enforce_state_transitions
from partnerportal.lib.tenancy import NOW, allow_tenant_events, build_grant_sql, enable_row_security, fill_columns_by_trigger

OWN = """id = portal_org() OR (SELECT true FROM accounts_operator o
         WHERE o.person_id = portal_person() AND o.organization_id = accounts_organization.id)"""
OF_SEEN = "(SELECT true FROM accounts_organization o WHERE o.id = organization_id)"
QUALIFICATIONS = ("competency", "skill")
EDITABLE = "name, name_folded, country, street, postal_code, city, phone, contact_email, website"

# What only the vendor's Admins write, of any organisation; staff at the command line are above the policies.
KEPT = "tenant_id, partner_id, state, parent_id, account_manager_id, account_manager_phone"
STAFF = "(SELECT portal_is_vendor() AND portal_is_admin())"
# Only a customer may change its name and country: vendor staff verified those of every other kind. People trust an
# invitation because of the name, and the market follows from the country (E-10). Nobody but staff changes what an
# organisation is to the vendor. The rule holds for every role that row-level security holds for, so not for the job
# role, which may not even ask who is staff: hence two conditions.
VERIFIED = f"""
CREATE FUNCTION organization_is_kept_by_staff() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF row_security_active('accounts_organization') THEN
        IF NOT (portal_is_vendor() AND portal_is_admin()) THEN
            RAISE EXCEPTION 'only vendor staff change this of an organisation' USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER organization_keeps_what_is_verified BEFORE UPDATE OF name, name_folded, country ON accounts_organization
    FOR EACH ROW
    WHEN (OLD.kind <> 'customer'
          AND (OLD.name, OLD.name_folded, OLD.country) IS DISTINCT FROM (NEW.name, NEW.name_folded, NEW.country))
    EXECUTE FUNCTION organization_is_kept_by_staff();
CREATE TRIGGER organization_is_kept_by_staff BEFORE UPDATE OF {KEPT} ON accounts_organization
    FOR EACH ROW
    WHEN ((OLD.{KEPT.replace(", ", ", OLD.")}) IS DISTINCT FROM (NEW.{KEPT.replace(", ", ", NEW.")}))
    EXECUTE FUNCTION organization_is_kept_by_staff();
CREATE POLICY kept_by_staff ON accounts_organization FOR UPDATE USING ({STAFF}) WITH CHECK ({STAFF});
"""
VERIFIED_UNDO = """
DROP POLICY kept_by_staff ON accounts_organization;
DROP TRIGGER organization_is_kept_by_staff ON accounts_organization;
DROP TRIGGER organization_keeps_what_is_verified ON accounts_organization;
DROP FUNCTION organization_is_kept_by_staff();
"""

# The account manager's name and address stand in columns that the organisation sees, because it sees no operator of the
# vendor. They follow the person, and go when the operator does.
ACCOUNT_MANAGER = """
ALTER TABLE accounts_organization ADD CONSTRAINT organization_account_manager
    FOREIGN KEY (account_manager_id) REFERENCES accounts_operator (id) ON DELETE SET NULL;
CREATE FUNCTION organization_names_its_account_manager() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.account_manager_id IS NOT NULL THEN
        SELECT person.name, person.email INTO NEW.account_manager_name, NEW.account_manager_email
            FROM accounts_operator operator JOIN accounts_person person ON person.id = operator.person_id
                JOIN accounts_organization vendor ON vendor.id = operator.organization_id AND vendor.kind = 'vendor'
            WHERE operator.id = NEW.account_manager_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'an account manager is one of the vendor''s operators' USING ERRCODE = 'check_violation';
        END IF;
    ELSIF TG_OP = 'UPDATE' AND OLD.account_manager_id IS NOT NULL THEN
        NEW.account_manager_name := ''; NEW.account_manager_email := ''; NEW.account_manager_phone := '';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER organization_names_its_account_manager BEFORE INSERT OR UPDATE OF account_manager_id
    ON accounts_organization FOR EACH ROW EXECUTE FUNCTION organization_names_its_account_manager();
CREATE FUNCTION account_manager_is_renamed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE accounts_organization SET account_manager_name = NEW.name, account_manager_email = NEW.email
        WHERE account_manager_id IN (SELECT id FROM accounts_operator WHERE person_id = NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER account_manager_is_renamed AFTER UPDATE OF name, email ON accounts_person
    FOR EACH ROW WHEN ((OLD.name, OLD.email) IS DISTINCT FROM (NEW.name, NEW.email))
    EXECUTE FUNCTION account_manager_is_renamed();
"""
ACCOUNT_MANAGER_UNDO = """
DROP TRIGGER account_manager_is_renamed ON accounts_person; DROP FUNCTION account_manager_is_renamed();
DROP TRIGGER organization_names_its_account_manager ON accounts_organization;
DROP FUNCTION organization_names_its_account_manager();
ALTER TABLE accounts_organization DROP CONSTRAINT organization_account_manager;
"""

# The database itself checks that what the role table leaves to Admins is done by an Admin. The functions have their
# definer's rights, because a policy that reads its own table would recurse.
ADMIN = """
CREATE FUNCTION portal_is_admin() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM accounts_operator
                   WHERE person_id = portal_person() AND organization_id = portal_org() AND 'admin' = ANY (roles)) $$;
CREATE FUNCTION portal_is_vendor() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM accounts_organization WHERE id = portal_org() AND kind = 'vendor') $$;
CREATE FUNCTION portal_is_new() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM accounts_operator WHERE organization_id = portal_org()) $$;
-- Whether the person sees orders and prices of customers (E-13). Policies ask it, as the first lock asks the actor.
CREATE FUNCTION portal_sees_finance() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM accounts_operator
                   WHERE person_id = portal_person() AND organization_id = portal_org()
                     AND (finance_granted OR roles && '{admin,admin_agent}')) $$;
GRANT EXECUTE ON FUNCTION portal_is_admin(), portal_is_vendor(), portal_is_new(), portal_sees_finance() TO portal_app;
CREATE POLICY edited_by_admins ON accounts_organization AS RESTRICTIVE FOR UPDATE
    USING (true) WITH CHECK (portal_is_admin());
"""
ADMIN_UNDO = """
DROP POLICY edited_by_admins ON accounts_organization;
DROP FUNCTION portal_sees_finance(); DROP FUNCTION portal_is_new(); DROP FUNCTION portal_is_vendor(); DROP FUNCTION portal_is_admin();
"""

# A person sees their operators in every organisation. Admins change the operators of the organisation that they act for,
# and whoever creates an organisation becomes its first operator. At least one Admin remains: two Admins who take the
# role from each other at the same time wait for each other at the lock.
OPERATORS = """
CREATE POLICY first_of_their_own ON accounts_operator AS RESTRICTIVE FOR INSERT
    WITH CHECK (person_id = portal_person() AND portal_is_new());
CREATE POLICY changed_by_their_own ON accounts_operator AS RESTRICTIVE FOR UPDATE
    USING (organization_id = portal_org()) WITH CHECK (portal_is_admin());
CREATE POLICY removed_by_their_own ON accounts_operator AS RESTRICTIVE FOR DELETE
    USING (organization_id = portal_org() AND portal_is_admin());
CREATE FUNCTION operator_one_admin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF row_security_active('accounts_operator') AND (TG_OP = 'DELETE' OR NOT 'admin' = ANY (NEW.roles)) THEN
        PERFORM pg_advisory_xact_lock(portal_lock('operators', OLD.organization_id));
        IF NOT EXISTS (SELECT FROM accounts_operator o WHERE o.organization_id = OLD.organization_id
                       AND o.id <> OLD.id AND 'admin' = ANY (o.roles)) THEN
            RAISE EXCEPTION 'the last Admin stays: this violates operator_one_admin'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'operator_one_admin', TABLE = 'accounts_operator';
        END IF;
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER operator_one_admin BEFORE UPDATE OR DELETE ON accounts_operator
    FOR EACH ROW WHEN ('admin' = ANY (OLD.roles)) EXECUTE FUNCTION operator_one_admin();
"""
# Only organisations that sell have agents: see lib/roles.py. The rule holds for staff too. It has its definer's rights,
# because whoever adds the first operator of an organisation does not see the organisation yet.
ROLES = """
CREATE FUNCTION operator_has_roles_of_its_kind() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM accounts_organization
                   WHERE id = NEW.organization_id AND kind IN ('partner', 'distributor')) THEN
        RAISE EXCEPTION 'organisations of this kind have no agents: this violates operator_roles_of_kind'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'operator_roles_of_kind', TABLE = 'accounts_operator';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER operator_has_roles_of_its_kind BEFORE INSERT OR UPDATE OF roles, organization_id ON accounts_operator
    FOR EACH ROW WHEN (NOT NEW.roles <@ ARRAY['reader', 'admin']::varchar[])
    EXECUTE FUNCTION operator_has_roles_of_its_kind();
"""
ROLES_UNDO = """
DROP TRIGGER operator_has_roles_of_its_kind ON accounts_operator; DROP FUNCTION operator_has_roles_of_its_kind();
"""
OPERATORS_UNDO = """
DROP TRIGGER operator_one_admin ON accounts_operator; DROP FUNCTION operator_one_admin();
DROP POLICY removed_by_their_own ON accounts_operator; DROP POLICY changed_by_their_own ON accounts_operator;
DROP POLICY first_of_their_own ON accounts_operator;
"""

# By this function `tenancy.enter_tenant` enters no suspended organisation, so that its people see and write nothing of
# it, whatever code asks, and what it has stays as it is.
ENTERABLE = """
CREATE FUNCTION portal_enterable(wanted bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM accounts_organization WHERE id = wanted AND state = 'suspended') THEN RETURN NULL; END IF;
    RETURN wanted;
END $$;
GRANT EXECUTE ON FUNCTION portal_enterable(bigint) TO portal_app, portal_worker;
"""

MOVES = {"active": ["suspended"], "suspended": ["active"]}


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("notifications", "0001_initial")]

    operations = [
        enable_row_security(
            "accounts_operator",
            using="organization_id = portal_org() OR person_id = portal_person()",
            check="organization_id = portal_org()",
            grant="SELECT, INSERT, UPDATE (roles, finance_granted), DELETE",
        ),
        fill_columns_by_trigger("accounts_operator", on_insert={"created_at": NOW}),
        enable_row_security(
            "accounts_organization",
            using=OWN,
            check="id = portal_org()",
            grant=f"SELECT, INSERT, INSERT (id), UPDATE ({EDITABLE}, {KEPT})",  # the id too: a new organisation is entered as tenant before it is stored
        ),
        migrations.RunSQL(
            "GRANT USAGE ON SEQUENCE accounts_organization_id_seq TO portal_app",
            "REVOKE USAGE ON SEQUENCE accounts_organization_id_seq FROM portal_app",
        ),
        fill_columns_by_trigger(
            "accounts_organization",
            on_insert={"created_at": NOW, "partner_id": "''", "account_manager_id": "NULL"}
            | dict.fromkeys([f"account_manager_{what}" for what in ("name", "email", "phone")], "''"),
        ),
        migrations.RunSQL(ACCOUNT_MANAGER, ACCOUNT_MANAGER_UNDO),
        enforce_state_transitions("accounts_organization", MOVES, initial_state="active", enforced_for="everybody"),
        migrations.RunSQL(ENTERABLE, "DROP FUNCTION portal_enterable(bigint)"),
        migrations.RunSQL(ADMIN, ADMIN_UNDO),
        migrations.RunSQL(OPERATORS, OPERATORS_UNDO),
        migrations.RunSQL(ROLES, ROLES_UNDO),
        migrations.RunSQL(  # people create customers only; vendor staff register every other kind
            """CREATE POLICY founded_by_people ON accounts_organization AS RESTRICTIVE FOR INSERT
               WITH CHECK (kind = 'customer' AND parent_id IS NULL)""",
            "DROP POLICY founded_by_people ON accounts_organization",
        ),
        migrations.RunSQL(VERIFIED, VERIFIED_UNDO),
        enable_row_security(
            "accounts_programmembership",
            using=OF_SEEN,
            check=STAFF,
            grant="SELECT, INSERT, UPDATE (ends_on)",
        ),
        *(
            enable_row_security(
                f"accounts_organization{what}", using=OF_SEEN, check=STAFF, grant="SELECT, INSERT, DELETE"
            )
            for what in QUALIFICATIONS
        ),
        *(
            migrations.RunSQL(
                f"""CREATE POLICY taken_away_by_staff ON accounts_organization{what} AS RESTRICTIVE FOR DELETE
                    USING ({STAFF})""",
                f"DROP POLICY taken_away_by_staff ON accounts_organization{what}",
            )
            for what in QUALIFICATIONS
        ),
        migrations.RunSQL(build_grant_sql("accounts_program", "SELECT"), migrations.RunSQL.noop),
        *(  # the same for everyone, and kept by the vendor's Admins
            enable_row_security(
                f"accounts_{catalogue}",
                using="true",
                check=STAFF,
                grant="SELECT, INSERT, UPDATE (name, is_retired, revision)",
            )
            for catalogue in QUALIFICATIONS
        ),
        allow_tenant_events(
            "accounts",
            "organization.contact_changed organization.created operator.removed operator.roles_changed view.shared",
        ),
        allow_tenant_events(
            "accounts_vendor",
            "account_manager.changed membership.changed organization.identity_corrected organization.reactivated"
            " organization.suspended partner.moved qualification.added qualification.changed qualifications.changed",
            condition="portal_is_vendor() AND portal_is_admin()",
        ),
    ]
