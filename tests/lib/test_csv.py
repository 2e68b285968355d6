"""Formulas in exported text: Python's rule and PostgreSQL's are one."""

import pytest
from django.db.models import TextField, Value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Organization
from partnerportal.lib.csv import _INVISIBLE, _STARTERS, original_cell, safe_cell, safe_cell_sql

PIECES = st.sampled_from([*_STARTERS, *_INVISIBLE, "'", "a", "1", " ", "é", "\x0b", "－－"])
TEXTS = st.lists(PIECES, max_size=6).map("".join) | st.text(st.characters(exclude_characters="\0", codec="utf-8"))


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=20))
def test_the_database_agrees(texts, world):
    one = Organization.objects.filter(pk=world.partner.pk)
    cells = {f"_{n}": safe_cell_sql(Value(text, output_field=TextField())) for n, text in enumerate(texts)}
    assert list(one.values_list(*cells.values()).get()) == [safe_cell(text) for text in texts]


@given(TEXTS)
def test_nothing_runs_and_nothing_is_lost(text):
    assert not safe_cell(text).lstrip(_INVISIBLE).startswith(_STARTERS)
    assert original_cell(safe_cell(text)) == text or text.startswith("'")
