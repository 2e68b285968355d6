import pytest

from tests.mail_server import sink  # noqa: F401  (a fixture)
from tests.marketplace.rivals import Rival, build_rival
from tests.world import World


@pytest.fixture
def rival(world: World) -> Rival:
    return build_rival(world)
