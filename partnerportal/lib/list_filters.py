"""Filters of a list that take several values or a range: how a list describes them, their dialog, and their chips."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django import forms
from django.utils.translation import gettext_lazy, pgettext

from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message

Choices = Sequence[tuple[str, Any]]  # pairs of a value and its label
SEPARATOR = ","  # between the values of one parameter
MOST = 10**9  # the highest bound of a range of numbers


def join_values(value: Any) -> Any:
    """Return the text that stands in the URL for a list of values. Any other value is returned as it is."""
    return SEPARATOR.join(map(str, value)) if isinstance(value, list) else value


def split_values(text: str) -> list[str]:
    """Return the values that stand in one parameter of a URL, in their order. Empty ones are left out."""
    return [value for value in text.split(SEPARATOR) if value]


def name_values(choices: Iterable[tuple[Any, Any]], value: str) -> str:
    """Return the labels of the values in a URL's parameter, joined. A value without a choice stands for itself."""
    labels = {str(one): str(label) for one, label in choices}
    return formats.join_names(labels.get(one, one) for one in split_values(value))


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


TO_IS_LESS = gettext_lazy("“To” must not be less than “From”.")


@dataclass(frozen=True)
class RangeKind:
    """What the bounds of a range are: how each is entered and shown, and how one alone, or a reversed pair, is said."""

    make_field: Callable[..., forms.Field]
    show: Callable[[Any], str]
    alone: tuple[Message, Message] = ("≥ %(bound)s", "≤ %(bound)s")
    reversed_error: Message = TO_IS_LESS


NUMBERS = RangeKind(make_number_field, show_number)
PERCENTS = RangeKind(make_number_field, show_percent)
DAYS = RangeKind(
    make_day_field,
    show_day,
    (gettext_lazy("from %(bound)s"), gettext_lazy("until %(bound)s")),
    gettext_lazy("“To” must not be earlier than “From”."),
)


@dataclass(frozen=True)
class FilterRange:
    """A range: the parameters of its lowest and its highest value ("" for none), its label, and what its bounds are."""

    low: str
    high: str
    label: Message
    kind: RangeKind

    def describe(self, values: Mapping[str, Any]) -> str:
        """Return the range in words, or "" if `values`, by parameter, hold neither bound."""
        low, high = values.get(self.low), values.get(self.high)
        if low is None and high is None:
            return ""
        lowest, highest = self.kind.alone
        if high is None:
            return str(lowest) % {"bound": self.kind.show(low)}
        if low is None:
            return str(highest) % {"bound": self.kind.show(high)}
        return f"{self.kind.show(low)} – {self.kind.show(high)}"

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that the range has."""
        return tuple(filter(None, (self.low, self.high)))


@dataclass(frozen=True)
class SeveralValues:
    """A filter that takes several values: its label, and the function that returns an actor's choices of it.

    Where there are too many to choose among, such as customers, there is a function that finds choices by their values
    instead. Other pages lead to such a filter, and those that the URL has are its choices.
    """

    label: Message
    list_choices: Callable[[Actor], Choices] = lambda actor: ()
    find_choices: Callable[[Actor, Sequence[str]], Choices] | None = None

    @classmethod
    def from_choices(cls, label: Message, choices: Iterable[tuple[str, Message]]) -> Self:
        """Return a filter whose choices, such as those of an enumeration, are the same for every actor."""
        pairs = tuple(choices)
        return cls(label, lambda actor: [(value, str(name)) for value, name in pairs])

    def list_choices_with(self, actor: Actor, values: Sequence[str]) -> Choices:
        """Return an actor's choices. The `values` are among them, unless the actor does not have them."""
        if self.find_choices is None:
            return self.list_choices(actor)
        return self.find_choices(actor, values) if values else ()


@dataclass(frozen=True)
class FilterChip:
    """A filter that is active, in words, with the URL of the list without it."""

    label: Message
    value: str
    url: str


class ListFilterForm(forms.Form):
    """The form of those filters of a list of which one may choose several values, or a range.

    `several` has the filters of several values by their parameters, and `query` what stands in the list's URL.
    """

    def __init__(
        self,
        actor: Actor,
        ranges: Sequence[FilterRange],
        several: Mapping[str, SeveralValues],
        query: Mapping[str, str],
        data: Mapping[str, Any] | None = None,
    ) -> None:
        self.ranges, self.several = ranges, several
        values: dict[str, Any] = dict(query)
        for name in several:
            values[name] = split_values(query.get(name, ""))
        super().__init__(data, initial=values)
        for name, one in several.items():
            self.fields[name] = forms.MultipleChoiceField(
                label=str(one.label),
                choices=one.list_choices_with(actor, values[name]),
                required=False,
                widget=forms.CheckboxSelectMultiple,
            )
        for each in ranges:
            self.fields[each.low] = each.kind.make_field(
                label=each.label if not each.high else pgettext("the beginning of a range", "From")
            )
            if each.high:
                self.fields[each.high] = each.kind.make_field(label=pgettext("the end of a range", "To"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for one in self.ranges:
            low, high = cleaned.get(one.low), cleaned.get(one.high)
            if low is not None and high is not None and low > high:
                self.add_error(one.high, str(one.kind.reversed_error))
        return cleaned

    @property
    def query(self) -> dict[str, str]:
        """The values that were entered, by parameter, as they stand in the list's URL. Empty ones are left out."""
        entered = {name: join_values(value) for name, value in self.cleaned_data.items()}
        return {name: str(value) for name, value in entered.items() if value not in (None, "")}

    @property
    def choice_fields(self) -> list[forms.BoundField]:
        """The fields of several values that have a choice at all."""
        return [self[name] for name in self.several if self.fields[name].choices]  # type: ignore[attr-defined]

    @property
    def range_fields(self) -> list[tuple[Message, list[forms.BoundField]]]:
        """The fields of each range, with its label."""
        return [(one.label, [self[name] for name in one.names]) for one in self.ranges]
