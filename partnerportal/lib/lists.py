"""Lists: what a URL says of one, and the URLs to which its page leads.

Everything that a reader chooses of a list (filters, order, tab, page, size) stands in its URL, so that Back, a
bookmark and a colleague's link show the same. Unknown values in a URL fall back to the defaults.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message, NotFound
from partnerportal.lib.filters import FilterSet
from partnerportal.lib.keyset import KeysetPage
from partnerportal.lib.list_filters import FilterRange, SeveralValues
from partnerportal.lib.policies import Permission

SIZES = (25, 50, 100)  # rows of a page, to choose from
DEFAULT_SIZE = 50
CHOSEN_FROM = 5  # columns that a list has at least, so that people can choose among them


@dataclass(frozen=True, kw_only=True)
class ListColumn:
    """A column that a list can show.

    `name` identifies it in URLs, in saved settings and in the template of the rows. `sort` is the database column or
    the annotation to sort by, never null, or "" if the list cannot be sorted by this column. `is_usual` says whether it
    is shown to people who have not chosen columns. With `seen_by`, only actors for whom it returns true have the
    column.
    """

    name: str
    label: Message
    sort: str = ""
    css: str = ""
    is_usual: bool = True
    seen_by: Callable[[Actor], object] | None = None


@dataclass(frozen=True, kw_only=True)
class ListDefinition:
    """The description of a list of which people can save views and choose the columns.

    `columns` has first the column that names the row, which is always shown. A list of fewer than CHOSEN_FROM columns
    has no choice of columns; one that is not a table has no columns. `rule` is the permission to see the list.

    `fields` are the filters that have a field on the page. All others stand in its form as hidden fields. The dialog
    “Advanced” has those of a range, and those of several values by their parameters.
    """

    key: str  # at most 20 characters: in saved views, settings and URLs
    label: Message
    url_name: str
    rule: Permission
    columns: tuple[ListColumn, ...] = ()
    filter_set: type[FilterSet]
    default_sort: str = ""  # empty where the list has one order only
    more_sorts: Mapping[str, str] = field(default_factory=dict)  # without a column of their own
    fields: tuple[str, ...] = ()
    ranges: tuple[FilterRange, ...] = ()
    several: dict[str, SeveralValues] = field(default_factory=dict)

    @property
    def has_selectable_columns(self) -> bool:
        """Whether people can choose the list's columns. Its row height they can always choose."""
        return len(self.columns) >= CHOSEN_FROM

    @cached_property
    def sorts(self) -> dict[str, str]:
        """The values that the URL's `sort` parameter may have, each with the database column to sort by."""
        return {column.name: column.sort for column in self.columns if column.sort} | dict(self.more_sorts)

    def for_actor(self, actor: Actor) -> "ListDefinition":
        """Return the definition with those columns that the actor has: itself, unless some are not for everybody."""
        columns = tuple(column for column in self.columns if column.seen_by is None or column.seen_by(actor))
        return self if columns == self.columns else replace(self, columns=columns)

    def select_columns(self, column_names: Iterable[str]) -> tuple[ListColumn, ...]:
        """Return the columns with these names, in this order, after the list's first column.

        Without names it returns the usual columns. Unknown names are ignored.
        """
        if not self.columns:
            return ()
        first, *others = self.columns
        by_name = {column.name: column for column in others}
        wanted = [by_name[name] for name in dict.fromkeys(column_names) if name in by_name]
        return (first, *wanted) if column_names else tuple(column for column in self.columns if column.is_usual)

    def parse_sort(self, url_parameters: Mapping[str, str]) -> str:
        """Return the value of the URL's `sort` parameter, with "-" before a descending one.

        A missing or unknown value gives the default order.
        """
        sort = str(url_parameters.get("sort", ""))
        return sort if sort.removeprefix("-") in self.sorts and not sort.startswith("--") else self.default_sort

    def list_order_fields(self, url_parameters: Mapping[str, str], *, key: str = "pk") -> tuple[str, str]:
        """Return the order that URL parameters ask for, as the arguments of a queryset's `order_by`.

        It is that of the list's pages; `key` is the unique column that decides among equal rows.
        """
        sort = self.parse_sort(url_parameters)
        column, sign = self.sorts[sort.removeprefix("-")], "-" if sort.startswith("-") else ""
        return f"{sign}{column}", f"{sign}{key}"

    def parse_keyset_order(self, url_parameters: Mapping[str, str]) -> dict[str, Any]:
        """Return the order that URL parameters ask for, as the arguments `sort` and `descending` of a keyset page."""
        sort = self.parse_sort(url_parameters)
        return {"sort": self.sorts[sort.removeprefix("-")], "descending": sort.startswith("-")}

    def parse_saved_query(self, url_parameters: Mapping[str, str]) -> dict[str, str]:
        """Return the filters and the order in URL parameters as a dict of strings, for storage in a saved view.

        Invalid filters and the default order are left out.
        """
        sort = self.parse_sort(url_parameters)
        query = {
            name: format_query_value(value) for name, value in self.filter_set(url_parameters).cleaned_values.items()
        }
        return query if sort == self.default_sort else query | {"sort": sort}


_definitions: dict[str, ListDefinition] = {}


def register_list_definition(definition: ListDefinition) -> None:
    """Register a list, so that people can save views of it and choose its columns.

    Raises AssertionError for a list whose key is registered already.
    """
    assert definition.key not in _definitions, f"two lists are called {definition.key}"
    _definitions[definition.key] = definition


