"""The second lock: PostgreSQL row-level security, and the transaction-local settings that its policies read.

Every request and task enters a tenant inside its transaction; `set_config(…, true)` ends with that transaction, so a
pooled connection never carries one tenant into the next. The first settings are the acting organisation and the person.
The third is a secret that somebody holds: an invitation token (holding it is what lets a stranger see who invites), or
the digest of a calendar's URL or of an ingest token. The fourth is a person who has just proved who they are and is
not signed in yet: what they sign in with may be written, and nothing else of theirs is seen.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import connection, migrations
from django.db.transaction import atomic
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

APP_ROLE = "portal_app"
NOW = "statement_timestamp()"  # the SQL of Django's Now(), for `fill_columns_by_trigger`

_SETTINGS = """SELECT set_config('role', %s, true), set_config('portal.org_id', {organization}, true),
                      set_config('portal.person_id', %s, true), set_config('portal.secret', %s, true),
                      set_config('portal.admitted_id', %s, true)"""
# The database enters no suspended organisation: `portal_enterable` (accounts/migrations/0002_policies.py).
_ENTER = _SETTINGS.format(organization="coalesce(portal_enterable(nullif(%s, '')::bigint)::text, '')")
# Whoever is inside when it is suspended ends what they have begun: half of it would be done without a tenant.
_STAY = _SETTINGS.format(organization="%s")
_CURRENT = """SELECT current_setting('role'), coalesce(current_setting('portal.org_id', true), ''),
                     coalesce(current_setting('portal.person_id', true), ''),
                     coalesce(current_setting('portal.secret', true), ''),
                     coalesce(current_setting('portal.admitted_id', true), '')"""


def enter_tenant(*, organization_id: int | None, person_id: int | None = None, secret: str = "") -> None:
    """Limit this transaction to the rows that the given organisation and person may see.

    The database enforces it until the outermost transaction ends. `secret` is a secret that the visitor holds, such as
    the token of an invitation. A suspended organisation counts as None: only what the person may see without one is
    visible. Raises AssertionError outside a transaction.
    """
    assert connection.in_atomic_block, "a tenant lives inside a transaction"
    _set(_ENTER, organization_id, person_id, secret)


def _set(statement: str, organization_id: int | None, person_id: int | None, secret: str) -> None:
    values = [APP_ROLE, *("" if v is None else str(v) for v in (organization_id, person_id)), secret, ""]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def allow_credential_writes(person_id: int) -> None:
    """Let this transaction write what the person signs in with: password, addresses, second factors.

    Only code that has just checked the person's proof (a password, a code, a link, a passkey) may call it. It holds
    until the next `enter_tenant`, or until the transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('portal.admitted_id', %s, true)", [str(person_id)])


@contextmanager
def tenant_transaction(
    *, organization_id: int | None = None, person_id: int | None = None, secret: str = ""
) -> Iterator[None]:
    """Open a transaction and run the block in it as the given tenant (see `enter_tenant`).

    It is for code that runs outside the transaction of a request.
    """
    with atomic():
        enter_tenant(organization_id=organization_id, person_id=person_id, secret=secret)
        yield


@contextmanager
def as_tenant(*, organization_id: int | None, person_id: int | None = None, secret: str = "") -> Iterator[None]:
    """Run the block as the given tenant inside the present transaction, then return to the tenant before.

    An organisation that the transaction has entered already stays entered, even if it is suspended meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CURRENT)
        before = cursor.fetchone()
    is_inside = organization_id is not None and before[1] == str(organization_id)
    _set(_STAY if is_inside else _ENTER, organization_id, person_id, secret)
    try:
        yield
    finally:
        # After an error the savepoint brings the settings back, and PostgreSQL would accept no statement here.
        failed = connection.connection.get_transaction_status() == TRANSACTION_STATUS_INERROR
        if not (failed or connection.needs_rollback):
            with connection.cursor() as cursor:
                cursor.execute(_STAY, list(before))


def bypasses_row_security() -> bool:
    """Return whether row-level security does not apply to the database role of this process.

    Such a role would see the rows of every tenant.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user")
        return bool(cursor.fetchone()[0])


POLICY_FUNCTIONS = {  # the functions that policies call: what each reads, and its type
    "portal_org()": ("nullif(current_setting('portal.org_id', true), '')::bigint", "bigint"),
    "portal_person()": ("nullif(current_setting('portal.person_id', true), '')::bigint", "bigint"),
    "portal_secret()": ("nullif(current_setting('portal.secret', true), '')", "text"),
    "portal_admitted()": ("nullif(current_setting('portal.admitted_id', true), '')::bigint", "bigint"),
}


def build_policy_functions_sql() -> str:
    """Return the SQL that creates the functions which policies call, and lets the web and worker roles call them.

    They read the settings of the transaction, such as the acting organisation (see POLICY_FUNCTIONS).
    """
    return "\n".join(
        f"""CREATE FUNCTION {name} RETURNS {kind} LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT {body} $$;
            GRANT EXECUTE ON FUNCTION {name} TO {APP_ROLE}, portal_worker;"""
        for name, (body, kind) in POLICY_FUNCTIONS.items()
    )


def inline_policy_functions(policy_sql: str) -> str:
    """Return the SQL of a policy, with each call of a function of POLICY_FUNCTIONS replaced by the function's body.

    PostgreSQL would otherwise parse the functions for every statement and table, which was a third of what row-level
    security costs a list.
    """
    for function, (body, _) in POLICY_FUNCTIONS.items():
        policy_sql = policy_sql.replace(function, f"({body})")
    return policy_sql


