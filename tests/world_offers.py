"""What the publisher of the cast sells: a published offer with a draft beside it, prices in two markets, and a stop."""

import datetime as dt
from typing import Any

from django.utils import timezone

from accounts.models import Organization
from entitlements.models import Entitlement, SkuPublisher, get_first_day_of_month
from marketplace.actions.audience import add_to_audience, choose_audience
from marketplace.actions.health import report_health_issue
from marketplace.actions.offers import create_offer, publish_offer, save_draft
from marketplace.models import (
    Audience,
    HealthIssue,
    Market,
    Offer,
    OfferFile,
    OfferType,
    Plan,
    Price,
    PricingModel,
    Product,
    ProductFigure,
    SaleStop,
    StopReason,
    Subscription,
    SubscriptionTerm,
)
from partnerportal.lib.actors import Actor

CONTACT = {"email": "help@publisher.example"}
MATERIAL = "https://publisher.example/channel"
CHANNEL = {
    "marketing_url": f"{MATERIAL}/marketing",
    "contact": {"email": "channel@publisher.example"},
    "sales_url": f"{MATERIAL}/sales",
    "support_url": f"{MATERIAL}/support",
}


def make_content(name: str, *codes: str, **changes: Any) -> dict[str, Any]:
    """Return the content of a version that can be published, with a plan for each code."""
    return {
        "texts": {"en": {"name": name, "summary": f"{name} in a line", "description": f"All of **{name}**."}},
        "categories": ["backup"],
        "links": [],
        "support": CONTACT,
        "plans": [
            {
                "code": code,
                "texts": {"en": {"name": code.title(), "description": ""}},
                "terms": ["P1M", "P1Y"],
                "billing": ["P1M"],
                "min_seats": None,
                "max_seats": None,
                "trial_days": 0,
                "is_byol": False,
            }
            for code in codes
        ],
    } | changes


def build(world: Any) -> None:
    """Publish an offer that everybody may resell and one for selected partners, price and stop a plan, and sell one."""
    actor = world.actor("publisher.admin")
    open_to_all = _publish(actor, "backup", "Backup", Audience.ANY)
    draft = make_content("Draft qdraftq", "basic", "pro")
    _attach(open_to_all, "logo", is_live=True, published_in=1)
    _attach(open_to_all, "sales", is_live=True, published_in=1)
    material = {"documents": [{"id": str(_attach(open_to_all, "training").public_id), "kind": "training"}]}
    save_draft(actor=actor, offer=open_to_all, content=draft, channel=CHANNEL | material, revision=2)
    plan = Plan.objects.get(offer=open_to_all, code="basic")
    for market, currency in (("europe", "EUR"), ("japan", "JPY")):
        _price(plan, market, currency, 1000 if currency == "JPY" else "9.90")
    stop = SaleStop.objects.create(offer=open_to_all, plan=plan, market=Market.objects.get(code="japan"))
    StopReason.objects.create(stop=stop, text="qwhyq")
    selected = _publish(actor, "monitor", "Monitor", Audience.SPECIFIC, world.distributor)
    add_to_audience(actor=actor, offer=selected, organization_ids=[world.partner.pk])
    sell(world, open_to_all)
    _grow(world, open_to_all)
    report_health_issue(actor=actor, offer=selected, kind=HealthIssue.Kind.MAINTENANCE, text="Half an hour tonight.")


def _publish(actor: Actor, code: str, name: str, audience: Audience, *members: Organization) -> Offer:
    offer = create_offer(actor=actor, code=code, type=OfferType.SAAS, pricing_model=PricingModel.PER_SEAT)
    choose_audience(actor=actor, offer=offer, audience=audience, revision=None)
    add_to_audience(actor=actor, offer=offer, organization_ids=[member.pk for member in members])
    save_draft(actor=actor, offer=offer, content=make_content(name, "basic"), channel=CHANNEL, revision=None)
    publish_offer(actor=actor, offer=offer, revision=2)
    return Offer.objects.get(pk=offer.pk)


def _attach(offer: Offer, kind: str, **facts: Any) -> OfferFile:
    """Store the row of a file. Its bytes are lost, as after a restore without the files."""
    return OfferFile.objects.create(offer=offer, kind=kind, name=f"{kind}.pdf", size=1, **facts)


def _price(plan: Plan, market: str, currency: str, amount: object) -> Price:
    return Price.objects.create(
        plan=plan,
        market=Market.objects.get(code=market),
        currency=currency,
        term="P1M",
        billing="P1M",
        valid_from=timezone.now().date() - dt.timedelta(days=30),
        amount=amount,
    )


def sell(world: Any, offer: Offer, **changes: Any) -> Subscription:
    """Store a subscription of an offer that the partner of the cast has sold to the customer, and return it."""
    today, plan = timezone.now().date(), offer.plans.get(code="basic")
    facts: dict[str, Any] = {
        "external_id": f"qsoldq-{offer.code}",
        "version": offer.live_version,
        "publisher": world.publisher,
        "buyer": world.partner,
        "reseller": world.partner,
        "customer": world.customer,
        "customer_name": world.customer.name,
        "state": Subscription.State.SUBSCRIBED,
        "quantity": 5,
        "term": "P1M",
        "billing": "P1M",
        "activated_at": timezone.now(),
    }
    subscription = Subscription.objects.create(offer=offer, plan=plan, **(facts | changes))
    SubscriptionTerm.objects.create(
        subscription=subscription,
        starts_on=today,
        ends_on=today + dt.timedelta(days=30),
        price=plan.prices.filter(currency="EUR").first(),
        amount="9.90",
        currency="EUR",
    )
    return subscription


def _grow(world: Any, offer: Offer) -> None:
    """Make a SKU and an offer products of the publisher, with the sums of this month and of a year ago."""
    sku = Entitlement.objects.filter(customer=world.publisher).earliest("pk").sku
    SkuPublisher.objects.create(sku=sku, publisher=world.publisher)
    today, counted = timezone.now().date(), {"counted_at": timezone.now(), "reported_on": timezone.now().date()}
    month = get_first_day_of_month(today)
    for product in (Product.of_sku(sku, world.publisher.pk), Product.of_offer(offer)):
        for name, value in counted.items():
            setattr(product, name, value)
        product.save(force_insert=True)
        for at, seats in ((month, 660), (month.replace(year=month.year - 1), 600)):
            for country, amount in (("DE", seats), ("", 55)):
                ProductFigure.objects.create(
                    product=product,
                    publisher=world.publisher,
                    month=at,
                    measure="seats",
                    country=country,
                    amount=amount,
                )
