"""The digest of each event, the chain of links that seals them, and the end of events that were kept long enough."""

import django.contrib.postgres.functions
from django.db import migrations, models
from django.db.models import Func, Q
from django.db.models.functions import Now

from notifications.sealing import CLOSED_FIELDS, OPEN_FIELDS, build_event_digest_sql, build_rest_digest_sql
from partnerportal.lib.tenancy import enable_row_security

TYPES = {
    "public_id": "uuid", "at": "timestamptz", "subject_id": "uuid", "changes": "jsonb", "salt": "uuid",
    "actor_id": "bigint", "on_behalf_id": "bigint", "organization_id": "bigint", "counterpart_id": "bigint",
    "customer_id": "bigint", "scopes": "smallint", "data": "jsonb",
}  # fmt: skip


def parameters(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} {TYPES.get(name, 'text')}" for name in names)


# What they call depends on no setting of a session, which PostgreSQL cannot know of convert_to in general.
DIGESTS = f"""
CREATE FUNCTION event_rest({parameters(CLOSED_FIELDS)}) RETURNS bytea LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN RETURN {build_rest_digest_sql()}; END $$;
CREATE FUNCTION event_digest({parameters(OPEN_FIELDS)}, rest bytea) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN RETURN {build_event_digest_sql(rest="rest")}; END $$;
REVOKE EXECUTE ON FUNCTION event_rest, event_digest FROM PUBLIC;
GRANT EXECUTE ON FUNCTION event_rest, event_digest TO portal_app, portal_worker;
"""
DIGESTS_UNDO = "DROP FUNCTION event_digest; DROP FUNCTION event_rest;"

# In a trigger before the row is stored, a generated column has no value yet: PostgreSQL computes it afterwards.
FINAL = """
CREATE OR REPLACE FUNCTION event_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    labels CONSTANT text[] := ARRAY['actor_label', 'on_behalf_label', 'subject_label', 'organization_label',
                                    'counterpart_label', 'note', 'digest'];
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('portal.erasing', true) = 'on'
       AND to_jsonb(NEW) - labels = to_jsonb(OLD) - labels
    THEN
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' AND current_setting('portal.pruning', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'events are append-only';
END $$;
"""
FINAL_UNDO = """
CREATE OR REPLACE FUNCTION event_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    labels CONSTANT text[] := ARRAY['actor_label', 'on_behalf_label', 'subject_label', 'organization_label',
                                    'counterpart_label', 'note'];
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('portal.erasing', true) = 'on'
       AND to_jsonb(NEW) - labels = to_jsonb(OLD) - labels
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'events are append-only';
END $$;
"""

QUEUE = """
INSERT INTO notifications_unsealedevent (event_id) SELECT id FROM notifications_event;
-- With the definer's rights, because the web role sees nothing of the queue.
CREATE FUNCTION event_awaits_seal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO notifications_unsealedevent (event_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER event_awaits_seal AFTER INSERT ON notifications_event
    FOR EACH ROW EXECUTE FUNCTION event_awaits_seal();

CREATE FUNCTION seal_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('portal.pruning', true) = 'on' THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'seals are append-only';
END $$;
CREATE TRIGGER seal_is_final BEFORE UPDATE OR DELETE ON notifications_eventseal
    FOR EACH ROW EXECUTE FUNCTION seal_is_final();
REVOKE UPDATE, DELETE, TRUNCATE ON notifications_eventseal FROM portal_worker;
"""
QUEUE_UNDO = """
DROP TRIGGER event_awaits_seal ON notifications_event; DROP FUNCTION event_awaits_seal();
DROP TRIGGER seal_is_final ON notifications_eventseal; DROP FUNCTION seal_is_final();
"""

