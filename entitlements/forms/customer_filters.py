"""The form of those filters of customers that take several values or a range."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from entitlements.models import Sku
from entitlements.queries.customers import PortfolioTotals, get_portfolio_totals, list_portfolio_skus
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.list_filters import (
    DAYS,
    FilterRange,
    ListFilterForm,
    SeveralChoices,
    make_day_field,
    make_number_field,
    show_day,
    show_number,
    show_percent,
)


def list_several_choices(totals: PortfolioTotals, skus: Iterable[Sku]) -> SeveralChoices:
    """Return the label and the choices of the filters by country and by SKU, from the actor's portfolio.

    Countries stand by name, SKUs as in `skus` with add-ons last.
    """
    countries = sorted(((code, get_country_name(code)) for code in totals.countries), key=lambda row: row[1])
    services = sorted(skus, key=lambda sku: sku.kind == Sku.Kind.ADD_ON)
    return {"country": (_("Country"), countries), "sku": (_("Service"), [(sku.code, sku.name) for sku in services])}


class CustomerFilterForm(ListFilterForm):
    """The form in which the list of customers is narrowed to several countries or services, and to ranges."""

    ranges: ClassVar[Sequence[FilterRange]] = (
        FilterRange("seats_min", "seats_max", _("Licences purchased"), make_number_field, show_number),
        FilterRange("used_min", "used_max", _("Licences assigned, in %"), make_number_field, show_percent),
        FilterRange("expires_from", "expires_to", _("Next expiry"), make_day_field, show_day, DAYS),
        FilterRange("connected_since", "", _("Connected since"), make_day_field, show_day, DAYS),
    )

    def list_several(self, actor: Actor) -> SeveralChoices:
        """Return the label and the choices of each filter that takes several values, by its parameter."""
        totals = get_portfolio_totals(actor)
        return list_several_choices(totals, list_portfolio_skus(totals))


class SoldCustomerFilterForm(CustomerFilterForm):
    """The same for the vendor's staff, who see no connections."""

    ranges = CustomerFilterForm.ranges[:-1]
