"""The tabs above the customer list: the usual filters, and the count of a saved view."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from entitlements.models import Sku, UnusualUse
from entitlements.queries.customers import PortfolioTotals
from partnerportal.lib.days import SOON
from partnerportal.lib.list_filters import SEPARATOR
from partnerportal.lib.lists import ListTab

UrlBuilder = Callable[[Mapping[str, Any]], str]


def make_customer_tabs(
    totals: PortfolioTotals, filter_values: Mapping[str, Any], build_url: UrlBuilder
) -> list[ListTab]:
    """Return the tabs above the customer list: "All", and one for each usual filter, with the number of its customers.

    A tab is the current one while `filter_values` has its filter, and "All" while none has. `build_url` returns the URL
    of the list for a query. Tabs of overage and expiry also sort: by the largest overage, or by the next expiry.
    """
    narrowings = (
        (_("Over limit"), "over", True, totals.over, "-over"),
        (_("Expiring within 30 days"), "expires_within", SOON.days, totals.expiring, "expires_on"),
        (_("Trials"), "trials", True, totals.on_trial, ""),
        (_("Falling usage"), "unusual", UnusualUse.FALLING, totals.unusual.get(UnusualUse.FALLING, 0), ""),
    )
    tabs = [
        ListTab(label, build_url({name: value, "sort": sort}), count, filter_values.get(name) == value)
        for label, name, value, count, sort in narrowings
    ]
    return [
        ListTab(pgettext("customers", "All"), build_url({}), totals.customers, not any(tab.is_current for tab in tabs)),
        *tabs,
    ]


def count_customers_of_saved_view(
    query: Mapping[str, str], totals: PortfolioTotals, catalogue: Iterable[Sku]
) -> int | None:
    """Return how many customers a saved view holds, or None if no stored figure tells it.

    `query` are the filters of the view, `totals` the stored figures, and `catalogue` the SKUs. Only a view with one
    filter, or with none, has a figure. Anything else would cost a count over the listing for each view, on every page.
    """
    narrowing = {name: value for name, value in query.items() if name != "sort"}
    if not narrowing:
        return totals.customers
    if len(narrowing) > 1:
        return None
    ((name, value),) = narrowing.items()
    if SEPARATOR in value:  # a customer may run several of several services
        return None
    if name == "sku":
        return next((totals.skus.get(sku.pk, 0) for sku in catalogue if sku.code == value), 0)
    if name == "country":
        return totals.countries.get(value, 0)
    if name == "unusual":
        return totals.unusual.get(value, 0)
    figures = {
        ("over", "true"): totals.over,
        ("trials", "true"): totals.on_trial,
        ("requests", "true"): totals.waiting,
        ("expires_within", str(SOON.days)): totals.expiring,
    }
    return figures.get((name, value))
