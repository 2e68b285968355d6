"""Filters of a list that take several values or a range: the form of their dialog, and the chips that show them."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message

# By the parameter of a filter that takes several values: its label, and the values with their labels.
SeveralChoices = Mapping[str, tuple[Message, Sequence[tuple[str, str]]]]
SEPARATOR = ","  # between the values of one parameter
MOST = 10**9  # the highest bound of a range of numbers
DAYS = (gettext_lazy("from %(bound)s"), gettext_lazy("until %(bound)s"))  # how the bounds of a range of days are said


def join_values(value: Any) -> Any:
    """Return the text that stands in the URL for a list of values. Any other value is returned as it is."""
    return SEPARATOR.join(map(str, value)) if isinstance(value, list) else value


@dataclass(frozen=True)
class FilterRange:
    """A range: the parameters of its lowest and its highest value ("" for none), its label, and how values are shown.

    `field` makes the form field of a bound from its label; `show` returns a bound in words.
    """

    low: str
    high: str
    label: Message
    field: Callable[..., forms.Field]
    show: Callable[[Any], str]
    bounds: tuple[Message, Message] = ("≥ %(bound)s", "≤ %(bound)s")  # how one bound alone is said

    def describe(self, values: Mapping[str, Any]) -> str:
        """Return the range in words, or "" if `values`, by parameter, hold neither bound."""
        low, high = values.get(self.low), values.get(self.high)
        if low is None and high is None:
            return ""
        lowest, highest = self.bounds
        if high is None:
            return str(lowest) % {"bound": self.show(low)}
        if low is None:
            return str(highest) % {"bound": self.show(high)}
        return f"{self.show(low)} – {self.show(high)}"

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that the range has."""
        return tuple(filter(None, (self.low, self.high)))


@dataclass(frozen=True)
class FilterChip:
    """A filter that is active, in words, with the URL of the list without it."""

    label: Message
    value: str
    url: str


def show_number(value: Any) -> str:
    """Return a bound that is a number, as the reader writes it."""
    return formats.format_number(int(value))


def show_percent(value: Any) -> str:
    """Return a bound that is a percentage from 0 on, as the reader writes it."""
    return formats.format_percent(int(value) / 100)


def show_day(value: dt.date) -> str:
    """Return a bound that is a day, as the reader writes it."""
    return formats.format_date(value)


def make_number_field(**options: Any) -> forms.Field:
    """Return the form field of a bound that is a whole number from 0 on."""
    return forms.IntegerField(required=False, min_value=0, max_value=MOST, **options)


def make_day_field(**options: Any) -> forms.Field:
    """Return the form field of a bound that is a day."""
    return forms.DateField(required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), **options)


class ListFilterForm(forms.Form):
    """The base of forms that set those filters of a list of which one may choose several values, or a range.

    A subclass sets `ranges`, and in `list_several` returns the choices of each filter of several values.
    """

    ranges: ClassVar[Sequence[FilterRange]] = ()

    def __init__(self, actor: Actor, query: Mapping[str, str], data: Mapping[str, Any] | None = None) -> None:
        self.several = self.list_several(actor)
        values: dict[str, Any] = dict(query)
        for name in self.several:
            values[name] = [value for value in query.get(name, "").split(SEPARATOR) if value]
        super().__init__(data, initial=values)
        for name, (label, choices) in self.several.items():
            self.fields[name] = forms.MultipleChoiceField(
                label=str(label), choices=choices, required=False, widget=forms.CheckboxSelectMultiple
            )
        for one in self.ranges:
            self.fields[one.low] = one.field(
                label=one.label if not one.high else pgettext("the beginning of a range", "From")
            )
            if one.high:
                self.fields[one.high] = one.field(label=pgettext("the end of a range", "To"))

    def list_several(self, actor: Actor) -> SeveralChoices:
        """Return the label and the choices of each filter that takes several values, by its parameter."""
        return {}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for one in self.ranges:
            low, high = cleaned.get(one.low), cleaned.get(one.high)
            if low is not None and high is not None and low > high:
                self.add_error(one.high, _("“To” must not be less than “From”."))
        return cleaned

    @property
    def query(self) -> dict[str, str]:
        """The values that were entered, by parameter, as they stand in the list's URL. Empty ones are left out."""
        entered = {name: join_values(value) for name, value in self.cleaned_data.items()}
        return {name: str(value) for name, value in entered.items() if value not in (None, "")}

    @property
    def choice_fields(self) -> list[forms.BoundField]:
        """The fields of several values that have a choice at all."""
        return [self[name] for name, (_label, choices) in self.several.items() if choices]

    @property
    def range_fields(self) -> list[tuple[Message, list[forms.BoundField]]]:
        """The fields of each range, with its label."""
        return [(one.label, [self[name] for name in one.names]) for one in self.ranges]
