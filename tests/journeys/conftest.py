"""Journeys: real browsers against the real stack. No console error, failed request or CSP report goes unnoticed.

stack     the processes, once for the run
visitor   opens another browser: visitor(), visitor(java_script_enabled=False)
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests import databases
from tests.house.machine import placeholders
from tests.journeys.stack import PATIENCE, Stack
from tests.journeys.visitor import Visitor
from tests.world import World
from tools import browser as program

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's synchronous interface runs an event loop in this thread
expect.set_options(timeout=PATIENCE * 1000 / 2)  # the other tests run beside


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
    return {"executable_path": program.find(), "args": quiet}


@pytest.fixture(scope="session")
def stack(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Stack]:
    with django_db_blocker.unblock():
        name = databases.create()
        with databases.use(name):
            cast = placeholders(World())  # before the journeys add to the world
    with Stack(tmp_path_factory.mktemp("stack"), name, cast).running() as running:
        yield running
    with django_db_blocker.unblock():
        databases.drop(name)


@pytest.fixture(autouse=True)
def same_database(stack: Stack, django_db_blocker: Any) -> Iterator[None]:
    """What the test writes, the stack reads."""
    with django_db_blocker.unblock(), databases.use(stack.database):
        yield


@pytest.fixture
def visitor(
    browser: Browser, stack: Stack, same_database: None, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Visitor]]:
    visitors: list[Visitor] = []
    failed_before = request.session.testsfailed

    def arrive(**options: Any) -> Visitor:
        visitors.append(Visitor(browser, stack, **options))
        return visitors[-1]

    yield arrive
    for one in visitors:
        if request.session.testsfailed > failed_before:
            one.is_remembered_in(stack.folder, request.function.__name__)
        one.context.close()
    complaints = [complaint for one in visitors for complaint in one.complaints]
    assert not complaints, "\n".join(complaints)
