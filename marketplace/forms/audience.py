"""The forms of an offer's audience."""

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.models import Audience
from marketplace.queries.audience import PASTED, split_pasted
from partnerportal.lib import formats

TOO_MANY = _("Paste at most %(most)s names or tenant IDs at a time, or import them from a file.")


class AudienceForm(forms.Form):
    """The form with the three options, and the revision of the audience that its reader has seen."""

    audience = forms.ChoiceField(label=_("CSP reseller audience"), choices=Audience.choices, widget=forms.RadioSelect)
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)


class SyncForm(forms.Form):
    """The form that syncs what its dry run has shown, which is the revision that it carries."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)


class PasteForm(forms.Form):
    """The form to paste a list of names or tenant IDs."""

    entries = forms.CharField(
        label=_("Names or tenant IDs"),
        max_length=80 * PASTED,
        help_text=_("One per line."),
        widget=forms.Textarea({"rows": 5, "spellcheck": "false"}),
    )

    def clean_entries(self) -> list[str]:
        """Return the entries, each once. Refuse more than are looked up at once: none is left out unsaid."""
        entries = split_pasted(self.cleaned_data["entries"])
        if len(entries) > PASTED:
            raise forms.ValidationError(TOO_MANY % {"most": formats.format_number(PASTED)}, "too_many")
        return entries
