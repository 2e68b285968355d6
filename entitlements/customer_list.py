"""The state of the customer list: what the address asks for, and the addresses of what may be asked next."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from entitlements import queries
from entitlements.columns import SORTS, Column, columns_of
from entitlements.filters import DEFAULT_SORT, EXPIRES_WITHIN, CustomerFilterSet, plain, sort_in
from entitlements.list_views import Tab, own_tabs, usual_tabs
from entitlements.models import ListSettings
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.rows import customer_rows, refusal_to_end
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import country_name
from partnerportal.lib.keyset import PageLinks, branches_of, keyset_or_first, with_total

SIZES = (25, 50, 100)
DEFAULT_SIZE = 50


@dataclass(frozen=True)
class Head:
    name: str  # of its sort, and of its branch in parts/customer_rows.jinja
    label: str
    url: str  # empty: nothing to sort by
    direction: str  # aria-sort, or empty
    css: str


class CustomerList(PageLinks):
    """The queries: preferences; rows, with how many match when something narrows; numbers; services. Nonsense in the
    address falls back."""

    def __init__(self, actor: Actor, asked: Mapping[str, str]) -> None:
        self.preferences = queries.list_preferences(actor)
        filters = CustomerFilterSet(asked, queries.customers(actor))
        found = filters.qs
        self.chosen = filters.chosen
        self.view = self.preferences.view(asked.get("view", ""))
        self.sort = sort_in(asked)
        self.size = next((size for size in SIZES if str(size) == asked.get("size")), DEFAULT_SIZE)
        self.cursor = asked.get("cursor", "")
        if self.chosen:
            found = with_total(found)
        page = self._page(found)
        if not page.previous_cursor:  # its cursor was out of date, or not one of ours
            self.cursor = ""
        self.numbers = queries.portfolio(actor)
        self.matching = self.numbers.customers if not self.chosen else page.rows[0].total_count if page.rows else 0
        catalogue = queries.catalogue(self.numbers)
        self.rows = customer_rows(page.rows, {sku.pk: sku.name for sku in catalogue})
        self.end_refusal = refusal_to_end(actor)
        self.may_share = bool(ROLE_TABLE[EntitlementPermission.SHARE_VIEWS].check(actor))
        self.catalogue = catalogue
        self.services = [(sku.code, sku.name) for sku in catalogue]
        self.page = page

    def _page(self, found: Any) -> Any:
        column, descending = SORTS[self.sort.removeprefix("-")], self.sort.startswith("-")
        options = {"sort": column, "descending": descending, "size": self.size, "key": "customer"}
        options["branches"] = branches_of(self.chosen)
        return keyset_or_first(queries.with_weeks(found), cursor=self.cursor, **options)

    @cached_property
    def own_address(self) -> str:
        return self.address(cursor=self.cursor)

    def address(self, **changes: Any) -> str:
        """The canonical address: what is empty or usual is left out, and the page begins anew unless it is said."""
        view = self.view.public_id if self.view else ""
        values = {**self.chosen, "sort": self.sort, "size": self.size, "view": view, **changes}
        return address(self.preferences, values)

    @cached_property  # each row asks
    def columns(self) -> list[Head]:
        return [self._head(column) for column in columns_of(self.preferences.columns)]

    def _head(self, column: Column) -> Head:
        directions = {column.name: "ascending", f"-{column.name}": "descending"}
        following = f"-{column.name}" if self.sort == column.name else column.name
        url = self.address(sort=following) if column.sort else ""
        return Head(column.name, str(column.label), url, directions.get(self.sort, ""), column.css)

    @property
    def is_compact(self) -> bool:
        return self.preferences.density == ListSettings.Density.COMPACT

    @property
    def views(self) -> list[Tab]:
        """The usual narrowings, each with how many there are, and the saved view that is open."""
        tabs = usual_tabs(self.numbers, self.chosen, self._whole)
        if self.view is None:
            return tabs
        for tab in tabs:
            tab.is_current = False
        return [*tabs, *(tab for tab in self.own_views if tab.is_current)]

    @cached_property
    def own_views(self) -> list[Tab]:
        return own_tabs(self.preferences, self.numbers, self.catalogue, self.view, self._whole)

    def _whole(self, query: Mapping[str, Any]) -> str:
        """The address of that query instead of what is chosen now."""
        size = {"size": self.size} if self.size != DEFAULT_SIZE else {}
        return address(self.preferences, {**query, **size})

    @cached_property
    def query(self) -> str:
        """What the list shows, as an export or a saved view takes it."""
        return urlencode(self._shown)

    @property
    def _shown(self) -> dict[str, str]:
        """As `filters.view_query` says it."""
        sort = {} if self.sort == DEFAULT_SORT else {"sort": self.sort}
        return {name: plain(value) for name, value in self.chosen.items()} | sort

    @property
    def is_modified(self) -> bool:
        """The open view does not say what the list shows."""
        return self.view is not None and self._shown != self.view.query

    @property
    def opens_with(self) -> str:
        """The address of the person's default view, where there is one."""
        default = self.preferences.view(self.preferences.default_view)
        return self._whole({**default.query, "view": default.public_id}) if default else ""

    @property
    def reset_url(self) -> str:
        return self._whole({**self.view.query, "view": self.view.public_id}) if self.view else ""

    @property
    def menu_label(self) -> str:
        """Of a row's menu; row_menu.js puts its name in."""
        return _("Actions for %(name)s") % {"name": "{}"}

    @property
    def may_delete_view(self) -> bool:
        return self.view is not None and (self.view.is_mine or self.may_share)

    @property
    def is_default(self) -> bool:
        return bool(self.view and self.view.public_id == self.preferences.default_view)

    @property
    def hidden(self) -> dict[str, Any]:
        """What the filter form carries along unseen."""
        flags = {name: "true" for name in ("trials", "over", "falling") if self.chosen.get(name) is True}
        order = {"sort": self.sort} if self.sort != DEFAULT_SORT else {}
        size = {"size": self.size} if self.size != DEFAULT_SIZE else {}
        return order | size | flags | ({"view": self.view.public_id} if self.view else {})

    @property
    def countries(self) -> list[tuple[str, str]]:
        return sorted(((code, country_name(code)) for code in self.numbers.countries), key=lambda row: row[1])

    @property
    def spans(self) -> list[tuple[int, str]]:
        return [(days, str(label)) for days, label in EXPIRES_WITHIN]

    @property
    def sizes(self) -> list[dict[str, Any]]:
        return [{"label": s, "url": self.address(size=s), "is_current": s == self.size} for s in SIZES]

    @property
    def clear_url(self) -> str:
        return self.address(**dict.fromkeys(self.chosen), view="")

    @cached_property
    def position(self) -> dict[str, str]:
        page = self.page
        return {
            "first": formats.number(page.first),
            "last": formats.number(page.last),
            "total": formats.number(self.matching),
        }


def address(preferences: queries.ListPreferences, values: Mapping[str, Any]) -> str:
    """Without anything in it the list opens with the person's default view: the whole list then says so."""
    usual = {"sort": DEFAULT_SORT, "size": DEFAULT_SIZE}
    said = {k: plain(v) for k, v in values.items() if v not in ("", None) and usual.get(k) != v}
    if not said and preferences.default_view:
        said = {"view": "all"}
    return f"{reverse('customers')}?{urlencode(said)}" if said else reverse("customers")
