"""What an organisation says of itself, what its founder does not choose, and what its Admins alone do and record."""

from importlib import import_module

from django.db import migrations

from partnerportal.lib.tenancy import fill_columns_by_trigger, restrict_tenant_events

_before: dict[str, str] = import_module("accounts.migrations.0013_staff").SETTLED_BUT_BY_STAFF

# The vendor's feeds know organisations by these numbers. A founder who chose them would be told what is another's.
ORG_ID = """
CREATE FUNCTION portal_unused_org_id() RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE drawn text;
BEGIN
    LOOP
        drawn := (10000000 + floor(random() * 90000000))::integer::text;
        EXIT WHEN NOT EXISTS (SELECT FROM accounts_organization WHERE org_id = drawn);
    END LOOP;
    RETURN drawn;
END $$;
GRANT EXECUTE ON FUNCTION portal_unused_org_id() TO portal_app;
"""
BUT_BY_STAFF = "CASE WHEN portal_is_vendor() AND portal_is_admin() THEN NEW.{} ELSE {} END"
SETTLED = _before | {
    "org_id": BUT_BY_STAFF.format("org_id", "portal_unused_org_id()"),
    "tenant_id": BUT_BY_STAFF.format("tenant_id", "gen_random_uuid()"),
}

# The vendor's Admins may write every organisation, because they correct what they have verified and say what it is to
# the vendor. All else is its own, above all that its people need a second factor.
OWN = "street, postal_code, city, phone, contact_email, website, requires_second_factor"
SAID_BY_ITSELF = f"""
CREATE FUNCTION organization_says_this_itself() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF row_security_active('accounts_organization') AND OLD.id IS DISTINCT FROM portal_org() THEN
        RAISE EXCEPTION 'only the organisation itself changes this' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER organization_says_this_itself BEFORE UPDATE OF {OWN} ON accounts_organization FOR EACH ROW
    WHEN ((OLD.{OWN.replace(", ", ", OLD.")}) IS DISTINCT FROM (NEW.{OWN.replace(", ", ", NEW.")}))
    EXECUTE FUNCTION organization_says_this_itself();
"""
SAID_BY_ITSELF_UNDO = """
DROP TRIGGER organization_says_this_itself ON accounts_organization; DROP FUNCTION organization_says_this_itself();
"""

# Whoever holds a token writes the row too, to open and accept it.
KEPT_BY_SENDER = """
CREATE FUNCTION operator_invitation_is_kept_by_sender() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF row_security_active('accounts_operatorinvitation')
       AND NOT (portal_is_admin() AND (OLD.organization_id = portal_org() OR portal_is_vendor())) THEN
        RAISE EXCEPTION 'only whoever sends an invitation lets it end later' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER kept_by_sender BEFORE UPDATE OF expires_at ON accounts_operatorinvitation FOR EACH ROW
    WHEN (OLD.expires_at IS DISTINCT FROM NEW.expires_at) EXECUTE FUNCTION operator_invitation_is_kept_by_sender();
"""
KEPT_BY_SENDER_UNDO = """
DROP TRIGGER kept_by_sender ON accounts_operatorinvitation; DROP FUNCTION operator_invitation_is_kept_by_sender();
"""

_settled_before = fill_columns_by_trigger("accounts_organization", on_insert=_before)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0015_standing")]

    operations = [
        migrations.RunSQL(ORG_ID, "DROP FUNCTION portal_unused_org_id()"),
        migrations.RunSQL(_settled_before.reverse_sql, _settled_before.sql),
        fill_columns_by_trigger("accounts_organization", on_insert=SETTLED),
        migrations.RunSQL(SAID_BY_ITSELF, SAID_BY_ITSELF_UNDO),
        migrations.RunSQL(KEPT_BY_SENDER, KEPT_BY_SENDER_UNDO),
        restrict_tenant_events(
            "admins_in_accounts",
            "organization.contact_changed organization.created organization.second_factor_rule_changed"
            " operator.removed operator.roles_changed view.shared domain.added domain.removed join.granted join.declined"
            " operator_invitation.link_copied operator_invitation.sent operator_invitation.sent_again"
            " operator_invitation.withdrawn",
        ),
    ]
