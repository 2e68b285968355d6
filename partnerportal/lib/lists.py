"""Lists: what an address says of one, and the addresses to which its page leads.

Everything that a reader chooses of a list (filters, order, tab, page, size) stands in its address, so that Back, a
bookmark and a colleague's link show the same. Nonsense in an address falls back to what is usual.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from partnerportal.lib import formats
from partnerportal.lib.errors import Message, NotFound
from partnerportal.lib.filters import FilterSet
from partnerportal.lib.keyset import Page
from partnerportal.lib.policies import Permission

SIZES = (25, 50, 100)  # rows of a page, to choose from
DEFAULT_SIZE = 50
CHOSEN_FROM = 5  # columns that a list has at least, so that people can choose among them


@dataclass(frozen=True, kw_only=True)
class ListColumn:
    """A column that a list can show.

    `name` is its word in the address, in saved settings and in the template that draws the rows. `sort` is a column of
    the queryset that is never null, or empty where nothing is ordered by it. `is_usual`: shown unless a person chooses.
    """

    name: str
    label: Message
    sort: str = ""
    css: str = ""
    is_usual: bool = True


@dataclass(frozen=True, kw_only=True)
class ListDefinition:
    """The description of a list whose columns people can choose and whose views they can save.

    The first of `columns` names the row and always stands first; of fewer than CHOSEN_FROM there is nothing to choose,
    and a list that is no table has none. `rule` says who sees the list at all.
    """

    key: str  # at most 20 characters: in saved views, settings and addresses
    label: Message
    url_name: str
    rule: Permission
    columns: tuple[ListColumn, ...] = ()
    filter_set: type[FilterSet]
    default_sort: str = ""  # empty where the list has one order only
    more_sorts: Mapping[str, str] = field(default_factory=dict)  # without a column of their own

    @property
    def has_choice_of_columns(self) -> bool:
        """Whether people can choose the list's columns, beside its density."""
        return len(self.columns) >= CHOSEN_FROM

    @cached_property
    def sorts(self) -> dict[str, str]:
        """Return the words by which an address may order, each with its column of the queryset."""
        return {column.name: column.sort for column in self.columns if column.sort} | dict(self.more_sorts)

    def select_columns(self, names: Iterable[str]) -> tuple[ListColumn, ...]:
        """Return the columns of these names in their order, after the first of all; without names, the usual ones."""
        if not self.columns:
            return ()
        first, *others = self.columns
        by_name = {column.name: column for column in others}
        wanted = [by_name[name] for name in dict.fromkeys(names) if name in by_name]
        return (first, *wanted) if names else tuple(column for column in self.columns if column.is_usual)

    def parse_sort(self, params: Mapping[str, str]) -> str:
        """Return the order that the address asks for, with "-" before a descending one; the usual one for nonsense."""
        sort = str(params.get("sort", ""))
        return sort if sort.removeprefix("-") in self.sorts and not sort.startswith("--") else self.default_sort

    def parse_saved_query(self, params: Mapping[str, str]) -> dict[str, str]:
        """Return the filters and the order of an address as a saved view keeps them, without what is bad or usual."""
        sort = self.parse_sort(params)
        query = {name: format_query_value(value) for name, value in self.filter_set(params).cleaned_values.items()}
        return query if sort == self.default_sort else query | {"sort": sort}


_definitions: dict[str, ListDefinition] = {}


def register_list(definition: ListDefinition) -> None:
    """Register a list, so that people can save views of it and choose its columns.

    Raises AssertionError for a list whose key is registered already.
    """
    assert definition.key not in _definitions, f"two lists are called {definition.key}"
    _definitions[definition.key] = definition


def find_list(key: str) -> ListDefinition:
    """Return the registered list with this key. Raises NotFound for an unknown key."""
    if key not in _definitions:
        raise NotFound("not_found", "")
    return _definitions[key]


@dataclass(frozen=True)
class ColumnHead:
    """The head of a table's column. `url` orders by it, and is empty where nothing does; `direction` is aria-sort's."""

    name: str
    label: str
    url: str
    direction: str
    css: str


