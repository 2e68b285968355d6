"""Queries over what staff have opened for trial, for those who open it and those who offer it to new customers."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Organization
from entitlements.models import Sku, TrialOffer
from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import get_by_public_id


def list_trial_offers(actor: Actor) -> QuerySet[TrialOffer]:
    """Return the trial offers that the actor sees, open ones first, by service and name, each with its SKU."""
    rows = TrialOffer.objects.visible_to(actor).select_related("sku")
    return rows.order_by("withdrawn_at", "sku__service", "sku__name", "pk")


def list_open_trial_offers(actor: Actor) -> QuerySet[TrialOffer]:
    """Return the trial offers that the actor's organisation may put into activation links now, each with its SKU."""
    return list_trial_offers(actor).open()  # type: ignore[attr-defined]


def get_trial_offer(actor: Actor, public_id: UUID) -> TrialOffer:
    """Return a trial offer that the actor sees. Raises NotFound for any other."""
    return get_by_public_id(list_trial_offers(actor), public_id)


def find_open_trial_offer(actor: Actor, sku: Sku | None) -> TrialOffer | None:
    """Return the offer of a SKU if the actor's organisation may put it into activation links now, else None."""
    return list_open_trial_offers(actor).filter(sku=sku).first() if sku else None


def list_unoffered_skus() -> QuerySet[Sku]:
    """Return the products for which there is no trial offer yet, by service and name."""
    return Sku.objects.filter(kind=Sku.Kind.PRODUCT, trial_offer=None).order_by("service", "name", "pk")


def list_add_ons(service: str) -> QuerySet[Sku]:
    """Return the add-ons of a service, by name."""
    return Sku.objects.filter(kind=Sku.Kind.ADD_ON, service=service).order_by("name", "pk")


def list_skus_by_key(keys: Iterable[int]) -> QuerySet[Sku]:
    """Return the SKUs with these primary keys, by name."""
    return Sku.objects.filter(pk__in=set(keys)).order_by("name", "pk")


def list_offering_organizations(actor: Actor, offer: TrialOffer) -> QuerySet[Organization]:
    """Return the chosen distributors and partners to whom an offer is open, by name; vendor staff see all of them."""
    return Organization.objects.visible_to(actor).filter(pk__in=offer.organization_ids).order_by("name_folded", "pk")
