"""The proposed quantities of one organisation's services, in the reader's words, with their effect at the renewal."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entitlements.counting import count_licence_totals
from entitlements.models import Entitlement
from entitlements.proposals import MONTHS, ProposalReason, ProposedQuantity, propose_quantity
from entitlements.queries.renewal_work import RenewalValue
from entitlements.queries.usage import PeriodUsage, list_usage_trend_months
from entitlements.rows.customers import RUNNING, describe_overage
from entitlements.rows.months_chart import format_change
from partnerportal.lib import formats
from partnerportal.lib.days import today
from partnerportal.lib.rows import LastDayLabel


@dataclass(frozen=True)
class ProposalTableRow:
    """A SKU with the quantity that is proposed for its next renewal."""

    name: str
    purchased: str
    assigned: str
    proposed: str
    change: str  # in words, such as "+12 licences"; "" for none
    money: str  # the same at the last price; "" where it is not known
    reason: str
    renews: LastDayLabel | None


def make_proposal_rows(
    entitlements: Sequence[Entitlement], months: Sequence[PeriodUsage], values: Mapping[int, RenewalValue]
) -> list[ProposalTableRow]:
    """Return a row for each SKU that runs in production and has reported use, those that would change first.

    `months` is the use of the last months by SKU, and `values` what each entitlement is worth, by its primary key.
    """
    held: dict[int, list[Entitlement]] = {}
    for row in entitlements:
        if row.kind == Entitlement.Kind.PRODUCTION and row.choose_section(today()) in RUNNING:
            held.setdefault(row.sku_id, []).append(row)
    used = _group_assigned_by_sku(months)
    rows = [_make_row(held[sku], used[sku], values) for sku in held if sku in used]
    return sorted(rows, key=lambda row: (not row.change, row.name))


def _group_assigned_by_sku(months: Sequence[PeriodUsage]) -> dict[int, list[int]]:
    """Return the assigned licences at the ends of the MONTHS before the present one, by SKU, the oldest first."""
    looked_at = list_usage_trend_months(today(), "6m")[-MONTHS - 1 : -1]
    used: dict[int, list[int]] = {}
    for use in months:
        if use.at >= looked_at[0]:
            before = used.setdefault(use.sku_id, [])
            if use.at in looked_at:
                before.append(use.assigned)
    return used


def _make_row(
    held: Sequence[Entitlement], earlier: Sequence[int], values: Mapping[int, RenewalValue]
) -> ProposalTableRow:
    totals = count_licence_totals(held, today())
    purchased, assigned = totals.purchased, totals.assigned
    renews_on = min((row.ends_on for row in held if row.ends_on), default=None)
    proposed = propose_quantity(
        purchased=purchased, assigned=assigned, earlier=earlier, today=today(), renews_on=renews_on
    )
    change = proposed.quantity - purchased
    return ProposalTableRow(
        name=held[0].sku.name,
        purchased=formats.format_number(purchased),
        assigned=formats.format_number(assigned),
        proposed=formats.format_number(proposed.quantity),
        change=_describe_change(change),
        money=_format_money(held, change, values) if change else "",
        reason=_describe_reason(proposed, purchased, assigned, renews_on),
        renews=LastDayLabel.from_date(renews_on),
    )


def _describe_change(change: int) -> str:
    words = ngettext("%(change)s licence", "%(change)s licences", abs(change))
    return words % {"change": format_change(change)} if change else ""


def _format_money(held: Sequence[Entitlement], change: int, values: Mapping[int, RenewalValue]) -> str:
    """Return what the change is worth at the price of the last order, or "" where that is not known or not seen."""
    for row in held:
        value = values.get(row.pk)
        if value and row.quantity:
            amount = formats.format_money(abs(change) * value.amount / Decimal(row.quantity), value.currency)
            return f"{'+' if change > 0 else '−'}{amount}"
    return ""


def _describe_reason(proposed: ProposedQuantity, purchased: int, assigned: int, renews_on: dt.date | None) -> str:
    numbers = {
        "expected": formats.format_number(proposed.expected),
        "peak": formats.format_number(proposed.peak),
        "purchased": formats.format_number(purchased),
        "day": formats.format_date(renews_on) if renews_on else "",
    }
    growth = _("At the current rate, the number of assigned licences will reach %(expected)s on %(day)s") % numbers
    if proposed.reason == ProposalReason.OVER:
        words = describe_overage(assigned - purchased)
        return f"{words} · {growth}" if proposed.expected > assigned else words
    if proposed.reason == ProposalReason.GROWING:
        return growth
    if proposed.reason == ProposalReason.UNUSED:
        return _("At most %(peak)s of %(purchased)s licences were assigned in the last three months") % numbers
    return _("The current quantity is right")
