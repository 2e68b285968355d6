"""What is held about a person, for those who ask for it or want it gone. Apps above register what they hold."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.models import Person


@dataclass(frozen=True)
class Holding:
    """`export` gives what JSON can hold. Without `erase` it stays: it goes with the account, or is another's record."""

    name: str
    export: Callable[[Person], Any]
    erase: Callable[[Person], Any] | None = None


_holdings: dict[str, Holding] = {}


def register_holding(holding: Holding) -> None:
    """Have it exported under its name, which is taken once, and erased."""
    assert holding.name not in _holdings, f"two holdings are called {holding.name}"
    _holdings[holding.name] = holding


def holdings() -> list[Holding]:
    return list(_holdings.values())
