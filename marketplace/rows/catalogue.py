"""The rows of the catalogue and of an offer's page there, in the reader's language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language

from marketplace.comparison import describe_plan_terms
from marketplace.content import has_contact, pick_texts
from marketplace.models import Category, HealthIssue, Offer, Plan, Price
from marketplace.queries.eligibility import ProspectiveSale, SaleRule
from marketplace.rows.eligibility import RULE_LABELS, Reason, make_reasons
from marketplace.rows.price_amounts import (
    PriceRow,
    calculate_monthly_amount,
    describe_month_unit,
    find_lowest_price,
    make_price_rows,
)
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.formats import format_date, format_money, get_reader_locale, join_names
from partnerportal.lib.markdown import render_markdown


def name_language(code: str) -> str:
    """Return the name of a language in the reader's language, or "" for no code."""
    return str(get_reader_locale().languages[code]) if code else ""


@dataclass(frozen=True)
class ListedOffer:
    """What names an offer in the catalogue. `language` is that of its texts, if the reader's has none, else ""."""

    name: str
    summary: str
    language: str
    language_name: str
    publisher: str
    categories: str
    type: Message
    url: str


def make_listed_offer(offer: Offer, categories: Mapping[str, str], url_name: str) -> ListedOffer:
    """Return what names an offer that comes with its publisher. `categories` are the names by their codes."""
    shown = offer.shown_listing
    other = "" if shown["language"] == (get_language() or "en") else shown["language"]
    return ListedOffer(
        name=shown["name"],
        summary=shown["summary"],
        language=other,
        language_name=name_language(other),
        publisher=offer.publisher.name,
        categories=join_names(categories[code] for code in offer.categories if code in categories),
        type=offer.get_type_display(),
        url=reverse(url_name, args=[offer.public_id]),
    )


@dataclass(frozen=True)
class CatalogueRow:
    """A row of the catalogue: an offer, its lowest price and whether it may be sold, or why not."""

    offer: ListedOffer
    price: str  # "" without any
    price_unit: str
    is_sellable: bool
    reason: str  # the first reason why it may not be sold, or ""
    more_reasons: str  # all of them, if there are several
    health: list[str]  # the kinds of its open health issues


def make_catalogue_rows(
    offers: Iterable[Offer],
    plans: Iterable[Plan],
    prices: Iterable[Price],
    issues: Mapping[int, list[HealthIssue]],
    categories: Mapping[str, str],
    query: str,
) -> list[CatalogueRow]:
    """Return the rows of offers, with their live plans, which have `failed_rules`, and prices.

    `issues` are the open health issues by the offer's primary key; `query` follows URLs.
    """
    plans_of: dict[int, list[Plan]] = {}
    for plan in plans:
        plans_of.setdefault(plan.offer_id, []).append(plan)
    prices_of: dict[int, list[Price]] = {}
    for price in prices:
        prices_of.setdefault(price.plan_id, []).append(price)
    return [
        _row(offer, plans_of.get(offer.pk, []), prices_of, issues.get(offer.pk, []), categories, query)
        for offer in offers
    ]


def _row(
    offer: Offer,
    plans: list[Plan],
    prices_of: Mapping[int, list[Price]],
    issues: list[HealthIssue],
    categories: Mapping[str, str],
    query: str,
) -> CatalogueRow:
    failed = [plan.failed_rules for plan in plans]  # type: ignore[attr-defined]
    is_sellable = [] in failed
    found = {rule for codes in failed for rule in codes}
    reasons = [] if is_sellable else [str(RULE_LABELS[rule]) for rule in SaleRule if rule.value in found]
    lowest = find_lowest_price(price for plan in plans for price in prices_of.get(plan.pk, []))
    listed = make_listed_offer(offer, categories, "catalogue_offer")
    return CatalogueRow(
        offer=ListedOffer(**vars(listed) | {"url": f"{listed.url}?{query}" if query else listed.url}),
        price=format_money(calculate_monthly_amount(lowest), lowest.currency) if lowest else "",
        price_unit=describe_month_unit(offer.pricing_model) if lowest else "",
        is_sellable=is_sellable,
        reason=reasons[0] if reasons else "",
        more_reasons=" · ".join(reasons) if len(reasons) > 1 else "",
        health=list(dict.fromkeys(issue.get_kind_display() for issue in issues)),
    )


