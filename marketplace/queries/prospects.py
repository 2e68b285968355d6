"""Who is to sell to whom, as a URL or a request names it by public ids."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from marketplace.queries.eligibility import (
    ProspectiveSale,
    get_prospective_sale,
    list_customers_of_seller,
    list_sellers,
)
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.visible_rows import get_by_public_id

LOST_PARTNER = _("You can’t see the chosen partner.")
LOST_CUSTOMER = _("The chosen customer is not connected to the partner.")


def get_sale(actor: Actor, partner_id: UUID | None, customer_id: UUID | None, country: str = "") -> ProspectiveSale:
    """Return the sale by a partner, by default the acting organisation, to a customer or country, if one is named.

    Raises NotFound for a partner or a customer about whom the actor may not ask.
    """
    sellers = list_sellers(actor)
    partner = get_by_public_id(sellers, partner_id or UUID(actor.organization_public_id))
    customer = get_by_public_id(list_customers_of_seller(actor, partner), customer_id) if customer_id else None
    return get_prospective_sale(actor, partner, customer=customer, country=country)


def find_sale(actor: Actor, values: Mapping[str, Any]) -> ProspectiveSale:
    """Return the sale that the filters `partner` and `customer` name.

    Whom the actor may not ask about is left out: then the acting organisation sells, or to no customer in particular.
    """
    sellers = list_sellers(actor)
    partner = _find(sellers, values.get("partner")) or sellers.get(public_id=actor.organization_public_id)
    customer = _find(list_customers_of_seller(actor, partner), values.get("customer"))
    return get_prospective_sale(actor, partner, customer=customer)


def describe_lost_party(
    values: Mapping[str, Any], partner: Organization | None, customer: Organization | None
) -> Message:
    """Return in words that `values` names somebody about whom the actor may not ask, or no longer; "" if it does not.

    `partner` and `customer` are those that were found by these public ids. No customer is found without a partner.
    """
    if values.get("partner") and (partner is None or partner.public_id != values["partner"]):
        return LOST_PARTNER
    return LOST_CUSTOMER if values.get("customer") and partner and customer is None else ""


def _find(organizations: Any, public_id: UUID | None) -> Organization | None:
    return organizations.filter(public_id=public_id).first() if public_id else None
