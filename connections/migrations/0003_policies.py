"""Row-level security of connections and consents, and by the portfolio of organisations, events and notices."""

from django.db import migrations

from connections.directory import KNOWS_SQL
from connections.reach import make_sharing_condition_sql
from partnerportal.lib.scopes import Scope
from partnerportal.lib.states import enforce_state_transitions
from partnerportal.lib.tenancy import (
    NOW,
    allow_tenant_events,
    enable_row_security,
    fill_columns_by_trigger,
    replace_row_policy_condition,
)

ORGANIZATION = f"""id = portal_org() OR (SELECT portal_is_vendor()) OR {make_sharing_condition_sql("accounts_organization.id", Scope.ACCOUNT)}
    OR knows_organization(accounts_organization.id)"""
ORGANIZATION_BEFORE = """id = portal_org() OR (SELECT true FROM accounts_operator o
    WHERE o.person_id = portal_person() AND o.organization_id = accounts_organization.id)"""
EVENT_BEFORE = "organization_id = portal_org() OR counterpart_id = portal_org() OR customer_id = portal_org()"
EVENT = f"""{EVENT_BEFORE} OR scopes > 0 AND (SELECT true FROM connections_portfolio p
    WHERE p.viewer_id = portal_org() AND p.subject_id = customer_id
      AND p.scopes & notifications_event.scopes = notifications_event.scopes
      AND (notifications_event.scopes & {Scope.ORDERS:d} = 0 OR (SELECT portal_sees_finance())))"""
NOTICE_BEFORE = "recipient_id = portal_org()"
# Whom somebody knows beyond the portfolio stands in connections/directory.py. This is a function, because otherwise every
# statement that names an organisation would plan each of these conditions anew, which takes a millisecond. It has its
# definer's rights, because a policy that reads its own table would recurse.
KNOWS = f"""
CREATE FUNCTION knows_organization(known bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT {KNOWS_SQL} $$;
GRANT EXECUTE ON FUNCTION knows_organization(bigint) TO portal_app;
"""

# An event that a tenant writes may name as counterpart or customer: itself, an organisation in its portfolio, one that it
# is connected with, or one with which it has ended the connection within the hour. The vendor may name everybody. So
# nobody sends notices to strangers.
TELLS = """
CREATE FUNCTION may_tell(other bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT other = portal_org()
        OR EXISTS (SELECT FROM connections_portfolio WHERE viewer_id = portal_org() AND subject_id = other)
        OR EXISTS (SELECT FROM connections_connection
                   WHERE (partner_id, customer_id) IN ((other, portal_org()), (portal_org(), other))
                     AND (state = 'active' OR (ended_by_id = portal_org() AND ended_at > now() - interval '1 hour')))
        OR portal_is_vendor() $$;
GRANT EXECUTE ON FUNCTION may_tell(bigint) TO portal_app;
CREATE POLICY told_to_the_known ON notifications_event AS RESTRICTIVE FOR INSERT
    WITH CHECK ((counterpart_id IS NULL OR may_tell(counterpart_id)) AND (customer_id IS NULL OR may_tell(customer_id)));
"""
TELLS_UNDO = "DROP POLICY told_to_the_known ON notifications_event; DROP FUNCTION may_tell(bigint)"

# Only the customer's side can make a connection, and only with the partner whose invitation it holds, because a connection
# gives the partner sight of the customer's data, and each side the right to notify the other. The trigger fills in the
# organisations' own names, because they stand in the subjects of mails.
MADE = """
CREATE POLICY made_by_customer ON connections_connection AS RESTRICTIVE FOR INSERT
    WITH CHECK (customer_id = portal_org() AND portal_is_admin() AND EXISTS (SELECT FROM connections_invitationlink link
                WHERE link.organization_id = partner_id AND link.token = portal_secret()));
CREATE FUNCTION connection_names_its_sides() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF row_security_active('connections_connection') THEN
        SELECT name INTO NEW.partner_name FROM accounts_organization WHERE id = NEW.partner_id;
        SELECT name INTO NEW.customer_name FROM accounts_organization WHERE id = NEW.customer_id;
        NEW.partner_name := coalesce(NEW.partner_name, '');  -- of a stranger: the policy refuses the row
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER connection_names_its_sides BEFORE INSERT ON connections_connection
    FOR EACH ROW EXECUTE FUNCTION connection_names_its_sides();
"""
MADE_UNDO = """
DROP TRIGGER connection_names_its_sides ON connections_connection; DROP FUNCTION connection_names_its_sides();
DROP POLICY made_by_customer ON connections_connection;
"""

# Only the customer's Admins consent, for an active connection, and a consent is what changes the scopes of a connection:
# no tenant may write them otherwise.
OF_CONSENT = """(SELECT true FROM connections_connection c
    WHERE c.id = connection_id AND c.customer_id = portal_org()"""
OWN_CONSENT = f"{OF_CONSENT})"
NEW_CONSENT = f"""{OF_CONSENT} AND c.state = 'active') AND portal_is_admin()
    AND scopes & {Scope.ACCOUNT:d} > 0 AND scopes & ~offered = 0"""
PERSON = "coalesce((SELECT coalesce(nullif(name, ''), email) FROM accounts_person WHERE id = NEW.person_id), '')"
CONSENT = """
CREATE FUNCTION consent_holds() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE connections_connection SET scopes = NEW.scopes WHERE id = NEW.connection_id AND state = 'active';
    RETURN NULL;
END $$;
CREATE TRIGGER consent_holds AFTER INSERT ON connections_consent FOR EACH ROW EXECUTE FUNCTION consent_holds();
"""