def list_list_keys() -> list[str]:
    """Return the keys of all registered lists, in alphabetical order."""
    return sorted(_definitions)


def find_list_definition(key: str) -> ListDefinition:
    """Return the registered list with this key. Raises NotFound for an unknown key."""
    if key not in _definitions:
        raise NotFound("not_found", "")
    return _definitions[key]


@dataclass(frozen=True)
class ColumnHeading:
    """The heading of a table's column.

    `url` leads to the list sorted by this column, or is "" if that is not possible. `direction` is the value of
    aria-sort.
    """

    name: str
    label: str
    url: str
    direction: str
    css: str


@dataclass
class ListTab:
    """A tab above a list, which leads to a part of it or to a saved view.

    `count` is the number of rows there, or None where counting would take a query of its own.
    """

    label: str
    url: str
    count: int | None
    is_current: bool
    is_shared: bool = False
    is_default: bool = False


def format_query_value(value: Any) -> str:
    """Return a value as the text that stands for it in a URL's query string, such as `true` for True."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def build_query_string(values: Mapping[str, Any]) -> str:
    """Return the values, by parameter name, as a URL's query string without "?". Empty values are left out."""
    return urlencode({name: format_query_value(value) for name, value in values.items() if value not in ("", None)})


def build_list_url(path: str, values: Mapping[str, Any], defaults: Mapping[str, Any] | None = None) -> str:
    """Return the URL of a list: the path with these values as its query string.

    Values that are empty, or equal to the `defaults` value of the same name, are left out.
    """
    left_out = {name: format_query_value(value) for name, value in (defaults or {}).items()}
    query = build_query_string(
        {name: value for name, value in values.items() if format_query_value(value) != left_out.get(name)}
    )
    return f"{path}?{query}" if query else path or "?"


class ListState:
    """The state of a list that a page shows: its filters, its rows, and the URLs of other pages and orders.

    A subclass sets `page`, `filter_values` (the active filters, by name) and, if known, `matching` (the number of rows
    on all pages). `url_name` is "" for a list whose URLs are relative to the page.
    """

    url_name: ClassVar[str] = ""
    usual: ClassVar[Mapping[str, Any]] = {}  # what a URL leaves out, by name

    page: KeysetPage[Any]
    filter_values: Mapping[str, Any] = {}
    matching: int | None = None
    cursor: str = ""

    @property
    def common_url_values(self) -> dict[str, Any]:
        """The values that every URL of this list repeats, by parameter name. The cursor is not among them."""
        return dict(self.filter_values)

    def build_url(self, **changes: Any) -> str:
        """Return the URL of this list with some parameters changed.

        It leads to the first page, unless `cursor` is among the changes.
        """
        path = reverse(self.url_name) if self.url_name else ""
        return build_list_url(path, {**self.common_url_values, **changes}, self.usual)

    @cached_property
    def current_url(self) -> str:
        """The URL of the page that is shown, without parameters that have their usual value."""
        return self.build_url(cursor=self.cursor)

    @property
    def previous_url(self) -> str:
        """The URL of the previous page, or "" on the first page."""
        return self.build_url(cursor=self.page.previous_cursor) if self.page.previous_cursor else ""

    @property
    def next_url(self) -> str:
        """The URL of the next page, or "" on the last page."""
        return self.build_url(cursor=self.page.next_cursor) if self.page.next_cursor else ""

    @property
    def clear_filters_url(self) -> str:
        """The URL of this list without any filter."""
        return self.build_url(**dict.fromkeys(self.filter_values))

    @property
    def filter_query_string(self) -> str:
        """The filters and the order of this list as a query string without "?", for exporting the list.

        The order is included even where it is the default.
        """
        return build_query_string(self.common_url_values)

    @property
    def total(self) -> str:
        """The number of rows on all pages, formatted for the reader, or "" if it is not counted."""
        return "" if self.matching is None else formats.format_number(self.matching)

    @property
    def select_all_label(self) -> str:
        """The label of the button that selects all rows that match; "" if they are all on the page, or not counted."""
        if (self.matching or 0) <= len(self.page.rows):
            return ""
        return _("Select all %(total)s that match") % {"total": self.total}

    @property
    def select_all_count(self) -> str:
        """The number of all rows that match, as the bar of the selected rows shows it."""
        return self.total

    @property
    def position_label(self) -> str:
        """The positions of the rows on this page, as "51–100 of 2,418", or "51–100" if the total is not counted."""
        first, last = formats.format_number(self.page.first), formats.format_number(self.page.last)
        if self.matching is None:
            return f"{first}–{last}"
        return _("%(first)s–%(last)s of %(total)s") % {"first": first, "last": last, "total": self.total}


def build_column_headings(
    columns: Iterable[ListColumn], sort: str, build_url: Callable[..., str]
) -> list[ColumnHeading]:
    """Return the headings of the columns, each with the URL that sorts the list by it.

    `sort` is the present order; the URL of its column reverses it. `build_url` is a function like that of ListState.
    """
    return [_head(column, sort, build_url) for column in columns]


def _head(column: ListColumn, sort: str, build_url: Callable[..., str]) -> ColumnHeading:
    directions = {column.name: "ascending", f"-{column.name}": "descending"}
    following = f"-{column.name}" if sort == column.name else column.name
    url = build_url(sort=following) if column.sort else ""
    return ColumnHeading(column.name, str(column.label), url, directions.get(sort, ""), column.css)