def enable_row_security(
    table: str, *, using: str, check: str | None = None, grant: str = "SELECT"
) -> migrations.RunSQL:
    """Return a migration operation that turns on row-level security for a table and grants it to portal_app.

    `using` is the SQL condition for the rows that a tenant sees, `check` for those it may write (by default the same),
    and `grant` names what portal_app may do to the table. All that is seen stands in one policy, because PostgreSQL
    promises no order among several: alternatives joined by OR are asked from left to right, so what is quick or mostly
    true comes first. FORCE makes the policy hold for the table's owner too, unless its role has BYPASSRLS, as the one
    that migrates and dumps has.
    """
    return migrations.RunSQL(
        f"""ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
            ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
            CREATE POLICY tenant ON {table}
                USING ({inline_policy_functions(using)}) WITH CHECK ({inline_policy_functions(check or using)});
            {build_grant_sql(table, grant)}""",
        f"""DROP POLICY tenant ON {table};
            ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
            ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
            REVOKE ALL ON {table} FROM {APP_ROLE};""",
    )


def replace_row_policy_condition(table: str, new_condition: str, old_condition: str) -> migrations.RunSQL:
    """Return a migration operation that replaces the condition of a table's row-level security policy.

    `new_condition` and `old_condition` are the SQL conditions for the rows seen, with and without the migration. An app
    uses it to show more rows of a table that belongs to an app below it.
    """
    return migrations.RunSQL(
        f"ALTER POLICY tenant ON {table} USING ({inline_policy_functions(new_condition)})",
        f"ALTER POLICY tenant ON {table} USING ({inline_policy_functions(old_condition)})",
    )


def build_grant_sql(table: str, privileges: str) -> str:
    """Return the SQL that gives portal_app exactly these privileges on a table.

    INSERT and UPDATE are granted for every column except the one that PostgreSQL numbers: a tenant that chose a number
    could take that of a future row.
    """
    spelled = re.sub(r"\b(INSERT|UPDATE)\b(?! *\()", r"\1%1$s", privileges)
    return f"""REVOKE ALL ON {table} FROM {APP_ROLE};
        DO $$ BEGIN EXECUTE (
            SELECT format('GRANT {spelled} ON {table} TO {APP_ROLE}', CASE WHEN bool_or(attidentity <> '')
                THEN ' (' || string_agg(quote_ident(attname), ', ') FILTER (WHERE attidentity = '') || ')' END)
            FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped
        ); END $$;"""  # noqa: S608 - a table's name in a migration


def fill_columns_by_trigger(
    table: str, *, on_insert: Mapping[str, str] | None = None, on_change: Mapping[str, str] | None = None
) -> migrations.RunSQL:
    """Return a migration operation that adds a trigger to fill columns when a tenant writes a row.

    `on_insert` and `on_change` map columns to SQL expressions, whose values replace what the tenant wrote: in
    `on_insert` when a row is stored, in `on_change` when the column is changed. An expression may read the tenant's row
    as NEW and, in `on_change`, the row as it was as OLD. Roles for which row-level security does not hold write what
    they like.
    """

    def body(values: Mapping[str, str], when: str) -> str:
        return "".join(
            f"\n        {when.format(column=column)}NEW.{column} := {value};{' END IF;' if when else ''}"
            for column, value in values.items()
        )

    if_changed = "IF NEW.{column} IS DISTINCT FROM OLD.{column} THEN "
    return migrations.RunSQL(
        f"""
CREATE FUNCTION {table}_is_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF row_security_active(TG_RELID) AND TG_OP = 'INSERT' THEN{body(on_insert or {}, "")}
    ELSIF row_security_active(TG_RELID) THEN{body(on_change or {}, if_changed)}
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER is_settled BEFORE INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_is_settled();""",
        f"DROP TRIGGER is_settled ON {table}; DROP FUNCTION {table}_is_settled()",
    )


def allow_tenant_events(name: str, kinds: str, *, condition: str = "true") -> migrations.RunSQL:
    """Return a migration operation that lets tenants record events of these kinds, in their own name.

    `name` is that of the app or of one of its groups of events, `kinds` are separated by blanks, and `condition` is a
    further SQL condition. Events of other kinds are recorded by feeds, jobs and staff, for whom row-level security does
    not hold.
    """
    listed = ",".join(kinds.split())
    own = "organization_id = portal_org() AND actor_kind = 'person' AND actor_id = portal_person()"
    check = f"{own} AND kind = ANY ('{{{listed}}}') AND {condition}"
    return migrations.RunSQL(
        f"CREATE POLICY told_by_{name} ON notifications_event FOR INSERT WITH CHECK ({inline_policy_functions(check)})",
        f"DROP POLICY told_by_{name} ON notifications_event",
    )


def restrict_tenant_events(name: str, kinds: str, *, condition: str = "portal_is_admin()") -> migrations.RunSQL:
    """Return a migration operation by which tenants record events of these kinds only where a condition holds as well.

    It narrows what `allow_tenant_events` has allowed: by default to Admins, where no other role does what the event
    says. Else somebody else's request could be made to say that it was done, and others would be notified of it.
    """
    listed = ",".join(kinds.split())
    check = inline_policy_functions(f"kind <> ALL ('{{{listed}}}') OR (SELECT {condition})")
    return migrations.RunSQL(
        f"CREATE POLICY restricted_to_{name} ON notifications_event AS RESTRICTIVE FOR INSERT WITH CHECK ({check})",
        f"DROP POLICY restricted_to_{name} ON notifications_event",
    )
