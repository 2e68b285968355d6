"""The permission matrix holds: right answers, no leak, no foreign change, no error; and it lists every address."""

import pytest

from tests.house.answers import ACTORS, SEES
from tests.house.machine import DERIVED, FOREIGN, Machine, every_pattern
from tests.house.matrix import MATRIX
from tests.house.test_tables import PERSONAL, TENANT_TABLES


def test_every_address_has_a_row():
    assert set(every_pattern()) == {row.pattern for row in MATRIX}


def test_every_tenant_table_is_watched():
    assert set(FOREIGN) | DERIVED >= TENANT_TABLES | PERSONAL


# Who also asks what answers everybody alike. Of the organisations one with reach, one without, and the one whose staff
# may do what no other may.
ASK_EVERYTHING = {"anonymous", "nobody", "partner.admin", "stranger.admin", "vendor.admin"}


@pytest.mark.promise("CV-15", "CV-16")
@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("who", ACTORS)
def test_answers(who, world, web):
    faults = list(Machine(world, web, SEES).faults(who, MATRIX, everything=who in ASK_EVERYTHING))
    assert not faults, "\n".join(faults)
