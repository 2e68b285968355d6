"""What every adapter gives: lines of our feed, what it did not understand, and what it missed. Pure: JSON in."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MISSING: Any = object()


@dataclass
class Adapted:
    """One item of a foreign file. Nothing of it is lost: `unknown` keeps the values that no line says."""

    item: int  # from 1
    lines: list[dict[str, Any]] = field(default_factory=list)
    unknown: dict[str, Any] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


class Reader:
    """Takes known fields out of an object by their paths, and remembers which are missing or of another type."""

    def __init__(self, data: Any) -> None:
        self.data = data if isinstance(data, dict) else {}
        self.missing: list[str] = []
        self._known: set[str] = set()

    def text(self, path: str) -> str:
        value = self._take(path)
        return self._good(path, value if isinstance(value, str) and value else MISSING, "")

    def count(self, path: str) -> int:
        value = self._take(path)
        return self._good(path, value if type(value) is int and value >= 0 else MISSING, 0)

    def maybe(self, path: str) -> Any:
        value = self._take(path)
        return None if value is MISSING else value

    def unknown(self) -> dict[str, Any]:
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
