"""Forms of the account of one’s own organisation."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.actions.organizations import VERIFIED_FIELDS, explain_locked_field
from accounts.models import Organization
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.fields import OneLineFormField, make_contact_widgets


class OrganizationForm(forms.ModelForm):
    """The form of an organisation's name and contact data.

    What vendor staff have verified of the organisation cannot be changed here.
    """

    class Meta:
        model = Organization
        fields = ("name", "country", "street", "postal_code", "city", "phone", "contact_email", "website")
        widgets = make_contact_widgets()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"] = forms.ChoiceField(
            label=_("Country or region"),
            choices=[("", _("Choose a country")), *list_country_choices()],
            widget=forms.Select({"autocomplete": "country"}),
        )
        if self.instance.pk and self.instance.is_verified:
            for name in VERIFIED_FIELDS:
                self.fields[name].disabled = True
                self.fields[name].help_text = str(explain_locked_field(self.instance, name))


class DomainForm(forms.Form):
    """The form of the name of a domain that the organisation wants to prove."""

    name = OneLineFormField(
        label=_("Domain"),
        max_length=253,
        help_text=_("The part after the @ in your email addresses, such as example.com."),
        widget=forms.TextInput({"autofocus": True, "autocomplete": "off", "inputmode": "url", "spellcheck": "false"}),
    )
