"""The permission matrix holds: right answers, no leak, no foreign change, no error; and it lists every address."""

import pytest

from tests.house.answers import ACTORS, SEES
from tests.house.machine import DERIVED, FOREIGN, Machine, every_pattern
from tests.house.matrix import MATRIX
from tests.house.test_tables import PERSONAL, TENANT_TABLES
from tests.world import KINDS, organization_name_of


def test_every_address_has_a_row():
    assert set(every_pattern()) == {row.pattern for row in MATRIX}


# Where a whole type of organisation is refused and not told that the page is not there, and why.
REFUSES_ALL = {
    "join/<str:token>/accept/": "the invitation is for a person, whoever they act for",
    "offers/<uuid:offer_id>/stops/<uuid:stop_id>/lift/": "the cast's stop is its publisher's; the vendor lifts its own",
    "api/v1/offers/<uuid:offer_id>/stops/<uuid:stop_id>/lift/": "likewise",
}


@pytest.mark.promise("CV-7")
def test_a_refusal_is_for_a_role_or_a_badge_that_one_lacks_in_the_right_type_of_organisation():
    """What is none of a type of organisation is not there for it: a 404 for all who act for one of that type."""
    faults = []
    for row in MATRIX:
        for method in row.answers:
            answers = {}
            for who in ACTORS:
                if kind := KINDS.get(organization_name_of(who)):
                    answers.setdefault(str(kind), set()).add(row.expected(method, who))
            refused = sorted(kind for kind, given in answers.items() if given == {"403"})
            if refused and row.pattern not in REFUSES_ALL:
                faults.append(f"{method} {row.path} refuses every {', '.join(refused)}")
    assert not faults, "\n".join(faults)


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
