"""Forms for signing up, organisations, roles, preferences and lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.actions.organizations import VERIFIED_FIELDS, explain_locked_field
from accounts.models import ListSettings, Operator, Organization, Person, SavedView
from accounts.role_guide import RoleChange, RoleDescription, compare_roles, describe_roles_of_kind
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.errors import Message
from partnerportal.lib.fields import OneLineFormField
from partnerportal.lib.lists import ListDefinition
from partnerportal.lib.personal_lists import ListPreferences
from partnerportal.lib.roles import KINDS_WITH_AGENTS, list_roles_for_kind
from partnerportal.lib.time_zones import list_time_zone_choices


class SignupForm(forms.Form):
    """The part of the sign-up form that is added to allauth's e-mail address and password: the person's name."""

    name = OneLineFormField(label=_("Your name"), max_length=120, widget=forms.TextInput({"autocomplete": "name"}))
    field_order = ("name", "email", "password1")

    def signup(self, request: HttpRequest, user: Person) -> None:
        """Do nothing: allauth requires this method, and AccountAdapter has stored the name already."""


class OrganizationForm(forms.ModelForm):
    """The form of an organisation's name and contact data.

    What vendor staff have verified of the organisation cannot be changed here.
    """

    class Meta:
        model = Organization
        fields = ("name", "country", "street", "postal_code", "city", "phone", "contact_email", "website")
        widgets = {"name": forms.TextInput({"autocomplete": "organization"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"] = forms.ChoiceField(
            label=_("Country or region"), choices=[("", _("Choose a country")), *list_country_choices()]
        )
        if self.instance.pk and self.instance.is_verified:
            for name in VERIFIED_FIELDS:
                self.fields[name].disabled = True
                self.fields[name].help_text = str(explain_locked_field(self.instance, name))


class GrantedRolesForm(forms.Form):
    """The base of forms for somebody's roles in an organisation: at least one of those that its kind has.

    Where the organisation has customers, it also asks whether the person may see their orders and prices.
    """

    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one role.")},
    )
    finance_granted = forms.BooleanField(
        label=_("May see customers’ orders and prices"),
        help_text=_("Admins and Admin agents always see them; Readers and Sales agents only if this is ticked."),
        required=False,
    )

    def __init__(self, data: Mapping[str, Any] | None, *, kind: str, **options: Any) -> None:
        super().__init__(data, **options)
        choices = [(role.value, role.label) for role in list_roles_for_kind(kind)]
        self.fields["roles"].choices = choices  # type: ignore[attr-defined]
        if kind not in KINDS_WITH_AGENTS:  # all its operators see its own orders, and it sees nobody else's
            del self.fields["finance_granted"]
        self.kind = kind

    @property
    def described_roles(self) -> list[tuple[Any, RoleDescription]]:
        """The boxes of the roles, each with what somebody with this role alone can and cannot do."""
        return list(zip(self["roles"], describe_roles_of_kind(self.kind), strict=True))


class OperatorRolesForm(GrantedRolesForm):
    """The form of an operator's roles and finance sight."""

    def __init__(self, data: Mapping[str, Any] | None, *, operator: Operator) -> None:
        initial = {"roles": operator.roles, "finance_granted": operator.finance_granted}
        super().__init__(data, kind=operator.organization.kind, initial=initial)
        self.operator = operator

    def describe_change(self) -> RoleChange:
        """Return what the operator gains and loses by the roles that were entered, which must be valid."""
        return compare_roles(
            self.kind,
            self.operator.roles,
            self.cleaned_data["roles"],
            finance_before=self.operator.finance_granted,
            finance_after=self.cleaned_data.get("finance_granted", False),
        )


class OperatorInvitationForm(GrantedRolesForm):
    """The form that invites an operator: their work address, and the roles and finance sight that they get."""

    email = forms.EmailField(
        label=_("Work email address"),
        max_length=254,
        help_text=_("The address at your organisation’s domain. An address at a free email service is not accepted."),
        widget=forms.EmailInput({"autofocus": True, "autocomplete": "off"}),
    )
    field_order = ("email", "roles", "finance_granted")


class DomainForm(forms.Form):
    """The form of the name of a domain that the organisation wants to prove."""

    name = OneLineFormField(
        label=_("Domain"),
        max_length=253,
        help_text=_("What stands behind the @ of your addresses, such as example.com."),
        widget=forms.TextInput({"autofocus": True, "autocomplete": "off", "inputmode": "url", "spellcheck": "false"}),
    )


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


