"""The forms of an offer's health."""

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.models import HealthIssue
from marketplace.models.health import LONGEST_TEXT


class ReportHealthIssueForm(forms.Form):
    """The form to report an issue of an offer."""

    kind = forms.ChoiceField(label=_("Type"), choices=HealthIssue.Kind.choices, widget=forms.RadioSelect)
    began_at = forms.DateTimeField(
        label=_("Start (UTC)"),
        required=False,
        help_text=_("Leave empty to start now. Only maintenance can start later."),
        widget=forms.DateTimeInput({"type": "datetime-local"}),
    )
    text = forms.CharField(
        label=_("What is happening, and what partners should tell customers"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea({"rows": 4}),
    )


class UpdateHealthIssueForm(forms.Form):
    """The form to tell how an issue goes on, or to give the all-clear."""

    text = forms.CharField(label=_("Update"), max_length=LONGEST_TEXT, widget=forms.Textarea({"rows": 3}))