# The one way to delete events: the oldest links of the chain with their events, notices and deliveries, as long as all
# of these are older than `before` and were sealed 90 days ago, at most `most` links at once. The last link stays without
# its event, because the chain goes on from it: by its time it can be told later that nothing younger was deleted.
# Returns its position and digest, and how many events were deleted; no row if there are none.
PRUNE = """
CREATE FUNCTION prune_log(before timestamptz, most bigint, OUT pruned_to bigint, OUT link bytea, OUT events bigint)
    RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint[];
    young bigint;
BEGIN
    IF before > now() - interval '90 days' THEN
        RAISE EXCEPTION 'this violates that events are kept for 90 days' USING ERRCODE = 'check_violation';
    END IF;
    SELECT s.position + prune_log.most - 1 INTO pruned_to
        FROM notifications_eventseal s JOIN notifications_event e ON e.id = s.event_id ORDER BY s.position LIMIT 1;
    SELECT s.position INTO young FROM notifications_eventseal s JOIN notifications_event e ON e.id = s.event_id
        WHERE s.position <= pruned_to AND (e.at >= prune_log.before OR s.sealed_at > now() - interval '90 days')
        ORDER BY s.position LIMIT 1;
    SELECT s.position, s.digest INTO pruned_to, link FROM notifications_eventseal s
        WHERE s.position <= least(pruned_to, young - 1) ORDER BY s.position DESC LIMIT 1;
    SELECT array_agg(e.id) INTO gone FROM notifications_eventseal s JOIN notifications_event e ON e.id = s.event_id
        WHERE s.position <= pruned_to;
    IF gone IS NULL THEN RETURN; END IF;
    PERFORM set_config('portal.pruning', 'on', true);
    DELETE FROM notifications_delivery WHERE event_id = ANY (gone);
    DELETE FROM notifications_noticeread WHERE notice_id IN (
        SELECT id FROM notifications_notice WHERE event_id = ANY (gone));
    DELETE FROM notifications_notice WHERE event_id = ANY (gone);
    DELETE FROM notifications_event WHERE id = ANY (gone);
    DELETE FROM notifications_eventseal WHERE position < pruned_to;
    PERFORM set_config('portal.pruning', '', true);
    events := cardinality(gone);
    RETURN NEXT;
END $$;
REVOKE EXECUTE ON FUNCTION prune_log FROM PUBLIC;
GRANT EXECUTE ON FUNCTION prune_log TO portal_worker;
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0004_secret_mails")]

    operations = [
        migrations.RunSQL(DIGESTS, DIGESTS_UNDO),
        migrations.AddField(
            model_name="event",
            name="salt",
            field=models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False),
        ),
        migrations.AddField(
            model_name="event",
            name="digest",
            field=models.GeneratedField(
                db_persist=True,
                expression=Func(
                    *OPEN_FIELDS, Func(*CLOSED_FIELDS, function="event_rest"), function="event_digest"
                ),
                output_field=models.BinaryField(max_length=32),
            ),
        ),
        migrations.RunSQL(
            "GRANT INSERT (salt) ON notifications_event TO portal_app",  # which writes DEFAULT into it
            "REVOKE INSERT (salt) ON notifications_event FROM portal_app",
        ),
        migrations.RunSQL(FINAL, FINAL_UNDO),
        migrations.CreateModel(
            name="UnsealedEvent",
            fields=[
                ("event_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("stored_at", models.DateTimeField(db_default=Now())),
            ],
        ),
        migrations.CreateModel(
            name="EventSeal",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("event_id", models.BigIntegerField(unique=True)),
                ("event_digest", models.BinaryField(max_length=32)),
                ("previous", models.BinaryField(max_length=32, unique=True)),
                ("digest", models.BinaryField(max_length=32)),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("position__gte", 1)), name="event_seal_position"),
                ],
            },
        ),
        migrations.RunSQL(QUEUE, QUEUE_UNDO),
        enable_row_security("notifications_unsealedevent", using="false"),
        # An event's own policy is asked within: a link tells nothing of an event that is not seen.
        enable_row_security(
            "notifications_eventseal", using="EXISTS (SELECT FROM notifications_event e WHERE e.id = event_id)"
        ),
        migrations.RunSQL(PRUNE, "DROP FUNCTION prune_log"),
        *(
            migrations.RemoveIndex(model_name="event", name=name)
            for name in ("event_by_organization", "event_by_counterpart", "event_by_customer")
        ),
        *(
            migrations.AddIndex(model_name="event", index=index)
            for index in (
                models.Index(fields=["organization_id", "-at", "-id"], name="event_of_organization"),
                models.Index(
                    fields=["counterpart_id", "-at", "-id"],
                    name="event_of_counterpart",
                    condition=Q(counterpart_id__isnull=False),
                ),
                models.Index(
                    fields=["customer_id", "-at", "-id"],
                    name="event_of_customer",
                    condition=Q(customer_id__isnull=False),
                ),
                models.Index(
                    fields=["actor_id", "-at", "-id"], name="event_of_actor", condition=Q(actor_id__isnull=False)
                ),
            )
        ),
    ]
