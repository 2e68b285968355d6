"""How many customers are told when a partner moves. The app that knows connections registers how they are counted."""

from collections.abc import Callable

from accounts.models import Organization

_counters: list[Callable[[Organization], int]] = []


def register_told_customer_counter(counter: Callable[[Organization], int]) -> None:
    """Set the function that returns how many customers are told when this partner moves, in place of an earlier one."""
    _counters[:] = [counter]


def count_customers_told_of_move(partner: Organization) -> int:
    """Return how many customers are told when a partner moves to another distributor."""
    return _counters[0](partner)
