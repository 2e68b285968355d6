"""The form of an offer's plans: their texts, terms, billing and limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from marketplace.comparison import LANGUAGE_NAMES
from marketplace.content import LONGEST_NAME, MOST_PLANS
from marketplace.forms.editor import (
    CheckboxField,
    SectionForm,
    Tree,
    list_positions,
    parse_choices,
    parse_texts,
)
from marketplace.models import BillingFrequency, Offer, OfferType, PricingModel, Term
from marketplace.models.offer import BYOL_TYPES
from partnerportal.lib import formats
from partnerportal.lib.catalogue_entries import LANGUAGES
from partnerportal.lib.codes import LONGEST_CODE
from partnerportal.lib.errors import Message
from partnerportal.lib.text import remove_invisible_characters

TEXTS = ("name", "description")
NUMBERS = ("min_seats", "max_seats")
NEW_PLAN: dict[str, Any] = {"code": "", "texts": {}, "terms": [], "billing": [], "trial_days": 0}
MOVES = {"raise_plan": -1, "lower_plan": 1}  # the buttons that move a plan, by how many places
FIXED = _("You can’t change the code after the plan is first published.")


@dataclass(frozen=True)
class PlanFields:
    """The fields of one plan. `published_in` is the number of the first version with it, or None."""

    at: int
    code: Any
    languages: list[dict[str, Any]]
    choices: list[Any]
    numbers: list[Any]
    published_in: int | None
    stored_code: str  # sent as a hidden field, so that a plan with another code keeps its prices
    kept: list[tuple[str, str]]  # names and values of choices that are fixed, sent as hidden fields
    can_rise: bool
    can_sink: bool
    focus: str = ""  # the button that has just moved the plan, or the one beside it: a keyboard goes on from there

    @property
    def title(self) -> str:
        """What names the plan above its fields: its code, or nothing for a new one."""
        return str(self.code.value() or "")


class PlansForm(SectionForm):
    """The form of an offer's plans. A published plan stays, with its code and the terms that were published."""

    parts = ("plans",)
    tab = "plans"
    url_name = "offer_plans"
    template = "marketplace/offer_plans.html"

    def __init__(self, offer: Offer, tree: Mapping[str, Any]) -> None:
        self.published = {plan.code: plan.published_in for plan in offer.plans.all() if plan.published_in is not None}
        live = offer.live_version.content["plans"] if offer.live_version else []
        self.live = {plan["code"]: plan for plan in live}
        self.moved: tuple[str, str] | None = None  # the button that has moved a plan, and from where
        plans = tree.get("plans", [])
        self.stored_codes = [plan.get("was", plan["code"]) for plan in plans]  # by which plans are stored, or ""
        super().__init__(offer, {"plans": [{key: plan[key] for key in plan if key != "was"} for plan in plans]})

    def add_fields(self) -> None:
        for at, plan in enumerate(self.tree.get("plans", [])):
            self._add_plan(f"plans.{at}", plan["code"])

    def name_place(self, path: list[str]) -> Message:
        code = remove_invisible_characters(self.tree["plans"][int(path[1])]["code"])[:LONGEST_CODE]
        plan = _("Plan %(code)s") % {"code": code} if code else _("New plan")
        if "texts" not in path:
            return plan
        return _("%(field)s, %(language)s") % {"field": plan, "language": LANGUAGE_NAMES[path[3]]}

    def _add_plan(self, name: str, code: str) -> None:
        since = self.published.get(code)
        fixed = {"readonly": True} if since else {}
        hint = _("Fixed since version %(number)s.") % {"number": since} if since else FIXED
        self.add_text(f"{name}.code", _("Code"), help_text=hint, maxlength=50, autocapitalize="none", **fixed)
        for language in LANGUAGES:
            self.add_text(f"{name}.texts.{language}.name", _("Name"), maxlength=LONGEST_NAME, lang=language)
            self.add_area(
                f"{name}.texts.{language}.description", _("Description"), is_optional=True, rows=2, lang=language
            )
        live = self.live.get(code, {})
        self._add_kept_choices(f"{name}.terms", _("Terms"), Term.choices, live.get("terms", []))
        self._add_kept_choices(f"{name}.billing", _("Billed"), BillingFrequency.choices, live.get("billing", []))
        if self.offer.pricing_model == PricingModel.PER_SEAT:
            self.add_text(
                f"{name}.min_seats", _("Minimum licences"), is_optional=True, type="number", min=1, inputmode="numeric"
            )
            self.add_text(
                f"{name}.max_seats", _("Maximum licences"), is_optional=True, type="number", min=1, inputmode="numeric"
            )
        self.add_text(
            f"{name}.trial_days",
            _("Free trial (days)"),
            type="number",
            min=0,
            max=180,
            help_text=_("Enter 0 for no free trial."),
        )
        if self.offer.type in BYOL_TYPES:
            self._add_checkbox(
                f"{name}.is_byol", _("Bring your own licence (BYOL)"), _("Customers pay you outside the marketplace.")
            )
            self._add_checkbox(f"{name}.is_for_audience_only", _("For the audience only"), self._describe_open_plans())
        self._add_checkbox(
            f"{name}.is_one_per_customer",
            _("Once per customer"),
            _("Each customer can have only one subscription to this plan at a time."),
        )

    def _describe_open_plans(self) -> Message:
        if self.offer.type == OfferType.CONTAINER:
            return _(
                "If this is not selected, every partner in the CSP programme may sell the plan, whatever the audience."
            )
        return _(
            "If this is not selected, every partner in the CSP programme may sell a BYOL plan, whatever the audience."
        )

    def _add_checkbox(self, name: str, label: Any, help_text: Any) -> None:
        self.fields[name] = CheckboxField(label=label, help_text=help_text)

    def _add_kept_choices(self, name: str, label: Any, choices: list[tuple[str, Any]], kept: list[str]) -> None:
        hint = _("Published choices can’t be removed. You can stop their sale under Prices.") if kept else ""
        widget = CheckboxSelectMultiple(choices=choices, kept=kept)
        self.add_choices(name, label, choices, help_text=hint, widget=widget)

    @classmethod
    def parse(cls, data: QueryDict) -> Tree:
        positions = list_positions(data, "plans", "code", MOST_PLANS + 1)
        return {"plans": [_parse_plan(data, f"plans.{at}") for at in positions]}

    @property
    def renamed(self) -> dict[str, str]:
        """The codes of stored plans that are to become others."""
        codes = (plan["code"] for plan in self.tree["plans"])
        return {old: new for old, new in zip(self.stored_codes, codes, strict=True) if old and old != new}

    @property
    def removed_with_prices(self) -> str:
        """The codes of stored plans that are no longer in the form and have prices, which would go with them."""
        gone = self.offer.plans.filter(published_in=None).exclude(code__in=self.stored_codes)
        priced = gone.filter(prices__withdrawn_at=None, prices__isnull=False).order_by("pk").distinct()
        return formats.join_names(list(priced.values_list("code", flat=True)))

    @property
    def plans(self) -> list[PlanFields]:
        """The fields of each plan."""
        return [self._group(at, plan) for at, plan in enumerate(self.tree.get("plans", []))]

    def _group(self, at: int, plan: Mapping[str, Any]) -> PlanFields:
        name, code = f"plans.{at}", plan["code"]
        live = self.live.get(code, {})
        can_rise, can_sink = at > 0, at < len(self.tree["plans"]) - 1
        return PlanFields(
            at=at,
            code=self[f"{name}.code"],
            languages=self.make_languages(f"{name}.texts", TEXTS),
            choices=[self[f"{name}.{key}"] for key in ("terms", "billing")],
            numbers=[
                self[f"{name}.{key}"]
                for key in (*NUMBERS, "trial_days", "is_byol", "is_for_audience_only", "is_one_per_customer")
                if f"{name}.{key}" in self.fields
            ],
            published_in=self.published.get(code),
            stored_code=self.stored_codes[at],
            kept=[(f"{name}.{key}", value) for key in ("terms", "billing") for value in live.get(key, [])],
            can_rise=can_rise,
            can_sink=can_sink,
            focus=self._find_focus(at, can_rise=can_rise, can_sink=can_sink),
        )

    def _find_focus(self, at: int, *, can_rise: bool, can_sink: bool) -> str:
        """Return which of the buttons of the plan that now stands at a place has the focus, or ""."""
        button, place = self.moved or ("", "")
        if not button or not place.isdigit() or int(place[:5]) + MOVES[button] != at:
            return ""
        if button == "raise_plan":
            return button if can_rise else "lower_plan"
        return button if can_sink else "raise_plan"


