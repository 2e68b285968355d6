"""The state of the customer list: what the address asks for, and the addresses of what may be asked next."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from entitlements import queries
from entitlements.filters import EXPIRES_WITHIN, CustomerFilterSet
from entitlements.rows import customer_rows, refusal_to_end
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import country_name
from partnerportal.lib.paging import keyset

SORTS = {
    "name": "name_folded",
    "org_id": "org_id",
    "country": "country",
    "services": "services",
    "seats": "seats",
    "assigned": "assigned",
    "expires_on": "next_expiry_on",
    "connected_at": "connected_at",
}
SIZES = (25, 50, 100)
DEFAULT_SORT, DEFAULT_SIZE = "name", 50


@dataclass(frozen=True)
class Column:
    name: str  # of its sort, and of its macro in parts/customer_rows.jinja
    label: str
    url: str  # empty: nothing to sort by
    direction: str  # aria-sort, or empty
    css: str


class CustomerList:
    """The queries: rows, numbers, services; how many match, when filtered. Nonsense in the address falls back."""

    def __init__(self, actor: Actor, asked: Mapping[str, str]) -> None:
        filters = CustomerFilterSet(asked, queries.customers(actor))
        found = filters.qs
        self.chosen: dict[str, Any] = {k: v for k, v in filters.form.cleaned_data.items() if v not in ("", None)}
        sort = asked.get("sort", "")
        self.sort = sort if sort.removeprefix("-") in SORTS else DEFAULT_SORT
        self.size = next((size for size in SIZES if str(size) == asked.get("size")), DEFAULT_SIZE)
        self.cursor = asked.get("cursor", "")
        page = self._page(found, self.cursor)
        if self.cursor and (not page.rows or not page.previous_cursor):  # out of date, or not one of ours
            self.cursor, page = "", page if page.rows else self._page(found, "")
        self.numbers = queries.portfolio(actor)
        self.matching = found.order_by().count() if self.chosen else self.numbers.customers
        catalogue = queries.catalogue(self.numbers)
        self.rows = customer_rows(page.rows, {sku.pk: sku.name for sku in catalogue})
        self.end_refusal = refusal_to_end(actor)
        self.services = [(sku.code, sku.name) for sku in catalogue]
        self.page = page

    def _page(self, found: Any, cursor: str) -> Any:
        column, descending = SORTS[self.sort.removeprefix("-")], self.sort.startswith("-")
        return keyset(
            queries.with_weeks(found), sort=column, descending=descending, size=self.size, cursor=cursor, key="customer"
        )

    @property
    def own_address(self) -> str:
        return self.address(cursor=self.cursor)

    def address(self, **changes: Any) -> str:
        """The canonical address: what is empty or usual is left out, and the page begins anew unless it is said."""
        values = {**self.chosen, "sort": self.sort, "size": self.size, **changes}
        usual = {"sort": DEFAULT_SORT, "size": DEFAULT_SIZE}
        given = {k: _plain(v) for k, v in values.items() if v not in ("", None) and usual.get(k) != v}
        return f"{reverse('customers')}?{urlencode(given)}" if given else reverse("customers")

    @cached_property  # each row asks
    def columns(self) -> list[Column]:
        return [
            self._column(_("Customer"), "name"),
            self._column(_("ORGID"), "org_id", "wide-only"),
            self._column(_("Country"), "country"),
            self._column(_("Services"), "services", "wide-only"),
            self._column(_("Seats assigned"), "assigned", "num"),
            Column("trend", _("16 weeks"), "", "", "wide-only"),
            self._column(_("Next expiry"), "expires_on"),
            self._column(_("Connected"), "connected_at", "wide-only"),
        ]

    def _column(self, label: str, name: str, css: str = "") -> Column:
        directions = {name: "ascending", f"-{name}": "descending"}
        following = f"-{name}" if self.sort == name else name
        return Column(name, label, self.address(sort=following), directions.get(self.sort, ""), css)

    @property
    def views(self) -> list[dict[str, Any]]:
        """The narrowings most asked for, with how many there are."""
        numbers, chosen = self.numbers, self.chosen
        expiring = chosen.get("expires_within") == queries.SOON.days
        trials, over = chosen.get("trials") is True, chosen.get("over") is True
        narrow: dict[str, Any] = dict.fromkeys(chosen)
        return [
            {
                "label": _("All customers"),
                "count": numbers.customers,
                "url": self.address(**narrow),
                "is_current": not (expiring or trials or over),
            },
            {
                "label": _("Expiring in 30 days"),
                "count": numbers.expiring,
                "url": self.address(**narrow | {"expires_within": queries.SOON.days}),
                "is_current": expiring,
            },
            {
                "label": _("Over licence"),
                "count": numbers.over,
                "url": self.address(**narrow | {"over": True}),
                "is_current": over,
            },
            {
                "label": _("Trials"),
                "count": numbers.on_trial,
                "url": self.address(**narrow | {"trials": True}),
                "is_current": trials,
            },
        ]

    @property
    def hidden(self) -> dict[str, Any]:
        """What the filter form carries along unseen."""
        flags = {name: "true" for name in ("trials", "over") if self.chosen.get(name) is True}
        order = {"sort": self.sort} if self.sort != DEFAULT_SORT else {}
        size = {"size": self.size} if self.size != DEFAULT_SIZE else {}
        return order | size | flags

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
        return self.address(**dict.fromkeys(self.chosen))

    @property
    def previous_url(self) -> str:
        return self.address(cursor=self.page.previous_cursor) if self.page.previous_cursor else ""

    @property
    def next_url(self) -> str:
        return self.address(cursor=self.page.next_cursor) if self.page.next_cursor else ""

    @property
    def position(self) -> dict[str, str]:
        page = self.page
        return {
            "first": formats.number(page.first),
            "last": formats.number(page.last),
            "total": formats.number(self.matching),
        }


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
