"""Formulas in exported text: Python's rule and PostgreSQL's are one."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models.functions import Upper
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Organization, Person
from partnerportal.lib.spreadsheet_safety import (
    _INVISIBLE,
    _STARTERS,
    escape_spreadsheet_cell,
    escape_spreadsheet_cell_sql,
    unescape_spreadsheet_cell,
)
from tests.counts import count

PIECES = st.sampled_from([*_STARTERS, *_INVISIBLE, "'", "a", "1", " ", "é", "\x0b", "－－"])
TEXTS = st.lists(PIECES, max_size=6).map("".join) | st.text(st.characters(exclude_characters="\0", codec="utf-8"))


@pytest.fixture
def told(db: None) -> Callable[[list[str]], list[str]]:
    """By PostgreSQL, in one question: the rule is written once, for a column as exports have it."""
    rule, parameters = (
        Organization.objects.order_by().values_list(escape_spreadsheet_cell_sql("name")).query.sql_with_params()
    )
    texts = "WITH accounts_organization (name, number) AS (SELECT * FROM unnest(%s) WITH ORDINALITY)"

    def ask(given: list[str]) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute(f"{texts} {rule} ORDER BY number", [given, *parameters])
            return [cell for (cell,) in cursor.fetchall()]

    return ask


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
@pytest.mark.parametrize("before", ["", " ", "\u00a0", "\ufeff", "\u200b", "\u3000", " \ufeff "])
def test_what_a_spreadsheet_would_run_is_marked(before, start):
    """Named here once more: the tests below go by the lists of the rule itself."""
    assert escape_spreadsheet_cell(f"{before}{start}1+1") == f"'{before}{start}1+1"


@pytest.mark.slow
@pytest.mark.no_cover
@settings(max_examples=count(300), suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS, min_size=1, max_size=20))
def test_the_database_agrees(texts, told):
    assert told(texts) == [escape_spreadsheet_cell(text) for text in texts]


@given(TEXTS)
def test_what_is_marked_is_unmarked_again(text):
    assert unescape_spreadsheet_cell(escape_spreadsheet_cell(text)) == text


def test_an_apostrophe_of_ones_own_is_kept():
    assert [escape_spreadsheet_cell(text) for text in ("'=1", "''=1", "'a", "'")] == ["''=1", "'''=1", "'a", "'"]
    assert [unescape_spreadsheet_cell(cell) for cell in ("'=1", "'a", "'", "''")] == ["=1", "'a", "'", "''"]


@given(TEXTS)
def test_nothing_runs_and_nothing_is_lost(text):
    assert not escape_spreadsheet_cell(text).lstrip(_INVISIBLE).startswith(_STARTERS)
    assert escape_spreadsheet_cell(text) in (text, f"'{text}")


def test_the_database_works_out_a_value_once() -> None:
    written = Person.objects.values_list(escape_spreadsheet_cell_sql(Upper("email")))
    assert str(written.query).count("UPPER(") == 1
