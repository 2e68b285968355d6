"""No event of any test names a person outside its labels: the databases of tests refuse such an event.

An erasure overwrites the labels and the note of events, and nothing else, so what stands in `data` and `changes` is
never a person's name or address. In production nobody could ask this of each event: it reads every person.
"""

from django.db import connection

REFUSE = """
CREATE SCHEMA tests;
GRANT USAGE ON SCHEMA tests TO PUBLIC;
CREATE FUNCTION tests.event_names_nobody() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    said CONSTANT text := lower(concat(NEW.data, ' ', NEW.changes));
    named text;
BEGIN
    SELECT email INTO named FROM accounts_person
        WHERE strpos(said, lower(email)) > 0 OR length(name) > 3 AND strpos(said, lower(to_json(name)::text)) > 0
        LIMIT 1;
    IF FOUND THEN RAISE EXCEPTION 'the data of % names the person %: %', NEW.kind, named, said; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER event_names_nobody BEFORE INSERT ON notifications_event
    FOR EACH ROW EXECUTE FUNCTION tests.event_names_nobody();
"""


def refuse_names_in_events() -> None:
    """Let the database refuse events that name a person in their data or changes."""
    with connection.cursor() as cursor:
        cursor.execute(REFUSE)


def leave_the_schema_as_migrated() -> None:
    """Take the trigger away, for a test that compares the schema with what migrations make."""
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA tests CASCADE")
