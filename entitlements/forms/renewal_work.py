"""The forms in which people note what they do about an end."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from entitlements.models import RenewalState, RenewalWork
from entitlements.models.renewal_work import NOTE_LENGTH
from entitlements.queries.renewal_work import list_renewal_owners
from partnerportal.lib.actors import Actor
from partnerportal.lib.revisions import read_posted_revision


class OwnerChoiceField(forms.ModelChoiceField):
    """A form field to choose an operator of one's own organisation, or nobody."""

    def label_from_instance(self, operator: Operator) -> str:
        """Return the name of an operator, or the email address of one without a name."""
        return str(operator.person)


class _FormOfOrganization(forms.Form):
    """The base of forms that offer the operators of the actor's organisation, if they have a field for the owner."""

    def __init__(self, actor: Actor, data: QueryDict | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        if "owner" in self.fields:
            self.fields["owner"].queryset = list_renewal_owners(actor)  # type: ignore[attr-defined]


class RenewalStateForm(_FormOfOrganization):
    """The form that asks for the state of all selected renewals."""

    state = forms.ChoiceField(label=_("State"), choices=RenewalState.choices)


class RenewalOwnerForm(_FormOfOrganization):
    """The form that asks for the owner of all selected renewals. Without one nobody looks after them."""

    owner = OwnerChoiceField(
        Operator.objects.none(), to_field_name="public_id", label=_("Owner"), required=False, empty_label=_("Nobody")
    )


class RenewalNoteForm(_FormOfOrganization):
    """The form that asks for the note of all selected renewals. Each keeps its earlier notes in its history."""

    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Visible only to your organisation."),
    )


class RenewalWorkForm(RenewalNoteForm, RenewalOwnerForm, RenewalStateForm):
    """The form of one renewal: state, owner and note. `work` is what is stored, and it is shown first."""

    ends_on = forms.DateField(widget=forms.HiddenInput)
    field_order = ("state", "owner", "note", "ends_on")

    def __init__(self, actor: Actor, work: RenewalWork, data: QueryDict | None = None) -> None:
        owner = list_renewal_owners(actor).filter(person_id=work.owner_id).first() if work.owner_id else None
        initial = {"state": work.state, "owner": owner and owner.public_id, "note": work.note, "ends_on": work.ends_on}
        super().__init__(actor, data, initial=initial)

    @property
    def values(self) -> dict[str, Any]:
        """The values of the form, as keyword arguments of `change_renewal_work`."""
        return self.cleaned_data | {"revision": read_posted_revision(self.data)}
