"""The database and its roles, in one place for production (`manage.py setup_database`) and the embedded server.

portal_app   cannot sign in; what web requests run as, so row-level security always applies to them
web          signs in for the web process; a member of portal_app, never above row-level security
portal_worker  cannot sign in; holds what the job role may do to tables
job          worker, beat and commands: in both groups; above row-level security, may step down with SET ROLE
owner        owns the database, migrates and dumps it; above row-level security, else data migrations would skip rows
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT, connection, make_dsn

from partnerportal.lib.tenancy import APP_ROLE

WORKER_ROLE = "portal_worker"
OLDEST_POSTGRES = 18  # major version; our statements use RETURNING old, which older ones do not know
_COLUMNS = {  # the attributes of a role, and the column of pg_roles that shows each
    "LOGIN": "rolcanlogin",
    "INHERIT": "rolinherit",
    "SUPERUSER": "rolsuper",
    "BYPASSRLS": "rolbypassrls",
    "CREATEDB": "rolcreatedb",
    "CREATEROLE": "rolcreaterole",
}


class DatabaseSetupIncompleteError(Exception):
    """Raised when the administrator's role lacks the right to run some statements, after all others have run.

    The message holds the statements that are left to run.
    """


@dataclass(frozen=True, kw_only=True)
class DatabaseLogin:
    """The role, password and database name that a database URL contains."""

    role: str
    password: str
    database: str

    @classmethod
    def from_url(cls, url: str) -> "DatabaseLogin":
        """Return the login that a database URL contains.

        A socket directory may stand before the database: postgres://web@//run/postgresql/portal.
        """
        parts = urlsplit(url)
        return cls(
            role=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=unquote(parts.path.rsplit("/", 1)[-1]),
        )


@dataclass(frozen=True, kw_only=True)
class DatabaseRole:
    """A database role as the portal needs it: its name, attributes, and the groups that it is a member of."""

    name: str
    attributes: frozenset[str]
    groups: tuple[str, ...] = ()
    password: str = ""

    def build_create_statement(self, *, omitted_attribute: str = "") -> str:
        """Return the SQL that creates the role, leaving out the attribute `omitted_attribute`."""
        words = [
            "LOGIN" if "LOGIN" in self.attributes else "NOLOGIN",
            *sorted(self.attributes - {"LOGIN", omitted_attribute}),
        ]
        return f"CREATE ROLE {_name(self.name)} {' '.join(words)}{self._password()}"

    def build_alter_statement(self, current_attributes: set[str]) -> str:
        """Return the SQL that corrects the role's attributes, or "" if there is nothing to change.

        `current_attributes` are the attributes that it has now. Only those that differ are named, because naming one
        takes the right to change it.
        """
        words = [
            word if word in self.attributes else f"NO{word}" for word in sorted(self.attributes ^ current_attributes)
        ]
        if not words and not self.password:
            return ""
        return f"ALTER ROLE {_name(self.name)} {' '.join(words)}{self._password()}"

    def build_membership_statements(self) -> list[str]:
        """Return the SQL statements that make the role a member of its groups."""
        return [f"GRANT {_name(group)} TO {_name(self.name)}" for group in self.groups]

    def _password(self) -> str:
        return f" PASSWORD {_text(self.password)}" if self.password else ""


def create_database(admin_dsn: str, *, web_url: str, job_url: str, owner_url: str) -> None:
    """Create the portal's database and its roles, or correct those that exist.

    Repeating it is safe, and is how passwords are changed. `admin_dsn` signs in to any existing database as a
    superuser, or as a role with CREATEROLE, CREATEDB and BYPASSRLS; the URLs hold the portal's logins. Raises
    ValueError when the URLs do not fit together or the server is too old, and DatabaseSetupIncompleteError, after doing
    the rest, when somebody with more rights must give BYPASSRLS.
    """
    roles, database = _roles(web_url, job_url, owner_url), DatabaseLogin.from_url(owner_url)
    with _connected(admin_dsn) as admin:
        if admin.server_version < OLDEST_POSTGRES * 10_000:
            version = admin.info.parameter_status("server_version")
            raise ValueError(f"PostgreSQL {version} is too old: {OLDEST_POSTGRES} or newer is needed.")
        rights = _attributes(admin, "current_user")
        refused = [statement for role in roles for statement in _bring_about(admin, role, rights)]
        for role in roles:
            _run(admin, *role.build_membership_statements())
        with _acting_as(admin, database.role, rights):
            if not _rows(admin, "SELECT 1 FROM pg_database WHERE datname = %s", database.database):
                _run(admin, _create(database))
            _run(admin, *_close(database, job=DatabaseLogin.from_url(job_url)))
            with _connected(make_dsn(admin_dsn, dbname=database.database)) as inside:
                _run(inside, _CLOSE_SCHEMA)
        if "SUPERUSER" in rights:
            _close_others(admin, roles)
    if refused:
        raise DatabaseSetupIncompleteError(
            "Everything else is done, but this administrator may not give BYPASSRLS. Have somebody who may, such as the"
            " provider's own administrator, run these, then run this command again:\n" + "\n".join(refused)
        )


def list_database_setup_statements(*, web_url: str, job_url: str, owner_url: str) -> Iterator[str]:
    """Yield the lines of SQL that a database administrator runs in psql for a new installation.

    They contain the passwords of the URLs.
    """
    roles, database = _roles(web_url, job_url, owner_url), DatabaseLogin.from_url(owner_url)
    statements = [role.build_create_statement() for role in roles] + [
        statement for role in roles for statement in role.build_membership_statements()
    ]
    statements += [_create(database), *_close(database, job=DatabaseLogin.from_url(job_url))]
    yield from (f"{statement};" for statement in statements)
    yield f"\\connect {_name(database.database)}"
    yield f"{_CLOSE_SCHEMA};"


# Nobody but the owner may create tables or functions, because a planted one could run with a stronger role's rights.
_CLOSE_SCHEMA = "REVOKE CREATE ON SCHEMA public FROM PUBLIC"


def _roles(web_url: str, job_url: str, owner_url: str) -> list[DatabaseRole]:
    web, job, owner = (DatabaseLogin.from_url(url) for url in (web_url, job_url, owner_url))
    if not web.role or not web.database or len({web.role, job.role, owner.role, APP_ROLE, WORKER_ROLE}) < 5:
        raise ValueError("The three database URLs must name the database and three different roles.")
    if {job.database, owner.database} != {web.database}:
        raise ValueError("The three database URLs must name the same database.")
    signs_in = frozenset({"LOGIN", "INHERIT"})
    above = signs_in | {"BYPASSRLS"}
    return [
        DatabaseRole(name=APP_ROLE, attributes=frozenset({"INHERIT"})),
        DatabaseRole(name=WORKER_ROLE, attributes=frozenset({"INHERIT"})),
        DatabaseRole(name=web.role, attributes=signs_in, groups=(APP_ROLE,), password=web.password),
        DatabaseRole(name=job.role, attributes=above, groups=(APP_ROLE, WORKER_ROLE), password=job.password),
        DatabaseRole(name=owner.role, attributes=above | {"CREATEDB"}, groups=(APP_ROLE,), password=owner.password),
    ]


def _create(database: DatabaseLogin) -> str:
    return f"CREATE DATABASE {_name(database.database)} OWNER {_name(database.role)} ENCODING 'UTF8' TEMPLATE template0"


def _close(database: DatabaseLogin, *, job: DatabaseLogin) -> list[str]:
    name = _name(database.database)
    return [
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {name} TO {_name(APP_ROLE)}",
        f"GRANT TEMPORARY ON DATABASE {name} TO {_name(job.role)}",  # ingest copies its lines into temporary tables
    ]


def _close_others(admin: connection, roles: list[DatabaseRole]) -> None:
    """Keep the web role out of `postgres` and `template1`, where things that it created by SQL would stay unnoticed.

    The owner may still connect to them, to create a database. Where roles other than ours sign in to this server,
    nothing is changed, because they may need these databases.
    """
    ours = [role.name for role in roles]
    others = "SELECT 1 FROM pg_roles WHERE rolcanlogin AND NOT rolsuper AND rolname <> ALL (%s)"
    if not _rows(admin, others, ours):
        for name in ("postgres", "template1"):
            _run(admin, f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC")
            _run(admin, f"GRANT CONNECT ON DATABASE {name} TO {_name(ours[-1])}")


def _bring_about(admin: connection, role: DatabaseRole, rights: set[str]) -> list[str]:
    """Create or correct the role. Return the statements for which the administrator lacks the right."""
    out_of_reach = "" if rights & {"SUPERUSER", "BYPASSRLS"} else "BYPASSRLS"
    has = _attributes(admin, "%s", role.name)
    if not _rows(admin, "SELECT 1 FROM pg_roles WHERE rolname = %s", role.name):
        _run(admin, role.build_create_statement(omitted_attribute=out_of_reach))
    elif statement := role.build_alter_statement(has | ({out_of_reach} & role.attributes)):
        _run(admin, statement)
    if out_of_reach in role.attributes - has:
        return [f"ALTER ROLE {_name(role.name)} BYPASSRLS;"]
    return []


def _attributes(admin: connection, who: str, *values: str) -> set[str]:
    rows = _rows(admin, f"SELECT {', '.join(_COLUMNS.values())} FROM pg_roles WHERE rolname = {who}", *values)  # noqa: S608
    return {word for row in rows for word, is_so in zip(_COLUMNS, row, strict=True) if is_so}


@contextmanager
def _acting_as(admin: connection, role: str, rights: set[str]) -> Iterator[None]:
    """Make the administrator a member of the role for the length of the block.

    Creating a database for a role and closing it takes being that role. A superuser may do so without.
    """
    if "SUPERUSER" in rights:
        yield
        return
    _run(admin, f"GRANT {_name(role)} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE")
    try:
        yield
    finally:
        _run(admin, f"REVOKE {_name(role)} FROM CURRENT_USER")


@contextmanager
def _connected(dsn: str) -> Iterator[connection]:
    with closing(psycopg2.connect(dsn)) as link:
        link.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
        yield link


def _run(admin: connection, *statements: str) -> None:
    with admin.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _rows(admin: connection, question: str, *values: Any) -> list[tuple[Any, ...]]:
    with admin.cursor() as cursor:
        cursor.execute(question, values)
        return list(cursor.fetchall())


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    """Return the text as an SQL literal that means the same whatever `standard_conforming_strings` is."""
    quoted = text.replace("'", "''")
    return f"'{quoted}'" if "\\" not in text else " E'" + quoted.replace("\\", "\\\\") + "'"
