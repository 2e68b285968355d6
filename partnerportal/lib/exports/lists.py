"""What an app says of a list, so that it can be exported."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from django.db.models import QuerySet

from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.exports.columns import Column
from partnerportal.lib.policies import Permission

LONGEST = 200  # characters of a filter's value
Query = Mapping[str, Any]
Rows = Callable[[Actor, Query, int | None], QuerySet[Any]]


class Subject(Enum):
    """Whose rows a file holds, which decides what an ended connection takes away."""

    ALL = auto()  # whatever the actor sees
    ONE = auto()  # a customer's that the request names, else the actor's own
    OWN_OR_ALL = auto()  # all customers' for whoever sees customers, else the actor's own


@dataclass(frozen=True, kw_only=True)
class List:
    """A list that can be exported. `rows` takes the actor, the address's filters and the customer's primary key, and
    returns the page's own rows in the page's order, so that a file holds what the page shows.

    `rule` says who may export it; `own_rule`, where there is one, who may export what is their own organisation's.
    """

    key: str  # at most 20 characters; also the name of its files
    label: Message
    columns: tuple[Column, ...]
    rows: Rows
    rule: Permission
    own_rule: Permission | None = None
    subject: Subject = Subject.ALL
    filters: frozenset[str] = frozenset()  # that it knows; what else an address says narrows nothing

    def query(self, address: Mapping[str, str]) -> Query:
        """Return the filters in an address that this list knows."""
        return {name: value for name, value in address.items() if name in self.filters and _is_text(value)}

    def rule_for(self, *, is_own: bool) -> Permission:
        """Return who may export the rows of the actor's own organisation, or of others."""
        return self.own_rule if is_own and self.own_rule else self.rule


def _is_text(value: str) -> bool:
    return "\0" not in value and len(value) <= LONGEST
