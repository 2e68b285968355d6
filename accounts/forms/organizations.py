"""The forms of what vendor staff do with an organisation."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.facts import list_confirmed_domains, list_first_admin_invitations
from accounts.models import Competency, Operator, Organization, OrganizationKind, Program, ProgramMembership, Skill
from accounts.queries.organizations import (
    list_distributors,
    list_memberships_of,
    list_organizations_for_staff,
    list_programs,
    list_vendor_operators,
)
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.days import today
from partnerportal.lib.domain_names import format_domain_name
from partnerportal.lib.fields import OneLineFormField
from partnerportal.lib.formats import format_date

REASON_LENGTH = 400  # characters of why an organisation is suspended
HAS_PARTNER_ID = frozenset({OrganizationKind.DISTRIBUTOR, OrganizationKind.PARTNER})
OVERLAPS = _(
    "These dates overlap with an existing membership of this programme. Choose other dates, or change the last day "
    "of the existing membership."
)
NO_END = _("Leave empty for no end date.")
NO_TENANT_ID = _("Enter a tenant ID, such as 9f1c2b7e-40d5-4a63-8c0e-5b7d21e4a986.")


def _make_date_field(label: Any, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), **options)


def make_country_field() -> forms.ChoiceField:
    """Return a form field to choose a country or region."""
    choices = [("", _("Choose a country")), *list_country_choices()]
    return forms.ChoiceField(label=_("Country or region"), choices=choices)


class StandingForm(forms.Form):
    """The base of the forms that change what an organisation is to the vendor. Without a field it asks nothing.

    `program` is the code of the programme that was chosen before the form opened, or "".
    """

    def __init__(
        self, data: Mapping[str, Any] | None, *, actor: Actor, organization: Organization, program: str = ""
    ) -> None:
        self.actor, self.organization, self.chosen_program = actor, organization, program
        super().__init__(data, initial=self.get_present_values())
        self.prepare_fields()

    def get_present_values(self) -> dict[str, Any]:
        """Return the values with which the form opens: what holds now."""
        return {}

    def prepare_fields(self) -> None:
        """Fill in the choices, and take out the fields that this organisation has no use for."""


class UniqueNumbersForm(forms.Form):
    """The base of forms with the tenant ID and the partner ID of an organisation, each of which only one may have."""

    actor: Actor
    organization: Any = None  # the one that is changed

    def _refuse_taken(self, field: str, message: Any) -> Any:
        value = self.cleaned_data[field]
        rows = list_organizations_for_staff(self.actor).filter(**{field: value})
        own = {"public_id": self.organization.public_id if self.organization else self.cleaned_data.get("public_id")}
        if value and rows.exclude(**own).exists():
            raise forms.ValidationError(message)
        return value

    def clean_partner_id(self) -> str:
        """Return the partner ID. Raises ValidationError for the number of another organisation."""
        number: str = self._refuse_taken("partner_id", _("Another organisation has this partner ID."))
        return number

    def clean_tenant_id(self) -> UUID | None:
        """Return the tenant ID, or None for a new one. Raises ValidationError for that of another organisation."""
        tenant: UUID | None = self._refuse_taken("tenant_id", _("Another organisation has this tenant ID."))
        return tenant


class CorrectIdentityForm(UniqueNumbersForm, StandingForm):
    """The form of an organisation's verified name, country, tenant ID and partner ID."""

    name = OneLineFormField(label=_("Organisation name"), max_length=200)
    country = forms.ChoiceField()
    tenant_id = forms.UUIDField(
        label=_("Tenant ID"),
        widget=forms.TextInput({"class": "mono", "translate": "no"}),
        error_messages={"invalid": NO_TENANT_ID},
    )
    partner_id = forms.CharField(
        label=_("Partner ID"), required=False, max_length=12, widget=forms.TextInput({"inputmode": "numeric"})
    )

    def get_present_values(self) -> dict[str, Any]:
        return {name: getattr(self.organization, name) for name in ("name", "country", "tenant_id", "partner_id")}

    def prepare_fields(self) -> None:
        self.fields["country"] = make_country_field()
        if self.organization.kind not in HAS_PARTNER_ID:
            del self.fields["partner_id"]


