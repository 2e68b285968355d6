"""The filters of lists of offers, each set for a page and the API. On a page a bad value narrows nothing."""

import django_filters as df
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from marketplace.models import Audience, Offer, OfferType, OfferVersion
from marketplace.models.offer import OfferQuerySet
from partnerportal.lib.filters import FilterSet

OFFER_STATES = ("draft", "live", "changed", "stopped")


class OfferFilterSet(FilterSet):
    """The filters of a publisher's offers: by text, state, type and audience.

    `q` matches part of the code, or of a name in any language, in any case.
    """

    q = df.CharFilter(method="filter_by_text", label=_("Name or code"), max_length=200)
    state = df.ChoiceFilter(choices=[(state, state) for state in OFFER_STATES])
    type = df.ChoiceFilter(choices=OfferType.choices, label=_("Type"))
    audience = df.ChoiceFilter("next_audience", choices=Audience.choices, label=_("Audience"))

    class Meta:
        model = Offer
        fields: list[str] = []

    def filter_by_text(self, rows: OfferQuerySet, name: str, value: str) -> OfferQuerySet:
        """Keep offers whose code, or whose name in any version and language, contains the text in any case."""
        named = Q()
        for language in ("en", "fr", "ja"):
            named |= Q(**{f"content__texts__{language}__name__icontains": value})
        return rows.filter(Q(code__icontains=value) | Exists(OfferVersion.objects.filter(named, offer=OuterRef("pk"))))
