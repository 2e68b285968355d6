"""The database and its roles, in one place for production (`manage.py setup_database`) and the embedded server.

portal_app   cannot sign in; what web requests run as, so row-level security always applies to them
web          signs in for the web process; a member of portal_app, never above row-level security
portal_worker  cannot sign in; holds what the job role may do to tables
job          worker, beat and commands: in both groups; above row-level security, may step down with SET ROLE
owner        owns the database, migrates and dumps it; above row-level security, else data migrations would skip rows
"""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT, connection, make_dsn

from partnerportal.lib.tenancy import APP_ROLE

WORKER_ROLE = "portal_worker"


@dataclass(frozen=True, kw_only=True)
class Login:
    """What a database URL says about the role that signs in with it."""

    role: str
    password: str
    database: str

    @classmethod
    def from_url(cls, url: str) -> "Login":
        """A socket directory may stand before the database name: postgres://portal_web@//run/postgresql/portal."""
        parts = urlsplit(url)
        return cls(
            role=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=unquote(parts.path.rsplit("/", 1)[-1]),
        )


def create_database(admin_dsn: str, *, web_url: str, job_url: str, owner_url: str) -> None:
    """Create or correct the four roles and the database. Safe to repeat, also to change passwords.

    `admin_dsn` signs in to any existing database as a superuser.
    """
    web, job, owner = (Login.from_url(url) for url in (web_url, job_url, owner_url))
    if not web.role or not web.database or len({web.role, job.role, owner.role, APP_ROLE}) < 4:
        raise ValueError("The three database URLs must name the database and three different roles.")
    if {job.database, owner.database} != {web.database}:
        raise ValueError("The three database URLs must name the same database.")
    admin = psycopg2.connect(admin_dsn)
    try:
        admin.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
        _create_roles(admin, web=web, job=job, owner=owner)
        _create_database(admin, owner=owner, job=job)
    finally:
        admin.close()
    _close_public_schema(make_dsn(admin_dsn, dbname=owner.database))


def _create_roles(admin: connection, *, web: Login, job: Login, owner: Login) -> None:
    for group in (APP_ROLE, WORKER_ROLE):
        _role(admin, group, "NOLOGIN NOSUPERUSER NOBYPASSRLS")
    _role(
        admin,
        web.role,
        "LOGIN INHERIT NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE",
        web.password,
    )
    _role(
        admin,
        job.role,
        "LOGIN INHERIT NOSUPERUSER BYPASSRLS NOCREATEDB NOCREATEROLE",
        job.password,
    )
    _role(
        admin,
        owner.role,
        "LOGIN INHERIT NOSUPERUSER BYPASSRLS CREATEDB NOCREATEROLE",
        owner.password,
    )
    for member in (web, job, owner):
        _run(admin, "GRANT {} TO {}", APP_ROLE, member.role)
    _run(admin, "GRANT {} TO {}", WORKER_ROLE, job.role)


def _create_database(admin: connection, *, owner: Login, job: Login) -> None:
    with admin.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [owner.database])
        exists = cursor.fetchone()
    if not exists:
        _run(
            admin,
            "CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0",
            owner.database,
            owner.role,
        )
    _run(admin, "REVOKE ALL ON DATABASE {} FROM PUBLIC", owner.database)
    _run(admin, "GRANT CONNECT ON DATABASE {} TO {}", owner.database, APP_ROLE)
    _run(admin, "GRANT TEMPORARY ON DATABASE {} TO {}", owner.database, job.role)  # ingest stages by COPY


def _close_public_schema(dsn: str) -> None:
    """Nobody but the owner may create tables or functions: a planted one could run with a stronger role's rights."""
    admin = psycopg2.connect(dsn)
    try:
        admin.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
        _run(admin, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    finally:
        admin.close()


def _role(admin: connection, name: str, attributes: str, password: str = "") -> None:
    with admin.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
        verb = "ALTER" if cursor.fetchone() else "CREATE"
        statement = sql.SQL("{} ROLE {} {}").format(sql.SQL(verb), sql.Identifier(name), sql.SQL(attributes))
        if password:
            statement += sql.SQL(" PASSWORD {}").format(sql.Literal(password))
        cursor.execute(statement)


def _run(admin: connection, statement: str, *names: str) -> None:
    with admin.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
