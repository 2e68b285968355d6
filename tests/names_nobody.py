"""No event or notice of any test names a person outside its labels: the databases of tests refuse it.

An erasure overwrites the labels and notes of events and notices, and nothing else, so what stands in `data`, `changes`
and `params` is never a person's name or address. In production nobody could ask this of each row, because it reads
every person.

Nor does `changes` hold the primary key of anything, because readers and exported logs would have a number that means
nothing to them: what it refers to is said by a code, an ORGID or a public id.
"""

from django.db import connection

REFUSE = """
CREATE SCHEMA tests;
GRANT USAGE ON SCHEMA tests TO PUBLIC;
CREATE FUNCTION tests.names_nobody(kind text, said text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    named text;
BEGIN
    SELECT email INTO named FROM accounts_person
        WHERE strpos(said, lower(email)) > 0 OR length(name) > 3 AND strpos(said, lower(to_json(name)::text)) > 0
        LIMIT 1;
    IF FOUND THEN RAISE EXCEPTION '% names the person %: %', kind, named, said; END IF;
END $$;
GRANT EXECUTE ON FUNCTION tests.names_nobody(text, text) TO PUBLIC;
CREATE FUNCTION tests.event_names_nobody() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tests.names_nobody('the data of ' || NEW.kind, lower(concat(NEW.data, ' ', NEW.changes)));
    IF jsonb_path_exists(NEW.changes, '$.keyvalue() ? (@.key like_regex "_ids?$").value[*][*] ? (@.type() == "number")')
    THEN RAISE EXCEPTION 'the changes of % hold a primary key: %', NEW.kind, NEW.changes; END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION tests.notice_names_nobody() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tests.names_nobody('the notice ' || NEW.kind, lower(NEW.params::text));
    RETURN NEW;
END $$;
CREATE TRIGGER event_names_nobody BEFORE INSERT ON notifications_event
    FOR EACH ROW EXECUTE FUNCTION tests.event_names_nobody();
CREATE TRIGGER notice_names_nobody BEFORE INSERT ON notifications_notice
    FOR EACH ROW WHEN (NEW.params <> '{}') EXECUTE FUNCTION tests.notice_names_nobody();
"""


def refuse_names_outside_labels() -> None:
    """Let the database refuse events and notices that name a person in their data, changes or params."""
    with connection.cursor() as cursor:
        cursor.execute(REFUSE)


def leave_the_schema_as_migrated() -> None:
    """Take the trigger away, for a test that compares the schema with what migrations make."""
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA tests CASCADE")
