"""What every adapter returns: lines of the feed, what it did not understand, and what it missed. It only reads JSON."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MISSING: Any = object()


@dataclass
class AdaptedItem:
    """One item of another system's file, as lines of the feed. `unknown` keeps values without a field there."""

    item: int  # its number, from 1
    lines: list[dict[str, Any]] = field(default_factory=list)  # of the feed; none where something is missing
    unknown: dict[str, Any] = field(default_factory=dict)  # values by the path of their field
    missing: list[str] = field(default_factory=list)  # paths of fields that are missing or of another type


class FieldReader:
    """A reader of an object, which takes fields by their paths and remembers those missing or of another type.

    A path is names with points between them, such as `prepaidUnits.enabled`.
    """

    def __init__(self, data: Any) -> None:
        self.data = data if isinstance(data, dict) else {}
        self.missing: list[str] = []
        self._known: set[str] = set()

    def take_text(self, path: str) -> str:
        """Return the text of a field, or "" and note the field if it is missing or no text."""
        value = self._take(path)
        return self._good(path, value if isinstance(value, str) and value else MISSING, "")

    def take_count(self, path: str) -> int:
        """Return the whole number, 0 or more, of a field, or 0 and note the field if it is missing or another value."""
        value = self._take(path)
        return self._good(path, value if type(value) is int and value >= 0 else MISSING, 0)

    def take_optional(self, path: str) -> Any:
        """Return the value of a field, or None if the field is missing, which is no fault."""
        value = self._take(path)
        return None if value is MISSING else value

    def untaken_values(self) -> dict[str, Any]:
        """Return the values of the object that no `take_…` method was asked for, by their paths."""
        return dict(self._rest(self.data, ""))

    def _take(self, path: str) -> Any:
        self._known.add(path)
        value: Any = self.data
        for name in path.split("."):
            value = value.get(name, MISSING) if isinstance(value, dict) else MISSING
        return value

    def _good(self, path: str, value: Any, instead: Any) -> Any:
        if value is not MISSING:
            return value
        self.missing.append(path)
        return instead

    def _rest(self, data: dict[str, Any], above: str) -> Iterator[tuple[str, Any]]:
        for name, value in data.items():
            path = f"{above}{name}"
            if path in self._known:
                continue
            if isinstance(value, dict) and any(known.startswith(f"{path}.") for known in self._known):
                yield from self._rest(value, f"{path}.")
            else:
                yield path, value
