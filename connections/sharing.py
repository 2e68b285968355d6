"""Counts of what a connection lets the partner see of a customer. Apps above connections register their counters."""

from collections.abc import Callable, Sequence

from django.utils.functional import Promise

from partnerportal.lib.actors import Actor

Counter = Callable[[Actor, int], Sequence[str | Promise]]

_counters: list[Counter] = []


def register_shared_data_counter(counter: Counter) -> None:
    """Register a function that counts an app's data of a customer, as texts such as ["4 services", "2 orders"].

    It is called with the actor, to count only what the actor sees, and the customer's primary key. It returns a list of
    texts, empty if there is nothing. A function that is registered twice is called twice.
    """
    _counters.append(counter)


def list_shared_data_counts(actor: Actor, customer_id: int) -> list[str | Promise]:
    """Return what the actor sees of a customer, as a list of texts such as "4 services".

    The texts come from every registered counter. The dialog that ends a connection shows them. `customer_id` is the
    customer's primary key.
    """
    return [words for counter in _counters for words in counter(actor, customer_id)]