class SavedViewForm(forms.Form):
    """The form of a saved view's name, whether it is shared, and whether the list opens with it.

    Without `may_share` the form does not ask whether the view is shared.
    """

    name = OneLineFormField(
        label=_("Name"), max_length=60, widget=forms.TextInput({"autofocus": True, "autocomplete": "off"})
    )
    is_shared = forms.BooleanField(label=_("Share with everyone in the organisation"), required=False)
    is_default = forms.BooleanField(label=_("Make this my default view"), required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, *, may_share: bool, **options: Any) -> None:
        super().__init__(data, **options)
        if not may_share:
            del self.fields["is_shared"]

    @classmethod
    def for_existing_view(cls, view: SavedView, data: Mapping[str, Any] | None, *, may_share: bool) -> "SavedViewForm":
        """Return the form that renames or shares an existing saved view.

        `data` is the POST data, or None for a GET.
        """
        form = cls(data, may_share=may_share, initial={"name": view.name, "is_shared": view.is_shared})
        del form.fields["is_default"]
        if not may_share:  # the form does not ask, so sharing stays as it was
            form.was_shared = view.is_shared
        return form

    was_shared = False

    @property
    def entered_values(self) -> dict[str, Any]:
        """The entered `name` and `is_shared`, as keyword arguments for the actions on saved views."""
        return {"name": self.cleaned_data["name"], "is_shared": self.cleaned_data.get("is_shared", self.was_shared)}


@dataclass(frozen=True)
class ColumnOption:
    """One column in the form where a person chooses a list's columns.

    It says whether the column is shown, and whether it can be moved up or down.
    """

    name: str
    label: Message
    is_shown: bool
    can_rise: bool
    can_sink: bool
    moved: str  # "up" or "down" if that button of the column was just pressed, which keeps the focus; else ""


class ListDisplayForm:
    """The form in which a person chooses a list's columns, their order, and how dense the rows are.

    The first column names the row and is always shown first, so it is not asked for. For a list with few columns the
    form asks only for the density. Unknown values are ignored.
    """

    def __init__(self, definition: ListDefinition, preferences: ListPreferences, data: QueryDict | None) -> None:
        self.definition = definition
        self.first = definition.columns[0] if definition.has_selectable_columns else None
        self.by_name = {column.name: column for column in definition.columns[1:]} if self.first else {}
        self.density, self.moved, self.direction = preferences.density, "", ""
        shown = [column.name for column in definition.select_columns(preferences.columns)]
        order = shown
        if data is not None:
            density = data.get("density", "")
            self.density = density if density in ListSettings.Density.values else self.density
            shown, order = data.getlist("show"), data.getlist("column")
            self.direction, _space, self.moved = data.get("move", "").partition(" ")
        known = [name for name in dict.fromkeys(order) if name in self.by_name]
        self.order = known + [name for name in self.by_name if name not in known]
        self.shown = [name for name in self.order if name in shown]
        self.is_reset = data is not None and "reset" in data
        self._move()

    def _move(self) -> None:
        """Move the column whose button was pressed by one place, unless it is at the end already."""
        if self.moved not in self.order:
            self.moved = ""
            return
        at = self.order.index(self.moved)
        to = at + (1 if self.direction == "down" else -1)
        if 0 <= to < len(self.order):
            self.order[at], self.order[to] = self.order[to], self.order[at]

    @property
    def chosen_columns(self) -> list[str]:
        """The names of the chosen columns in their order, for storage; an empty list for the usual columns."""
        if self.first is None:
            return []
        shown = [self.first.name, *self.shown]
        usual = [column.name for column in self.definition.select_columns(())]
        return [] if self.is_reset or shown == usual else shown

    @property
    def column_options(self) -> list[ColumnOption]:
        """A ColumnOption for each column that can be chosen, in the order that the form shows."""
        last = len(self.order) - 1
        return [
            ColumnOption(
                name, self.by_name[name].label, name in self.shown, at > 0, at < last,
                self.direction if name == self.moved else "",
            )
            for at, name in enumerate(self.order)
        ]  # fmt: skip

    @property
    def density_options(self) -> list[tuple[str, Message, bool]]:
        """The densities that can be chosen, each as (value, label, whether it is the present one)."""
        labels = {ListSettings.Density.COMFORTABLE: _("Comfortable"), ListSettings.Density.COMPACT: _("Compact")}
        return [(density.value, label, density == self.density) for density, label in labels.items()]
