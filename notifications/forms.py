"""What people choose about notices."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from notifications import queries, registry
from notifications.models import Choice, Mail
from partnerportal.lib.actors import Actor


class Tick(forms.CheckboxInput):
    """What is not ticked is told by a hidden input before it, so that what is left out is not taken for it."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return super().value_from_datadict(data, files, name) if name in data else None


class ChoicesForm(forms.Form):
    """Two choices for each kind of notice, by its code. What is left out stays as it is."""

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kinds = sorted(registry.kind_choices(actor), key=lambda choice: choice[1])
        chosen = queries.choices(actor)
        for code, label in self.kinds:
            mail, inbox = chosen[code]
            self.fields[code] = forms.ChoiceField(label=label, choices=Mail.choices, required=False, initial=mail)
            tick = Tick({"aria-label": _("In the inbox: %(kind)s") % {"kind": label}})
            self.fields[f"inbox-{code}"] = forms.NullBooleanField(initial=inbox, widget=tick)

    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """For each kind what is chosen for e-mail and for the inbox."""
        return [(self[code], self[f"inbox-{code}"]) for code, _label in self.kinds]

    @property
    def choices(self) -> dict[str, Choice]:
        given = {name: field.initial for name, field in self.fields.items()}
        given |= {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}
        return {code: Choice(Mail(given[code]), given[f"inbox-{code}"]) for code, _label in self.kinds}
