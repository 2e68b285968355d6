"""The form in which vendor staff register an organisation."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.organizations import HAS_PARTNER_ID, UniqueNumbersForm, make_country_field
from accounts.models import Organization, OrganizationKind, Program
from accounts.queries.organizations import list_distributors, list_programs
from partnerportal.lib.actors import Actor
from partnerportal.lib.fields import OneLineFormField


class RegisterOrganizationForm(UniqueNumbersForm):
    """The form of a new organisation of one kind: who it is, and where it stands.

    The hidden `public_id` is that of the organisation to be made, so that a form which is sent twice makes one.
    """

    public_id = forms.UUIDField(widget=forms.HiddenInput)
    name = OneLineFormField(
        label=_("Organisation name"), max_length=200, widget=forms.TextInput({"autocomplete": "off", "autofocus": True})
    )
    country = forms.ChoiceField()
    parent = forms.ModelChoiceField(
        Organization.objects.none(),
        to_field_name="public_id",
        label=_("Distributor"),
        required=False,
        empty_label=_("None: works directly with the vendor"),
    )
    partner_id = forms.CharField(
        label=_("Partner ID"),
        required=False,
        max_length=12,
        help_text=_("The organisation’s number in the partner network, if it has one."),
        widget=forms.TextInput({"inputmode": "numeric"}),
    )
    tenant_id = forms.UUIDField(
        label=_("Tenant ID"),
        required=False,
        help_text=_("The ID of the organisation’s directory. Leave empty to create a new ID."),
        widget=forms.TextInput({"class": "mono", "translate": "no"}),
    )
    admin_email = forms.EmailField(
        label=_("Work email address of the first Admin"),
        required=False,
        max_length=254,
        help_text=_("The first Admin will get an invitation by email. You can also send it later."),
        widget=forms.EmailInput({"autocomplete": "off"}),
    )
    programs = forms.ModelMultipleChoiceField(
        Program.objects.none(),
        to_field_name="code",
        label=_("Programme memberships from today"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, data: Mapping[str, Any] | None, *, actor: Actor, kind: OrganizationKind) -> None:
        self.actor = actor
        super().__init__(data, initial={"public_id": uuid4()})
        self.fields["country"] = make_country_field()
        if kind != OrganizationKind.PARTNER:
            del self.fields["parent"]
        else:
            self.fields["parent"].queryset = list_distributors(actor)  # type: ignore[attr-defined]
        if kind not in HAS_PARTNER_ID:
            del self.fields["partner_id"], self.fields["programs"]
        else:
            self.fields["programs"].queryset = list_programs()  # type: ignore[attr-defined]
        self.order_fields(
            ["public_id", "name", "country", "parent", "partner_id", "programs", "admin_email", "tenant_id"]
        )

    @property
    def details(self) -> dict[str, Any]:
        """The further fields of the organisation that were filled in."""
        names = ("public_id", "partner_id", "tenant_id")
        return {name: value for name in names if (value := self.cleaned_data.get(name))}
