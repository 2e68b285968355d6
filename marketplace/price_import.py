"""The import of an offer's prices from a file with the columns of their export (E-10)."""

import datetime as dt
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.actions.prices import add_prices
from marketplace.models import Offer
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.pricing import CONFLICTS, CheckedChange, PriceChange, PricingFacts, check_changes
from marketplace.queries.offers import get_own_offer, lock_own_offer
from marketplace.queries.prices import list_priced_plans, load_pricing_facts
from marketplace.renewals import Reach, find_reach
from marketplace.rows.offers import get_offer_name, name_own_offers
from marketplace.rows.prices import format_amount, format_reach
from partnerportal.lib.actors import Actor
from partnerportal.lib.imports.kinds import ImportColumn, ImportKind, ImportMode, ImportRow
from partnerportal.lib.imports.results import RowOutcome, RowResult

ADD = "add"
NOTHING = "none"  # replaced, as a file says it
MOST_ROWS = 10_000
NO_DATE = RowResult(RowOutcome.BAD, gettext_lazy("Enter the date in the format 2027-01-31."))
Found = tuple[list[RowResult], list[CheckedChange]]


def _strip(row: ImportRow) -> dict[str, str]:
    return {key: value.strip() for key, value in row.values.items()}


def _read_row(row: ImportRow) -> PriceChange | None:
    """Return the change that a row asks for, or None if its day is none."""
    values = _strip(row)
    try:
        day = dt.date.fromisoformat(values["valid_from"]) if len(values["valid_from"]) == 10 else None
    except ValueError:
        day = None
    if day is None:
        return None
    names = ("plan", "market", "currency", "term", "billing")
    return PriceChange(
        **{name: values[name] for name in names},
        amount=values.get("amount") or None,
        valid_from=day,
        replaces=None if values.get("replaces", "").lower() in ("", NOTHING) else values["replaces"],
        confirmed_code=values.get("confirmed_code", ""),
    )


def _with_replaced(facts: PricingFacts, change: PriceChange) -> PriceChange:
    """Return the change of a row that does not say what it replaces, with what holds until its day."""
    seen = facts.find_same_day(change.key, change.valid_from) or facts.find_replaced(change.key, change.valid_from)
    return PriceChange(**{**vars(change), "replaces": seen.plain_amount if seen else None})


def _examine(actor: Actor, offer: Offer, rows: Sequence[ImportRow]) -> Found:
    """Return what would become of each row, and what would be stored of them."""
    facts = load_pricing_facts(actor, list_priced_plans(actor, offer))
    results: list[RowResult] = [NO_DATE] * len(rows)
    new: list[CheckedChange] = []
    dated = [(at, row, change) for at, row in enumerate(rows) if (change := _read_row(row))]
    for at, row, change in sorted(dated, key=lambda item: item[2].valid_from):  # each replaces the one before its day
        if not _strip(row).get("replaces"):
            change = _with_replaced(facts, change)
        seen = {"replaces": change.replaces or NOTHING}
        checked, problems = check_changes(facts, [change])
        if problems:
            is_conflict = {problem.code for problem in problems} & (CONFLICTS | {"confirmation_needed"})
            outcome = RowOutcome.REFUSED if is_conflict else RowOutcome.BAD
            results[at] = RowResult(outcome, problems[0].message, seen)
        else:
            results[at] = RowResult(_judge(checked[0]), _describe(checked[0]), seen)
            new += checked if checked[0].is_new else []
    return results, new


def _judge(checked: CheckedChange) -> RowOutcome:
    if not checked.is_new:
        return RowOutcome.ALREADY_THERE
    return RowOutcome.NEW if checked.replaced is None else RowOutcome.CHANGED


def _describe(checked: CheckedChange) -> str:
    """Return what a row replaces and by what, or "" if it replaces nothing."""
    if not checked.is_new or checked.replaced is None:
        return ""
    currency, amount = checked.price.currency, checked.price.amount
    before = format_amount(checked.replaced, currency)
    if amount is None:
        return _("%(before)s → no longer offered") % {"before": before}
    return f"{before} → {format_amount(amount, currency)}"


def check_price_rows(actor: Actor, offer: Offer, rows: Sequence[ImportRow]) -> list[RowResult]:
    """Return what would become of each row."""
    return _examine(actor, offer, rows)[0]


@transaction.atomic
def apply_price_rows(actor: Actor, offer: Offer, rows: Sequence[ImportRow], mode: str) -> list[RowResult]:
    """Publish the prices of the rows, and return what became of each. Rows that are refused are left out.

    So is a row that would replace another amount by now than its dry run has shown.
    """
    locked = lock_own_offer(actor, offer)  # so that what was examined is what is stored
    results, new = _examine(actor, locked, rows)
    add_prices(actor=actor, offer=locked, changes=[one.change for one in new], most=MOST_ROWS)
    return results


def preview_prices(actor: Actor, offer: Offer, mode: str, rows: Iterable[ImportRow]) -> list[str]:
    """Return the sentence that says which running subscriptions the prices of a file would reach (E-10)."""
    new = _examine(actor, offer, [row for row in rows if not row.problem])[1]
    reached = format_reach(sum(find_reach(actor, [one.price for one in new]), Reach()))
    return [
        _("These prices will affect %(reached)s.") % {"reached": reached}
        if reached
        else _("These prices won’t affect any subscriptions.")
    ]


PRICES = ImportKind(
    code="prices",
    label=gettext_lazy("Prices of an offer"),
    columns=(
        ImportColumn("plan", gettext_lazy("The code of the plan"), "basic"),
        ImportColumn("market", gettext_lazy("The code of the market"), "europe"),
        ImportColumn("currency", gettext_lazy("One of the market’s currencies (ISO 4217 code)"), "EUR"),
        ImportColumn("term", gettext_lazy("One of the plan’s terms: P1M, P1Y, P2Y or P3Y"), "P1M"),
        ImportColumn("billing", gettext_lazy("One of the plan’s billing frequencies: P1M, P1Y or once"), "P1M"),
        ImportColumn(
            "amount",
            gettext_lazy("Use a decimal point. Leave empty if the plan is no longer offered."),
            "12.50",
            is_required=False,
        ),
        ImportColumn("valid_from", gettext_lazy("The first day the price applies (UTC)"), "2027-01-31"),
        ImportColumn(
            "replaces",
            gettext_lazy(
                "The amount that the new price replaces, or “none”. Leave empty to use the amount that the check finds."
            ),
            "9.90",
            is_required=False,
        ),
        ImportColumn(
            "confirmed_code",
            gettext_lazy("The code of the plan. Needed only if the price changes by more than half, or to 0."),
            "",
            is_required=False,
        ),
    ),
    rule=(ROLE_TABLE, OfferPermission.EDIT),
    check=check_price_rows,
    apply=apply_price_rows,
    preview=preview_prices,
    modes=(
        ImportMode(
            ADD, gettext_lazy("Publish"), gettext_lazy("Adds the prices in the file and leaves all others unchanged.")
        ),
    ),
    find_target=get_own_offer,
    describe_target=get_offer_name,
    name_targets=name_own_offers,
    get_target_url=lambda offer: reverse("offer_prices", args=[offer.public_id]),
    filled_columns=("replaces",),
    batch_rows=MOST_ROWS,  # a price replaces the one before it, maybe of the same file
    max_rows=MOST_ROWS,
)
