"""The base of lists that people can save views of, choose the columns and the density of, and order.

What a person prefers is stored by an app above this one, which registers how to read it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from django.urls import reverse
from django.utils.translation import ngettext, pgettext

from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.known_pages import page_url
from partnerportal.lib.list_filters import SEPARATOR, Choices, FilterChip, name_values, split_values
from partnerportal.lib.lists import (
    DEFAULT_SIZE,
    SIZES,
    ColumnHeading,
    ListDefinition,
    ListState,
    ListTab,
    build_column_headings,
    build_list_url,
    build_query_string,
    format_query_value,
)

COMPACT = "compact"  # the density of a list whose rows are low
TABS_SHOWN = 4  # saved views beside the usual tabs


@dataclass(frozen=True)
class SavedViewSummary:
    """What a list's page needs to know about a saved view, which is a named set of filters and an order."""

    public_id: str
    name: str
    query: dict[str, str]
    is_shared: bool
    is_mine: bool


@dataclass(frozen=True)
class ListPreferences:
    """What a person prefers for one list: columns, row height, default view and saved views."""

    columns: tuple[str, ...]
    density: str
    default_view: str  # the public id of the view that the list opens with, or ""
    views: tuple[SavedViewSummary, ...]  # the person's own and those that colleagues share, by name
    may_share: bool  # whether the person may share views, and delete those that colleagues share

    def find_saved_view(self, public_id: str) -> SavedViewSummary | None:
        """Return the saved view with this public id, or None."""
        return next((view for view in self.views if view.public_id == public_id), None)


PreferencesOf = Callable[[Actor, str], ListPreferences]
_preferences_of: list[PreferencesOf] = []


def register_list_preferences_reader(read_preferences: PreferencesOf) -> None:
    """Set the function that reads the preferences of an actor for the list with a given key.

    An app of a higher layer calls this, because it stores them.
    """
    _preferences_of[:] = [read_preferences]


