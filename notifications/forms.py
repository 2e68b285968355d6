"""The form in which people choose which notices they get."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from notifications import queries, registry
from notifications.models import MailMode, NoticeDeliveryChoice
from partnerportal.lib.actors import Actor


class TriStateCheckbox(forms.CheckboxInput):
    """A checkbox that tells "not ticked" from "not in the form".

    The template puts a hidden input before it, which is sent when the checkbox is not ticked.
    """

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return whether the checkbox is ticked, or None if the form does not have it."""
        return super().value_from_datadict(data, files, name) if name in data else None


class NoticeChoicesForm(forms.Form):
    """The form of how a person gets each kind of notice: by e-mail in which way, and whether in the inbox.

    Each kind has two fields. Fields that are left out of the request leave the person's present choice as it is.
    """

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = registry.get_notice_kinds()
        choices = [each for each in registry.list_notice_kind_choices(actor) if not kinds[each[0]].is_always_mailed]
        self.kinds = sorted(choices, key=lambda choice: choice[1])
        present = queries.get_notice_choices(actor)
        for code, label in self.kinds:
            mail, inbox = present[code]
            self.fields[code] = forms.ChoiceField(label=label, choices=MailMode.choices, required=False, initial=mail)
            tick = TriStateCheckbox({"aria-label": _("In the inbox: %(kind)s") % {"kind": label}})
            self.fields[f"inbox-{code}"] = forms.NullBooleanField(initial=inbox, widget=tick)

    def list_mail_and_inbox_fields(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Return (field for e-mail, field for the inbox) of each kind of notice, in the order of the kinds' labels."""
        return [(self[code], self[f"inbox-{code}"]) for code, _label in self.kinds]

    @property
    def choices_by_kind(self) -> dict[str, NoticeDeliveryChoice]:
        """The person's NoticeDeliveryChoice for each kind of notice, by the kind's code.

        A field that was left out of the request counts as the present choice.
        """
        values = {name: field.initial for name, field in self.fields.items()}
        values |= {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}
        return {
            code: NoticeDeliveryChoice(MailMode(values[code]), values[f"inbox-{code}"]) for code, _label in self.kinds
        }
