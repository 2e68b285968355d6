"""Queries for the files of offers."""

from collections.abc import Iterable
from uuid import UUID

from marketplace.models import Offer, OfferFile
from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import get_by_public_id


def list_files(actor: Actor, keys: Iterable[str]) -> list[OfferFile]:
    """Return the files with these ids that the actor sees, in this order."""
    keys = list(keys)
    rows = {str(row.public_id): row for row in OfferFile.objects.visible_to(actor).filter(public_id__in=keys)}
    return [rows[key] for key in keys if key in rows]


def get_offer_file(actor: Actor, public_id: UUID) -> OfferFile:
    """Return a file that the actor sees, of whatever offer. Raises NotFound."""
    return get_by_public_id(OfferFile.objects.visible_to(actor), public_id)


def get_own_offer_file(actor: Actor, offer: Offer, public_id: UUID) -> OfferFile:
    """Return a file of an offer of the acting publisher. Raises NotFound."""
    return get_by_public_id(OfferFile.objects.visible_to(actor).filter(offer=offer), public_id)


def name_offer_files(actor: Actor, offer: Offer) -> dict[str, str]:
    """Return the names of all files of an offer that the actor sees, by their ids."""
    rows = OfferFile.objects.visible_to(actor).filter(offer=offer)
    return {str(key): name for key, name in rows.values_list("public_id", "name")}
