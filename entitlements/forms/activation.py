"""The forms of activation links: to send, change and withdraw one, and to confirm a new partner."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, OrganizationKind, Program, ProgramFeature
from entitlements.actions.activation import REASON_LENGTH
from entitlements.actions.activation_confirmation import REASON_LENGTH as DECLINE_LENGTH
from entitlements.actions.activation_details import NAME_LENGTH
from entitlements.actions.trials import MOST_SEATS
from entitlements.models import ActivationLink, Sku
from entitlements.queries.activation import PARTNERS_LISTED, list_partners_to_name
from entitlements.queries.trial_offers import list_open_trial_offers
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.fields import OneLineFormField

USUAL_SEATS = 10
SEATS_HELP = _("The maximum is shown next to the service.")
AT_ONCE_HELP = _("The membership will begin as soon as the new partner uses its activation link.")


class OfferedSkuField(forms.ModelChoiceField):
    """A form field to choose one of the services that new customers can try, with the most licences of a trial."""

    def label_from_instance(self, sku: Sku) -> str:
        """Return the label of a SKU: its name and code, and how many licences a trial of it may have."""
        most = formats.format_number(sku.trial_offer.seat_limit)
        return str(_("%(name)s (%(code)s), up to %(most)s licences")) % {
            "name": sku.name,
            "code": sku.code,
            "most": most,
        }


class AddOnField(forms.ModelMultipleChoiceField):
    """A form field to choose add-ons. Each is shown by its name and the service that it belongs to."""

    def label_from_instance(self, sku: Sku) -> str:
        return f"{sku.name} · {sku.service}"


class OfferedPartnerField(forms.ModelChoiceField):
    """A form field to choose a partner by its name and ORGID."""

    def label_from_instance(self, partner: Organization) -> str:
        return f"{partner.name} ({partner.org_id})"


class ActivationForm(forms.Form):
    """The form of an activation link: whom it invites, by which address, and to what.

    Which fields it has depends on what is invited and on who sends it. `link` is the one to change, or None.
    """

    name = OneLineFormField(
        label=_("Organisation name"), max_length=NAME_LENGTH, widget=forms.TextInput({"autocomplete": "off"})
    )
    email = forms.EmailField(
        label=_("Notification email"),
        help_text=_("The link will be sent to this address, and only the owner of the address can use it."),
        widget=forms.EmailInput({"autocomplete": "off"}),
    )
    country = forms.ChoiceField(label=_("Country or region"))
    language = forms.ChoiceField(label=_("Language of the email"), choices=settings.LANGUAGES)
    sku = OfferedSkuField(
        Sku.objects.none(), to_field_name="code", label=_("Service to try"), empty_label=_("Choose a service")
    )
    add_ons = AddOnField(
        Sku.objects.none(),
        to_field_name="code",
        label=_("Add-ons"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    seats = forms.IntegerField(
        label=_("Licences"), min_value=1, max_value=MOST_SEATS, initial=USUAL_SEATS, help_text=SEATS_HELP
    )
    partner = forms.CharField(label=_("Partner"))
    program = forms.ModelChoiceField(
        Program.objects.none(),
        to_field_name="code",
        label=_("Programme to join"),
        empty_label=_("Choose a programme"),
        help_text=_("The membership will begin when vendor staff confirm the new partner."),
    )

    def __init__(
        self, actor: Actor, kind: str, data: Mapping[str, Any] | None = None, *, link: ActivationLink | None = None
    ) -> None:
        initial = _read_link(link) if link else {"language": get_language() or "en"}
        super().__init__(data, initial=initial)
        self.actor, self.kind, self.link = actor, kind, link
        choices = [("", _("Choose a country")), *list_country_choices()]
        self.fields["country"].choices = choices  # type: ignore[attr-defined]
        if kind == ActivationLink.Kind.PARTNER:
            self._keep_fields_of_partners()
        else:
            self._keep_fields_of_customers()

    def _keep_fields_of_partners(self) -> None:
        for name in ("sku", "add_ons", "seats", "partner"):
            del self.fields[name]
        self.fields["program"].queryset = list_programs_of_partners()  # type: ignore[attr-defined]
        own = Organization.objects.visible_to(self.actor).filter(pk=self.actor.organization_id or 0)
        if own.filter(onboards_partners_at_once=True).exists():
            self.fields["program"].help_text = AT_ONCE_HELP

    def _keep_fields_of_customers(self) -> None:
        del self.fields["program"]
        offers = list_open_trial_offers(self.actor)
        skus = Sku.objects.filter(pk__in=offers.order_by().values("sku")).select_related("trial_offer")
        self.fields["sku"].queryset = skus.order_by("service", "name", "pk")  # type: ignore[attr-defined]
        add_ons = {key for keys in offers.values_list("add_on_ids", flat=True) for key in keys}
        if add_ons:
            rows = Sku.objects.filter(pk__in=add_ons).order_by("service", "name", "pk")
            self.fields["add_ons"].queryset = rows  # type: ignore[attr-defined]
        else:
            del self.fields["add_ons"]
        if self.actor.organization_kind == OrganizationKind.PARTNER:
            del self.fields["partner"]
            return
        partners = list_partners_to_name(self.actor)
        self.fields["partner"] = make_partner_field(self.actor, partners)
        if self.link and self.link.partner_id:  # a partner that has moved away can no longer be looked up
            named = partners.filter(pk=self.link.partner_id).first()
            self.initial["partner"] = named.org_id if named else None

    def clean_partner(self) -> Organization | None:
        """Return the partner that is named, or None. Whoever typed an ORGID may have typed that of no partner."""
        value = self.cleaned_data["partner"]
        if isinstance(value, Organization) or not value:
            return value or None
        partner = list_partners_to_name(self.actor).filter(org_id=value.strip()).first() if value.isascii() else None
        if partner is None:
            raise forms.ValidationError(_("None of your partners has this ORGID."), code="unknown")
        return partner

    @property
    def values(self) -> dict[str, Any]:
        """The values of the form, as keyword arguments of the actions that send or change a link."""
        return {name: value for name, value in self.cleaned_data.items() if name in self.fields}


def list_programs_of_partners() -> QuerySet[Program]:
    """Return the programmes that a new partner can join by an activation link: those with the customer dashboard."""
    return Program.objects.filter(grants__contains=[ProgramFeature.CUSTOMER_DASHBOARD]).order_by("name")


def make_partner_field(actor: Actor, partners: QuerySet[Organization]) -> forms.Field:
    """Return the field by which a distributor or vendor staff name the partner of a customer.

    Few partners are a list to choose from. Of many, the ORGID is typed.
    """
    is_required = actor.organization_kind != OrganizationKind.VENDOR
    help_text = _("When the customer accepts, it will be connected to this partner.")
    if partners[: PARTNERS_LISTED + 1].count() <= PARTNERS_LISTED:
        return OfferedPartnerField(
            partners,
            to_field_name="org_id",
            label=_("Partner"),
            required=is_required,
            empty_label=_("Choose a partner") if is_required else _("No partner"),
            help_text=help_text,
        )
    return forms.CharField(
        label=_("Partner (ORGID)"),
        max_length=20,
        required=is_required,
        help_text=help_text,
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "numeric"}),
    )


def _read_link(link: ActivationLink) -> dict[str, Any]:
    """Return the values of the fields as a link has them."""
    return {
        "name": link.name,
        "email": link.email,
        "country": link.country,
        "language": link.language,
        "sku": link.sku.code if link.sku else None,
        "add_ons": list(Sku.objects.filter(pk__in=link.add_on_ids).values_list("code", flat=True)),
        "seats": link.seats,
        "program": link.program.code if link.program else None,
    }


class RevokeActivationForm(forms.Form):
    """The form to withdraw an activation link, with a reason for colleagues."""

    reason = OneLineFormField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        required=False,
        help_text=_("Your colleagues will see the reason in the list. It won’t be sent to anyone else."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )


class ConfirmPartnerForm(forms.Form):
    """The form to confirm a new partner: the programme that it joins, and the last day of its membership."""

    program = forms.ModelChoiceField(
        Program.objects.none(), to_field_name="code", label=_("Programme"), empty_label=None
    )
    ends_on = forms.DateField(
        label=_("Last day"),
        required=False,
        help_text=_("Leave empty for no end date."),
        widget=forms.DateInput({"type": "date"}),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, link: ActivationLink) -> None:
        super().__init__(data, initial={"program": link.program.code if link.program else None})
        self.fields["program"].queryset = list_programs_of_partners()  # type: ignore[attr-defined]


class DeclinePartnerForm(forms.Form):
    """The form to decline a new partner, with the reason."""

    reason = OneLineFormField(
        label=_("Reason"),
        max_length=DECLINE_LENGTH,
        help_text=_("The partner and whoever invited it will see the reason. Don’t name anyone in it."),
        error_messages={"required": _("Enter a reason.")},
        widget=forms.TextInput({"autocomplete": "off"}),
    )
