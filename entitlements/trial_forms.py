"""The forms of trials."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from entitlements.actions.trials import MOST_IN_PRODUCTION, MOST_SEATS, REASON_LENGTH
from entitlements.models import Sku
from entitlements.queries.trials import list_skus_available_for_trial
from partnerportal.lib.actors import Actor


class SkuChoiceField(forms.ModelChoiceField):
    """A form field to choose a SKU. Each is shown by its name and code."""

    def label_from_instance(self, sku: Sku) -> str:
        """Return the label of a SKU: its name and code."""
        return f"{sku.name} ({sku.code})"


class RequestTrialForm(forms.Form):
    """The form to request a trial of a product that the actor's organisation neither runs nor has requested."""

    sku = SkuChoiceField(
        Sku.objects.none(), to_field_name="code", label=_("Service"), empty_label=_("Choose a service")
    )
    quantity = forms.IntegerField(label=_("Licences"), min_value=1, max_value=MOST_SEATS, initial=10)

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sku"].queryset = list_skus_available_for_trial(actor)  # type: ignore[attr-defined]


class DeclineTrialForm(forms.Form):
    """The form to decline a trial, with the reason."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": _("Enter a reason.")},
    )


class ExtendTrialForm(forms.Form):
    """The form to extend a trial. It holds the new last day that the page showed.

    That way nothing is done if somebody else has extended the trial in the meantime.
    """

    ends_on = forms.DateField(widget=forms.HiddenInput)


class ConvertTrialForm(forms.Form):
    """The form to turn a trial into production, with the number of seats and the last day."""

    quantity = forms.IntegerField(label=_("Licences"), min_value=1, max_value=MOST_IN_PRODUCTION)
    ends_on = forms.DateField(
        label=_("Last day of use (UTC)"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Leave empty for no end date."),
    )
