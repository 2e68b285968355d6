"""Sessions for persons, and the statements that a page sends to the database."""

from typing import Any
from unittest import mock

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.template.backends.django import Template
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Person
from partnerportal.context import PageShell
from partnerportal.lib.postgres.base import DatabaseWrapper
from partnerportal.lib.sessions import SessionStore


def cookie_key(person: Person) -> str:
    """Make a session in which the person is signed in, and return the key for its cookie."""
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    return str(session.cookie_key)


def cookie(person: Person) -> str:
    """Make a session, and return the Cookie header of a browser in which the person is signed in."""
    return f"{settings.SESSION_COOKIE_NAME}={cookie_key(person)}"


def client(person: Person) -> Client:
    """Return a test client in which the person is signed in, after its first request."""
    signed_in = Client(headers={"host": "localhost"})
    signed_in.cookies[settings.SESSION_COOKIE_NAME] = cookie_key(person)
    signed_in.get("/")  # only the first request writes "last seen" into the session
    return signed_in


def queries_of(who: Client, path: str) -> list[str]:
    """Return every statement of a page but BEGIN, COMMIT and savepoints. Prepared ones are written out.

    Raises RuntimeError if the page does not answer 200.
    """
    with (
        mock.patch.object(DatabaseWrapper, "prepare_statement_once", return_value=False),
        CaptureQueriesContext(connection) as captured,
    ):
        answer = who.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")
    control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return [query["sql"] for query in captured if not query["sql"].startswith(control)]


def own_queries(who: Client, path: str) -> list[str]:
    """Return the statements of a page on tenants' data, without those on session, person, tenant and operators."""
    tables = ("entitlements_", "connections_", "notifications_")
    return [
        sql for sql in queries_of(who, path) if any(f'FROM "{name}' in sql or f'JOIN "{name}' in sql for name in tables)
    ]


def without_rendering() -> "mock._patch[mock.MagicMock]":
    """Return a context in which templates draw nothing, while views send every statement that their page sends."""
    return mock.patch.object(Template, "render", side_effect=_ask_what_the_shell_asks)


def _ask_what_the_shell_asks(context: object, request: Any) -> str:
    str(PageShell(request).bell_link)
    return ""
