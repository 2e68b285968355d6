"""Whether a partner may sell a plan to a customer, and every rule that says no (CA-6, CA-9…CA-19, E-10).

This is the only implementation: the simulator, the catalogue, the API and the price list all ask it. What depends on
the partner and the customer alone is read once, as a ProspectiveSale; what depends on the plan is an annotation in SQL,
so that thousands of plans take one statement.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, CharField, Exists, Func, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL

from accounts.models import Organization, OrganizationKind, ProgramFeature, ProgramMembership
from connections.directory import list_organizations_with_visible_name
from marketplace.content import list_open_plans
from marketplace.models import (
    Audience,
    Authorization,
    MarketCountry,
    Offer,
    OfferType,
    OfferVersion,
    Plan,
    Price,
    ResellerListing,
    SaleStop,
    Subscription,
)
from marketplace.policies import SELLERS
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.filters import make_words_condition


class SaleRule(StrEnum):
    """The rules that a sale has to meet, by the codes that the API gives, in the order in which they are shown."""

    OFFER_NOT_PUBLISHED = "offer_not_published"
    PLAN_NOT_LIVE = "plan_not_live"
    OFFER_STOPPED = "offer_stopped"
    PLAN_STOPPED = "plan_stopped"
    PLAN_STOPPED_IN_MARKET = "plan_stopped_in_market"
    TERMS_STOPPED = "terms_stopped"
    OPTED_OUT = "opted_out"
    NOT_IN_AUDIENCE = "not_in_audience"
    NO_PRICE = "no_price"
    PARTNER_SUSPENDED = "partner_suspended"
    NO_MEMBERSHIP = "no_membership"
    NO_MARKET = "no_market"
    OUTSIDE_MARKET = "outside_market"
    NOT_CONNECTED = "not_connected"
    ALREADY_HELD = "already_held"


SALE_RULES = [(rule.value, rule.value) for rule in SaleRule]  # as choices of filters and in the API's schema


@dataclass(frozen=True, kw_only=True)
class ProspectiveSale:
    """Who is to sell, and to whom: a customer, any customer of a country, or anybody (neither is given).

    It holds what decides about the sale of every plan alike. `market_id` is None for a partner whose country is in no
    market.
    """

    partner: Organization
    customer: Organization | None
    country: str  # the customer's, or ""
    market_id: int | None
    market: str
    currency: str
    is_member: bool
    is_in_market: bool
    is_connected: bool
    day: dt.date
    is_selected: bool = False  # whether the partner counts as selected by every publisher, as in a preview

    def list_failures(self) -> Iterator[SaleRule]:
        """Yield the rules that fail whatever the plan."""
        if self.partner.is_suspended:
            yield SaleRule.PARTNER_SUSPENDED
        if not self.is_member:
            yield SaleRule.NO_MEMBERSHIP
        if self.market_id is None:
            yield SaleRule.NO_MARKET
        if not self.is_in_market:
            yield SaleRule.OUTSIDE_MARKET
        if not self.is_connected:
            yield SaleRule.NOT_CONNECTED


@dataclass(frozen=True)
class Publication:
    """What the rules take from the version that is live: as a rule from its copies in the rows of offers and plans.

    `of_version` takes it from a version that is not live, to say what would be if it were.
    """

    is_byol: Q
    is_open: Q  # plans that the whole programme may sell, whatever the audience of the offer (CA-6)
    is_one_per_customer: Q
    audience: str = ""  # "" for the one in force
    is_supposed: bool = False

    @classmethod
    def of_version(cls, offer: Offer, version: OfferVersion) -> Self:
        """Return what would decide about sales if this version of an offer were live."""
        plans = version.content.get("plans", [])
        return cls(
            is_byol=Q(code__in=[plan["code"] for plan in plans if plan["is_byol"]]),
            is_open=Q(code__in=[plan["code"] for plan in list_open_plans(offer, version.content)]),
            is_one_per_customer=Q(code__in=[plan["code"] for plan in plans if plan.get("is_one_per_customer")]),
            audience=offer.audience if offer.is_published else offer.private.next_audience,
            is_supposed=True,
        )

    def has_audience(self, audience: Audience) -> Q:
        """Return the condition for plans of offers with this audience."""
        return Q(pk__isnull=self.audience != audience) if self.audience else Q(offer__audience=audience)

    def list_conditions(self) -> dict[SaleRule, Q]:
        """Return the conditions for plans that fail the rules on what is live."""
        if self.is_supposed:
            return {}
        return {SaleRule.OFFER_NOT_PUBLISHED: Q(offer__live_version=None), SaleRule.PLAN_NOT_LIVE: Q(is_live=False)}


# As `content.list_open_plans` says of a version: own licences on a virtual machine, and containers, unless turned off.
_IS_OPEN = Q(offer__type=OfferType.CONTAINER) | Q(offer__type=OfferType.VIRTUAL_MACHINE, is_byol=True)
LIVE = Publication(
    is_byol=Q(is_byol=True), is_open=Q(is_open=True) & _IS_OPEN, is_one_per_customer=Q(is_one_per_customer=True)
)


def list_sellers(actor: Actor) -> QuerySet[Organization]:
    """Return the partners and distributors about whose sales the actor may ask.

    A partner asks about itself, a distributor about its partners too, a publisher about whoever is in the programme,
    and the vendor about all.
    """
    sellers = list_organizations_with_visible_name(actor).filter(kind__in=SELLERS)
    if actor.organization_kind in SELLERS:
        return sellers.filter(Q(pk=actor.organization_id) | Q(parent=actor.organization_id))
    return sellers


def search_sellers(actor: Actor, text: str, limit: int) -> QuerySet[Organization]:
    """Return the first of these partners and distributors by name, at most `limit`, that match a text.

    Each of its words is part of the name or ORGID; for a publisher part of the name, or the text is the whole ORGID.
    """
    sellers = list_sellers(actor).order_by("name_folded", "pk")
    if actor.organization_kind != OrganizationKind.PUBLISHER:
        return sellers.filter(make_words_condition(text, "name_folded", "org_id"))[:limit]
    # Found in the listing first: row-level security would ask about each of 100,000 organisations.
    listing = ResellerListing.objects.visible_to(actor).filter(make_words_condition(text, "name_folded"))
    keys = list(listing.order_by("name_folded", "organization").values_list("organization", flat=True)[:limit])
    return sellers.filter(Q(pk__in=keys) | Q(org_id=text.strip()))[:limit]


def list_customers_of_seller(actor: Actor, partner: Organization) -> QuerySet[Organization]:
    """Return the customers about whom the actor may ask: those connected with the partner, and for the vendor all.

    There are none for a publisher, which must not learn who is connected with whom.
    """
    customers = Organization.objects.visible_to(actor).filter(kind=OrganizationKind.CUSTOMER)
    if actor.organization_kind == OrganizationKind.VENDOR or actor.is_system:
        return customers
    if actor.organization_kind not in SELLERS:
        return customers.none()
    return customers.filter(_connected_with(partner))


def _connected_with(partner: Organization) -> Q:
    return Q(pk__in=RawSQL("SELECT portal_customers_of(%s)", [partner.pk]))


def list_programme_members(organization_ids: Iterable[int]) -> set[int]:
    """Return which of these organisations have an active membership of a programme that opens the marketplace."""
    memberships = ProgramMembership.objects.filter(program__grants__contains=[ProgramFeature.MARKETPLACE_PURCHASE])
    return set(memberships.active().filter(organization__in=organization_ids).values_list("organization", flat=True))


def get_prospective_sale(
    actor: Actor, partner: Organization, *, customer: Organization | None = None, country: str = ""
) -> ProspectiveSale:
    """Return the facts about a sale by `partner`, which comes from `list_sellers`, to a customer or a country."""
    country = customer.country if customer else country
    rows = MarketCountry.objects.filter(country__in=[partner.country, country]).select_related("market")
    places = {row.country: row for row in rows}
    own = places.get(partner.country)
    there = places.get(country)
    connected = Organization.objects.filter(_connected_with(partner))
    return ProspectiveSale(
        partner=partner,
        customer=customer,
        country=country,
        market_id=own.market_id if own else None,
        market=own.market.local_name if own else "",
        currency=own.currency if own else "",
        is_member=bool(list_programme_members([partner.pk])),
        is_in_market=not country or bool(own and there and own.market_id == there.market_id),
        is_connected=customer is None or connected.filter(pk=customer.pk).exists(),
        day=today(),
    )


def make_plan_conditions(
    actor: Actor, sale: ProspectiveSale, among: Iterable[int] | None = None, publication: Publication = LIVE
) -> dict[SaleRule, Q]:
    """Return for each rule that depends on the plan the condition for plans that fail it.

    `among` are the primary keys of the plans in question, if they are few: then only their prices are read.
    """
    stops = SaleStop.objects.visible_to(actor).active()
    sellers = [pk for pk in (sale.partner.pk, sale.partner.parent_id) if pk]
    chosen = Authorization.objects.visible_to(actor).active().filter(organization__in=sellers)
    is_closed = ~publication.is_open
    conditions = publication.list_conditions() | {
        SaleRule.OFFER_STOPPED: Q(offer__in=stops.filter(plan=None).values("offer")),
        SaleRule.PLAN_STOPPED: Q(pk__in=stops.filter(market=None, term="").exclude(plan=None).values("plan")),
        SaleRule.OPTED_OUT: publication.has_audience(Audience.NONE) & is_closed,
        SaleRule.NO_PRICE: ~publication.is_byol & ~_has_price(sale, among),
    }
    if not sale.is_selected:
        is_for_selected = publication.has_audience(Audience.SPECIFIC) & is_closed
        conditions[SaleRule.NOT_IN_AUDIENCE] = is_for_selected & ~Q(offer__in=chosen.values("offer"))
    if sale.market_id:
        here = stops.filter(market=sale.market_id, term="")
        conditions[SaleRule.PLAN_STOPPED_IN_MARKET] = Q(pk__in=here.values("plan"))
        stopped = RawSQL(
            "SELECT portal_plans_with_stopped_terms(%s, %s, %s)", [sale.market_id, sale.currency, sale.day]
        )
        conditions[SaleRule.TERMS_STOPPED] = Q(pk__in=stopped)
    if sale.customer:
        # Of the sales that the actor sees: another partner of the customer does not learn what it has from elsewhere.
        sold = Subscription.objects.visible_to(actor).filter(customer=sale.customer)
        held = sold.exclude(state=Subscription.State.UNSUBSCRIBED).values("plan")
        conditions[SaleRule.ALREADY_HELD] = publication.is_one_per_customer & Q(pk__in=held)
    return conditions


def _has_price(sale: ProspectiveSale, among: Iterable[int] | None) -> Q:
    if sale.market_id is None:
        return Q(pk__in=[])
    keys = None if among is None else list(among)
    values = [sale.market_id, sale.currency, sale.day, keys]
    return Q(pk__in=RawSQL("SELECT portal_priced_plans(%s, %s, %s, %s::bigint[])", values))


def make_sellable_condition(actor: Actor, sale: ProspectiveSale) -> Q:
    """Return the condition for plans that may be sold: no rule fails."""
    if any(sale.list_failures()):
        return Q(pk__in=[])
    condition = Q()
    for fails in make_plan_conditions(actor, sale).values():
        condition &= ~fails
    return condition


def annotate_failed_rules(
    plans: QuerySet[Plan],
    actor: Actor,
    sale: ProspectiveSale,
    among: Iterable[int] | None = None,
    publication: Publication = LIVE,
) -> QuerySet[Plan]:
    """Return the plans with `failed_rules`: the codes of all rules that keep the sale from being made, in their order.

    A plan whose list is empty may be sold. `among` are the primary keys of the plans, if they are few.
    """
    by_plan = make_plan_conditions(actor, sale, among, publication)
    return plans.annotate(failed_rules=make_failed_rules_expression(sale, by_plan))


def make_failed_rules_expression(sale: ProspectiveSale, by_plan: Mapping[SaleRule, Q]) -> Func:
    """Return an SQL expression for the codes of all rules that fail, in their order.

    `by_plan` are conditions for rows that fail a rule; the rules that fail whatever the plan are added.
    """
    for_all = set(sale.list_failures())
    failed = [
        Value(rule.value) if rule in for_all else Case(When(by_plan[rule], then=Value(rule.value)))
        for rule in SaleRule
        if rule in for_all or rule in by_plan
    ]
    codes = ArrayField(CharField())
    return Func(*failed, template="array_remove(ARRAY[%(expressions)s]::text[], NULL)", output_field=codes)


def make_stopped_term_condition(actor: Actor, sale: ProspectiveSale) -> Exists:
    """Return the condition for prices whose term is stopped in the partner's market."""
    stops = SaleStop.objects.visible_to(actor).active().of_market(sale.market_id)
    return Exists(stops.filter(plan=OuterRef("plan"), term=OuterRef("term")))


