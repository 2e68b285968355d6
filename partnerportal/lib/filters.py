"""The base of the filter sets that narrow a list, by django-filter."""

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import and_, or_
from typing import Any

import django_filters as df
from django import forms
from django.core.validators import EMPTY_VALUES, MaxValueValidator
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django_filters.fields import BaseCSVField

from partnerportal.lib.actors import ANONYMOUS, Actor
from partnerportal.lib.days import make_beginning_of_day, make_end_of_day
from partnerportal.lib.list_filters import MOST, join_values
from partnerportal.lib.text import make_search_key

SINCE, UNTIL = "On this day or later.", "On this day or before."  # what the API's reference says of a bound


def make_words_condition(text: str, *columns: str) -> Q:
    """Return the condition that each word of a text is part of one of the columns; without a word, every row meets it.

    The columns hold what `make_search_key` makes, or other text in small letters without accents, such as numbers and
    web domains.
    """
    words = [
        combine_with_or(Q(**{f"{name}__contains": word}) for name in columns) for word in make_search_key(text).split()
    ]
    return reduce(and_, words, Q())


def combine_with_or(conditions: Iterable[Q]) -> Q:
    """Return the condition that any of these holds. Without one, every row meets it."""
    return reduce(or_, conditions, Q())


class SeveralField(BaseCSVField):
    """A field of values that a comma parts, each kept once and none empty; `at_most` says how many, None any number."""

    def __init__(self, *args: Any, at_most: int | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.at_most = at_most

    def clean(self, value: Any) -> list[Any]:
        # Each check of a value takes half a millisecond, so what is repeated is left out first.
        checked = super().clean(list(dict.fromkeys(value)) if value else value)
        values = list(dict.fromkeys(one for one in checked or () if one not in EMPTY_VALUES))
        if self.at_most is not None and len(values) > self.at_most:
            raise forms.ValidationError(_("At most %(most)s values.") % {"most": self.at_most}, code="too_many")
        return values


class SeveralFilter(df.BaseInFilter, df.ChoiceFilter):
    """A filter by one or several values, which a comma parts in the URL: rows that have any of them are kept."""

    base_field_class = SeveralField


class SeveralTextsFilter(df.BaseInFilter, df.CharFilter):
    """A filter by one or several texts, which a comma parts in the URL: rows that have any of them are kept."""

    base_field_class = SeveralField


class SeveralIdsFilter(df.BaseInFilter, df.UUIDFilter):
    """A filter by one or several public ids, which a comma parts in the URL: rows that have any of them are kept."""

    base_field_class = SeveralField


class WholeNumberFilter(df.NumberFilter):
    """A filter by a whole number from 0 on: no fraction, and nothing that the database could not hold."""

    field_class = forms.IntegerField

    def __init__(self, field_name: str | None = None, lookup_expr: str | None = None, **options: Any) -> None:
        options = {"help_text": {"gte": "At least.", "lte": "At most."}.get(lookup_expr or ""), **options}
        super().__init__(field_name, lookup_expr, min_value=0, **options)

    def get_max_validator(self) -> MaxValueValidator:
        return MaxValueValidator(MOST)


class DayFilter(df.DateFilter):
    """A filter by a day, as ISO 8601 writes it, whatever the reader's language."""

    def __init__(self, field_name: str | None = None, lookup_expr: str | None = None, **options: Any) -> None:
        options = {"help_text": {"gte": SINCE, "lte": UNTIL}.get(lookup_expr or ""), **options}
        super().__init__(field_name, lookup_expr, input_formats=["%Y-%m-%d"], **options)


class SinceDayFilter(DayFilter):
    """A filter of moments: it keeps those on a day or later, by the reader's time zone."""

    def __init__(self, field_name: str, **options: Any) -> None:
        super().__init__(field_name, **{"help_text": SINCE, **options})

    def filter(self, qs: QuerySet[Any], value: dt.date | None) -> QuerySet[Any]:
        return qs.filter(**{f"{self.field_name}__gte": make_beginning_of_day(value)}) if value else qs


class UntilDayFilter(DayFilter):
    """A filter of moments: it keeps those on a day or before, by the reader's time zone."""

    def __init__(self, field_name: str, **options: Any) -> None:
        super().__init__(field_name, **{"help_text": UNTIL, **options})

    def filter(self, qs: QuerySet[Any], value: dt.date | None) -> QuerySet[Any]:
        return qs.filter(**{f"{self.field_name}__lt": make_end_of_day(value)}) if value else qs


class FilterSet(df.FilterSet):
    """A django-filter FilterSet that builds only the filters whose parameters are in the URL.

    Building all of them took 2 ms a page. `acting` is who asks, for filters that depend on it; of a set that
    django-filter makes for the API it is the request's actor.
    """

    base_filters: dict[str, df.Filter]

    def __init__(
        self, data: Mapping[str, Any] | None = None, *args: Any, acting: Actor = ANONYMOUS, **options: Any
    ) -> None:
        self.acting = getattr(options.get("request"), "actor", ANONYMOUS) if acting is ANONYMOUS else acting
        used = {name for name, value in (data or {}).items() if value not in (None, "")}
        self.base_filters = {name: one for name, one in self.base_filters.items() if name in used}
        super().__init__(data, *args, **options)

    @property
    def cleaned_values(self) -> dict[str, Any]:
        """The valid values of the filters, as a dict by filter name. Empty and invalid values are left out.

        Of a filter by several values it is the text that stands in the URL.
        """
        self.form.is_valid()
        values = {name: join_values(value) for name, value in self.form.cleaned_data.items()}
        return {name: value for name, value in values.items() if value not in ("", None)}
