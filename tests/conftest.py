"""What every test may ask for. Real PostgreSQL, real policies: requests run as the web role of the tenant.

world           the named cast of tests/world.py
actor_for(who)  an Actor: "partner.admin", "customer.reader", "many@customer", "nobody", "anonymous"
web(who)        a signed-in Django client, acting for that organisation; web(who, csrf=True) checks tokens
api(who)        the same for JSON
as_tenant(actor)  a block whose ORM code runs under row-level security as that actor
count_queries   a block that lists the statements a request ran, without the test's own savepoints
own_database    a copy of the world to commit into, for threads and other processes; yields their variables
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from hypothesis import HealthCheck
from rest_framework.test import APIClient

from accounts.models import Person
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.breaker import CircuitBreaker
from partnerportal.lib.garbage import tune_garbage_collection
from partnerportal.lib.sessions import SessionStore
from tests import databases
from tests.world import World

LEFT = pytest.StashKey[set[str]]()
BACKEND = settings.AUTHENTICATION_BACKENDS[0]

# How long an example takes says more about what else the machine does than about the code.
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.settings.load_profile("house")


@pytest.hookimpl(tryfirst=True)  # before those that are not asked for are left out
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Long tests begin first: none must be what everything waits for in the end. Those of faults mostly wait, and those
    with a database of their own are slow, each of them."""
    for item in items:
        if "own_database" in item.fixturenames:
            item.add_marker("slow")
    items.sort(key=lambda item: ("faults" not in item.path.parts, item.get_closest_marker("slow") is None))


def pytest_collection_finish(session: pytest.Session) -> None:
    """What stands by now stays, and is not searched for garbage between the tests, as in a web process."""
    tune_garbage_collection()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Function) -> None:
    item.config.stash.setdefault(LEFT, _what_stays())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Function, nextitem: pytest.Function | None) -> Iterator[None]:
    """The tests of a module leave nothing in their process: what they left would decide how others end, by their order.
    Within a module fixtures may stand from one test to the next."""
    yield
    if nextitem is None or nextitem.path != item.path:
        before, item.config.stash[LEFT] = item.config.stash[LEFT], _what_stays()  # named once, for who left it
        changed = before ^ item.config.stash[LEFT]
        assert not changed, f"{item.path.name} leaves behind, or takes away: {changed}"


def _what_stays() -> set[str]:
    environment = {f"{name}={value}" for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    threads = {f"the thread {thread.name}" for thread in threading.enumerate() if not thread.daemon}
    # The browser's loop lives as long as the browser, and pytest_timeout's clock as long as its test.
    threads = {name for name in threads if "asyncio_" not in name and "pytest_timeout" not in name}
    return environment | threads | {*sys.path, f"the folder {os.getcwd()}"}


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """In place of pytest-django's: a copy of the template that holds the schema and the world."""
    with django_db_blocker.unblock():
        name = databases.create()
    with databases.use(name):
        yield
    with django_db_blocker.unblock():
        databases.drop(name)


@pytest.fixture
def own_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, str]]:
    """For tests without `db`: real commits, real connections, dropped afterwards."""
    with django_db_blocker.unblock(), databases.copy() as variables:
        yield variables


@pytest.fixture(autouse=True)
def _nobodys_language_and_time() -> Iterator[None]:
    """A request leaves its person's behind, and the next request sets its own. A test that makes none has nobody's."""
    yield
    translation.deactivate()
    timezone.deactivate()


@pytest.fixture(autouse=True)
def _nothing_has_failed_before() -> Iterator[None]:
    """What one test could not reach, the next may ask at once."""
    yield
    for breaker in CircuitBreaker.every:
        breaker.reset()


@pytest.fixture
def private_folder(settings: Any, tmp_path: Path) -> Path:
    """Give the test a folder of its own for private files."""
    settings.PRIVATE_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def world(db: None) -> World:
    return World()


@pytest.fixture
def actor_for(world: World) -> Callable[[str], Actor]:
    return world.actor