class FirstAdminForm(StandingForm):
    """The form of whom an organisation without an Admin gets as its first one."""

    email = forms.EmailField(
        label=_("Work email address"), max_length=254, widget=forms.EmailInput({"autocomplete": "off"})
    )
    language = forms.ChoiceField(label=_("Language of the email"), choices=settings.LANGUAGES)

    def get_present_values(self) -> dict[str, Any]:
        waiting = list_first_admin_invitations(self.organization).first()
        return {"email": waiting.email, "language": waiting.language} if waiting else {"language": get_language()}


class ConfirmDomainForm(StandingForm):
    """The form of a domain that is confirmed as an organisation's."""

    name = OneLineFormField(
        label=_("Domain"),
        max_length=253,
        help_text=_("The part after the @ in the organisation’s email addresses, such as example.com."),
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "url", "spellcheck": "false"}),
    )


class WithdrawDomainForm(StandingForm):
    """The form of a confirmed domain that does not count any more."""

    name = forms.ChoiceField(label=_("Domain"))

    def prepare_fields(self) -> None:
        names = [domain.name for domain in list_confirmed_domains(self.organization)]
        self.fields["name"].choices = [(name, format_domain_name(name)) for name in names]  # type: ignore[attr-defined]


class SuspendForm(StandingForm):
    """The form of why an organisation is suspended. Everybody who acts for it reads the reason."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": _("Enter a reason.")},
    )


class ProgramChoiceField(forms.ModelChoiceField):
    """A form field to choose a programme, by its code."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Program.objects.none(), to_field_name="code", label=_("Programme"), **options)


class GrantMembershipForm(StandingForm):
    """The form of a new programme membership: from which day to which."""

    program = ProgramChoiceField(empty_label=_("Choose a programme"))
    starts_on = _make_date_field(_("First day (UTC)"))
    ends_on = _make_date_field(_("Last day (UTC)"), required=False, help_text=NO_END)

    def get_present_values(self) -> dict[str, Any]:
        return {"program": self.chosen_program, "starts_on": today()}

    def prepare_fields(self) -> None:
        self.fields["program"].queryset = list_programs()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse a time in which the organisation is a member of the programme already."""
        values = super().clean() or {}
        program, first, last = (values.get(name) for name in ("program", "starts_on", "ends_on"))
        if program and first:
            others = list_memberships_of(self.actor, self.organization).filter(program=program)
            others = others.exclude(ends_on__lt=first).exclude(starts_on=first)
            if (others.filter(starts_on__lte=last) if last else others).exists():
                self.add_error("program", OVERLAPS)
        return values


class RunningMembershipField(ProgramChoiceField):
    """A form field to choose the programme of a membership that runs today. Each is shown with its last day."""

    last_days: Mapping[int, dt.date | None]  # by the primary keys of programmes

    def label_from_instance(self, program: Program) -> str:
        """Return the label of a programme: its name, and until when the membership runs."""
        last = self.last_days[program.pk]
        until = _("%(program)s, until %(day)s") if last else _("%(program)s, no end date")
        return until % {"program": program.name, "day": format_date(last) if last else ""}


class MembershipEndForm(StandingForm):
    """The base of the forms that set another last day of a membership that runs today."""

    program = RunningMembershipField(empty_label=None)

    @cached_property
    def running(self) -> list[ProgramMembership]:
        """The memberships that run today, the one that was chosen before the form opened first."""
        rows = list_memberships_of(self.actor, self.organization).active()
        return sorted(rows, key=lambda row: row.program.code != self.chosen_program)

    def get_present_values(self) -> dict[str, Any]:
        return {"program": self.running[0].program.code} if self.running else {}

    def prepare_fields(self) -> None:
        field: Any = self.fields["program"]
        field.last_days = {row.program_id: row.ends_on for row in self.running}
        field.queryset = list_programs().filter(pk__in=field.last_days)


class ExtendMembershipForm(MembershipEndForm):
    """The form that extends a membership, or shortens it: its new last day."""

    ends_on = _make_date_field(_("New last day (UTC)"), required=False, help_text=NO_END)

    def get_present_values(self) -> dict[str, Any]:
        return {**super().get_present_values(), "ends_on": self.running[0].ends_on if self.running else None}


class EndMembershipForm(MembershipEndForm):
    """The form that ends a membership: its last day, which is today unless it says another."""

    ends_on = _make_date_field(
        _("Last day (UTC)"), help_text=_("The badge and its features will stay active until the end of this day.")
    )

    def get_present_values(self) -> dict[str, Any]:
        return {**super().get_present_values(), "ends_on": today()}

    def clean_ends_on(self) -> dt.date:
        """Return the last day. Yesterday is the earliest: a membership is not taken back where it was used."""
        day: dt.date = self.cleaned_data["ends_on"]
        if day < today() - dt.timedelta(days=1):
            raise forms.ValidationError(_("Choose a date no earlier than yesterday."))
        return day


class MovePartnerForm(StandingForm):
    """The form that places a partner under another distributor, or directly under the vendor."""

    distributor = forms.ModelChoiceField(
        Organization.objects.none(),
        to_field_name="public_id",
        label=_("New distributor"),
        required=False,
        empty_label=_("None: works directly with the vendor"),
    )

    def get_present_values(self) -> dict[str, Any]:
        return {"distributor": self.organization.parent.public_id if self.organization.parent else None}

    def prepare_fields(self) -> None:
        self.fields["distributor"].queryset = list_distributors(self.actor)  # type: ignore[attr-defined]

    def clean_distributor(self) -> Organization | None:
        """Return the new distributor, or None. Raises ValidationError for the one above the partner already."""
        distributor: Organization | None = self.cleaned_data["distributor"]
        if distributor == self.organization.parent:
            raise forms.ValidationError(_("Nothing would change. Choose a different option."))
        return distributor


class OperatorChoiceField(forms.ModelChoiceField):
    """A form field to choose one of the vendor's operators. Each is shown by name and address."""

    def label_from_instance(self, operator: Operator) -> str:
        """Return the label of an operator: the person's name and address."""
        person = operator.person
        return f"{person.name} ({person.email})" if person.name else person.email


