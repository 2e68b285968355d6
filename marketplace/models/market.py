"""Markets: the regions in which partners sell, each country with the currency of its prices (CA-16, E-10)."""

from django.db import models
from django.db.models import Q


class Market(models.Model):
    """A region. A partner of one of its countries may sell to customers in all of them, and in no other country.

    The vendor's catalogue of markets is the same for everyone, so no tenant owns it.
    """

    code = models.SlugField(unique=True)
    name = models.CharField(max_length=120)

    def __str__(self) -> str:
        return self.name


class MarketCountry(models.Model):
    """A country of a market, with the currency in which its partners see prices. A country is in one market."""

    country = models.CharField(max_length=2, primary_key=True)  # ISO 3166, two letters
    market = models.ForeignKey(Market, models.PROTECT, related_name="countries")
    currency = models.CharField(max_length=3)  # ISO 4217

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(country__regex=r"^[A-Z]{2}$"), name="market_country_shape"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="market_currency_shape"),
        )


class Category(models.Model):
    """A category of offers, in a tree that the vendor keeps. Its names stand in the three languages."""

    code = models.SlugField(unique=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    names = models.JSONField(default=dict)  # by language: "en", "fr" and "ja"
    position = models.PositiveSmallIntegerField(default=0)  # among its siblings
