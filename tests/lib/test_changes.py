"""What an action changed, as the log keeps it."""

import datetime as dt
from decimal import Decimal

from partnerportal.lib.changes import list_changes_between


def test_only_what_differs_is_said_and_as_json():
    before = {"same": 1, "day": None, "price": Decimal("1.50"), "on": True, "roles": ["reader"]}
    after = {"same": 1, "day": dt.date(2026, 1, 2), "price": Decimal(2), "on": False, "roles": ["admin", "reader"]}
    assert list_changes_between(before, after) == {
        "day": [None, "2026-01-02"], "on": [True, False], "price": ["1.50", "2"],
        "roles": [["reader"], ["admin", "reader"]],
    }  # fmt: skip


def test_of_an_unsaid_field_the_change_alone_is_kept():
    before, after = {"phone": "1", "city": "Ulm"}, {"phone": "2", "city": "Bonn"}
    changes = list_changes_between(before, after, redacted_fields={"phone"})
    assert changes == {"city": ["Ulm", "Bonn"], "phone": []}
