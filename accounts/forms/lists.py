"""Forms of saved views, and of how a list is displayed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import ListSettings, SavedView
from partnerportal.lib.errors import Message
from partnerportal.lib.fields import OneLineFormField
from partnerportal.lib.lists import ListDefinition
from partnerportal.lib.personal_lists import ListPreferences


class SavedViewForm(forms.Form):
    """The form of a saved view's name, whether it is shared, and whether the list opens with it.

    Without `may_share` the form does not ask whether the view is shared.
    """

    name = OneLineFormField(
        label=_("Name"), max_length=60, widget=forms.TextInput({"autofocus": True, "autocomplete": "off"})
    )
    is_shared = forms.BooleanField(label=_("Share with everyone in the organisation"), required=False)
    is_default = forms.BooleanField(label=_("Make this my default view"), required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, *, may_share: bool, **options: Any) -> None:
        super().__init__(data, **options)
        if not may_share:
            del self.fields["is_shared"]

    @classmethod
    def for_existing_view(cls, view: SavedView, data: Mapping[str, Any] | None, *, may_share: bool) -> "SavedViewForm":
        """Return the form that renames or shares an existing saved view.

        `data` is the POST data, or None for a GET.
        """
        form = cls(data, may_share=may_share, initial={"name": view.name, "is_shared": view.is_shared})
        del form.fields["is_default"]
        if not may_share:  # the form does not ask, so sharing stays as it was
            form.was_shared = view.is_shared
        return form

    was_shared = False

    @property
    def entered_values(self) -> dict[str, Any]:
        """The entered `name` and `is_shared`, as keyword arguments for the actions on saved views."""
        return {"name": self.cleaned_data["name"], "is_shared": self.cleaned_data.get("is_shared", self.was_shared)}


@dataclass(frozen=True)
class ColumnOption:
    """One column in the form where a person chooses a list's columns.

    It says whether the column is shown, and whether it can be moved up or down.
    """

    name: str
    label: Message
    is_shown: bool
    can_rise: bool
    can_sink: bool
    moved: str  # "up" or "down" if that button of the column was just pressed, which keeps the focus; else ""


class ListDisplayForm:
    """The form in which a person chooses a list's columns, their order, and how dense the rows are.

    The first column names the row and is always shown first, so it is not asked for. For a list with few columns the
    form asks only for the density. Unknown values are ignored.
    """

    def __init__(self, definition: ListDefinition, preferences: ListPreferences, data: QueryDict | None) -> None:
        self.definition = definition
        self.first = definition.columns[0] if definition.has_selectable_columns else None
        self.by_name = {column.name: column for column in definition.columns[1:]} if self.first else {}
        self.density, self.moved, self.direction = preferences.density, "", ""
        shown = [column.name for column in definition.select_columns(preferences.columns)]
        order = shown
        if data is not None:
            density = data.get("density", "")
            self.density = density if density in ListSettings.Density.values else self.density
            shown, order = data.getlist("show"), data.getlist("column")
            self.direction, _space, self.moved = data.get("move", "").partition(" ")
        known = [name for name in dict.fromkeys(order) if name in self.by_name]
        self.order = known + [name for name in self.by_name if name not in known]
        self.shown = [name for name in self.order if name in shown]
        self.is_reset = data is not None and "reset" in data
        self._move()

    def _move(self) -> None:
        """Move the column whose button was pressed by one place, unless it is at the end already."""
        if self.moved not in self.order:
            self.moved = ""
            return
        at = self.order.index(self.moved)
        to = at + (1 if self.direction == "down" else -1)
        if 0 <= to < len(self.order):
            self.order[at], self.order[to] = self.order[to], self.order[at]

    @property
    def chosen_columns(self) -> list[str]:
        """The names of the chosen columns in their order, for storage; an empty list for the usual columns."""
        if self.first is None:
            return []
        shown = [self.first.name, *self.shown]
        usual = [column.name for column in self.definition.select_columns(())]
        return [] if self.is_reset or shown == usual else shown

    @property
    def column_options(self) -> list[ColumnOption]:
        """A ColumnOption for each column that can be chosen, in the order that the form shows."""
        last = len(self.order) - 1
        return [
            ColumnOption(
                name, self.by_name[name].label, name in self.shown, at > 0, at < last,
                self.direction if name == self.moved else "",
            )
            for at, name in enumerate(self.order)
        ]  # fmt: skip

    @property
    def density_options(self) -> list[tuple[str, Message, bool]]:
        """The densities that can be chosen, each as (value, label, whether it is the present one)."""
        labels = {ListSettings.Density.COMFORTABLE: _("Comfortable"), ListSettings.Density.COMPACT: _("Compact")}
        return [(density.value, label, density == self.density) for density, label in labels.items()]
