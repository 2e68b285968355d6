"""The forms in which the vendor keeps its catalogues: markets, countries, categories, competencies and skills."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.models import Category, Market
from marketplace.queries.categories import CategoryTree
from partnerportal.lib.catalogue_entries import LANGUAGES, LONGEST_NAME
from partnerportal.lib.codes import LONGEST_CODE, validate_code
from partnerportal.lib.countries import get_country_name, list_country_choices
from partnerportal.lib.errors import Message
from partnerportal.lib.fields import OneLineFormField
from partnerportal.lib.revisions import read_posted_revision


def make_name_field(label: Any, *, is_required: bool = True, **attributes: str) -> forms.CharField:
    """Return a field for a name in one line."""
    widget = forms.TextInput({"autocomplete": "off", **attributes})
    return OneLineFormField(label=label, max_length=LONGEST_NAME, required=is_required, widget=widget)


class EntryForm(forms.Form):
    """The base of forms of one entry. `entry` is the one that is edited, or None for a new one, which has a code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=LONGEST_CODE,
        validators=[validate_code],
        help_text=_("Lower-case letters, digits, hyphens and underscores. The code can’t be changed later."),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, entry: Any = None) -> None:
        super().__init__(data, initial=self.read_entry(entry) if entry else None)
        self.entry = entry
        if entry is not None:
            del self.fields["code"]

    def read_entry(self, entry: Any) -> dict[str, Any]:
        """Return the values of the fields as they are stored. Each form must override this."""
        raise NotImplementedError

    @property
    def revision(self) -> int:
        """The revision of the entry that the person has seen, as the form was sent; 0 if it names none."""
        return read_posted_revision(self.data)

    @property
    def is_overtaken(self) -> bool:
        """Whether a colleague has changed the entry since this form was opened."""
        return self.is_bound and self.entry is not None and self.revision != self.entry.revision

    @property
    def stored_values(self) -> list[tuple[Message, str]]:
        """The labels and the stored values of the fields that the person has filled in otherwise."""
        return [
            (field.label, self.describe(field.name, str(field.initial or "")))
            for field in self
            if str(field.value() or "") != str(field.initial or "")
        ]

    def describe(self, name: str, value: str) -> str:
        """Return the stored value of a field in words."""
        return value or "–"


class NamesForm(EntryForm):
    """The base of forms of an entry with a name in each language."""

    name_en = make_name_field(_("Name in English"))
    name_fr = make_name_field(_("Name in French"), is_required=False, lang="fr")
    name_ja = make_name_field(_("Name in Japanese"), is_required=False, lang="ja")

    def read_entry(self, entry: Any) -> dict[str, Any]:
        return {f"name_{language}": entry.names.get(language, "") for language in LANGUAGES}

    @property
    def names(self) -> dict[str, str]:
        """The entered names by language."""
        return {language: self.cleaned_data[f"name_{language}"] for language in LANGUAGES}


class MarketForm(NamesForm):
    """The form of a market. A new one has a first currency."""

    currency = forms.CharField(
        label=_("First currency"),
        max_length=3,
        help_text=_("Its ISO 4217 code, such as EUR. You can add others later."),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, entry: Any = None) -> None:
        super().__init__(data, entry=entry)
        if entry is not None:
            del self.fields["currency"]

    def clean_currency(self) -> str:
        """Return the code in capital letters."""
        return str(self.cleaned_data["currency"]).upper()


class CurrencyForm(forms.Form):
    """The form that adds a currency to a market."""

    currency = forms.CharField(
        label=_("Currency"),
        max_length=3,
        help_text=_("Its ISO 4217 code, such as EUR."),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    clean_currency = MarketForm.clean_currency


class CategoryForm(NamesForm):
    """The form of a category: its names, and the category below which it stands."""

    parent = forms.ChoiceField(label=_("Parent category"), required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, *, tree: CategoryTree, entry: Any = None) -> None:
        super().__init__(data, entry=entry)
        self.by_code = {row.code: row for row in tree.walk()}
        below = {row.pk for row in tree.walk(entry.pk)} | {entry.pk} if entry else set()
        choices = [
            (row.code, " › ".join(each.local_name for each in tree.list_path(row.pk)))
            for row in self.by_code.values()
            if row.pk not in below and (not row.is_retired or (entry and row.pk == entry.parent_id))
        ]
        self.fields["parent"].choices = [("", _("None (top level)")), *choices]  # type: ignore[attr-defined]

    def read_entry(self, entry: Category) -> dict[str, Any]:
        return super().read_entry(entry) | {"parent": entry.parent.code if entry.parent else ""}

    @property
    def parent_category(self) -> Category | None:
        """The category that was chosen, or None for the top."""
        return self.by_code.get(self.cleaned_data["parent"])

    def describe(self, name: str, value: str) -> str:
        if name != "parent":
            return super().describe(name, value)
        return self.by_code[value].local_name if value else str(_("None (top level)"))


class QualificationForm(EntryForm):
    """The form of a competency or a skill, whose name is the same in every language."""

    name = make_name_field(_("Name"))

    def read_entry(self, entry: Any) -> dict[str, Any]:
        return {"name": entry.name}


class CountryForm(forms.Form):
    """The form that puts a country into a market, with one of the market's currencies."""

    country = forms.ChoiceField(label=_("Country or region"))
    market = forms.ChoiceField(label=_("Market"))
    currency = forms.ChoiceField(label=_("Price currency"), help_text=_("One of the market’s currencies."))

    def __init__(
        self, data: Mapping[str, Any] | None, *, markets: Iterable[Market], initial: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        self.by_code = {market.code: market for market in markets}
        placed = {row.country for market in self.by_code.values() for row in market.countries.all()}
        countries = dict(list_country_choices()) | {code: get_country_name(code) for code in placed}
        currencies = sorted({row.currency for market in self.by_code.values() for row in market.currencies.all()})
        options: dict[str, tuple[Message, list[tuple[str, Any]]]] = {
            "country": (_("Choose a country"), sorted(countries.items(), key=lambda each: each[1])),
            "market": (_("Choose a market"), [(code, market.local_name) for code, market in self.by_code.items()]),
            "currency": (_("Choose a currency"), [(code, code) for code in currencies]),
        }
        for name, (blank, choices) in options.items():
            self.fields[name].choices = [("", blank), *choices]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> dict[str, Any]:
        """What a valid form names: the country, the market and the currency."""
        return {**self.cleaned_data, "market": self.by_code[self.cleaned_data["market"]]}
