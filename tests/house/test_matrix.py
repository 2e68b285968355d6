"""The permission matrix holds: right answers, no leak, no foreign change, no error; and it lists every address."""

import pytest

from tests.house.answers import ACTORS, SEES
from tests.house.machine import DERIVED, FOREIGN, METHODS, Machine, every_pattern
from tests.house.matrix import MATRIX
from tests.house.test_tables import PERSONAL, TENANT_TABLES


def test_every_address_has_a_row():
    assert set(every_pattern()) == {row.pattern for row in MATRIX}


def test_every_tenant_table_is_watched():
    assert set(FOREIGN) | DERIVED >= TENANT_TABLES | PERSONAL


TRY_EVERY_METHOD = {"anonymous", "partner.admin", "stranger.admin"}


@pytest.mark.promise("CV-15", "CV-16")
@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("who", ACTORS)
def test_answers(who, world, web):
    methods = METHODS if who in TRY_EVERY_METHOD else ("GET", "POST")
    faults = list(Machine(world, web, SEES).faults(who, MATRIX, methods))
    assert not faults, "\n".join(faults)
