"""The tabs above the customer list: the usual narrowings, and saved views."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from entitlements.models import Sku
from entitlements.queries import ListPreferences, PortfolioNumbers, ViewFacts
from partnerportal.lib.days import SOON

Address = Callable[[Mapping[str, Any]], str]


@dataclass
class Tab:
    label: str
    url: str
    count: int | None
    is_current: bool
    is_shared: bool = False
    is_default: bool = False


def usual_tabs(numbers: PortfolioNumbers, chosen: Mapping[str, Any], address: Address) -> list[Tab]:
    """A narrowing is current while it is a part of what is chosen; all of them, while none is."""
    narrowings = (
        (_("Over licence"), "over", True, numbers.over),
        (_("Renewing in 30 days"), "expires_within", SOON.days, numbers.expiring),
        (_("Trials"), "trials", True, numbers.on_trial),
        (_("Falling use"), "falling", True, numbers.falling),
    )
    tabs = [
        Tab(label, address({name: value}), count, chosen.get(name) == value) for label, name, value, count in narrowings
    ]
    return [Tab(_("All"), address({}), numbers.customers, not any(tab.is_current for tab in tabs)), *tabs]


def own_tabs(
    preferences: ListPreferences,
    numbers: PortfolioNumbers,
    catalogue: Iterable[Sku],
    current: ViewFacts | None,
    address: Address,
) -> list[Tab]:
    return [
        Tab(
            label=view.name,
            url=address({**view.query, "view": view.public_id}),
            count=_known_count(view.query, numbers, catalogue),
            is_current=view is current,
            is_shared=view.is_shared,
            is_default=view.public_id == preferences.default_view,
        )
        for view in preferences.views
    ]


def _known_count(query: Mapping[str, str], numbers: PortfolioNumbers, catalogue: Iterable[Sku]) -> int | None:
    """How many a view holds, when one kept figure says it: a view of one filter that has a figure. Anything else would
    cost a count over the listing for each view, on every page."""
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
    figures = {
        ("over", "true"): numbers.over,
        ("trials", "true"): numbers.on_trial,
        ("falling", "true"): numbers.falling,
        ("expires_within", str(SOON.days)): numbers.expiring,
    }
    return figures.get((name, value))
