"""Forms of a person: signing up, and language, zone and notices."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from partnerportal.lib.fields import OneLineFormField
from partnerportal.lib.time_zones import list_time_zone_choices


class SignupForm(forms.Form):
    """The part of the sign-up form that is added to allauth's e-mail address and password: the person's name."""

    name = OneLineFormField(label=_("Your name"), max_length=120, widget=forms.TextInput({"autocomplete": "name"}))
    field_order = ("name", "email", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "email" in self.fields:  # of the form that allauth derives from this one
            self.fields["email"].widget.attrs |= {"inputmode": "email", "autocapitalize": "none"}

    def signup(self, request: HttpRequest, user: Person) -> None:
        """Do nothing: allauth requires this method, and AccountAdapter has stored the name already."""


class PersonPreferencesForm(forms.ModelForm):
    """The form of a person's name, language, time zone and theme."""

    time_zone = forms.ChoiceField(label=_("Time zone"))

    class Meta:
        model = Person
        fields = ("name", "language", "time_zone", "theme")
        widgets = {"theme": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = list_time_zone_choices(self.instance.time_zone)  # type: ignore[attr-defined]
