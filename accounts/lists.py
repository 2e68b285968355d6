"""The base of lists that people can save views of, choose the columns of, and order."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from django.urls import reverse

from accounts.models import ListSettings
from accounts.policies import may_share_views
from accounts.queries import SavedViewFacts, list_preferences
from partnerportal.lib.actors import Actor
from partnerportal.lib.lists import (
    DEFAULT_SIZE,
    SIZES,
    ColumnHead,
    ListDefinition,
    ListState,
    Tab,
    address_value,
    list_address,
    query_string,
    sort_heads,
)

TABS_SHOWN = 4  # saved views beside the usual tabs


class PersonalList(ListState):
    """The state of a list as one person likes to see it. Their views, columns and density are read by one query.

    A subclass says its `definition` and sets `filter_values` and `page`. The address carries the open view along. An
    address without a query opens the person's default view, if there is one, so that of the whole list then says
    `view=all`.
    """

    definition: ClassVar[ListDefinition]

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        self.preferences = list_preferences(actor, self.definition.key)
        self.view = self.preferences.view(params.get("view", ""))
        self.sort = self.definition.sort_of(params)
        self.size = next((size for size in SIZES if str(size) == params.get("size")), DEFAULT_SIZE)
        self.cursor = params.get("cursor", "")
        self.may_share = may_share_views(actor)

    @property
    def keyset_options(self) -> dict[str, Any]:
        """The keyword arguments by which `keyset_page` cuts the page: its order, size and cursor."""
        column, is_descending = self.definition.sorts[self.sort.removeprefix("-")], self.sort.startswith("-")
        return {"sort": column, "descending": is_descending, "size": self.size, "cursor": self.cursor}

    @property
    def carried_values(self) -> dict[str, Any]:
        """The values that every address of the list carries along: filters, order, the page's size, the open view."""
        view = self.view.public_id if self.view else ""
        return {**self.filter_values, "sort": self.sort, "size": self.size, "view": view}

    def address(self, **changes: Any) -> str:
        """Return the address of the list with these changes: of its first page, unless `cursor` is given."""
        return self._address({**self.carried_values, **changes})

    def _address(self, values: Mapping[str, Any]) -> str:
        path = reverse(self.definition.url_name)
        url = list_address(path, values, {"sort": self.definition.default_sort, "size": DEFAULT_SIZE})
        return f"{path}?view=all" if url == path and self.preferences.default_view else url

    def address_of(self, query: Mapping[str, Any]) -> str:
        """Return the address of the list with this query in place of the present one; the size of a page stays."""
        return self._address({**query, "size": self.size})

    @cached_property  # cached, because each row asks for them
    def columns(self) -> list[ColumnHead]:
        """The heads of the columns that are shown, in the person's order."""
        return sort_heads(self.definition.columns_named(self.preferences.columns), self.sort, self.address)

    @property
    def is_compact(self) -> bool:
        return self.preferences.density == ListSettings.Density.COMPACT

    def stored_count(self, query: Mapping[str, str]) -> int | None:
        """Return how many rows a saved view with this query holds, or None if no stored number says so."""
        return None

    @cached_property
    def saved_tabs(self) -> list[Tab]:
        """The tabs of the saved views: the person's own, and those that colleagues share."""
        return [
            Tab(
                label=view.name,
                url=self.address_of({**view.query, "view": view.public_id}),
                count=self.stored_count(view.query),
                is_current=view is self.view,
                is_shared=view.is_shared,
                is_default=view.public_id == self.preferences.default_view,
            )
            for view in self.preferences.views
        ]

    @property
    def shown_tabs(self) -> list[Tab]:
        """The first saved views, and the open one wherever it stands; the menu of views has them all."""
        return [tab for at, tab in enumerate(self.saved_tabs) if at < TABS_SHOWN or tab.is_current]

    @cached_property
    def query(self) -> str:
        """What the list shows as a query string without "?", for its export and for saving it as a view."""
        return query_string(self._shown)

    @property
    def _shown(self) -> dict[str, str]:
        """The filters and the order of the list, in the form in which `ListDefinition.saved_query` returns them."""
        sort = {} if self.sort == self.definition.default_sort else {"sort": self.sort}
        return {name: address_value(value) for name, value in self.filter_values.items()} | sort

    @property
    def is_modified(self) -> bool:
        """Whether the list shows something else than the open view has saved."""
        return self.view is not None and self._shown != self.view.query

    @property
    def default_view_address(self) -> str:
        """The address of the person's default view, or "" if there is none."""
        return self._address_of_view(self.preferences.view(self.preferences.default_view))

    @property
    def reset_url(self) -> str:
        """The address of the open view as it was saved, or "" if no view is open."""
        return self._address_of_view(self.view)

    def _address_of_view(self, view: SavedViewFacts | None) -> str:
        return self.address_of({**view.query, "view": view.public_id}) if view else ""

    @property
    def may_delete_view(self) -> bool:
        """Whether the person may delete the open view: one of their own, or any as an Admin."""
        return self.view is not None and (self.view.is_mine or self.may_share)

    @property
    def is_default(self) -> bool:
        """Whether the open view is the person's default view."""
        return bool(self.view and self.view.public_id == self.preferences.default_view)

    @property
    def hidden_fields(self) -> dict[str, Any]:
        """The hidden fields of the filter form: the order, the size of a page and the open view, unless usual."""
        sort = {"sort": self.sort} if self.sort != self.definition.default_sort else {}
        size = {"size": self.size} if self.size != DEFAULT_SIZE else {}
        return sort | size | ({"view": self.view.public_id} if self.view else {})

    @property
    def sizes(self) -> list[dict[str, Any]]:
        """The sizes of a page to choose from, each with its label, its address and whether it is the present one."""
        return [{"label": size, "url": self.address(size=size), "is_current": size == self.size} for size in SIZES]

    @property
    def clear_url(self) -> str:
        """The address of the list without any filter or view."""
        return self.address(**dict.fromkeys(self.filter_values), view="")
