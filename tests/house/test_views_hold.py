"""No view with its owner's rights tells anything to who may not see it, however a statement asks.

Views are found in the catalogue. One whose own condition is the lock leaks when PostgreSQL tries another one first: the
error of a cast that fails holds what was read.
"""

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Organization
from partnerportal.lib import tenancy

OF_ITS_OWNER = """
    SELECT c.relname FROM pg_class c WHERE c.relkind IN ('v', 'm') AND c.relnamespace = 'public'::regnamespace
    AND NOT coalesce(c.reloptions @> '{security_invoker=true}', false) ORDER BY 1"""

# Conditions that fail as soon as they are tried on a row, most of them with the row's own words. {0} is a column.
TRIED = (
    "(r.{0}::text || '!')::int = 1",
    "regexp_count('a', '(' || r.{0}::text) = 1",
    "1 / (length(r.{0}::text) - length(r.{0}::text)) = 1",
    "(r.{0}::text || '{{')::jsonb IS NULL",
)
# Statements that put the view on each side of each join, and beneath other questions. {v} the view, {c} the condition.
ASKED = (
    "SELECT r.* FROM {v} r WHERE {c}",
    "SELECT r.* FROM (SELECT 1 AS one) s JOIN {v} r ON {c}",
    "SELECT r.* FROM (SELECT 1 AS one) s LEFT JOIN {v} r ON {c}",
    "SELECT r.* FROM {v} r RIGHT JOIN (SELECT 1 AS one) s ON {c}",
    "SELECT r.* FROM (SELECT 1 AS one) s FULL JOIN {v} r ON s.one = ({c})::int",
    "SELECT r.* FROM (SELECT 1 AS one) s LEFT JOIN LATERAL (SELECT * FROM {v} r WHERE {c}) r ON true",
    "SELECT r.* FROM (SELECT 1 AS one) s LEFT JOIN LATERAL (SELECT * FROM {v} r WHERE {c} OFFSET 0) r ON true",
    "SELECT r.* FROM accounts_program s LEFT JOIN {v} r ON s.id > 0 AND {c}",
    "SELECT r.* FROM accounts_program s LEFT JOIN (accounts_program t LEFT JOIN {v} r ON {c}) ON true",
    "SELECT r.* FROM accounts_program s LEFT JOIN {v} r ON s.name = r.{k}::text WHERE r.{k} IS NULL OR {c}",
    "SELECT NULL FROM accounts_program s WHERE EXISTS (SELECT FROM {v} r WHERE s.id > 0 AND {c})",
    "SELECT NULL FROM accounts_program s WHERE NOT EXISTS (SELECT FROM {v} r WHERE s.id > 0 AND {c})",
    "SELECT nullif(count(*), 0) FROM {v} r WHERE {c}",
    "SELECT (SELECT max(r.{k}::text) FROM {v} r WHERE {c})",
    "SELECT string_agg(r.{k}::text, ',') FILTER (WHERE {c}) FROM {v} r",
    "SELECT s.got FROM (SELECT 1) x LEFT JOIN (SELECT max(r.{k}::text) got FROM {v} r HAVING bool_or({c})) s ON true",
    "SELECT r.* FROM {v} r ORDER BY {c} LIMIT 1",
    "SELECT first_value(r.{k}) OVER (ORDER BY {c}) FROM {v} r",
    "WITH s AS MATERIALIZED (SELECT r.* FROM {v} r WHERE {c}) SELECT s.* FROM accounts_program LEFT JOIN s ON true",
)
PLANS = ("", "SET LOCAL enable_nestloop = off;", "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;")


def rows_of(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_every_view_with_its_owners_rights_is_a_barrier(db):
    """As the documentation of CREATE RULE has it: nothing else keeps a condition before those of the one who asks."""
    views = {view for (view,) in rows_of(OF_ITS_OWNER)}
    assert views, "the next tests try nothing"
    barriers = rows_of("SELECT relname FROM pg_class WHERE reloptions @> '{security_barrier=true}'")
    assert views <= {view for (view,) in barriers}


def tried(who, sql, plan=""):
    """What is said to them: values other than null, or the error."""
    try:
        with transaction.atomic():
            tenancy.enter_tenant(organization_id=who and who.organization_id, person_id=who and who.person_id)
            with connection.cursor() as cursor:
                cursor.execute(plan + sql)
                raise _Undo([value for row in cursor.fetchall() for value in row if value is not None])
    except _Undo as undo:
        return undo.values
    except DatabaseError as error:
        return str(error)


class _Undo(Exception):
    def __init__(self, values):
        self.values = values


def statements(view):
    columns = [
        c for (c,) in rows_of(f"SELECT attname FROM pg_attribute WHERE attrelid = '{view}'::regclass AND attnum > 0")
    ]
    for column in columns:
        for condition in TRIED:
            for asked in ASKED:
                yield asked.format(v=view, k=column, c=condition.format(column))


@pytest.mark.promise("S-8")
@pytest.mark.slow  # every condition at every place of every statement
@pytest.mark.parametrize("who", ["stranger.admin", "customer.admin", None])
def test_a_view_says_nothing_to_a_stranger(who, world, actor_for):
    """Neither as a value nor in an error, of which there is none, for no row is tried."""
    actor = who and actor_for(who)
    for (view,) in rows_of(OF_ITS_OWNER):
        said = {sql: found for sql in statements(view) if (found := tried(actor, sql))}
        assert not said, said.popitem()


@pytest.mark.slow
def test_other_plans_say_nothing_either(world, actor_for):
    actor = actor_for("stranger.admin")
    for (view,) in rows_of(OF_ITS_OWNER):
        for plan in PLANS[1:]:
            said = {sql: found for sql in statements(view) if "key" in sql and (found := tried(actor, sql, plan))}
            assert not said, said.popitem()


@pytest.mark.slow
def test_what_is_tried_would_tell(world, actor_for):
    """To who sees the rows nine of ten statements do say something: the tests above do not pass for nothing."""
    actors = [actor_for(f"{world.names[pk]}.admin") for pk in Organization.objects.values_list("pk", flat=True)]
    for (view,) in rows_of(OF_ITS_OWNER):
        seeing = next(actor for actor in actors if tried(actor, f"SELECT * FROM {view}"))
        asked = list(statements(view))
        silent = [sql for sql in asked if not tried(seeing, sql)]
        assert len(silent) < len(asked) / 10, silent
