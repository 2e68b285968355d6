"""The one way to change events: a function that overwrites a person's names and addresses in the labels of the log.

Everything else stays: kinds, ids, times, data and changes, and the params of notices, which name nobody. The function records an event of its own,
so nobody erases in silence.
"""

from django.db import migrations

ERASE = r"""
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

-- Returns a pattern that finds each of these texts as a whole: not "ann@x.org" in "joann@x.org".
CREATE FUNCTION whole_words(words text[]) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT string_agg('(?<![\w.%+-])' || regexp_replace(word, '([^[:alnum:]])', '\\\1', 'g') || '(?![\w%+-]|\.\w)', '|')
    FROM unnest(words) AS word WHERE word <> '' $$;

-- Overwrites `names`, earlier ones too, in the labels of events by or about the person, and `addresses` in those of all
-- events, in the labels of notices and in errors of mails. A label of the person is overwritten as a whole, a notice's
-- note follows its event's, and overwritten as a whole is the error of a mail to them too, which may hold
-- an address that nothing else remembers. Returns how many events were changed.
CREATE FUNCTION erase_from_log(erased bigint, erased_public uuid, names text[], addresses text[], staff text)
    RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone CONSTANT text := '(erased)';
    address CONSTANT text := whole_words(addresses);
    either CONSTANT text := whole_words(names || addresses);
    changed bigint;
BEGIN
    PERFORM set_config('portal.erasing', 'on', true);
    UPDATE notifications_event e SET
        actor_label = CASE WHEN found.by THEN gone ELSE regexp_replace(e.actor_label, address, gone, 'gi') END,
        on_behalf_label = CASE WHEN found.behalf THEN gone ELSE regexp_replace(e.on_behalf_label, address, gone, 'gi') END,
        subject_label = CASE WHEN found.about THEN gone
            ELSE regexp_replace(e.subject_label, CASE WHEN found.by THEN either ELSE address END, gone, 'gi') END,
        organization_label = regexp_replace(e.organization_label, address, gone, 'gi'),
        counterpart_label = regexp_replace(e.counterpart_label, address, gone, 'gi'),
        note = regexp_replace(e.note, CASE WHEN found.by OR found.about THEN either ELSE address END, gone, 'gi')
    FROM (SELECT id, coalesce(actor_kind = 'person' AND actor_id = erased, false) AS by,
                 coalesce(on_behalf_kind = 'person' AND on_behalf_id = erased, false) AS behalf,
                 coalesce(subject_id = erased_public, false) AS about
          FROM notifications_event) found
    WHERE e.id = found.id AND (found.by OR found.behalf OR found.about OR concat_ws(
        ' ', e.actor_label, e.on_behalf_label, e.subject_label, e.organization_label, e.counterpart_label, e.note)
        ~* address);
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM set_config('portal.erasing', '', true);
    UPDATE notifications_notice SET about_label = regexp_replace(about_label, address, gone, 'gi')
        WHERE about_label ~* address;
    UPDATE notifications_notice n SET note = e.note FROM notifications_event e
        WHERE e.id = n.event_id AND n.note <> '' AND n.note <> e.note;
    UPDATE notifications_delivery SET error = regexp_replace(error, address, gone, 'gi') WHERE error ~* address;
    UPDATE notifications_delivery SET error = gone WHERE error <> '' AND person_id = erased;
    INSERT INTO notifications_event (public_id, kind, at, actor_label, organization_label, counterpart_label,
                                     subject_kind, subject_id, subject_label, data)
        VALUES (gen_random_uuid(), 'person.erased', now(), staff, '', '', 'accounts.person', erased_public, gone,
                jsonb_build_object('events', changed));
    RETURN changed;
END $$;
REVOKE EXECUTE ON FUNCTION whole_words(text[]), erase_from_log(bigint, uuid, text[], text[], text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION whole_words(text[]), erase_from_log(bigint, uuid, text[], text[], text) TO portal_worker;
"""
UNDO = """
DROP FUNCTION erase_from_log(bigint, uuid, text[], text[], text); DROP FUNCTION whole_words(text[]);
CREATE OR REPLACE FUNCTION event_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'events are append-only'; END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_policies")]
    operations = [migrations.RunSQL(ERASE, UNDO)]
