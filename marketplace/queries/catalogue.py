"""Queries for the catalogue: the published offers as partners, customers and the vendor see them."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from accounts.models import Organization
from connections.directory import list_organizations_with_visible_name
from marketplace.models import Category, Offer, OfferVersion, Plan
from marketplace.models.offer import OfferQuerySet
from marketplace.queries.categories import CategoryTree
from marketplace.queries.eligibility import (
    ProspectiveSale,
    Publication,
    SaleRule,
    annotate_failed_rules,
    make_plan_conditions,
    make_sellable_condition,
)
from partnerportal.lib.actors import Actor
from partnerportal.lib.filters import make_words_condition
from partnerportal.lib.text import make_search_key
from partnerportal.lib.visible_rows import get_by_public_id

SELLABLE = "sellable"  # the key of what may be sold in the result of `count_offers_by_reason`


def list_published_offers(actor: Actor) -> OfferQuerySet:
    """Return the offers in the catalogue, with their publishers: all that are published, whoever may sell them."""
    return Offer.objects.visible_to(actor).published().select_related("publisher")


def make_offer_condition(offers: OfferQuerySet, text: str, prefix: str = "", *columns: str) -> Q:
    """Return the condition for offers of which each word of a text is in their texts, or in their publisher's name.

    `offers` holds those in question, and `prefix` leads from the rows to them. Words may be in more `columns` of the
    rows, too.
    """
    names = dict(Organization.objects.filter(pk__in=_find_publishers(offers)).values_list("pk", "name_folded"))
    condition = Q()
    for word in make_search_key(text).split():
        publishers = [pk for pk, name in names.items() if word in name]
        in_text = make_words_condition(word, f"{prefix}search", *columns)
        condition &= in_text | Q(**{f"{prefix}publisher__in": publishers})
    return condition


def _find_publishers(offers: OfferQuerySet) -> list[int]:
    """Return the primary keys of the publishers of offers.

    They are found before their rows are, because row-level security would otherwise ask about every organisation, of
    which there are far more, and for each offer anew.
    """
    return list(offers.order_by().values_list("publisher", flat=True).distinct())


def get_published_offer(actor: Actor, public_id: UUID) -> Offer:
    """Return a published offer with its publisher and live version. Raises NotFound for any other."""
    return get_by_public_id(list_published_offers(actor).select_related("live_version"), public_id)


def list_live_plans(actor: Actor) -> QuerySet[Plan]:
    """Return the plans that live versions have."""
    return Plan.objects.visible_to(actor).filter(is_live=True)


def list_plans_with_failed_rules(actor: Actor, sale: ProspectiveSale, offers: Iterable[Offer]) -> list[Plan]:
    """Return the live plans of some offers, in the order of their versions, each with its offer and `failed_rules`.

    Their keys are read first, because the rules are then asked of these plans alone.
    """
    by_key = {offer.pk: offer for offer in offers}
    keys = list(list_live_plans(actor).filter(offer__in=by_key).values_list("pk", flat=True))
    rows = list_live_plans(actor).filter(pk__in=keys)
    plans = list(annotate_failed_rules(rows, actor, sale, keys).order_by("offer", "position", "pk"))
    for plan in plans:
        plan.offer = by_key[plan.offer_id]
    return plans


def list_plans_of_version(actor: Actor, sale: ProspectiveSale, offer: Offer, version: OfferVersion) -> list[Plan]:
    """Return the plans of a version with its offer and `failed_rules`, which are those that failed if it were live."""
    codes = [plan["code"] for plan in version.content.get("plans", [])]
    rows = Plan.objects.visible_to(actor).filter(offer=offer, code__in=codes)
    keys = list(rows.values_list("pk", flat=True))
    plans = list(annotate_failed_rules(rows, actor, sale, keys, Publication.of_version(offer, version)))
    for plan in plans:
        plan.offer = offer
    return plans


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


_COUNT_BY_REASON = """
WITH plans AS MATERIALIZED ({plans}),
     offers AS (SELECT offer_id, bool_or(failed_rules = '{{}}') AS is_sellable FROM plans GROUP BY offer_id)
SELECT CASE WHEN is_sellable THEN %s ELSE '' END, count(*) FROM offers GROUP BY 1
UNION ALL
SELECT rule, count(DISTINCT offer_id) FROM plans JOIN offers USING (offer_id), unnest(failed_rules) rule
WHERE NOT is_sellable GROUP BY rule"""


def count_offers_by_reason(offers: OfferQuerySet, actor: Actor, sale: ProspectiveSale) -> dict[str, int]:
    """Return how many of the offers have a plan that may be sold, as SELLABLE, and how many others fail which rule.

    Their number is "total". An offer that fails several rules counts for each of them. One statement counts all; it is
    written in SQL, because the rules of each plan are asked once for both.
    """
    plans = list_live_plans(actor).filter(offer__in=offers.order_by().values("pk"))
    judged: Any = annotate_failed_rules(plans, actor, sale)
    judged = judged.values_list("offer_id", "failed_rules")
    inner, values = judged.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_BY_REASON.format(plans=inner), [*values, SELLABLE])
        counts = dict(cursor.fetchall())
    others, sellable = counts.pop("", 0), counts.pop(SELLABLE, 0)
    return {**counts, SELLABLE: sellable, "total": others + sellable}


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
    publishers = _find_publishers(list_published_offers(actor))
    return list_organizations_with_visible_name(actor).filter(pk__in=publishers).order_by("name_folded", "pk")


def list_categories() -> list[Category]:
    """Return all categories, parents before their children, in the order of the vendor's catalogue."""
    return list(CategoryTree().walk())


def list_filter_categories(actor: Actor, categories: Iterable[Category]) -> list[Category]:
    """Return the categories by which the catalogue is filtered: of those that are retired only what offers have."""
    categories = list(categories)
    retired = [row.code for row in categories if row.is_retired]
    using = list_published_offers(actor).filter(categories__overlap=retired).order_by() if retired else None
    used = {code for codes in using.values_list("categories", flat=True) for code in codes} if using else set()
    return [row for row in categories if not row.is_retired or row.code in used]