class OnboardingForm(StandingForm):
    """The form of whether the partners that a distributor brings are members at once."""

    at_once = forms.BooleanField(label=_("New partners become members without confirmation"), required=False)

    def get_present_values(self) -> dict[str, Any]:
        return {"at_once": self.organization.onboards_partners_at_once}


class AccountManagerForm(StandingForm):
    """The form of who looks after an organisation at the vendor (CV-12)."""

    operator = OperatorChoiceField(
        Operator.objects.none(),
        to_field_name="public_id",
        label=_("Account manager"),
        required=False,
        empty_label=_("Nobody"),
    )
    phone = OneLineFormField(label=_("Phone"), required=False, max_length=40)

    def get_present_values(self) -> dict[str, Any]:
        manager = self.organization.account_manager_id
        row = list_vendor_operators(self.actor).filter(pk=manager).first() if manager else None
        return {"operator": row.public_id if row else None, "phone": self.organization.account_manager_phone}

    def prepare_fields(self) -> None:
        self.fields["operator"].queryset = list_vendor_operators(self.actor)  # type: ignore[attr-defined]


class QualificationsForm(StandingForm):
    """The form of what an organisation is qualified for. Retired entries stand in it only where it has them."""

    competencies = forms.ModelMultipleChoiceField(
        Competency.objects.none(),
        to_field_name="code",
        label=_("Competencies"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    skills = forms.ModelMultipleChoiceField(
        Skill.objects.none(),
        to_field_name="code",
        label=_("Skills"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def get_present_values(self) -> dict[str, Any]:
        row = self.organization
        return {
            "competencies": [entry.code for entry in row.competencies.all()],
            "skills": [entry.code for entry in row.skills.all()],
        }

    def prepare_fields(self) -> None:
        for name, catalogue in (("competencies", Competency.objects), ("skills", Skill.objects)):
            is_choosable = Q(is_retired=False) | Q(code__in=self.initial[name])
            rows: Any = catalogue.filter(is_choosable)
            self.fields[name].queryset = rows.order_by("name")  # type: ignore[attr-defined]