class _SameRoleAfterwards:
    """A test's transaction outlives the request's, and with it the tenant that the request entered: step out again.

    Through the driver, so that the statements do not count among the request's.
    """

    def request(self, **values: Any) -> Any:
        if not connection.in_atomic_block:
            return super().request(**values)
        before = _current()
        try:
            return super().request(**values)
        finally:
            _enter(before)


class _CookieHoldsKey:
    """Django's own client takes the digest for the cookie's value."""

    @property
    def session(self) -> SessionStore:
        cookie = self.cookies.get(settings.SESSION_COOKIE_NAME)
        session = SessionStore.from_cookie(cookie.value if cookie else None)
        if not cookie:
            session.save()
            self.cookies[settings.SESSION_COOKIE_NAME] = session.cookie_key
        return session

    def _login(self, person: Person, backend: str) -> None:
        self.begin_session(person, backend)

    def begin_session(self, person: Person, backend: str = BACKEND, **values: Any) -> None:
        """Write what signing in and a first page leave in a session, and these values, in one row: `login` itself,
        which has tests of its own, would write it four times and the page once more, and half of all tests sign
        somebody in."""
        session = SessionStore()
        session["signed_in_at"] = session["seen_at"] = int(time.time())
        session[SESSION_KEY] = str(person.pk)
        session[BACKEND_SESSION_KEY] = backend
        session[HASH_SESSION_KEY] = person.get_session_auth_hash()
        session.update(values)
        session.save()
        self.cookies[settings.SESSION_COOKIE_NAME] = session.cookie_key


class PageClient(_SameRoleAfterwards, _CookieHoldsKey, Client):
    pass


class JsonClient(_SameRoleAfterwards, _CookieHoldsKey, APIClient):
    pass


def sign_in(client: _CookieHoldsKey, who: str) -> None:
    """Sign in as one of the cast, acting for the organisation in the name."""
    if who == "anonymous":
        return
    world = World()
    organization_id = world.organization_id_of(who)
    client.begin_session(world.person(who), **({"organization": organization_id} if organization_id else {}))


@pytest.fixture
def client() -> PageClient:
    """In place of pytest-django's."""
    return PageClient()


@pytest.fixture
def web(world: World) -> Callable[..., PageClient]:
    def make(who: str, *, csrf: bool = False, **options: Any) -> PageClient:
        client = PageClient(enforce_csrf_checks=csrf, **options)
        sign_in(client, who)
        return client

    return make


@pytest.fixture
def api(world: World) -> Callable[..., JsonClient]:
    def make(who: str, *, csrf: bool = False, **options: Any) -> JsonClient:
        client = JsonClient(enforce_csrf_checks=csrf, **options)
        sign_in(client, who)
        return client

    return make


@pytest.fixture
def as_tenant() -> Callable[[Actor], Any]:
    @contextmanager
    def enter(actor: Actor, secret: str = "") -> Iterator[None]:
        with transaction.atomic():  # an error rolls back, and with it the settings
            before = _current()
            tenancy.enter_tenant(organization_id=actor.organization_id, person_id=actor.person_id, secret=secret)
            yield
            _enter(before)

    return enter


class CountedQueries(CaptureQueriesContext):
    """`len()` and iteration leave out the savepoints, which stand for the request's BEGIN and COMMIT."""

    def __init__(self) -> None:
        super().__init__(connection)

    def __len__(self) -> int:
        return len(self.statements)

    @property
    def statements(self) -> list[str]:
        noise = ("SAVEPOINT", "RELEASE", "ROLLBACK TO", "BEGIN", "COMMIT")
        return [q["sql"] for q in self.captured_queries if not q["sql"].startswith(noise)]


@pytest.fixture
def count_queries(db: None) -> type[CountedQueries]:
    return CountedQueries


def _current() -> list[str]:
    with connection.connection.cursor() as cursor:
        cursor.execute(tenancy._CURRENT)
        return list(cursor.fetchone())


def _enter(values: list[str]) -> None:
    with connection.connection.cursor() as cursor:
        cursor.execute(tenancy._ENTER, values)
