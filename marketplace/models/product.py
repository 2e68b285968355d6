"""A publisher's products and how they grow: sums over customers of which none counts fewer than five."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationKind
from accounts.models.organization import FOLDED
from entitlements.models import Sku
from marketplace.models.offer import Offer
from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.text import make_search_key
from partnerportal.lib.visible_rows import TenantQuerySet


class ProductQuerySet(TenantQuerySet):
    """A queryset of products or of their figures: a publisher sees its own, and the vendor's staff all."""

    def rows_for(self, actor: Actor) -> "ProductQuerySet":
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        return self.filter(publisher=actor.organization_id)


class Product(PublicIdModel):
    """What a publisher has sold: one of the vendor's SKUs that is its product, or one of its offers.

    The nightly count writes it. A trigger deletes it, with its figures, when its SKU is no longer the publisher's.
    """

    publisher = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    sku = models.OneToOneField(Sku, models.CASCADE, null=True, blank=True, related_name="+")
    offer = models.OneToOneField(Offer, models.PROTECT, null=True, blank=True, related_name="+")
    code = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    names = models.JSONField(default=dict)  # by reader's language, where it has several
    name_folded = models.CharField(max_length=FOLDED)
    counted_at = models.DateTimeField(null=True)  # when it was last counted; None: its past months are due, too
    reported_on = models.DateField(null=True)  # the latest day of use that the vendor had reported by then, of anybody

    objects = ProductQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(sku=None, offer__isnull=False) | Q(sku__isnull=False, offer=None),
                name="product_is_a_sku_or_an_offer",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def local_name(self) -> str:
        """The name in the reader's language."""
        return str(self.names.get(get_language() or "en") or self.name)

    @property
    def is_offer(self) -> bool:
        """Whether the product is an offer, and not a SKU."""
        return self.offer_id is not None

    @classmethod
    def of_sku(cls, sku: Sku, publisher_id: int) -> "Product":
        """Return the product, not stored yet, that a SKU of a publisher is."""
        return cls(publisher_id=publisher_id, sku=sku, code=sku.code, **_name({}, sku.name))

    @classmethod
    def of_offer(cls, offer: Offer) -> "Product":
        """Return the product, not stored yet, that a published offer is."""
        names = {language: shown["name"] for language, shown in offer.listing.items()}
        own = _name(names, names.get("en") or offer.code)
        return cls(publisher_id=offer.publisher_id, offer=offer, code=offer.code, **own)


def _name(names: dict[str, str], name: str) -> dict[str, Any]:
    return {"names": names, "name": name[:200], "name_folded": make_search_key(name)[:FOLDED]}


class Measure(models.TextChoices):
    """What is counted of a product in a month. `marketplace.actions.products` says how."""

    SEATS = "seats", _("Licences")
    ACTIVE_USERS = "active_users", _("Active users")
    TRIALS = "trials", _("Trials")
    RENEWALS = "renewals", _("Renewals")


OFFER_MEASURES = (Measure.SEATS, Measure.RENEWALS)  # an offer reports no users, and its trials are no subscriptions


class ProductFigure(models.Model):
    """A sum over the customers of a product in a month and a country, of which at least five contribute.

    The country is "" for all countries together that do not stand alone (`lib.small_sums`). A measure without rows in
    a month counts fewer than five customers in all.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="figures", db_index=False)
    publisher = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+", db_index=False)
    month = models.DateField()  # its first day
    measure = models.CharField(max_length=12, choices=Measure)
    country = models.CharField(max_length=2, blank=True)
    amount = models.PositiveBigIntegerField()

    objects = ProductQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["product", "month", "measure", "country"], name="product_figure_once"),
        )
        indexes = (models.Index(fields=["publisher", "month"], name="product_figure_by_publisher"),)
