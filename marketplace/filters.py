"""The filters of lists of offers, each set for a page and the API. On a page a bad value narrows nothing."""

import django_filters as df
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Competency, Skill
from marketplace.models import Audience, Offer, OfferType, OfferVersion, ResellerListing
from marketplace.models.offer import OfferQuerySet
from marketplace.queries.audience import parse_tenant_id
from partnerportal.lib.catalogue_entries import LANGUAGES
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.filters import FilterSet, SeveralFilter, SinceDayFilter, UntilDayFilter, make_words_condition

OFFER_STATES = ("draft", "live", "changed", "stopped")


class OfferFilterSet(FilterSet):
    """The filters of a publisher's offers: by text, state, type, audience and day.

    `q` matches part of the code, or of a name in any language, in any case.
    """

    q = df.CharFilter(method="filter_by_text", label=_("Name or code"), max_length=200)
    state = df.ChoiceFilter(choices=[(state, state) for state in OFFER_STATES])
    type = SeveralFilter(choices=OfferType.choices, label=_("Type"))
    audience = SeveralFilter("private__next_audience", choices=Audience.choices, label=_("Audience"))
    changed_from = SinceDayFilter("changed_at")
    changed_to = UntilDayFilter("changed_at")

    class Meta:
        model = Offer
        fields: list[str] = []

    def filter_by_text(self, rows: OfferQuerySet, name: str, value: str) -> OfferQuerySet:
        """Keep offers whose code, or whose name in any version and language, contains the text in any case."""
        named = Q()
        for language in LANGUAGES:
            named |= Q(**{f"content__texts__{language}__name__icontains": value})
        return rows.filter(Q(code__icontains=value) | Exists(OfferVersion.objects.filter(named, offer=OuterRef("pk"))))


class ResellerFilterSet(FilterSet):
    """The filters of who may resell: name or tenant ID, country, competency and skill (CA-11, CA-12)."""

    q = df.CharFilter(method="filter_by_text", label=_("Name or tenant ID"), max_length=200)
    country = df.ChoiceFilter(choices=list_country_choices, label=_("Country"))
    competency = df.CharFilter(method="filter_by_competency", label=_("Competency"), max_length=50)
    skill = df.CharFilter(method="filter_by_skill", label=_("Skill"), max_length=50)

    class Meta:
        model = ResellerListing
        fields: list[str] = []

    def filter_by_text(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """Keep the organisation with this tenant ID, or those whose name has each word of the text."""
        if tenant_id := parse_tenant_id(value):
            return rows.filter(tenant_id=tenant_id)
        return rows.filter(make_words_condition(value, "name_folded"))

    def filter_by_competency(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """Keep organisations that have the competency with this code."""
        return rows.filter(competencies__overlap=ArraySubquery(Competency.objects.filter(code=value).values("pk")))

    def filter_by_skill(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """Keep organisations that have the skill with this code."""
        return rows.filter(skills__overlap=ArraySubquery(Skill.objects.filter(code=value).values("pk")))
