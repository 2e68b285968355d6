"""What the inbox can be narrowed by. A value that is not valid narrows nothing."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from notifications import registry


class InboxFilterForm(forms.Form):
    tab = forms.ChoiceField(choices=[("unread", ""), ("dismissed", "")], required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    customer = forms.UUIDField(label=_("Customer"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = registry.kind_choices()  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """The valid values that were given."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