@dataclass
class Tab:
    """A tab above a list. `count` is None where counting would cost a query of its own."""

    label: str
    url: str
    count: int | None
    is_current: bool
    is_shared: bool = False
    is_default: bool = False


def format_query_value(value: Any) -> str:
    """Return the value as it stands in an address: `true` and `false` for a boolean."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def build_query_string(values: Mapping[str, Any]) -> str:
    """Return these values as a query string without "?"; empty values are left out."""
    return urlencode({name: format_query_value(value) for name, value in values.items() if value not in ("", None)})


def build_list_address(path: str, values: Mapping[str, Any], usual: Mapping[str, Any] | None = None) -> str:
    """Return the path with these values as its query, without what is empty or equals the `usual` value of its name."""
    left_out = {name: format_query_value(value) for name, value in (usual or {}).items()}
    query = build_query_string(
        {name: value for name, value in values.items() if format_query_value(value) != left_out.get(name)}
    )
    return f"{path}?{query}" if query else path or "?"


class ListState:
    """The state of one list: what its address asks for, the page of rows, and the addresses that lead on.

    A list sets `page`, `filter_values` (the filters that narrow it, by name) and, where it knows, `matching` (how many
    rows there are in all). `url_name` is empty for a list whose addresses are relative to its page.
    """

    url_name: ClassVar[str] = ""
    usual: ClassVar[Mapping[str, Any]] = {}  # what an address leaves out, by name

    page: Page[Any]
    filter_values: Mapping[str, Any] = {}
    matching: int | None = None
    cursor: str = ""

    @property
    def carried_values(self) -> dict[str, Any]:
        """Return the values that every address of the list carries along. The page is not among them."""
        return dict(self.filter_values)

    def address(self, **changes: Any) -> str:
        """Return the canonical address of the list with these parameters changed.

        It leads to the first page, unless `cursor` is given.
        """
        path = reverse(self.url_name) if self.url_name else ""
        return build_list_address(path, {**self.carried_values, **changes}, self.usual)

    @cached_property
    def own_address(self) -> str:
        """Return the address of the page that is shown."""
        return self.address(cursor=self.cursor)

    @property
    def previous_url(self) -> str:
        """Return the address of the page before; "" on the first."""
        return self.address(cursor=self.page.previous_cursor) if self.page.previous_cursor else ""

    @property
    def next_url(self) -> str:
        """Return the address of the page after; "" on the last."""
        return self.address(cursor=self.page.next_cursor) if self.page.next_cursor else ""

    @property
    def clear_url(self) -> str:
        """Return the address of the list without any filter."""
        return self.address(**dict.fromkeys(self.filter_values))

    @property
    def address_query(self) -> str:
        """The filters and the order of the list as a query string without "?", for its export.

        The usual order is named too.
        """
        return build_query_string(self.carried_values)

    @property
    def total(self) -> str:
        """Return how many rows match, as the reader writes numbers; "" where nobody counts them."""
        return "" if self.matching is None else formats.format_number(self.matching)

    @property
    def position(self) -> str:
        """Return which rows the page shows: "51–100 of 2,418", or "51–100" where nobody counts them."""
        first, last = formats.format_number(self.page.first), formats.format_number(self.page.last)
        if self.matching is None:
            return f"{first}–{last}"
        return _("%(first)s–%(last)s of %(total)s") % {"first": first, "last": last, "total": self.total}


def build_column_heads(columns: Iterable[ListColumn], sort: str, address: Callable[..., str]) -> list[ColumnHead]:
    """Return the heads of these columns, each with the address that orders by its column.

    The address of the column in force reverses the order.
    """
    return [_head(column, sort, address) for column in columns]


def _head(column: ListColumn, sort: str, address: Callable[..., str]) -> ColumnHead:
    directions = {column.name: "ascending", f"-{column.name}": "descending"}
    following = f"-{column.name}" if sort == column.name else column.name
    url = address(sort=following) if column.sort else ""
    return ColumnHead(column.name, str(column.label), url, directions.get(sort, ""), column.css)
