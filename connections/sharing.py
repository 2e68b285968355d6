"""Counts of what a connection lets the partner see of a customer. Apps above connections register their counters."""

from collections.abc import Callable, Sequence

from django.utils.functional import Promise

Counter = Callable[[int], Sequence[str | Promise]]

_counters: list[Counter] = []


def register_shared(counter: Counter) -> None:
    """Register a function that counts what an app holds of a customer, in words such as ["4 services", "2 orders"].

    It takes the customer's primary key. Row-level security bounds what it counts to what the actor sees.
    """
    _counters.append(counter)


def shared_things(customer_id: int) -> list[str | Promise]:
    """Return what every registered counter says of a customer, for the page that asks before a connection is ended."""
    return [words for counter in _counters for words in counter(customer_id)]
