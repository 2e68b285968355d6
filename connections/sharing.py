"""Counts of what a connection lets the partner see of a customer. Apps above connections register their counters."""

from collections.abc import Callable, Sequence

from django.utils.functional import Promise

from partnerportal.lib.actors import Actor

Counter = Callable[[Actor, int], Sequence[str | Promise]]

_counters: list[Counter] = []


def register_shared_data_counter(counter: Counter) -> None:
    """Register a function that says how much an app holds of a customer, such as ["4 services", "2 orders"].

    The function takes the actor, who may see less than there is, and the customer's primary key. It returns a list of
    texts, empty for nothing. A function that is registered twice is asked twice.
    """
    _counters.append(counter)


def describe_shared_data(actor: Actor, customer_id: int) -> list[str | Promise]:
    """Return what the actor sees of a customer, as texts such as "4 services", from every registered counter.

    The dialog that ends a connection shows these texts.
    """
    return [words for counter in _counters for words in counter(actor, customer_id)]
