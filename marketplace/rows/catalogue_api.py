"""What the API says of offers in the catalogue, from the same plans, prices and reasons as the pages."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import get_language

from marketplace.content import pick_texts
from marketplace.models import ChannelInfo, HealthIssue, Offer, Plan, Price
from marketplace.queries.eligibility import ProspectiveSale, SaleRule
from marketplace.rows.eligibility import make_reasons
from marketplace.rows.price_amounts import MONTHS, calculate_monthly_amount, count_billing_months, find_lowest_price
from partnerportal.lib.actors import Actor


def make_offer_items(
    offers: Iterable[Offer],
    plans: Iterable[Plan],
    prices: Iterable[Price],
    issues: Mapping[int, list[HealthIssue]],
) -> list[dict[str, Any]]:
    """Return an item for each offer, with its live plans, which have `failed_rules`, and their prices.

    `issues` are the open health issues by the offer's primary key.
    """
    plans_of = _group(plans, "offer_id")
    prices_of = _group(prices, "plan_id")
    return [_item(offer, plans_of.get(offer.pk, []), prices_of, issues.get(offer.pk, [])) for offer in offers]


def _group(rows: Iterable[Any], name: str) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = {}
    for row in rows:
        grouped.setdefault(getattr(row, name), []).append(row)
    return grouped


def _item(
    offer: Offer, plans: list[Any], prices_of: dict[int, list[Price]], issues: list[HealthIssue]
) -> dict[str, Any]:
    failed = [plan.failed_rules for plan in plans]
    is_sellable = [] in failed
    found = set() if is_sellable else {code for codes in failed for code in codes}
    lowest = find_lowest_price(price for plan in plans for price in prices_of.get(plan.pk, []))
    shown = offer.shown_listing
    return {
        "offer": offer,
        "name": shown["name"],
        "summary": shown["summary"],
        "language": shown["language"],
        "price_from": {"currency": lowest.currency, "monthly_amount": calculate_monthly_amount(lowest)}
        if lowest
        else None,
        "sellable": is_sellable,
        "failed_rules": [rule.value for rule in SaleRule if rule.value in found],
        "health_issues": issues,
    }


def make_offer_detail(
    actor: Actor,
    sale: ProspectiveSale,
    offer: Offer,
    plans: list[Plan],
    prices: list[Price],
    channel: ChannelInfo | None,
    issues: list[HealthIssue],
) -> dict[str, Any]:
    """Return an offer that comes with its live version, with its texts, plans, channel information and open issues."""
    assert offer.live_version
    content = offer.live_version.content
    reader = get_language() or "en"
    prices_of = _group(prices, "plan_id")
    rows = {plan.code: plan for plan in plans}
    for plan in plans:
        plan.offer = offer  # which is here already
    return _item(offer, plans, prices_of, issues) | {
        "description": pick_texts(content["texts"], reader)[0].get("description", ""),
        "links": content["links"],
        "support": content["support"],
        "channel": channel.content if channel else {},
        "plans": [
            _plan(actor, sale, described, rows[described["code"]], prices_of, reader)
            for described in content["plans"]
            if described["code"] in rows
        ],
    }


def _plan(
    actor: Actor,
    sale: ProspectiveSale,
    described: dict[str, Any],
    plan: Plan,
    prices_of: dict[int, list[Price]],
    reader: str,
) -> dict[str, Any]:
    texts = pick_texts(described["texts"], reader)[0]
    prices = sorted(prices_of.get(plan.pk, []), key=lambda price: (MONTHS[price.term], count_billing_months(price)))
    for price in prices:
        price.monthly_amount = calculate_monthly_amount(price)  # type: ignore[attr-defined]
    reasons = make_reasons(actor, sale, plan)
    return {
        "id": plan.public_id,
        "code": plan.code,
        "name": texts.get("name") or plan.code,
        "description": texts.get("description", ""),
        **{name: described[name] for name in ("is_byol", "trial_days", "min_seats", "max_seats")},
        "prices": prices,
        "sellable": not reasons,
        "failed_rules": reasons,
    }
