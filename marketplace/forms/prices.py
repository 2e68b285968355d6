"""The forms of prices: new amounts of one plan, which are previewed before they are published; and a stop of sales."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.actions.stops import LONGEST_REASON
from marketplace.content import Problem
from marketplace.models import Term
from marketplace.pricing import Key, PriceChange
from partnerportal.lib.days import today

if TYPE_CHECKING:
    from marketplace.rows.prices import PairRow, PriceCell

NOTHING = _("Enter at least one new price.")
BOTH = _("Enter a new price or end the current one, but not both.")


def name_field(kind: str, key: Key) -> str:
    """Return the name of the field of a price: `kind` is "amount", "end" or "replaces"."""
    return ":".join((kind, *key[1:]))


class ChangePricesForm(forms.Form):
    """The form for new prices of one plan from one day on: a field per market, currency, term and billing frequency.

    `labels` are the prices that can be changed, by key, with what each is called; of those in `held` it can be said
    that they end. What the preview showed as replaced comes back in hidden fields.
    """

    valid_from = forms.DateField(
        label=_("From (UTC)"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), initial=today
    )
    confirmed_code = forms.CharField(
        label=_("Code of the plan"), required=False, max_length=50, widget=forms.TextInput({"autocomplete": "off"})
    )

    def __init__(self, labels: dict[Key, str], held: Iterable[Key], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.keys = list(labels)
        for key, label in labels.items():
            attributes = {"aria-label": label, "inputmode": "decimal", "autocomplete": "off", "class": "amount"}
            self.fields[name_field("amount", key)] = forms.CharField(
                label=label, required=False, max_length=40, widget=forms.TextInput(attributes)
            )
        for key in held:
            self.fields[name_field("end", key)] = forms.BooleanField(
                label=_("No longer offered"), required=False, widget=forms.CheckboxInput()
            )

    def clean(self) -> dict[str, Any]:
        """Refuse a form without any new price, and a price that is both new and ended."""
        values = super().clean() or self.cleaned_data
        for key in self.keys:
            if values.get(name_field("amount", key)) and values.get(name_field("end", key)):
                self.add_error(name_field("amount", key), BOTH)
        if not self.errors and not list(self._changed()):
            raise forms.ValidationError(NOTHING)
        return values

    def _changed(self) -> Iterable[tuple[Key, str | None]]:
        for key in self.keys:
            if self.cleaned_data.get(name_field("end", key)):
                yield key, None
            elif amount := self.cleaned_data.get(name_field("amount", key)):
                yield key, amount

    def build_changes(self) -> list[PriceChange]:
        """Return the changes that a valid form asks for."""
        return [
            PriceChange(
                **dict(zip(("plan", "market", "currency", "term", "billing"), key, strict=True)),
                amount=amount,
                valid_from=self.cleaned_data["valid_from"],
                replaces=self.data.get(name_field("replaces", key)) or None,
                confirmed_code=self.cleaned_data["confirmed_code"],
            )
            for key, amount in self._changed()
        ]

    def list_rows(self, rows: "Iterable[PairRow]") -> "Iterable[tuple[PairRow, list[dict[str, Any]]]]":
        """Return each row of the matrix with its cells and their fields, for the template."""
        for row in rows:
            yield row, [self._cell_with_fields(cell) for cell in row.cells]

    def _cell_with_fields(self, cell: "PriceCell") -> dict[str, Any]:
        end = name_field("end", cell.key)
        has_end = end in self.fields
        return {"cell": cell, "amount": self[name_field("amount", cell.key)], "end": self[end] if has_end else None}

    def add_problems(self, problems: Iterable[Problem], changes: Sequence[PriceChange]) -> None:
        """Show each problem beside the field that caused it."""
        for problem in problems:
            _empty, _changes, at, *name = problem.pointer.split("/")
            shared = name and name[0] in ("valid_from", "confirmed_code")
            field = name[0] if shared else name_field("amount", changes[int(at)].key)
            field = field if field in self.fields else name_field("end", changes[int(at)].key)
            if str(problem.message) not in self.errors.get(field, ()):
                self.add_error(field if field in self.fields else None, str(problem.message))


class StopSaleForm(forms.Form):
    """The form to stop the sale of an offer or of a plan, for one term or in one market. The vendor gives a reason."""

    plan = forms.ChoiceField(label=_("Plan"), required=False)
    term = forms.ChoiceField(
        label=_("Term"),
        required=False,
        choices=[("", _("All terms")), *Term.choices],
        help_text=_("For one plan only."),
    )
    market = forms.ChoiceField(label=_("Market"), required=False, help_text=_("For one plan only."))
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=LONGEST_REASON,
        error_messages={"required": _("Enter a reason.")},
        widget=forms.Textarea({"rows": 3}),
    )

    def __init__(
        self, plans: Iterable[tuple[str, str]], markets: Iterable[tuple[str, str]], *args: Any, **kwargs: Any
    ) -> None:
        """Let people choose among plans and markets, which are given as (code, name)."""
        super().__init__(*args, **kwargs)
        self.fields["plan"].choices = [("", _("All plans")), *plans]  # type: ignore[attr-defined]
        self.fields["market"].choices = [("", _("All markets")), *markets]  # type: ignore[attr-defined]
