"""The form in which whoever holds an activation link confirms the data of the new organisation, or chooses another."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator, Organization
from entitlements.models import ActivationLink
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.errors import Message
from partnerportal.lib.fields import make_contact_widgets

NEW = "new"  # stands for the organisation that is to be created
SET_BY_SENDER = _("Entered by the person who invited you. If it’s wrong, ask them to correct it.")


class ActivateOrganizationForm(forms.ModelForm):
    """The form by which an activation and its trial begin: a new organisation's data, or one of the person's own.

    `operators` are the person's own, each with its organisation. The name and country of a partner cannot be changed.
    """

    class Meta:
        model = Organization
        fields = ("name", "country", "street", "postal_code", "city", "phone", "contact_email", "website")
        widgets = make_contact_widgets()

    def __init__(
        self, link: ActivationLink, operators: Iterable[Operator], data: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial={"name": link.name, "country": link.country, "contact_email": link.email})
        self.link = link
        self.choices = _list_choices(link, operators)
        posted = str((data or {}).get("organization", NEW))
        self.chosen = posted if posted in {value for value, _name in self.choices} else NEW
        self.fields["country"] = forms.ChoiceField(
            label=_("Country or region"),
            choices=[("", _("Choose a country")), *list_country_choices()],
            initial=link.country,
            widget=forms.Select({"autocomplete": "country"}),
        )
        if not link.is_for_customer:
            for name in ("name", "country"):
                self.fields[name].disabled = True
                self.fields[name].help_text = str(SET_BY_SENDER)
        if self.organization_id:  # the fields of a new one are not asked for
            for field in self.fields.values():
                field.required = False

    @property
    def organization_id(self) -> UUID | None:
        """The public id of the organisation that was chosen, or None for the new one."""
        return None if self.chosen == NEW else UUID(self.chosen)

    @property
    def details(self) -> dict[str, str]:
        """The data of the new organisation, as the action takes them."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}

    def _post_clean(self) -> None:
        """Leave out the model's own checks where an organisation was chosen: its fields are not those of the form."""
        if self.organization_id is None:
            super()._post_clean()  # type: ignore[misc]


def _list_choices(link: ActivationLink, operators: Iterable[Operator]) -> list[tuple[str, Message]]:
    """Return the organisations that the person may activate, as (value, name): the new one comes first."""
    choices: list[tuple[str, Message]] = [(NEW, _("Create a new organisation"))]
    if link.is_for_customer:
        own = (operator.organization for operator in operators if operator.is_admin)
        fit = (row for row in own if row.kind == link.kind and not row.is_suspended)
        choices += [(str(row.public_id), f"{row.name} ({row.org_id})") for row in fit]
    return choices
