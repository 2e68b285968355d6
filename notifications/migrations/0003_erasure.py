"""The one way to change events: a function that overwrites a person's names and addresses wherever the log holds them.

Kinds, ids and times stay. The function records an event of its own, so nobody erases in silence.
"""

from django.db import migrations

ERASE = r"""
CREATE OR REPLACE FUNCTION event_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('portal.erasing', true) = 'on'
       AND (NEW.id, NEW.public_id, NEW.kind, NEW.at, NEW.person_id, NEW.organization_id, NEW.counterpart_id,
            NEW.customer_id, NEW.scopes, NEW.subject_kind, NEW.subject_id)
           IS NOT DISTINCT FROM
           (OLD.id, OLD.public_id, OLD.kind, OLD.at, OLD.person_id, OLD.organization_id, OLD.counterpart_id,
            OLD.customer_id, OLD.scopes, OLD.subject_kind, OLD.subject_id)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'events are append-only';
END $$;

-- Returns a pattern that finds each of these texts as a whole: not "ann@x.org" in "joann@x.org".
CREATE FUNCTION whole_words(words text[]) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT string_agg('(?<![\w.%+-])' || regexp_replace(word, '([^[:alnum:]])', '\\\1', 'g') || '(?![\w%+-]|\.\w)', '|')
    FROM unnest(words) AS word WHERE word <> '' $$;

-- Overwrites `names`, earlier ones too, in events by or about the person, and `addresses` in all events, notices and
-- errors of mails. A label of the person is overwritten as a whole, and so is the error of a mail to them, which may hold
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
        person_label = CASE WHEN found.by THEN gone ELSE regexp_replace(e.person_label, address, gone, 'gi') END,
        subject_label = CASE WHEN found.about THEN gone
            ELSE regexp_replace(e.subject_label, CASE WHEN found.by THEN either ELSE address END, gone, 'gi') END,
        organization_label = regexp_replace(e.organization_label, address, gone, 'gi'),
        counterpart_label = regexp_replace(e.counterpart_label, address, gone, 'gi'),
        data = regexp_replace(e.data::text, CASE WHEN found.by OR found.about THEN either ELSE address END, gone, 'gi')::jsonb
    FROM (SELECT id, coalesce(person_id = erased, false) AS by,
                 coalesce(subject_id = erased_public OR data ->> 'person' = erased_public::text, false) AS about
          FROM notifications_event) found
    WHERE e.id = found.id AND (found.by OR found.about OR concat_ws(
        ' ', e.person_label, e.subject_label, e.organization_label, e.counterpart_label, e.data::text) ~* address);
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM set_config('portal.erasing', '', true);
    UPDATE notifications_notice SET params = regexp_replace(params::text, address, gone, 'gi')::jsonb
        WHERE params::text ~* address;
    UPDATE notifications_delivery SET error = regexp_replace(error, address, gone, 'gi') WHERE error ~* address;
    UPDATE notifications_delivery SET error = gone WHERE error <> '' AND person_id = erased;
    INSERT INTO notifications_event (public_id, kind, at, person_label, organization_label, counterpart_label,
                                     subject_kind, subject_id, subject_label, data)
        VALUES (gen_random_uuid(), 'person.erased', now(), staff, '', '', 'accounts.person', erased_public, gone,
                jsonb_build_object('events', changed));
    RETURN changed;
END $$;
REVOKE EXECUTE ON FUNCTION whole_words(text[]), erase_from_log(bigint, uuid, text[], text[], text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_from_log(bigint, uuid, text[], text[], text) TO portal_worker;
"""
UNDO = """
DROP FUNCTION erase_from_log(bigint, uuid, text[], text[], text); DROP FUNCTION whole_words(text[]);
CREATE OR REPLACE FUNCTION event_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'events are append-only'; END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_policies")]
    operations = [migrations.RunSQL(ERASE, UNDO)]
