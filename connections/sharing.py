"""Counts of what a connection lets the partner see of a customer. Apps above connections register their counters."""

from collections.abc import Callable, Sequence

from django.utils.functional import Promise

from partnerportal.lib.actors import Actor

Counter = Callable[[Actor, int], Sequence[str | Promise]]

_counters: list[Counter] = []


def register_shared(counter: Counter) -> None:
    """Register a function that counts what an app holds of a customer, in words such as ["4 services", "2 orders"].

    It takes the actor, who may see less than there is, and the customer's primary key.
    """
    _counters.append(counter)


def describe_what_is_shared(actor: Actor, customer_id: int) -> list[str | Promise]:
    """Return what every registered counter says of a customer, for the page that asks before a connection is ended."""
    return [words for counter in _counters for words in counter(actor, customer_id)]
