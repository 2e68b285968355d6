"""The fast path of a line of use says what the slow one says, or leaves the line to it."""

import datetime as dt
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from entitlements.ingest.lines import UsageFeedLineSerializer
from entitlements.ingest.reading import _plain_usage
from partnerportal.lib.days import today
from partnerportal.lib.json_lines.fields import MAX_INTEGER
from tests.counts import count

NUMBERS = sorted(UsageFeedLineSerializer._declared_fields.keys() - {"customer", "sku", "day"})
STRANGE: list[Any] = [None, True, 1.5, "x", [], {}]
DAYS = [(today() + dt.timedelta(days=shift)).isoformat() for shift in (0, -1, 1, 2, -400, -2000)]


def nearly(*values: object) -> st.SearchStrategy[object]:
    """These values, and others that no machine writes there."""
    return st.sampled_from([*values, *STRANGE])


NUMBER = nearly(*range(10), -1, MAX_INTEGER, MAX_INTEGER + 1, "7", 1.0)
ANY = {
    "customer": nearly("12345678", "02345678", "1234567", "123456789", "12345678\n", "１２３４５６７８", 12345678),
    "sku": nearly("VDI", "a.b-c_d", "with blank", "é", "x" * 60, "x" * 61, "", " VDI", "V\x00", 1),
    "day": nearly(*DAYS, "2026-02-30", "2026-2-3", "20260203", "2026-02-03T00:00", "２０２６-02-03"),
}
USUAL = {"customer": st.just("12345678"), "sku": st.just("VDI"), "day": st.just(DAYS[1])}


@st.composite
def lines(draw: Any) -> dict[str, Any]:
    """A line as machines write it, with at most one field strange, one missing and one unknown."""
    strange = draw(st.sampled_from(["", *ANY, *NUMBERS]))
    data = {name: draw(ANY[name] if name == strange else usual) for name, usual in USUAL.items()}
    data |= {name: draw(NUMBER if name == strange else st.just(5)) for name in NUMBERS}
    if missing := draw(st.sampled_from(["", "", *ANY, *NUMBERS])):
        del data[missing]
    if unknown := draw(st.sampled_from(["", "", "note", "Purchased"])):
        data[unknown] = 1
    return data


@settings(max_examples=count(2000), deadline=None)
@given(data=lines())
def test_the_fast_path_equals_the_slow_one(data: dict[str, Any]) -> None:
    fast = _plain_usage(dict(data))
    if fast is None:
        return
    assert fast == UsageFeedLineSerializer().run_validation(dict(data))


@settings(max_examples=count(1000), deadline=None)
@given(data=lines())
def test_a_line_that_is_refused_is_refused_by_the_slow_path_which_says_why(data: dict[str, Any]) -> None:
    try:
        UsageFeedLineSerializer().run_validation(dict(data))
    except ValidationError:
        assert _plain_usage(dict(data)) is None


def test_the_fast_path_takes_what_machines_write() -> None:
    usual = {"customer": "12345678", "sku": "VDI", "day": DAYS[1], "purchased": 5, "assigned": 3}
    assert _plain_usage(usual) == UsageFeedLineSerializer().run_validation(dict(usual))
