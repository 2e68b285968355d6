"""The scopes of consent: what a customer may share with those who see it (E-14)."""

from enum import IntFlag
from functools import cache, reduce
from operator import or_


class Scope(IntFlag):
    """A kind of data that a customer shares, such as usage. Several are joined by `|`.

    Databases store the number, so the value of a scope may never change.
    """

    NONE = 0
    ACCOUNT = 1  # name, ORGID, address and programmes; every connection shares it
    ENTITLEMENTS = 2  # services, trials and requests, seats purchased and assigned today, overage, ends
    USAGE = 4  # active users, and everything with a past: trends, pace, unusual use
    ORDERS = 8  # what was ordered, and prices
    TICKETS = 16  # support tickets
    NOTIFICATIONS = 32  # news of the customer, each of which also needs the scope of what it tells

    @property
    def codes(self) -> list[str]:
        """The codes of all scopes that are set, in lower case, as the API and the log write them."""
        return list(_list_codes(int(self)))

    @property
    def code(self) -> str:
        """The code of this scope, which must be a single one: its name in lower case."""
        return str(self.name).lower()


ALL = reduce(or_, Scope)


def find_scope_by_code(code: str) -> Scope:
    """Return the scope with this code, such as "orders". Raises KeyError for an unknown one."""
    return Scope[code.upper()]


@cache
def _list_codes(scopes: int) -> tuple[str, ...]:
    """Return the codes of these scopes. There are few sets, and a list asks for one in each row."""
    return tuple(scope.code for scope in Scope(scopes))


def includes_scopes(scopes: int, needed_scopes: Scope) -> bool:
    """Return whether `scopes`, a number from the database, include every scope in `needed_scopes`.

    They are compared as numbers, because lists ask it for each row, and an operation on flags makes a new flag.
    """
    return int(scopes) & int(needed_scopes) == int(needed_scopes)
