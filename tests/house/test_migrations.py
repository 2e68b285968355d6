"""Migrations are complete, and lead back and forth to the same schema."""

import re

import pytest
from django.core.management import call_command
from django.db import connection

from tests.house.ours import OURS
from tests.names_nobody import leave_the_schema_as_migrated

SCHEMA = {
    "columns": """SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
                  WHERE table_schema = 'public'""",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "policies": "SELECT tablename, policyname, permissive, roles::text, cmd, qual, with_check FROM pg_policies",
    "triggers": "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "functions": "SELECT proname, prosrc, prosecdef FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "views": "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
    "grants": """SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants
                 WHERE table_schema = 'public'""",
    "column grants": """SELECT table_name, column_name, grantee, privilege_type
                        FROM information_schema.column_privileges WHERE table_schema = 'public'""",
    "security": "SELECT relname, relforcerowsecurity FROM pg_class WHERE relkind IN ('r', 'p') AND relowner > 10",
}
PARTITION = re.compile(r"usageday_\d{6}")  # made as days come in


def test_models_and_migrations_agree(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.slow
def test_migrations_lead_back_and_forth(own_database):
    leave_the_schema_as_migrated()
    before = schema()
    for app in reversed(OURS):
        call_command("migrate", app, "zero", verbosity=0)
    left = {name for name, *_rest in schema()["columns"]}
    assert not {name for name in left if name.startswith((*OURS, "portal", "portfolio"))}
    assert not schema()["functions"]
    call_command("migrate", verbosity=0)
    after = schema()
    for part in SCHEMA:
        assert before[part] == after[part], part


def schema():
    result = {}
    with connection.cursor() as cursor:
        for part, statement in SCHEMA.items():
            cursor.execute(statement)
            result[part] = {row for row in cursor.fetchall() if not PARTITION.search(str(row))}
    return result
