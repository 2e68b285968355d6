"""What people type about the customer list."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from entitlements.columns import BY_NAME, COLUMNS, NAME, columns_of
from entitlements.models import ListSettings, SavedView
from entitlements.queries import ListPreferences
from partnerportal.lib.errors import Message
from partnerportal.lib.fields import Line


class ViewForm(forms.Form):
    name = Line(label=_("Name"), max_length=60, widget=forms.TextInput({"autofocus": True, "autocomplete": "off"}))
    is_shared = forms.BooleanField(label=_("Share it in the organisation"), required=False)
    is_default = forms.BooleanField(label=_("Open the list with it"), required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, *, may_share: bool, **options: Any) -> None:
        super().__init__(data, **options)
        if not may_share:
            del self.fields["is_shared"]

    @classmethod
    def of(cls, view: SavedView, data: Mapping[str, Any] | None, *, may_share: bool) -> "ViewForm":
        form = cls(data, may_share=may_share, initial={"name": view.name, "is_shared": view.is_shared})
        del form.fields["is_default"]
        if not may_share:  # it stays as it was
            form.was_shared = view.is_shared
        return form

    was_shared = False

    @property
    def action_arguments(self) -> dict[str, Any]:
        return {"name": self.cleaned_data["name"], "is_shared": self.cleaned_data.get("is_shared", self.was_shared)}


@dataclass(frozen=True)
class Choice:
    name: str
    label: Message
    is_shown: bool
    can_rise: bool
    can_sink: bool
    moved: str  # up, down or nothing: where the focus goes


class DisplayForm:
    """The columns in their order, each shown or not; what is not known is passed over. The name always comes first."""

    def __init__(self, preferences: ListPreferences, data: QueryDict | None) -> None:
        self.density, self.moved, self.direction = preferences.density, "", ""
        shown = [column.name for column in columns_of(preferences.columns)]
        order = shown
        if data is not None:
            density = data.get("density", "")
            self.density = density if density in ListSettings.Density.values else self.density
            shown, order = data.getlist("show"), data.getlist("column")
            self.direction, _space, self.moved = data.get("move", "").partition(" ")
        known = [name for name in dict.fromkeys(order) if name in BY_NAME and name != NAME.name]
        self.order = known + [c.name for c in COLUMNS if c.name not in known and c.name != NAME.name]
        self.shown = [name for name in self.order if name in shown]
        self.is_reset = data is not None and "reset" in data
        self._move()

    def _move(self) -> None:
        if self.moved not in self.order:
            self.moved = ""
            return
        at = self.order.index(self.moved)
        to = at + (1 if self.direction == "down" else -1)
        if 0 <= to < len(self.order):
            self.order[at], self.order[to] = self.order[to], self.order[at]

    @property
    def columns(self) -> list[str]:
        """As they are kept: none stands for the list as it was designed."""
        shown = [NAME.name, *self.shown]
        usual = [column.name for column in columns_of(())]
        return [] if self.is_reset or shown == usual else shown

    @property
    def choices(self) -> list[Choice]:
        last = len(self.order) - 1
        return [
            Choice(
                name, BY_NAME[name].label, name in self.shown, at > 0, at < last,
                self.direction if name == self.moved else "",
            )
            for at, name in enumerate(self.order)
        ]  # fmt: skip

    @property
    def densities(self) -> list[tuple[str, Message, bool]]:
        words = {ListSettings.Density.COMFORTABLE: _("Comfortable"), ListSettings.Density.COMPACT: _("Compact")}
        return [(density.value, label, density == self.density) for density, label in words.items()]
