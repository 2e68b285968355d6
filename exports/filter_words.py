"""What an export was narrowed to, in words, by the descriptions of its list's filters."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_filters import Filter

from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.exports.lists import Query
from partnerportal.lib.list_filters import Choices, name_values, split_values
from partnerportal.lib.lists import ListDefinition


class FilterWords:
    """Describes what exports of one actor were narrowed to, with the `queries` of all of them.

    The choices of a filter are read once for all.
    """

    def __init__(self, actor: Actor, queries: Iterable[Query]) -> None:
        self.actor, self.queries = actor, list(queries)
        self._choices: dict[tuple[str, str], Choices] = {}

    def describe(self, definition: ListDefinition | None, query: Query) -> str:
        """Return the filters of an export that have a label: “birch”, 3 selected rows, Country: France, Licences: ≥ 10.

        The filters that a tab of the list sets have none.
        """
        parts = []
        if text := query.get("q"):
            parts.append(_("“%(text)s”") % {"text": text})
        if ids := query.get("ids"):
            number = {"count": formats.format_number(len(ids))}
            parts.append(ngettext("%(count)s selected row", "%(count)s selected rows", len(ids)) % number)
        return " · ".join([*parts, *self._list_parts(definition, query)] if definition else parts)

    def _list_parts(self, definition: ListDefinition, query: Query) -> list[str]:
        values = definition.filter_set(query, acting=self.actor).cleaned_values
        in_ranges = {name for one in definition.ranges for name in one.names}
        parts = []
        for name, field in definition.filter_set.base_filters.items():
            label = definition.several[name].label if name in definition.several else field.label
            if label and name in values and name not in {"q", *in_ranges}:
                known = [*_list_fixed_choices(field), *self._list_choices(definition, name)]
                parts.append(_describe_value(label, values[name], known))
        ranges = ((one.label, one.describe(values)) for one in definition.ranges)
        return [*parts, *(_label_value(label, words) for label, words in ranges if words)]

    def _list_choices(self, definition: ListDefinition, name: str) -> Choices:
        if name not in definition.several:
            return ()
        key = (definition.key, name)
        if key not in self._choices:
            values = {value for query in self.queries for value in split_values(str(query.get(name, "")))}
            self._choices[key] = definition.several[name].list_choices_with(self.actor, sorted(values))
        return self._choices[key]


def _list_fixed_choices(field: Filter) -> Choices:
    """Return the choices that a filter has for everybody, whose names are known also of what an actor cannot choose."""
    choices = field.extra.get("choices") or ()
    return tuple(choices() if callable(choices) else choices)


def _describe_value(label: Message, value: Any, choices: Choices) -> str:
    if isinstance(value, bool):
        return str(label) if value else _("%(label)s: no") % {"label": label}
    if isinstance(value, dt.date):
        return _label_value(label, formats.format_date(value))
    return _label_value(label, name_values(choices, str(value)))


def _label_value(label: Message, words: str) -> str:
    return _("%(label)s: %(value)s") % {"label": label, "value": words}
