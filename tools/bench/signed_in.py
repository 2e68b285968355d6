"""A session for a person, and what a page asks the database."""

from typing import Any
from unittest import mock

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.template.backends.django import Template
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Person
from partnerportal.context import Shell
from partnerportal.lib.postgres.base import DatabaseWrapper
from partnerportal.lib.sessions import SessionStore


def cookie_key(person: Person) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    return str(session.cookie_key)


def cookie(person: Person) -> str:
    """The header of a browser in which they are signed in."""
    return f"{settings.SESSION_COOKIE_NAME}={cookie_key(person)}"


def client(person: Person) -> Client:
    signed_in = Client(headers={"host": "localhost"})
    signed_in.cookies[settings.SESSION_COOKIE_NAME] = cookie_key(person)
    signed_in.get("/")  # the first request writes "last seen" into the session
    return signed_in


def queries_of(who: Client, path: str) -> list[str]:
    """Every statement of a page but BEGIN, COMMIT and savepoints; written out also where the server keeps it."""
    with mock.patch.object(DatabaseWrapper, "keep", return_value=False), CaptureQueriesContext(connection) as captured:
        answer = who.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")
    control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return [query["sql"] for query in captured if not query["sql"].startswith(control)]


def own_queries(who: Client, path: str) -> list[str]:
    """Those on tenants' data: what the page asks beyond session, person, tenant and operators."""
    asked = ("entitlements_", "connections_", "notifications_")
    return [
        sql for sql in queries_of(who, path) if any(f'FROM "{name}' in sql or f'JOIN "{name}' in sql for name in asked)
    ]


def without_rendering() -> "mock._patch[mock.MagicMock]":
    """A context in which views run whole and ask all that their page asks, but the template draws nothing."""
    return mock.patch.object(Template, "render", side_effect=_ask_what_the_shell_asks)


def _ask_what_the_shell_asks(context: object, request: Any) -> str:
    str(Shell(request).unread)
    return ""