class CheckboxSelectMultiple(forms.CheckboxSelectMultiple):
    """Checkboxes some of which stay ticked. A browser does not send those, so hidden fields do.

    It is named as its base, by whose name ui/field.html knows how to draw it.
    """

    def __init__(self, *args: Any, kept: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.kept = kept

    def create_option(self, name: str, value: Any, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the context of a checkbox, which is disabled if its choice stays."""
        option = super().create_option(name, value, *args, **options)
        if value in self.kept:
            option["attrs"] |= {"disabled": True, "checked": True}
        return option


def _parse_plan(data: QueryDict, name: str) -> dict[str, Any]:
    numbers = {key: data.get(f"{name}.{key}", "").strip() or None for key in NUMBERS}
    return {
        "code": data.get(f"{name}.code", "").strip(),
        "was": data.get(f"{name}.was", ""),
        "texts": parse_texts(data, f"{name}.texts", TEXTS),
        "terms": parse_choices(data, f"{name}.terms", Term.values),
        "billing": parse_choices(data, f"{name}.billing", BillingFrequency.values),
        "trial_days": data.get(f"{name}.trial_days", "").strip() or 0,
        "is_byol": f"{name}.is_byol" in data,
        "is_one_per_customer": f"{name}.is_one_per_customer" in data,
        "is_for_audience_only": f"{name}.is_for_audience_only" in data,
        **numbers,
    }
