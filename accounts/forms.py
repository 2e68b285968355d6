"""Forms for signing up, organisations, roles and preferences."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actions import NAME_IS_VERIFIED
from accounts.models import Operator, Organization, Person, Role
from partnerportal.lib.countries import country_choices
from partnerportal.lib.fields import Line
from partnerportal.lib.time_zones import time_zone_choices


class SignupForm(forms.Form):
    """The fields that sign-up asks for beside e-mail address and password."""

    name = Line(label=_("Your name"), max_length=120, widget=forms.TextInput({"autocomplete": "name"}))
    field_order = ("name", "email", "password1")

    def signup(self, request: HttpRequest, user: Person) -> None:
        """Do nothing: allauth requires this method, and AccountAdapter has stored the name already."""


class OrganizationForm(forms.ModelForm):
    """The name and contact data of an organisation. A name that vendor staff have verified cannot be changed here."""

    class Meta:
        model = Organization
        fields = ("name", "country", "street", "postal_code", "city", "phone", "contact_email", "website")
        widgets = {"name": forms.TextInput({"autocomplete": "organization"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"] = forms.ChoiceField(
            label=_("Country or region"), choices=[("", _("Choose a country")), *country_choices()]
        )
        if self.instance.pk and not self.instance.may_rename_itself:
            self.fields["name"].disabled = True
            self.fields["name"].help_text = NAME_IS_VERIFIED


class RolesForm(forms.Form):
    """The roles of an operator, of which at least one is required."""

    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        choices=Role.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one role.")},
    )

    @classmethod
    def of(cls, operator: Operator) -> "RolesForm":
        """Return an unbound form that shows the operator's present roles."""
        return cls(initial={"roles": operator.roles})


class PreferencesForm(forms.ModelForm):
    """A person's name, language, time zone and theme."""

    time_zone = forms.ChoiceField(label=_("Time zone"))

    class Meta:
        model = Person
        fields = ("name", "language", "time_zone", "theme")
        widgets = {"theme": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = time_zone_choices(self.instance.time_zone)  # type: ignore[attr-defined]