class PersonalizedList(ListState):
    """The base of lists that follow one person's preferences: saved views, columns and row height.

    A subclass sets `definition`, `filter_values` and `page`. All preferences are read by one query. Every URL of the
    list names the saved view that is open. A URL without a query opens the person's default view, if there is one; the
    URL of the whole list then says `view=all`.

    `tab_filters` are the filters that a tab sets: its Clear button keeps them.
    """

    definition: ListDefinition
    tab_filters: ClassVar[tuple[str, ...]] = ()

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        self.actor = actor
        self.definition = self.definition.for_actor(actor)
        self.preferences = _preferences_of[0](actor, self.definition.key)
        self.view = self.preferences.find_saved_view(params.get("view", ""))
        self.sort = self.definition.parse_sort(params)
        self.size = next((size for size in SIZES if str(size) == params.get("size")), DEFAULT_SIZE)
        self.cursor = params.get("cursor", "")
        self._choices: dict[str, Choices] = {}

    @property
    def keyset_page_options(self) -> dict[str, Any]:
        """The order, size and cursor of the page, as keyword arguments of `fetch_keyset_page`."""
        order = self.definition.parse_keyset_order({"sort": self.sort})
        return {**order, "size": self.size, "cursor": self.cursor}

    @property
    def common_url_values(self) -> dict[str, Any]:
        """The values that every URL of this list repeats, by name: filters, order, page size and the open view."""
        view = self.view.public_id if self.view else ""
        return {**self.filter_values, "sort": self.sort, "size": self.size, "view": view}

    def build_url(self, **changes: Any) -> str:
        """Return the URL of this list with some parameters changed.

        It leads to the first page, unless `cursor` is among the changes.
        """
        return self._make_url({**self.common_url_values, **changes})

    @cached_property
    def _path(self) -> str:
        return reverse(self.definition.url_name)

    @property
    def _usual_values(self) -> dict[str, Any]:
        """The values that no URL of this list repeats, by name."""
        return {"sort": self.definition.default_sort, "size": DEFAULT_SIZE, **self.usual}

    def _make_url(self, values: Mapping[str, Any]) -> str:
        url = build_list_url(self._path, values, self._usual_values)
        return f"{self._path}?view=all" if url == self._path and self.preferences.default_view else url

    def build_url_with_query(self, query: Mapping[str, Any]) -> str:
        """Return the URL of this list with `query` in place of its filters and order, and the same page size."""
        return self._make_url({**query, "size": self.size})

    @cached_property  # cached, because each row asks for them
    def column_headings(self) -> list[ColumnHeading]:
        """The headings of the columns that are shown, in the person's order."""
        return build_column_headings(
            self.definition.select_columns(self.preferences.columns), self.sort, self.build_url
        )

    @property
    def has_compact_rows(self) -> bool:
        """Whether the person prefers low rows."""
        return self.preferences.density == COMPACT

    @property
    def is_filtered(self) -> bool:
        """Whether the list has an active filter, not counting those that its tabs set."""
        return bool(self.filter_values.keys() - set(self.tab_filters))

    @property
    def active_filter_count(self) -> str:
        """The number of active filters that can be changed beside the list, as text, or "" for none.

        The search does not count, nor do filters that only tabs and links set.
        """
        single = {*self.definition.fields, *self.definition.several} - {*self.tab_filters, "q"}
        ranges = sum(any(name in self.filter_values for name in one.names) for one in self.definition.ranges)
        count = len(single & self.filter_values.keys()) + ranges
        return formats.format_number(count) if count else ""

    @property
    def filters_url(self) -> str:
        """The URL of the dialog with the filters that take several values or a range, or "" if there are none."""
        if not (self.definition.ranges or self.definition.several):
            return ""
        return build_list_url(page_url("list_filters", self.definition.key), self.common_url_values, self._usual_values)

    @cached_property
    def filter_chips(self) -> list[FilterChip]:
        """The active filters that no field of the page shows in words: ranges, and those with several values."""
        chips = []
        for name, several in self.definition.several.items():
            value = self.filter_values.get(name, "")
            if SEPARATOR in value or (value and name not in self.definition.fields):
                names = name_values(self._get_choices(name), value)
                chips.append(FilterChip(several.label, names, self.build_url(**{name: ""})))
        for one in self.definition.ranges:
            if words := one.describe(self.filter_values):
                chips.append(FilterChip(one.label, words, self.build_url(**dict.fromkeys(one.names))))
        return chips

    def list_choices(self, name: str) -> Choices:
        """Return the choices of a filter that may have several values."""
        values = split_values(self.filter_values.get(name, ""))
        return self.definition.several[name].list_choices_with(self.actor, values)

    def _get_choices(self, name: str) -> Choices:
        """Return the choices of a filter, read once for a page although its field and its chip both need them."""
        if name not in self._choices:
            self._choices[name] = self.list_choices(name)
        return self._choices[name]

    def list_field_choices(self, name: str) -> Choices:
        """Return the choices of a filter that may have several values, for a field with one.

        Where several are chosen, one more choice stands for all of them, so that the field keeps them.
        """
        choices = self._get_choices(name)
        value = self.filter_values.get(name, "")
        if SEPARATOR not in value:
            return choices
        number = len(value.split(SEPARATOR))
        label = ngettext("%(count)s selected", "%(count)s selected", number) % {"count": formats.format_number(number)}
        return [(value, label), *choices]

    @property
    def match_count_label(self) -> str:
        """A text that says how many rows the filters leave, or "" if they are not counted."""
        return ""

    @property
    def filter_tabs(self) -> list[ListTab]:
        """The tabs above the list that everybody has, as Tab objects, before those of saved views. By default, All."""
        return [ListTab(pgettext("list", "All"), self.build_url_with_query({}), None, is_current=True)]

    @property
    def tabs(self) -> list[ListTab]:
        """All tabs above the list, as Tab objects: those of the list itself, then those of saved views.

        While a saved view is open, only its tab is marked as current.
        """
        tabs = self.filter_tabs
        if self.view:
            for tab in tabs:
                tab.is_current = False
        return [*tabs, *self.shown_view_tabs]

    def get_stored_row_count(self, query: Mapping[str, str]) -> int | None:
        """Return the number of rows that a saved view with these filters would list, or None if it is not known.

        Lists with stored numbers override this; `query` holds the filters by name.
        """
        return None

    @cached_property
    def saved_view_tabs(self) -> list[ListTab]:
        """One Tab for each saved view that the person may open: their own views, and those that colleagues share."""
        return [
            ListTab(
                label=view.name,
                url=self.build_url_with_query({**view.query, "view": view.public_id}),
                count=self.get_stored_row_count(view.query),
                is_current=view is self.view,
                is_shared=view.is_shared,
                is_default=view.public_id == self.preferences.default_view,
            )
            for view in self.preferences.views
        ]

    @property
    def shown_view_tabs(self) -> list[ListTab]:
        """The tabs of the first TABS_SHOWN saved views, and of the view that is open.

        The menu of saved views has all of them.
        """
        return [tab for at, tab in enumerate(self.saved_view_tabs) if at < TABS_SHOWN or tab.is_current]

    @cached_property
    def filter_query_string(self) -> str:
        """The present filters and order as a query string, such as "q=acme&sort=name", without a "?".

        The export of the list and the form that saves a view use it.
        """
        return build_query_string(self._shown)

    @property
    def _shown(self) -> dict[str, str]:
        """The filters and the order of the list, in the form that `ListDefinition.parse_saved_query` returns."""
        sort = {} if self.sort == self.definition.default_sort else {"sort": self.sort}
        return {name: format_query_value(value) for name, value in self.filter_values.items()} | sort

    @property
    def is_saved_view_modified(self) -> bool:
        """Whether the present filters or order differ from those of the open saved view; False if none is open."""
        return self.view is not None and self._shown != self.view.query

    @property
    def default_view_url(self) -> str:
        """The URL of the saved view with which the list opens for this person, or "" if the person chose none."""
        return self._view_url(self.preferences.find_saved_view(self.preferences.default_view))

    @property
    def reset_view_url(self) -> str:
        """The URL that undoes unsaved changes to the saved view that is open, or "" if no view is open."""
        return self._view_url(self.view)

    def _view_url(self, view: SavedViewSummary | None) -> str:
        return self.build_url_with_query({**view.query, "view": view.public_id}) if view else ""

    @property
    def may_delete_view(self) -> bool:
        """Whether the person may delete the saved view that is open. Admins may delete views of others too."""
        return self.view is not None and (self.view.is_mine or self.preferences.may_share)

    @property
    def is_default_view(self) -> bool:
        """Whether the saved view that is open is the one with which the list opens for this person."""
        return bool(self.view and self.view.public_id == self.preferences.default_view)

    @property
    def hidden_field_values(self) -> dict[str, Any]:
        """The hidden inputs of the filter form, as a dict of values by field name.

        They keep the filters that have no field of their own, the order, the page size and the open view when the form
        is sent. A value that is the list's usual one is left out.
        """
        filters = {name: value for name, value in self.filter_values.items() if name not in self.definition.fields}
        view = {"view": self.view.public_id if self.view else None}
        usual = self._usual_values
        fields = filters | {"sort": self.sort, "size": self.size} | view
        return {
            name: format_query_value(value) for name, value in fields.items() if value not in (None, usual.get(name))
        }

    @property
    def page_size_choices(self) -> list[dict[str, Any]]:
        """The page sizes that the reader can choose from.

        Each is a dict: `label` is the number of rows, `url` the URL of the list with so many rows, and `is_current`
        whether it is the present size.
        """
        return [{"label": size, "url": self.build_url(size=size), "is_current": size == self.size} for size in SIZES]

    @property
    def clear_filters_url(self) -> str:
        """The URL of the list on the same tab, without any other filter and without a saved view."""
        return self.build_url(**dict.fromkeys(self.filter_values.keys() - set(self.tab_filters)), view="")
