"""The marketplace of the sample data: offers of all types and states, who may resell them, prices and sales.

Everything comes in by the imports that vendor staff use, so that they are tried with each demo.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import Any

from accounts.models import Organization
from marketplace.actions.imported_offers import act_for_publisher
from marketplace.actions.stops import stop_sale
from marketplace.ingest.importing import import_offer_file, import_subscription_file
from marketplace.models import Audience, Market, Offer, OfferType, Plan, PricingModel, Subscription
from marketplace.models.subscription import get_last_day_of_term
from partnerportal.lib.actors import Actor
from partnerportal.lib.json_lines.facts import LineOutcome, LineResult
from partnerportal.sample.listings import LISTINGS, UPDATED_SUMMARY

State = Subscription.State
ANY, SPECIFIC, NONE = Audience.ANY, Audience.SPECIFIC, Audience.NONE
FLAT, PER_SEAT = PricingModel.FLAT, PricingModel.PER_SEAT


@dataclass(frozen=True, kw_only=True)
class SamplePlan:
    """A plan of a sample offer: its code, names by language, price for a month in euros, and limits."""

    code: str
    names: dict[str, str]
    euros: str | None  # None: not priced, as with a licence of one's own
    terms: tuple[str, ...] = ("P1M", "P1Y")
    min_seats: int | None = None
    max_seats: int | None = None
    trial_days: int = 0
    is_byol: bool = False


@dataclass(frozen=True, kw_only=True)
class SampleOffer:
    """A sample offer. `markets` are where its plans are priced, and `partners` are keys of the cast."""

    publisher: str
    code: str
    type: OfferType
    pricing_model: PricingModel
    categories: tuple[str, ...]
    plans: tuple[SamplePlan, ...]
    audience: Audience
    partners: tuple[str, ...] = ()
    markets: tuple[str, ...] = ("europe",)
    is_published: bool = True


# Currencies of each market that the sample prices, and how much of it a euro buys in a price list.
CURRENCIES = {
    "europe": ("EUR", "GBP", "SEK", "NOK", "CHF"),
    "united-states": ("USD",),
    "canada": ("CAD",),
    "japan": ("JPY",),
    "australia": ("AUD",),
}
RATES = {
    "EUR": "1",
    "GBP": "0.86",
    "SEK": "11.4",
    "NOK": "11.7",
    "CHF": "0.96",
    "USD": "1.09",
    "CAD": "1.48",
    "JPY": "165",
    "AUD": "1.66",
}
EVERYWHERE = tuple(CURRENCIES)
LATER_MARKETS = ("europe", "united-states")  # where a price rises

OFFERS = (
    SampleOffer(
        publisher="octavo", code="octavo-insight", type=OfferType.SAAS, pricing_model=PER_SEAT, audience=ANY,
        categories=("analytics",), markets=EVERYWHERE,
        plans=(
            SamplePlan(code="starter", names={"en": "Starter", "fr": "Essentiel", "ja": "スターター"}, euros="9", max_seats=25, trial_days=30),
            SamplePlan(code="team", names={"en": "Team", "fr": "Équipe", "ja": "チーム"}, euros="19", min_seats=5),
            SamplePlan(code="enterprise", names={"en": "Enterprise", "fr": "Entreprise", "ja": "エンタープライズ"}, euros="39", min_seats=50, terms=("P1Y", "P3Y")),
        ),
    ),
    SampleOffer(
        publisher="octavo", code="octavo-forecast", type=OfferType.SAAS, pricing_model=FLAT, audience=SPECIFIC,
        categories=("analytics", "finance"), partners=("brightwater", "kestrel-hosting"), markets=("europe", "united-states", "canada"),
        plans=(SamplePlan(code="standard", names={"en": "Standard", "fr": "Standard"}, euros="480"),),
    ),
    SampleOffer(
        publisher="octavo", code="octavo-ledger", type=OfferType.BUSINESS_CENTRAL, pricing_model=PER_SEAT, audience=NONE,
        categories=("finance",), is_published=False,
        plans=(SamplePlan(code="per-user", names={"en": "Per user"}, euros="25"),),
    ),
    SampleOffer(
        publisher="octavo", code="octavo-landing-zone", type=OfferType.SOLUTION_TEMPLATE, pricing_model=FLAT, audience=ANY,
        categories=("databases", "developer-tools"), markets=("europe", "united-states"),
        plans=(SamplePlan(code="template", names={"en": "Template"}, euros="0", terms=("P1Y",)),),
    ),
    SampleOffer(
        publisher="feldspat", code="feldspat-schutzwall", type=OfferType.VIRTUAL_MACHINE, pricing_model=FLAT, audience=SPECIFIC,
        categories=("networking", "threat-protection"), partners=("aldervale", "brightwater", "ateliers-rhone"),
        markets=("europe", "japan"),
        plans=(
            SamplePlan(code="geschaeftskunden", names={"en": "Geschäftskundenkomplettpaket", "ja": "法人向けパック"}, euros="310"),
            SamplePlan(code="byol", names={"en": "Bring your own licence", "fr": "Votre propre licence", "ja": "ライセンス持ち込み"}, euros=None, terms=(), is_byol=True),
        ),
    ),
    SampleOffer(
        publisher="feldspat", code="feldspat-tresor", type=OfferType.MANAGED_APPLICATION, pricing_model=FLAT, audience=ANY,
        categories=("backup",), markets=("europe", "united-states"),
        plans=(
            SamplePlan(code="silber", names={"en": "Silber", "fr": "Argent"}, euros="240"),
            SamplePlan(code="gold", names={"en": "Gold", "fr": "Or"}, euros="520"),
        ),
    ),
    SampleOffer(
        publisher="feldspat", code="feldspat-scanner", type=OfferType.CONTAINER, pricing_model=FLAT, audience=NONE,
        categories=("security",), markets=EVERYWHERE,
        plans=(SamplePlan(code="pipeline", names={"en": "Pipeline"}, euros="95"),),
    ),
    SampleOffer(
        publisher="feldspat", code="feldspat-ausweis", type=OfferType.SAAS, pricing_model=PER_SEAT, audience=SPECIFIC,
        categories=("identity",), partners=("hafenlicht",), is_published=False,
        plans=(SamplePlan(code="mittelstand", names={"en": "Mittelstandstarif"}, euros="4.5", min_seats=100),),
    ),
    SampleOffer(
        publisher="seiran", code="seiran-shift", type=OfferType.SAAS, pricing_model=PER_SEAT, audience=SPECIFIC,
        categories=("collaboration",), partners=("tokai-dist",), markets=("japan",),
        plans=(
            SamplePlan(code="tempo", names={"ja": "店舗プラン", "en": "Store"}, euros="2.4", min_seats=10, trial_days=60),
            SamplePlan(code="zensha", names={"ja": "全社プラン", "en": "Company"}, euros="1.8", min_seats=300, terms=("P1Y",)),
        ),
    ),
    SampleOffer(
        publisher="seiran", code="seiran-mirror", type=OfferType.VIRTUAL_MACHINE, pricing_model=FLAT, audience=ANY,
        categories=("databases", "backup"), markets=("japan", "australia"),
        plans=(SamplePlan(code="hyojun", names={"ja": "標準プラン", "en": "Standard"}, euros="420", terms=("P1M", "P1Y", "P3Y")),),
    ),
    SampleOffer(
        publisher="seiran", code="seiran-books", type=OfferType.BUSINESS_CENTRAL, pricing_model=PER_SEAT, audience=ANY,
        categories=("finance",), markets=("japan", "europe"),
        plans=(SamplePlan(code="keiri", names={"ja": "経理プラン", "en": "Accounting", "fr": "Comptabilité"}, euros="15"),),
    ),
    SampleOffer(
        publisher="seiran", code="seiran-desk", type=OfferType.MANAGED_APPLICATION, pricing_model=FLAT, audience=NONE,
        categories=("collaboration",), markets=("japan",),
        plans=(SamplePlan(code="soumu", names={"ja": "総務プラン", "en": "Office"}, euros="180"),),
    ),
)  # fmt: skip
Sale = tuple[str, str, str, str, str, int, State, int]
# Sales: buyer, reseller on record, customer, offer, plan, licences, state, and bought so many days ago.
SALES: tuple[Sale, ...] = (
    ("brightwater", "", "meridian-health", "octavo-insight", "team", 120, State.SUBSCRIBED, 310),
    ("brightwater", "", "sainte-aurelie", "octavo-insight", "starter", 20, State.SUBSCRIBED, 150),
    ("brightwater", "", "aldermoor", "octavo-insight", "team", 45, State.SUSPENDED, 240),
    ("brightwater", "", "bluelantern", "octavo-insight", "starter", 8, State.PENDING, 2),
    ("brightwater", "", "saobras", "octavo-insight", "team", 15, State.UNSUBSCRIBED, 220),
    ("brightwater", "", "eastmarch", "octavo-forecast", "standard", 1, State.SUBSCRIBED, 95),
    ("brightwater", "", "northgate-bs", "feldspat-schutzwall", "geschaeftskunden", 1, State.SUBSCRIBED, 180),
    ("brightwater", "", "caldervalley", "feldspat-tresor", "silber", 1, State.SUBSCRIBED, 60),
    ("hafenlicht", "", "elbtal", "feldspat-schutzwall", "geschaeftskunden", 1, State.SUBSCRIBED, 130),
    ("aldervale", "hafenlicht", "gruenwald", "feldspat-tresor", "gold", 1, State.SUBSCRIBED, 75),
    ("hafenlicht", "", "weissenfels-druck", "octavo-insight", "team", 30, State.SUBSCRIBED, 40),
    ("sakura-cloud", "", "minato-seimitsu", "seiran-shift", "tempo", 240, State.SUBSCRIBED, 205),
    ("sakura-cloud", "", "aozora-hoken", "seiran-shift", "zensha", 900, State.SUBSCRIBED, 120),
    ("sakura-cloud", "", "hokuto", "seiran-books", "keiri", 12, State.SUBSCRIBED, 33),
    ("ateliers-rhone", "", "sainte-aurelie", "octavo-insight", "team", 10, State.PENDING, 1),
)  # fmt: skip
# It comes between the request of its publisher to end the seller's authorisation and the decision.
LATE_SALE: Sale = (
    "ateliers-rhone", "", "sainte-aurelie", "feldspat-schutzwall", "geschaeftskunden", 1, State.SUBSCRIBED, 1,
)  # fmt: skip
RISES = ("octavo-insight", "team")  # the plan whose price rises
RISES_IN = 21  # days from today


def write_sample_offers(organizations: dict[str, Organization], now: dt.datetime) -> dict[str, Offer]:
    """Write offers, their audiences, prices, stops and sales. Return the offers by code."""
    today = now.date()
    _import(import_offer_file, [_offer_line(offer, organizations) for offer in OFFERS])
    _import(import_offer_file, _price_lines(organizations, today))
    _import(import_offer_file, _later_lines(organizations))
    offers = {offer.code: offer for offer in Offer.objects.filter(code__in=[offer.code for offer in OFFERS])}
    _import(import_subscription_file, _sale_lines(organizations, now), with_events=False)
    _stop(offers)
    return offers


def write_late_sale(organizations: dict[str, Organization], now: dt.datetime) -> None:
    """Write LATE_SALE."""
    _import(import_subscription_file, _sale_lines(organizations, now, [LATE_SALE], len(SALES) + 1), with_events=False)


def _import(run: Any, lines: Iterable[dict[str, Any]], **options: Any) -> None:
    """Import lines as vendor staff would. Raises AssertionError with the first problem, because the sample is sound."""

    def tell(result: LineResult) -> None:
        assert result.outcome is not LineOutcome.ERROR, (result.key, result.problems)

    stream = BytesIO("".join(json.dumps(line, default=str) + "\n" for line in lines).encode())
    run(actor=Actor.system("sample data"), stream=stream, report_result=tell, **options)


def _offer_line(offer: SampleOffer, organizations: dict[str, Organization]) -> dict[str, Any]:
    publisher = organizations[offer.publisher]
    site = f"https://{publisher.website}/{offer.code}"
    return {
        "type": "offer", "publisher": publisher.org_id, "code": offer.code, "offer_type": offer.type,
        "pricing_model": offer.pricing_model, "audience": offer.audience, "publish": offer.is_published,
        "partners": [organizations[key].org_id for key in offer.partners],
        "content": {
            "texts": {
                language: {"name": name, "summary": summary, "description": description}
                for language, (name, summary, description) in LISTINGS[offer.code].items()
            },
            "categories": list(offer.categories),
            "links": [{"title": "Documentation", "url": f"{site}/docs"}, {"title": "Release notes", "url": f"{site}/news"}],
            "support": {"email": f"support@{publisher.website}", "url": f"{site}/support", "phone": publisher.phone},
            "plans": [_plan(plan) for plan in offer.plans],
        },
        "channel": {
            "marketing_url": f"{site}/marketing", "sales_url": f"{site}/sales", "support_url": f"{site}/partner-support",
            "contact": {"email": f"channel@{publisher.website}", "phone": publisher.phone},
        },
    }  # fmt: skip


def _plan(plan: SamplePlan) -> dict[str, Any]:
    return {
        "code": plan.code,
        "texts": {language: {"name": name} for language, name in plan.names.items()},
        "terms": list(plan.terms),
        "billing": ["P1M"] if "P1M" in plan.terms else ["P1Y"] if plan.terms else [],
        "min_seats": plan.min_seats,
        "max_seats": plan.max_seats,
        "trial_days": plan.trial_days,
        "is_byol": plan.is_byol,
    }


def _price_lines(organizations: dict[str, Organization], today: dt.date) -> Iterator[dict[str, Any]]:
    """Yield the prices of all plans, and of one plan those that hold later."""
    began, changes = today - dt.timedelta(days=400), today + dt.timedelta(days=RISES_IN)
    for offer in OFFERS:
        for plan in offer.plans:
            later = [(changes, Decimal("1.08"))] if (offer.code, plan.code) == RISES else []
            for term in plan.terms if plan.euros is not None else ():
                for day, factor in [(began, Decimal(1)), *later]:
                    yield {
                        "type": "prices", "publisher": organizations[offer.publisher].org_id, "offer": offer.code,
                        "plan": plan.code, "term": term, "billing": _plan(plan)["billing"][0], "valid_from": day,
                        "amounts": {
                            market: {code: _amount(plan, term, code, factor) for code in CURRENCIES[market]}
                            for market in (offer.markets if day == began else LATER_MARKETS)
                        },
                    }  # fmt: skip


def _amount(plan: SamplePlan, term: str, currency: str, factor: Decimal) -> str:
    """Return the amount of a billing period in a currency, a round one: a year costs ten months, three cost 27."""
    is_yearly = "P1M" not in plan.terms
    months = {"P1M": Decimal(1), "P1Y": Decimal(10) / 12, "P3Y": Decimal(9) / 12}[term] * (12 if is_yearly else 1)
    amount = Decimal(plan.euros or 0) * Decimal(RATES[currency]) * factor * months
    if currency == "JPY":
        return f"{round(amount, -1):.0f}"
    return f"{round(amount, 1 if amount < 100 else 0):.2f}"


def _later_lines(organizations: dict[str, Organization]) -> Iterator[dict[str, Any]]:
    """Yield a second version of one offer, and a draft beside the live version of another."""
    by_code = {offer.code: offer for offer in OFFERS}
    second = _offer_line(by_code["seiran-shift"], organizations)
    second["content"]["links"].append({"title": "導入事例", "url": "https://seiran.example/seiran-shift/cases"})
    draft = _offer_line(by_code["octavo-insight"], organizations)
    draft["content"]["texts"]["en"]["summary"] = UPDATED_SUMMARY
    yield second
    yield draft | {"publish": False}


def _sale_lines(
    organizations: dict[str, Organization], now: dt.datetime, sales: Iterable[Sale] = SALES, first: int = 1
) -> Iterator[dict[str, Any]]:
    offers = {offer.code: offer for offer in OFFERS}
    for number, (buyer, reseller, customer, code, plan_code, quantity, state, days) in enumerate(sales, first):
        plan = next(plan for plan in offers[code].plans if plan.code == plan_code)
        bought = now - dt.timedelta(days=days)
        activated = None if state == State.PENDING else bought + dt.timedelta(hours=20)
        term = plan.terms[-1] if days > 100 else plan.terms[0]
        yield {
            "type": "subscription", "external_id": f"SUB-{4000 + 7 * number}", "offer": code, "plan": plan_code,
            "publisher": organizations[offers[code].publisher].org_id, "buyer": organizations[buyer].org_id,
            "reseller": organizations[reseller].org_id if reseller else None,
            "customer": organizations[customer].org_id, "state": state, "quantity": quantity, "term": term,
            "billing": _plan(plan)["billing"][0], "auto_renew": number % 4 != 0, "purchased_at": bought.isoformat(),
            "activated_at": activated and activated.isoformat(),
            "ended_at": (now - dt.timedelta(days=40)).isoformat() if state == State.UNSUBSCRIBED else None,
            "starts_on": activated and _begin_of_present_term(activated.date(), term, now.date()),
        }  # fmt: skip


def _begin_of_present_term(first: dt.date, term: str, today: dt.date) -> dt.date:
    while (last := get_last_day_of_term(first, term)) < today:
        first = last + dt.timedelta(days=1)
    return first


def _stop(offers: dict[str, Offer]) -> None:
    """Stop the sale of one offer, and of a plan of another in one market."""
    rebuilt, tresor = offers["octavo-landing-zone"], offers["feldspat-tresor"]
    _stop_sale(rebuilt, reason="The template is being rebuilt for a new region.")
    _stop_sale(
        tresor,
        plan=Plan.objects.get(offer=tresor, code="gold"),
        market=Market.objects.get(code="united-states"),
        reason="The data centre in Virginia is full until spring.",
    )


def _stop_sale(offer: Offer, **stop: Any) -> None:
    stop_sale(actor=act_for_publisher(Actor.system("sample data"), offer.publisher), offer=offer, **stop)