def list_prices_of_sale(actor: Actor, sale: ProspectiveSale, plans: Iterable[Plan]) -> list[Price]:
    """Return the prices of plans that hold for the partner's market and currency, in the order of plans and terms.

    Each has `is_stopped`: whether the sale of its term is stopped there.
    """
    if sale.market_id is None:
        return []
    prices = Price.objects.visible_to(actor).filter(market=sale.market_id, currency=sale.currency, withdrawn_at=None)
    begun = prices.filter(plan__in=[plan.pk for plan in plans], valid_from__lte=sale.day)
    newest = begun.order_by("plan", "term", "billing", "-valid_from").distinct("plan", "term", "billing")
    newest = newest.annotate(is_stopped=make_stopped_term_condition(actor, sale))
    return [price for price in newest if price.amount is not None]


@dataclass(frozen=True)
class SaleGround:
    """By what a partner may sell a plan, as far as the audience decides: a code, and for DISTRIBUTOR that one."""

    ANY, OPEN_PLAN, SELECTED, DISTRIBUTOR = "any", "open_plan", "selected", "distributor"
    CODES = (ANY, OPEN_PLAN, SELECTED, DISTRIBUTOR)

    code: str
    distributor: Organization | None = None  # None too for who may not see its name


def find_sale_ground(actor: Actor, sale: ProspectiveSale, plan: Plan) -> SaleGround | None:
    """Return by what the audience of a plan's offer lets the partner sell it, or None if it does not.

    The plan comes with its offer. Other rules may say no all the same.
    """
    if plan.offer.audience == Audience.ANY:
        return SaleGround(SaleGround.ANY)
    if plan.offer.audience == Audience.SPECIFIC:
        sellers = [pk for pk in (sale.partner.pk, sale.partner.parent_id) if pk]
        rows = Authorization.objects.visible_to(actor).active().filter(offer=plan.offer_id, organization__in=sellers)
        held = set(rows.values_list("organization", flat=True))
        if sale.partner.pk in held:
            return SaleGround(SaleGround.SELECTED)
        if held:
            named = list_organizations_with_visible_name(actor).filter(pk=sale.partner.parent_id).first()
            return SaleGround(SaleGround.DISTRIBUTOR, named)
    is_open = Plan.objects.visible_to(actor).filter(LIVE.is_open, pk=plan.pk).exists()
    return SaleGround(SaleGround.OPEN_PLAN) if is_open else None


def judge_plan(actor: Actor, sale: ProspectiveSale, plan: Plan) -> Plan:
    """Return a plan that the actor sees, with its offer and `failed_rules`."""
    plans = annotate_failed_rules(Plan.objects.visible_to(actor).filter(pk=plan.pk), actor, sale, [plan.pk])
    return plans.select_related("offer").get()
