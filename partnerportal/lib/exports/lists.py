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

LONGEST = 4000  # characters of a filter's value; a longer one, which no page has in its URL, is ignored
Query = Mapping[str, Any]  # filters by name
Rows = Callable[[Actor, Query, int | None], QuerySet[Any]]  # takes the actor, the filters and a customer's primary key


class ExportSubject(Enum):
    """The organisations whose rows an exported file holds: all that the actor sees, or one.

    It decides which files are withdrawn when a connection ends.
    """

    ALL = auto()  # everybody's whom the actor sees
    ONE = auto()  # those of the customer whom the request names, else the actor's own
    OWN_OR_ALL = auto()  # those of all customers for an actor who sees customers, else the actor's own


@dataclass(frozen=True, kw_only=True)
class ExportableList:
    """The description of a list that people can export as a CSV file.

    `rows` is a function of the actor, the filters in the URL and a customer's primary key (or None). It returns the
    queryset that the list's page shows, in the same order. `rule` is the permission that exporting takes; `own_rule`,
    if there is one, is enough for the rows of the actor's own organisation. `counted_rows` says a number of rows in
    words, such as "50 customers", where each is one of the things that the list is named after: a text of
    `ngettext_lazy`, whose plural goes by `number`, with `total` for that number as the reader writes it.
    """

    key: str  # at most 20 characters; also the name of its files
    label: Message
    columns: tuple[ExportColumn, ...]
    rows: Rows
    rule: Permission
    own_rule: Permission | None = None
    subject: ExportSubject = ExportSubject.ALL
    scope: Scope = Scope.ACCOUNT  # what a customer must share, so that the list can be exported of this one customer
    counted_rows: Message = ""
    filters: frozenset[str] = frozenset()  # names of the filters that the list knows; any others are ignored

    def pick_filters(self, url_parameters: Mapping[str, str]) -> Query:
        """Return the filters in a URL's parameters that this list knows, by name.

        Values that are too long or contain NUL are left out.
        """
        return {name: value for name, value in url_parameters.items() if name in self.filters and _is_text(value)}

    def choose_permission(self, *, is_own: bool) -> Permission:
        """Return the permission needed to export: for the actor's own rows `own_rule`, if there is one, else `rule`."""
        return self.own_rule if is_own and self.own_rule else self.rule


def _is_text(value: str) -> bool:
    return "\0" not in value and len(value) <= LONGEST
