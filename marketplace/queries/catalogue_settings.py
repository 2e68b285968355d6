"""Queries for what uses the vendor's categories."""

from uuid import UUID

from django.db.models import Count, F, Func, TextField

from marketplace.models import Category, Offer
from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import get_by_public_id


def count_offers_by_category(actor: Actor) -> dict[str, int]:
    """Return how many published offers that the actor sees have each category, by its code."""
    offers = Offer.objects.visible_to(actor).published().order_by()
    codes = offers.annotate(category=Func(F("categories"), function="unnest", output_field=TextField()))
    return dict(codes.values_list("category").annotate(Count("pk")))


def get_category(public_id: UUID) -> Category:
    """Return a category, with the one above it. Raises NotFound for an unknown one."""
    return get_by_public_id(Category.objects.select_related("parent"), public_id)
