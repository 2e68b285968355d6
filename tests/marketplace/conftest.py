import pytest

from tests.marketplace.rivals import Rival, build_rival
from tests.world import World


@pytest.fixture
def rival(world: World) -> Rival:
    return build_rival(world)
