from collections.abc import Iterator
from typing import Any

import pytest

from tests.imports.kinds import kinds_of_tests, make_shelf
from tests.world import World


@pytest.fixture(autouse=True)
def kinds(settings: Any, tmp_path: Any) -> Iterator[None]:
    settings.PRIVATE_ROOT = tmp_path
    with kinds_of_tests():
        yield


@pytest.fixture
def shelved(world: World) -> World:
    """The world with a shelf, in the transaction of the test."""
    make_shelf()
    return world
