"""The log is append-only, every event is an outbox message, and notices belong to their recipient.

The app connections widens what an organisation sees by the portfolio, and narrows whom an event may tell, once those
tables exist.
"""

from django.db import migrations

from partnerportal.lib.tenancy import NOW, enable_row_security, fill_columns_by_trigger

TRIGGERS = """
CREATE FUNCTION event_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'events are append-only'; END $$;
CREATE TRIGGER event_is_final BEFORE UPDATE OR DELETE ON notifications_event
    FOR EACH ROW EXECUTE FUNCTION event_is_final();
REVOKE UPDATE, DELETE, TRUNCATE ON notifications_event FROM portal_worker;

-- The web role may write events but not see the outbox, so the message is put there with the definer's rights.
CREATE FUNCTION event_is_a_message() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO notifications_delivery (event_id, channel, attempts, next_at, error)
    VALUES (NEW.id, 'fan_out', 0, now(), '');
    RETURN NULL;
END $$;
CREATE TRIGGER event_is_a_message AFTER INSERT ON notifications_event
    FOR EACH ROW EXECUTE FUNCTION event_is_a_message();
"""

UNDO = """
DROP TRIGGER event_is_a_message ON notifications_event; DROP FUNCTION event_is_a_message();
DROP TRIGGER event_is_final ON notifications_event; DROP FUNCTION event_is_final();
"""


NAMED = "coalesce((SELECT name FROM accounts_organization WHERE id = NEW.organization_id), '')"
PERSON = "coalesce((SELECT coalesce(nullif(name, ''), email) FROM accounts_person WHERE id = NEW.actor_id), '')"


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial")]

    operations = [
        migrations.RunSQL(TRIGGERS, UNDO),
        enable_row_security(
            "notifications_event",
            using="organization_id = portal_org() OR counterpart_id = portal_org() OR customer_id = portal_org()",
            check="false",  # each app says with `tells` which kinds of event tenants write
            grant="SELECT, INSERT",
        ),
        # Readers of an event rely on when it was and who did it, in mails too, so the database itself says both.
        fill_columns_by_trigger(
            "notifications_event",
            on_insert={
                "at": NOW,
                "actor_label": PERSON,
                "organization_label": NAMED,
                "on_behalf_kind": "''",
                "on_behalf_id": "NULL",
                "on_behalf_label": "''",
            },
        ),
        enable_row_security("notifications_delivery", using="false", grant="SELECT"),
        enable_row_security(
            "notifications_notice",
            using="recipient_id = portal_org()",
            grant="SELECT, UPDATE (dismissed_at, dismissed_by_id)",
        ),
        fill_columns_by_trigger(
            "notifications_notice",
            on_change={
                "dismissed_at": f"CASE WHEN NEW.dismissed_at IS NOT NULL THEN {NOW} END",
                "dismissed_by_id": "CASE WHEN NEW.dismissed_at IS NOT NULL THEN portal_person() END",
            },
        ),
        enable_row_security("notifications_noticeread", using="person_id = portal_person()", grant="SELECT, INSERT"),
        enable_row_security(
            "notifications_inboxmark",
            using="person_id = portal_person() AND organization_id = portal_org()",
            grant="SELECT, INSERT, UPDATE (read_up_to)",
        ),
        enable_row_security(
            "notifications_noticepreference",
            using="person_id = portal_person() AND organization_id = portal_org()",
            grant="SELECT, INSERT, DELETE",
        ),
    ]
