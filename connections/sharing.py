"""What a connection lets the partner see, counted. Apps above this one register what they hold."""

from collections.abc import Callable, Sequence

from django.utils.functional import Promise

Counter = Callable[[int], Sequence[str | Promise]]

_counters: list[Counter] = []


def register_shared(counter: Counter) -> None:
    """`counter(customer_id)` answers in words: ["4 services", "2 orders"]. Row-level security bounds what it counts."""
    _counters.append(counter)


def shared_things(customer_id: int) -> list[str | Promise]:
    return [words for counter in _counters for words in counter(customer_id)]
