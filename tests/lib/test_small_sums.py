"""Sums over customers by place: none that is shown counts too few of them, nor can be had by subtraction."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnerportal.lib.small_sums import FEWEST, OTHERS, CountedSum, join_small_sums

PLACES = (OTHERS, "DE", "FR", "JP", "SE", "US")
COUNTED = st.integers(0, 12).flatmap(  # everybody who is counted contributes at least 1
    lambda people: st.lists(st.integers(1, 1000), min_size=people, max_size=people).map(
        lambda amounts: CountedSum(sum(amounts), len(amounts))
    )
)
BY_PLACE = st.dictionaries(st.sampled_from(PLACES), COUNTED)


def total(sums):
    return sum(one.amount for one in sums.values()), sum(one.contributors for one in sums.values())


@pytest.mark.promise("G-19")
@given(BY_PLACE)
def test_no_sum_that_is_shown_counts_too_few(sums):
    """Neither one of them, nor what is had of any by adding up and subtracting: they overlap nowhere."""
    shown = join_small_sums(sums)
    for size in range(1, len(shown) + 1):
        for some in combinations(shown.values(), size):
            assert sum(one.contributors for one in some) >= FEWEST


@given(BY_PLACE)
def test_the_total_is_the_true_one_or_nothing_is_shown(sums):
    shown = join_small_sums(sums)
    assert total(shown) == (total(sums) if total(sums)[1] >= FEWEST else (0, 0))


@given(BY_PLACE)
def test_what_is_left_out_of_a_true_total_counts_enough(sums):
    """Whoever knows the true total learns of the places that do not stand alone only what they are together."""
    shown = join_small_sums(sums)
    alone = {place: one for place, one in shown.items() if place != OTHERS}
    left = total(sums)[1] - total(alone)[1]
    assert not shown or left == 0 or left >= FEWEST


@given(BY_PLACE)
def test_a_place_that_stands_alone_has_its_own_sum(sums):
    for place, one in join_small_sums(sums).items():
        assert place == OTHERS or one == sums[place]


@given(BY_PLACE)
def test_no_more_places_are_joined_than_need_to_be(sums):
    """At most one that counts enough itself."""
    shown = join_small_sums(sums)
    enough = {place for place, one in sums.items() if place != OTHERS and one.contributors >= FEWEST}
    assert len(enough - set(shown)) <= 1


@pytest.mark.parametrize(
    ("people", "shown"),
    [
        ({}, {}),
        ({"DE": 4}, {}),
        ({"DE": 5}, {"DE": 5}),
        ({"DE": 3, "FR": 2}, {OTHERS: 5}),
        ({"DE": 5, "FR": 1}, {OTHERS: 6}),
        ({"DE": 9, "FR": 7, "JP": 1}, {"DE": 9, OTHERS: 8}),
        ({"DE": 5, "FR": 5, "JP": 4, "SE": 1}, {"DE": 5, "FR": 5, OTHERS: 5}),
        ({"DE": 5, OTHERS: 2}, {OTHERS: 7}),
        ({"DE": 5, "FR": 0}, {"DE": 5}),
    ],
)
def test_examples(people, shown):
    sums = {place: CountedSum(10 * number, number) for place, number in people.items()}
    assert {place: one.contributors for place, one in join_small_sums(sums).items()} == shown
