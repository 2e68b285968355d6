"""Rows of the services that staff have opened for trial."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import Organization
from entitlements.models import Sku, TrialOffer
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor

NAMES_SHOWN = 3  # organisations that a row names of those that may offer the service


@dataclass(frozen=True)
class TrialOfferRow:
    """A service that new customers can try, or could: its limit, its add-ons, and who may offer it."""

    public_id: str
    service: str
    code: str
    seat_limit: str
    add_ons: str
    audience: str
    is_open: bool
    changed: str


def build_trial_offer_rows(actor: Actor, offers: Iterable[TrialOffer]) -> list[TrialOfferRow]:
    """Return a TrialOfferRow for each offer, in this order."""
    offers = list(offers)
    skus = Sku.objects.in_bulk({key for offer in offers for key in offer.add_on_ids})
    chosen = {key for offer in offers for key in offer.organization_ids}
    names = dict(Organization.objects.visible_to(actor).filter(pk__in=chosen).values_list("pk", "name"))
    return [
        TrialOfferRow(
            public_id=str(offer.public_id),
            service=offer.sku.name,
            code=offer.sku.code,
            seat_limit=formats.format_number(offer.seat_limit),
            add_ons=formats.join_names(sorted(skus[key].name for key in offer.add_on_ids if key in skus)),
            audience=_describe_audience(offer, names),
            is_open=offer.is_open,
            changed=formats.format_date(offer.changed_at),
        )
        for offer in offers
    ]


def _describe_audience(offer: TrialOffer, names: dict[int, str]) -> str:
    if offer.is_for_all:
        return _("All distributors and partners")
    known = sorted(names[key] for key in offer.organization_ids if key in names)
    shown = formats.join_names(known[:NAMES_SHOWN])
    left_out = len(offer.organization_ids) - NAMES_SHOWN
    return f"{shown} +{formats.format_number(left_out)}" if left_out > 0 else shown
