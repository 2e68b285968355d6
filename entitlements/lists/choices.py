"""The choices of filters that take several values, of the lists of customers and of what customers have."""

from collections.abc import Iterable, Sequence

from entitlements.models import CustomerListing, Sku
from entitlements.queries.customers import get_portfolio_totals, list_portfolio_skus
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import pair_countries
from partnerportal.lib.list_filters import Choices


def pair_services(skus: Iterable[Sku]) -> Choices:
    """Return pairs of a SKU's code and its name, in the given order with add-ons last."""
    return [(sku.code, sku.name) for sku in sorted(skus, key=lambda sku: sku.kind == Sku.Kind.ADD_ON)]


def list_customer_countries(actor: Actor) -> Choices:
    """Return the countries of the actor's customers, by name."""
    return pair_countries(get_portfolio_totals(actor).countries)


def list_customer_services(actor: Actor) -> Choices:
    """Return the SKUs that the actor's customers run, by name with add-ons last."""
    return pair_services(list_portfolio_skus(get_portfolio_totals(actor)))


def find_customer_names(actor: Actor, org_ids: Sequence[str]) -> Choices:
    """Return pairs of ORGID and name of those customers with these ORGIDs that the actor sees, by name."""
    rows = CustomerListing.objects.visible_to(actor).filter(org_id__in=org_ids)
    return list(rows.order_by("name_folded", "pk").values_list("org_id", "name"))
