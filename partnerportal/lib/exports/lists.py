"""The description of a list by its app, from which it can be exported."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from django.db.models import QuerySet

from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.exports.columns import ExportColumn
from partnerportal.lib.policies import Permission
from partnerportal.lib.scopes import Scope

LONGEST = 200  # characters of a filter's value; a longer one is ignored
Query = Mapping[str, Any]  # filters by name
Rows = Callable[[Actor, Query, int | None], QuerySet[Any]]  # takes the actor, the filters and a customer's primary key


class ExportSubject(Enum):
    """The organisations whose rows a file holds, which decides what the end of a connection takes away."""

    ALL = auto()  # everybody's whom the actor sees
    ONE = auto()  # those of the customer whom the request names, else the actor's own
    OWN_OR_ALL = auto()  # those of all customers for an actor who sees customers, else the actor's own


@dataclass(frozen=True, kw_only=True)
class ExportList:
    """A list that can be exported.

    `rows` takes the actor, the filters of the address and a customer's primary key. It returns the page's own rows in
    the page's order, so that a file holds what the page shows. `rule` says who may export the list, and `own_rule`,
    where there is one, who may export the rows of their own organisation.
    """

    key: str  # at most 20 characters; also the name of its files
    label: Message
    columns: tuple[ExportColumn, ...]
    rows: Rows
    rule: Permission
    own_rule: Permission | None = None
    subject: ExportSubject = ExportSubject.ALL
    scope: Scope = Scope.ACCOUNT  # what a customer must share, so that the list can be exported of this one customer
    filters: frozenset[str] = frozenset()  # names of the filters that the list knows; any others are ignored

    def pick_filters(self, address: Mapping[str, str]) -> Query:
        """Return the filters of an address that this list knows, without values that are too long or hold NUL."""
        return {name: value for name, value in address.items() if name in self.filters and _is_text(value)}

    def choose_permission(self, *, is_own: bool) -> Permission:
        """Return the permission that exporting takes: for rows of the actor's own organisation, or of others."""
        return self.own_rule if is_own and self.own_rule else self.rule


def _is_text(value: str) -> bool:
    return "\0" not in value and len(value) <= LONGEST
