"""What an action changed, for the log: each field's name with its value before and after, as JSON has them."""

from collections.abc import Container, Mapping
from typing import Any

Changes = dict[str, list[Any]]


def list_changes_between(
    before: Mapping[str, Any], after: Mapping[str, Any], *, redacted_fields: Container[str] = ()
) -> Changes:
    """Return what changed between two dicts of field values, as a dict of field name to [old value, new value].

    Only fields of `after` are compared, and names are sorted. Fields in `redacted_fields` may hold personal data: they
    get an empty list, so that the log says that they changed but not how. Numbers, booleans, strings and lists of these
    stay as they are; any other value becomes a string.
    """
    changed = sorted(name for name, value in after.items() if before.get(name) != value)
    return {
        name: [] if name in redacted_fields else [_json_value(before.get(name)), _json_value(after[name])]
        for name in changed
    }


def list_row_changes(row: Any, new_values: Mapping[str, Any], *, redacted_fields: Container[str] = ()) -> Changes:
    """Return what `new_values` would change in a model instance, in the form of `list_changes_between`."""
    return list_changes_between(
        {name: getattr(row, name) for name in new_values}, new_values, redacted_fields=redacted_fields
    )


def _json_value(value: object) -> object:
    if isinstance(value, list):
        return [_json_value(item) for item in value]
    return value if value is None or isinstance(value, int) else str(value)
