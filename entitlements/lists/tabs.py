"""The tabs above the customer list: the usual filters, and the count of a saved view."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from entitlements.models import Sku, UnusualUse
from entitlements.queries.customers import PortfolioNumbers
from partnerportal.lib.days import SOON
from partnerportal.lib.lists import Tab

UrlBuilder = Callable[[Mapping[str, Any]], str]


def make_customer_tabs(numbers: PortfolioNumbers, filter_values: Mapping[str, Any], build_url: UrlBuilder) -> list[Tab]:
    """Return the tabs above the customer list: "All", and one for each usual filter, with the number of its customers.

    A tab is the current one while `filter_values` has its filter, and "All" while none has. `build_url` returns the URL
    of the list for a query. Tabs of overage and expiry also sort: by the largest overage, or by the next expiry.
    """
    narrowings = (
        (_("Over limit"), "over", True, numbers.over, "-over"),
        (_("Expiring in 30 days"), "expires_within", SOON.days, numbers.expiring, "expires_on"),
        (_("Trials"), "trials", True, numbers.on_trial, ""),
        (_("Falling usage"), "unusual", UnusualUse.FALLING, numbers.unusual.get(UnusualUse.FALLING, 0), ""),
    )
    tabs = [
        Tab(label, build_url({name: value, "sort": sort}), count, filter_values.get(name) == value)
        for label, name, value, count, sort in narrowings
    ]
    return [
        Tab(pgettext("customers", "All"), build_url({}), numbers.customers, not any(tab.is_current for tab in tabs)),
        *tabs,
    ]


def count_customers_of_saved_view(
    query: Mapping[str, str], numbers: PortfolioNumbers, catalogue: Iterable[Sku]
) -> int | None:
    """Return how many customers a saved view holds, or None if no stored figure tells it.

    `query` are the filters of the view, `numbers` the stored figures, and `catalogue` the SKUs. Only a view with one
    filter, or with none, has a figure. Anything else would cost a count over the listing for each view, on every page.
    """
    narrowing = {name: value for name, value in query.items() if name != "sort"}
    if not narrowing:
        return numbers.customers
    if len(narrowing) > 1:
        return None
    ((name, value),) = narrowing.items()
    if name == "sku":
        return next((numbers.skus.get(sku.pk, 0) for sku in catalogue if sku.code == value), 0)
    if name == "country":
        return numbers.countries.get(value, 0)
    if name == "unusual":
        return numbers.unusual.get(value, 0)
    figures = {
        ("over", "true"): numbers.over,
        ("trials", "true"): numbers.on_trial,
        ("expires_within", str(SOON.days)): numbers.expiring,
    }
    return figures.get((name, value))
