"""The import of an offer's prices from a file with the columns of their export (E-10)."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from marketplace.actions.prices import add_prices
from marketplace.models import Offer
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.pricing import CONFLICTS, CheckedChange, PriceChange, PricingFacts, check_changes
from marketplace.queries.offers import get_own_offer, lock_own_offer
from marketplace.queries.prices import list_priced_plans, load_pricing_facts
from marketplace.rows.offers import get_offer_name, name_own_offers
from partnerportal.lib.actors import Actor
from partnerportal.lib.imports.kinds import ImportColumn, ImportKind, ImportMode, ImportRow
from partnerportal.lib.imports.results import RowOutcome, RowResult

ADD = "add"
NOTHING = "none"  # replaced, as a file says it
MOST_ROWS = 10_000
NO_DATE = RowResult(RowOutcome.BAD, _("Write the day as 2027-01-31."))
Found = tuple[list[RowResult], list[PriceChange]]


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
    """Return what would become of each row, and the changes of those that would be stored."""
    facts = load_pricing_facts(actor, list_priced_plans(actor, offer))
    results: list[RowResult] = [NO_DATE] * len(rows)
    changes: list[PriceChange] = []
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
            results[at] = RowResult(_judge(checked[0]), filled=seen)
            changes += [change] if checked[0].is_new else []
    return results, changes


def _judge(checked: CheckedChange) -> RowOutcome:
    if not checked.is_new:
        return RowOutcome.ALREADY_THERE
    return RowOutcome.NEW if checked.replaced is None else RowOutcome.CHANGED


def check_price_rows(actor: Actor, offer: Offer, rows: Sequence[ImportRow]) -> list[RowResult]:
    """Return what would become of each row."""
    return _examine(actor, offer, rows)[0]


@transaction.atomic
def apply_price_rows(actor: Actor, offer: Offer, rows: Sequence[ImportRow], mode: str) -> list[RowResult]:
    """Publish the prices of the rows, and return what became of each. Rows that are refused are left out.

    So is a row that would replace another amount by now than its dry run has shown.
    """
    locked = lock_own_offer(actor, offer)  # so that what was examined is what is stored
    results, changes = _examine(actor, locked, rows)
    add_prices(actor=actor, offer=locked, changes=changes, most=MOST_ROWS)
    return results


PRICES = ImportKind(
    code="prices",
    label=_("Prices of an offer"),
    columns=(
        ImportColumn("plan", _("The code of the plan"), "basic"),
        ImportColumn("market", _("The code of the market"), "europe"),
        ImportColumn("currency", _("A currency of the market (ISO 4217)"), "EUR"),
        ImportColumn("term", _("P1M, P1Y, P2Y or P3Y, as the plan is sold"), "P1M"),
        ImportColumn("billing", _("P1M, P1Y or once, as the plan is billed"), "P1M"),
        ImportColumn("amount", _("With a point before decimals; empty: no longer offered"), "12.50", is_required=False),
        ImportColumn("valid_from", _("The first day (UTC)"), "2027-01-31"),
        ImportColumn(
            "replaces",
            _("The amount that it replaces, or “none”; empty: what the check finds"),
            "9.90",
            is_required=False,
        ),
        ImportColumn(
            "confirmed_code",
            _("The code of the plan, for a change by more than half or to 0"),
            "",
            is_required=False,
        ),
    ),
    rule=(ROLE_TABLE, OfferPermission.EDIT),
    check=check_price_rows,
    apply=apply_price_rows,
    modes=(ImportMode(ADD, _("Publish"), _("Adds the prices of the file; others stay as they are.")),),
    find_target=get_own_offer,
    describe_target=get_offer_name,
    name_targets=name_own_offers,
    get_target_url=lambda offer: reverse("offer_prices", args=[offer.public_id]),
    filled_columns=("replaces",),
    batch_rows=MOST_ROWS,  # a price replaces the one before it, maybe of the same file
    max_rows=MOST_ROWS,
)
