"""Row-level security of what people sign in with: every request may read it, and only the person may write it.

In the requests of sign-up, sign-in and a forgotten password, that is the person whom `tenancy.allow_credential_writes`
names because they have just proved who they are. Of the framework's other tables the web role gets the sessions, and
nothing else.
"""

from django.db import migrations

from partnerportal.lib.tenancy import NOW, build_grant_sql, inline_policy_functions, fill_columns_by_trigger

EVERYBODY = "SELECT, INSERT, UPDATE, DELETE"
# For each table the column with the person's id, and what the web role may do. It may store a person, at sign-up; only
# vendor staff lock or delete one.
TABLES = {
    "accounts_person": (
        "id",
        "SELECT, INSERT, UPDATE (password, last_login, email, name, language, time_zone, theme)",
    ),
    "account_emailaddress": ("user_id", EVERYBODY),
    "mfa_authenticator": ("user_id", EVERYBODY),
    "usersessions_usersession": ("user_id", EVERYBODY),
}
ONESELF = "{} = portal_person() OR {} = portal_admitted()"


# Each change of an address records the former one as an event. By it an erasure knows what to look for, also in texts
# that others wrote.
ADDRESS = """
CREATE FUNCTION person_keeps_former_address() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO notifications_event (public_id, kind, at, actor_label, organization_label, counterpart_label,
                                     subject_kind, subject_id, subject_label, data)
        VALUES (gen_random_uuid(), 'person.address_changed', now(), '', '', '',
                'accounts.person', OLD.public_id, OLD.email, '{}');
    RETURN NULL;
END $$;
CREATE TRIGGER person_keeps_former_address AFTER UPDATE OF email ON accounts_person
    FOR EACH ROW WHEN (OLD.email <> NEW.email) EXECUTE FUNCTION person_keeps_former_address();
"""
ADDRESS_UNDO = """
DROP TRIGGER person_keeps_former_address ON accounts_person; DROP FUNCTION person_keeps_former_address();
"""


def keep_to_oneself(table: str, column: str, grant: str) -> migrations.RunSQL:
    """Return the migration operation by which the web role reads every row of a table and writes only one person's.

    That is the person who is signed in, or whom `tenancy.allow_credential_writes` names; `column` holds the id.
    Sessions of others are not read. On the table of persons, whose column is "id", anybody may insert a row: who signs
    up is no person yet.
    """
    oneself = inline_policy_functions(ONESELF.format(column, column))
    read = oneself if table == "usersessions_usersession" else "true"
    made = f"CREATE POLICY signs_up ON {table} FOR INSERT WITH CHECK (true);" if column == "id" else ""
    return migrations.RunSQL(
        f"""ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
            ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
            CREATE POLICY signs_in ON {table} FOR SELECT USING ({read});
            CREATE POLICY tenant ON {table} USING ({oneself}) WITH CHECK ({oneself});
            {made} {build_grant_sql(table, grant)}""",
        f"""DROP POLICY IF EXISTS signs_up ON {table};
            DROP POLICY tenant ON {table}; DROP POLICY signs_in ON {table};
            ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
            REVOKE ALL ON {table} FROM portal_app""",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_programs"),
        ("notifications", "0002_policies"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("usersessions", "0001_initial"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        *(keep_to_oneself(table, column, grant) for table, (column, grant) in TABLES.items()),
        fill_columns_by_trigger(
            "accounts_person",
            on_insert={
                "date_joined": NOW,
                "last_login": "NULL",
                "is_active": "true",
                "locked_at": "NULL",
                "origin": "'signed_up'",  # whoever a tenant stores has signed up; vendor staff write "registered"
            },
            on_change={"last_login": NOW},
        ),
        fill_columns_by_trigger(
            "mfa_authenticator",
            on_insert={"created_at": NOW, "last_used_at": "NULL"},
            on_change={"created_at": "OLD.created_at", "last_used_at": NOW},
        ),
        fill_columns_by_trigger(
            "usersessions_usersession",
            on_insert={"created_at": NOW, "last_seen_at": NOW},
            on_change={"created_at": "OLD.created_at", "last_seen_at": NOW},
        ),
        migrations.RunSQL(ADDRESS, ADDRESS_UNDO),
        # This table stays empty, because codes are mailed and not links; but Django reads it when an address is deleted.
        migrations.RunSQL(
            build_grant_sql("account_emailconfirmation", "SELECT, DELETE"),
            "REVOKE ALL ON account_emailconfirmation FROM portal_app",
        ),
        migrations.RunSQL(build_grant_sql("django_session", EVERYBODY), "REVOKE ALL ON django_session FROM portal_app"),
    ]
