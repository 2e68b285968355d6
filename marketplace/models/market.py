"""Markets: the regions in which partners sell, each country with the currency of its prices (CA-16, E-10)."""

from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform

from partnerportal.lib.catalogue_entries import LONGEST_NAME, CatalogueEntry, RetirableEntry, pick_name


class Market(CatalogueEntry):
    """A region. A partner of one of its countries may sell to customers in all of them, and in no other country.

    The vendor's catalogue of markets is the same for everyone, so no tenant owns it.
    """

    names = models.JSONField(default=dict)  # by language: "en", and "fr" and "ja" where they differ
    name = models.GeneratedField(  # the English one, by which lists are sorted, and which files and the API have
        expression=KeyTextTransform("en", "names"),
        output_field=models.CharField(max_length=LONGEST_NAME),
        db_persist=True,
    )

    @property
    def local_name(self) -> str:
        """The name in the reader's language, or else in English."""
        return pick_name(self.names, self.code)

    def __str__(self) -> str:
        return self.name


class MarketCurrency(models.Model):
    """A currency in which plans can be priced in a market. Its countries choose among these.

    Prices refer to it too, by a foreign key of the database, so that one with prices stays (migration 0002).
    """

    market = models.ForeignKey(Market, models.CASCADE, related_name="currencies")
    currency = models.CharField(max_length=3)  # ISO 4217

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["market", "currency"], name="market_currency_once"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="market_has_currency_shape"),
        )


class MarketCountry(models.Model):
    """A country of a market, with the currency in which its partners see prices. A country is in one market."""

    country = models.CharField(max_length=2, primary_key=True)  # ISO 3166, two letters
    market = models.ForeignKey(Market, models.PROTECT, related_name="countries")
    currency = models.CharField(max_length=3)  # ISO 4217, one of the market's

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(country__regex=r"^[A-Z]{2}$"), name="market_country_shape"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="market_currency_shape"),
        )


class Category(RetirableEntry):
    """A category of offers, in a tree that the vendor keeps. Its names stand in the three languages."""

    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    names = models.JSONField(default=dict)  # by language: "en", and "fr" and "ja" where they differ
    position = models.PositiveSmallIntegerField(default=0)  # among its siblings

    @property
    def local_name(self) -> str:
        """The name in the reader's language, or else in English."""
        return pick_name(self.names, self.code)

    def __str__(self) -> str:
        return self.names.get("en", self.code)
