"""The functions that the policies and triggers of every app need, and the cache table.

This migration runs before any other table of ours exists.
"""

from django.db import migrations

from partnerportal.lib.states import GUARD
from partnerportal.lib.tenancy import build_policy_functions_sql

# Tables and functions that are made from here on are closed: each migration says what portal_app may do to a table, and
# who may call a function. PostgreSQL lets everybody call new functions until that rule is withdrawn for the whole
# database; withdrawing it for a schema does nothing.
CLOSED = """
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON TABLES TO portal_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO portal_worker;
-- Tables of libraries that were migrated before this.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO portal_worker;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO portal_worker;
"""

# Returns the 64-bit number of an advisory lock. The form that takes two numbers has 32 bits for the row, and an id may
# be larger.
LOCK = """
CREATE FUNCTION portal_lock(kind text, id bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT hashtextextended(kind || ' ' || id::text, 0) $$;
GRANT EXECUTE ON FUNCTION portal_lock(text, bigint) TO portal_app, portal_worker;
"""

# Cached values are JSON, and nothing that a reader would run.
CACHE = """
CREATE TABLE portal_cache (cache_key varchar(255) PRIMARY KEY, value jsonb NOT NULL, expires timestamptz NOT NULL);
CREATE INDEX portal_cache_expires ON portal_cache (expires);
GRANT SELECT, INSERT, UPDATE, DELETE ON portal_cache TO portal_app;
"""

UNDO = """
DROP FUNCTION state_moves();
DROP TABLE portal_cache;
DROP FUNCTION portal_lock(text, bigint);
DROP FUNCTION portal_admitted(); DROP FUNCTION portal_secret(); DROP FUNCTION portal_person(); DROP FUNCTION portal_org();
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM portal_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM portal_worker;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [migrations.RunSQL(CLOSED + build_policy_functions_sql() + LOCK + CACHE + GUARD, UNDO)]
