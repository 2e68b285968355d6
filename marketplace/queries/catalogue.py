"""Queries for the catalogue: the published offers as partners, customers and the vendor see them."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import BoolOr
from django.db.models import Case, Count, Q, QuerySet, Value, When

from accounts.models import Organization
from connections.directory import list_organizations_with_visible_name
from marketplace.models import Category, Offer, Plan, Price
from marketplace.models.offer import OfferQuerySet
from marketplace.queries.eligibility import (
    ProspectiveSale,
    SaleRule,
    annotate_failed_rules,
    list_prices_of_sale,
    make_plan_conditions,
    make_sellable_condition,
)
from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import get_by_public_id

SELLABLE = "sellable"  # the key of what may be sold in the result of `count_offers_by_reason`


def list_published_offers(actor: Actor) -> OfferQuerySet:
    """Return the offers in the catalogue, with their publishers: all that are published, whoever may sell them."""
    return Offer.objects.visible_to(actor).published().select_related("publisher")


def get_published_offer(actor: Actor, public_id: UUID) -> Offer:
    """Return a published offer with its publisher and live version. Raises NotFound for any other."""
    return get_by_public_id(list_published_offers(actor).select_related("live_version"), public_id)


def list_live_plans(actor: Actor) -> QuerySet[Plan]:
    """Return the plans that live versions have."""
    return Plan.objects.visible_to(actor).filter(is_live=True)


def list_plans_with_failed_rules(actor: Actor, sale: ProspectiveSale, offers: Iterable[Offer]) -> list[Plan]:
    """Return the live plans of some offers, in the order of their versions, each with `failed_rules`."""
    plans = list_live_plans(actor).filter(offer__in=[offer.pk for offer in offers])
    return list(annotate_failed_rules(plans, actor, sale).order_by("offer", "position", "pk"))


def list_prices_of_plans(actor: Actor, sale: ProspectiveSale, plans: Iterable[Plan]) -> list[Price]:
    """Return the prices in force of some plans for the partner's market and currency, in the order of terms."""
    prices = list_prices_of_sale(actor, sale).filter(plan__in=[plan.pk for plan in plans])
    return list(prices.order_by("plan", "term", "billing"))


def filter_by_sellability(
    offers: OfferQuerySet, actor: Actor, sale: ProspectiveSale, *, is_sellable: bool
) -> OfferQuerySet:
    """Return the offers with a plan that may be sold, or else those without any."""
    plans = list_live_plans(actor).filter(make_sellable_condition(actor, sale))
    has_plan = Q(pk__in=plans.values("offer"))
    return offers.filter(has_plan if is_sellable else ~has_plan)


def filter_by_failed_rule(offers: OfferQuerySet, actor: Actor, sale: ProspectiveSale, rule: SaleRule) -> OfferQuerySet:
    """Return the offers of which no plan may be sold, and some plan fails this rule."""
    none_sellable = filter_by_sellability(offers, actor, sale, is_sellable=False)
    if rule in set(sale.list_failures()):
        return none_sellable
    condition = make_plan_conditions(actor, sale).get(rule)
    if condition is None:
        return none_sellable.none()
    return none_sellable.filter(pk__in=list_live_plans(actor).filter(condition).values("offer"))


def count_offers_by_reason(offers: OfferQuerySet, actor: Actor, sale: ProspectiveSale) -> dict[str, int]:
    """Return how many of the offers have a plan that may be sold, as SELLABLE, and how many others fail which rule.

    Their number is "total". An offer that fails several rules counts for each of them. One statement counts all.
    """
    plans = list_live_plans(actor).filter(offer__in=offers.values("pk"))
    by_plan = make_plan_conditions(actor, sale)
    for_all = set(sale.list_failures())
    conditions: dict[str, Q] = {SELLABLE: make_sellable_condition(actor, sale)}
    conditions.update({rule.value: fails for rule, fails in by_plan.items()})
    flags = {rule: Case(When(fails, then=Value(True)), default=Value(False)) for rule, fails in conditions.items()}
    per_offer = plans.values("offer").annotate(**{f"any_{name}": BoolOr(flag) for name, flag in flags.items()})
    counts = per_offer.aggregate(
        total=Count("offer"),
        **{
            name: Count(
                "offer", filter=Q(**{f"any_{name}": True}) & (Q() if name == SELLABLE else Q(any_sellable=False))
            )
            for name in map(str, flags)
        },
    )
    return counts | {rule.value: counts["total"] - counts[SELLABLE] for rule in for_all}


def narrow_by_sale(
    offers: OfferQuerySet, actor: Actor, sale: ProspectiveSale, values: Mapping[str, Any]
) -> OfferQuerySet:
    """Return the offers that the filters `sellable` and `reason` keep."""
    if (is_sellable := values.get("sellable")) is not None:
        offers = filter_by_sellability(offers, actor, sale, is_sellable=is_sellable)
    if reason := values.get("reason"):
        offers = filter_by_failed_rule(offers, actor, sale, SaleRule(reason))
    return offers


def list_publishers(actor: Actor) -> QuerySet[Organization]:
    """Return the publishers of the offers in the catalogue, by name."""
    publishers = list_published_offers(actor).order_by().values("publisher")
    return list_organizations_with_visible_name(actor).filter(pk__in=publishers).order_by("name_folded", "pk")


def list_categories() -> list[Category]:
    """Return all categories, parents before their children, in the order of the vendor's catalogue."""
    rows = list(Category.objects.order_by("position", "pk"))
    by_parent: dict[int | None, list[Category]] = {}
    for row in rows:
        by_parent.setdefault(row.parent_id, []).append(row)
    return [row for top in by_parent.get(None, []) for row in (top, *by_parent.get(top.pk, []))]