MOVES = {"active": ["ended"], "ended": []}

# Each notice about a customer stores in `in_reach` whether its recipient may see it, by the scopes that it needs: an inbox
# counts 50,000 of them, and to ask the portfolio for each made the count two and a half times slower. A new notice locks
# the portfolio's row, or, where there is none yet, tries the lock that a change of the customer's connections takes. It
# never waits there, because whoever ends or narrows a connection waits for the notice, and the two could wait for each
# other. Instead the insert fails, and the outbox tries the event again, when it is known whether the change was committed
# or rolled back. The lock is FOR SHARE: with FOR KEY SHARE the scopes could be narrowed meanwhile.
NOTICES = """
CREATE FUNCTION notice_asks_portfolio() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE shared smallint;
BEGIN
    SELECT p.scopes INTO shared FROM connections_portfolio p
        WHERE p.viewer_id = NEW.recipient_id AND p.subject_id = NEW.about_id FOR SHARE NOWAIT;
    IF NOT FOUND THEN
        IF NOT pg_try_advisory_xact_lock_shared(portal_lock('customer', NEW.about_id)) THEN
            RAISE EXCEPTION 'the reach of this notice is being changed' USING ERRCODE = 'lock_not_available';
        END IF;
        SELECT p.scopes INTO shared FROM connections_portfolio p
            WHERE p.viewer_id = NEW.recipient_id AND p.subject_id = NEW.about_id;
    END IF;
    NEW.in_reach := coalesce(shared & NEW.scopes = NEW.scopes, false);
    RETURN NEW;
END $$;
CREATE TRIGGER notice_asks_portfolio BEFORE INSERT ON notifications_notice
    FOR EACH ROW WHEN (NEW.about_id IS NOT NULL) EXECUTE FUNCTION notice_asks_portfolio();

CREATE FUNCTION notices_follow_portfolio() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    pair record := coalesce(NEW, OLD);
    shared smallint := CASE WHEN TG_OP = 'DELETE' THEN 0 ELSE NEW.scopes END;
BEGIN
    UPDATE notifications_notice n SET in_reach = (shared & n.scopes = n.scopes)
        WHERE n.recipient_id = pair.viewer_id AND n.about_id = pair.subject_id
          AND n.in_reach <> (shared & n.scopes = n.scopes);
    RETURN NULL;
END $$;
CREATE TRIGGER notices_follow_portfolio AFTER INSERT OR DELETE OR UPDATE OF scopes ON connections_portfolio
    FOR EACH ROW EXECUTE FUNCTION notices_follow_portfolio();
"""
NOTICES_UNDO = """
DROP TRIGGER notices_follow_portfolio ON connections_portfolio; DROP FUNCTION notices_follow_portfolio();
DROP TRIGGER notice_asks_portfolio ON notifications_notice; DROP FUNCTION notice_asks_portfolio();
"""


class Migration(migrations.Migration):
    dependencies = [("connections", "0002_portfolio"), ("notifications", "0002_policies"), ("accounts", "0003_programs")]

    operations = [
        enable_row_security("connections_portfolio", using="viewer_id = portal_org()", check="false"),
        enable_row_security(
            "connections_invitationlink",
            using="organization_id = portal_org() OR token = portal_secret()",
            check="false",
        ),
        enable_row_security(
            "connections_connection",
            using="partner_id = portal_org() OR customer_id = portal_org()",
            grant="SELECT, INSERT, UPDATE (state, ended_at, ended_by_id)",
        ),
        fill_columns_by_trigger(  # the scopes come with the first consent
            "connections_connection",
            on_insert={"connected_at": NOW, "ended_at": "NULL", "ended_by_id": "NULL", "scopes": f"{Scope.ACCOUNT:d}"},
        ),
        migrations.RunSQL(MADE, MADE_UNDO),
        migrations.RunSQL(  # the side that ends it must name itself and the present time, by which `may_tell` goes
            """CREATE POLICY ended_in_ones_own_name ON connections_connection AS RESTRICTIVE FOR UPDATE
               USING (true) WITH CHECK (portal_is_admin() AND (state = 'active' OR ended_by_id = portal_org()
                   AND ended_at BETWEEN now() - interval '1 hour' AND now() + interval '1 hour'))""",
            "DROP POLICY ended_in_ones_own_name ON connections_connection",
        ),
        enforce_state_transitions("connections_connection", MOVES, initial_state="active", enforced_for="everybody"),
        enable_row_security("connections_consent", using=OWN_CONSENT, check=NEW_CONSENT, grant="SELECT, INSERT"),
        fill_columns_by_trigger("connections_consent", on_insert={"at": NOW, "person_id": "portal_person()", "person_label": PERSON}),
        migrations.RunSQL(CONSENT, "DROP TRIGGER consent_holds ON connections_consent; DROP FUNCTION consent_holds()"),
        migrations.RunSQL(KNOWS, "DROP FUNCTION knows_organization(bigint)"),
        allow_tenant_events("connections", "connection.established connection.ended connection.sharing_changed"),
        migrations.RunSQL(TELLS, TELLS_UNDO),
        replace_row_policy_condition("accounts_organization", ORGANIZATION, ORGANIZATION_BEFORE),
        replace_row_policy_condition("notifications_event", EVENT, EVENT_BEFORE),
        replace_row_policy_condition(
            "notifications_notice",
            f"{NOTICE_BEFORE} AND in_reach",
            NOTICE_BEFORE,
        ),
        migrations.RunSQL(NOTICES, NOTICES_UNDO),
    ]