@dataclass(frozen=True)
class PlanPanel:
    """A plan on the page of its offer: its texts, prices of one market, and why it cannot be sold."""

    code: str
    name: str
    description: str
    language: str
    terms: str  # for how long it is sold, and how often it is billed; "" for none
    prices: list[PriceRow] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    is_byol: bool = False
    trial_days: int = 0
    seats: tuple[int | None, int | None] = (None, None)


@dataclass(frozen=True)
class OfferListing:
    """What an offer's page shows to everybody: texts, links, and how to reach the publisher's support."""

    name: str
    summary: str
    description: str  # HTML
    language: str
    language_name: str
    links: list[dict[str, str]]
    support: dict[str, str]


def make_offer_listing(content: Mapping[str, Any]) -> OfferListing:
    """Return the listing of a version's content in the reader's language, or else in another, which it names."""
    reader = get_language() or "en"
    texts, shown_in = pick_texts(content.get("texts", {}), reader)
    other = "" if shown_in == reader else shown_in
    support = content.get("support", {})
    return OfferListing(
        name=texts.get("name", ""),
        summary=texts.get("summary", ""),
        description=render_markdown(texts.get("description", "")),
        language=other,
        language_name=name_language(other),
        links=content.get("links", []),
        support=dict(support) if has_contact(support) else {},
    )


def make_plan_panels(
    actor: Actor,
    content: Mapping[str, Any],
    plans: Iterable[Plan] = (),
    prices: Iterable[Price] = (),
    sale: ProspectiveSale | None = None,
) -> list[PlanPanel]:
    """Return the plans of a version's content, in its order.

    With a sale they have the prices and, where `plans` have `failed_rules`, the reasons why they cannot be sold.
    """
    reader = get_language() or "en"
    rows = {plan.code: plan for plan in plans}
    prices_of: dict[int, list[Price]] = {}
    for price in prices:
        prices_of.setdefault(price.plan_id, []).append(price)
    panels = []
    for plan in content.get("plans", []):
        texts, shown_in = pick_texts(plan["texts"], reader)
        row = rows.get(plan["code"])
        panels.append(
            PlanPanel(
                code=plan["code"],
                name=texts.get("name") or plan["code"],
                description=texts.get("description", ""),
                language="" if shown_in == reader else shown_in,
                terms=describe_plan_terms(plan),
                prices=make_price_rows(prices_of.get(row.pk, [])) if row else [],
                reasons=make_reasons(actor, sale, row) if row and sale else [],
                is_byol=plan["is_byol"],
                trial_days=plan["trial_days"],
                seats=(plan["min_seats"], plan["max_seats"]),
            )
        )
    return panels


def name_categories(categories: Iterable[Category]) -> dict[str, str]:
    """Return the names of categories in the reader's language, by their codes."""
    return {row.code: row.local_name for row in categories}


@dataclass(frozen=True)
class VendorOfferRow:
    """A row of the vendor's list of offers: what names the offer, its audience, and whether its sale is stopped."""

    offer: ListedOffer
    audience: Message
    is_stopped: bool
    published: str


def make_vendor_offer_row(offer: Offer, categories: Mapping[str, str]) -> VendorOfferRow:
    """Return the row of an offer that is annotated with `is_stopped`."""
    assert offer.published_at
    return VendorOfferRow(
        offer=make_listed_offer(offer, categories, "vendor_offer"),
        audience=offer.get_audience_display(),
        is_stopped=offer.is_stopped,  # type: ignore[attr-defined]
        published=format_date(offer.published_at),
    )
