"""What people choose about notices."""

from typing import Any

from django import forms

from notifications import queries, registry
from notifications.models import Mail
from partnerportal.lib.actors import Actor


class MailsForm(forms.Form):
    """A choice for each kind of notice, by its code. What is left out stays as it is."""

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = queries.mail_choices(actor)
        for code, label in sorted(registry.kind_choices(actor), key=lambda choice: choice[1]):
            field = forms.ChoiceField(label=label, choices=Mail.choices, required=False, initial=chosen[code])
            self.fields[code] = field

    @property
    def mails(self) -> dict[str, Mail]:
        return {code: Mail(mail or self.fields[code].initial) for code, mail in self.cleaned_data.items()}
