"""What every adapter returns: lines of the feed, what it did not understand, and what it missed. It only reads JSON."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MISSING: Any = object()


@dataclass
class ConvertedFeedItem:
    """One item of another system's file, translated to lines of the feed.

    `unknown` keeps the values for which the feed has no field.
    """

    item: int  # its number, from 1
    lines: list[dict[str, Any]] = field(default_factory=list)  # of the feed; none where something is missing
    unknown: dict[str, Any] = field(default_factory=dict)  # values by the path of their field
    missing: list[str] = field(default_factory=list)  # paths of fields that are missing or of another type


class JsonFieldReader:
    """A reader of the fields of a JSON object, which remembers fields that are missing or of the wrong type.

    A field is named by its path, with points between the names, such as `prepaidUnits.enabled`.
    """

    def __init__(self, data: Any) -> None:
        self.data = data if isinstance(data, dict) else {}
        self.missing: list[str] = []
        self._known: set[str] = set()

    def read_text(self, path: str) -> str:
        """Return the field's value if it is text; otherwise return "" and note it as missing."""
        value = self._take(path)
        return self._good(path, value if isinstance(value, str) and value else MISSING, "")

    def read_count(self, path: str) -> int:
        """Return the field's value if it is a whole number from 0 on; otherwise return 0 and note it as missing."""
        value = self._take(path)
        return self._good(path, value if type(value) is int and value >= 0 else MISSING, 0)

    def read_optional(self, path: str) -> Any:
        """Return the value of a field, or None if the object lacks it. A missing field is not noted."""
        value = self._take(path)
        return None if value is MISSING else value

    def collect_unread_values(self) -> dict[str, Any]:
        """Return the values of all fields that no `read_…` method has read, as a dict by path."""
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
