"""May this partner sell this plan to this customer: the SQL says what a plain oracle says, whoever asks, everywhere."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import Organization, ProgramMembership
from connections.models import Connection
from marketplace.models import (
    Authorization,
    Market,
    MarketCountry,
    Offer,
    OfferVersion,
    Plan,
    Price,
    SaleStop,
    Subscription,
)
from marketplace.queries.eligibility import (
    SaleRule,
    annotate_failed_rules,
    get_prospective_sale,
    judge_plan,
    list_customers_of_seller,
    list_sellers,
    make_sellable_condition,
)
from partnerportal.lib.tenancy import as_tenant
from tests.marketplace.eligibility_oracle import (
    ModelBuyer,
    ModelOffer,
    ModelPlan,
    ModelPrice,
    ModelSeller,
    find_failed_rules,
)
from tests.world import World
from tests.world_offers import sell

TODAY = timezone.now().date()
PLACES = [("europe", "EUR"), ("europe", "GBP"), ("japan", "JPY")]
COUNTRIES = ["DE", "GB", "JP", "AQ"]  # AQ is taken out of its market
flags = st.booleans()
rarely = st.sampled_from([False, False, False, True])
prices = st.lists(
    st.builds(
        lambda place, term, offset, amount, gone: ModelPrice(
            *place, *term, TODAY + dt.timedelta(days=offset), amount, gone
        ),
        st.sampled_from(PLACES),
        st.sampled_from([("P1M", "P1M"), ("P1Y", "P1M")]),
        st.integers(-3, 2),
        st.sampled_from([None, Decimal(0), Decimal("9.9")]),
        rarely,
    ),
    max_size=6,
    unique_by=lambda price: (price.market, price.currency, price.term, price.valid_from),
)
plans = st.builds(
    ModelPlan,
    is_live=flags | st.just(True),
    is_byol=rarely,
    is_open=flags,
    is_one_per_customer=flags,
    prices=prices,
    is_stopped=rarely,
    stopped_in=st.sets(st.sampled_from(["europe", "japan"]), max_size=1),
    terms=st.sets(st.sampled_from(["P1M", "P1Y"])),
    stopped_terms=st.sets(st.tuples(st.sampled_from(["P1M", "P1Y"]), st.sampled_from(["", "", "europe", "japan"]))),
    holders=st.dictionaries(
        st.sampled_from(["customer", "stranger"]), st.sampled_from(["partner", "distributor", "rival"])
    ),
)
offers = st.builds(
    ModelOffer,
    type=st.sampled_from(["saas", "virtual_machine", "container"]),
    is_published=st.sampled_from([True, True, False]),
    audience=st.sampled_from(["any", "specific", "none"]),
    plans=st.lists(plans, min_size=1, max_size=3),
    members=st.sets(st.sampled_from(["partner", "distributor"])),
    is_stopped=rarely,
)
sellers = st.builds(
    ModelSeller,
    name=st.just("partner"),
    distributor=st.sampled_from(["", "distributor"]),
    country=st.sampled_from(COUNTRIES),
    is_member=st.sampled_from([True, True, False]),
    is_suspended=rarely,
    is_distributor_barred=rarely,
)
buyers = st.one_of(
    st.just(ModelBuyer()),
    st.builds(ModelBuyer, country=st.sampled_from(COUNTRIES)),
    st.builds(
        ModelBuyer,
        country=st.sampled_from(COUNTRIES),
        name=st.sampled_from(["customer", "stranger"]),
        connected=st.just({"partner"}),
    ).map(lambda buyer: buyer if buyer.name == "customer" else ModelBuyer(buyer.country, buyer.name)),
)


class Undo(Exception):
    """Ends an example, whose rows go with its savepoint."""


def store(world: World, offer: ModelOffer, seller: ModelSeller, buyer: ModelBuyer) -> list[Plan]:
    """Store what an example says, and return the plans in its order."""
    MarketCountry.objects.filter(country="AQ").delete()
    parent = world.distributor.pk if seller.distributor else None
    state = "suspended" if seller.is_suspended else "active"
    Organization.objects.filter(pk=world.partner.pk).update(country=seller.country, parent=parent, state=state)
    memberships = ProgramMembership.objects.filter(organization=world.partner, program__code="csp")
    memberships.update(ends_on=None if seller.is_member else TODAY - dt.timedelta(days=1))
    if seller.is_distributor_barred:
        Organization.objects.filter(pk=world.distributor.pk).update(state="suspended")
        ProgramMembership.objects.filter(organization=world.distributor).update(ends_on=TODAY - dt.timedelta(days=1))
    if buyer.name:
        Organization.objects.filter(pk=world[buyer.name].pk).update(country=buyer.country)
    row = Offer.objects.create(
        publisher=world.publisher, code="example", type=offer.type, pricing_model="flat", audience=offer.audience
    )
    content = {"plans": [{"code": f"plan{at}", "terms": sorted(each.terms)} for at, each in enumerate(offer.plans)]}
    version = OfferVersion.objects.create(offer=row, number=1 if offer.is_published else None, content=content)
    if offer.is_published:
        Offer.objects.filter(pk=row.pk).update(live_version=version, published_at=timezone.now())
    for name in offer.members:
        Authorization.objects.create(offer=row, organization=world[name], source="selected", publisher=world.publisher)
    if offer.is_stopped:
        SaleStop.objects.create(offer=row)
    return [_store_plan(world, row, version, at, plan, offer) for at, plan in enumerate(offer.plans)]


def _store_plan(world: World, row: Offer, version: OfferVersion, at: int, plan: ModelPlan, offer: ModelOffer) -> Plan:
    is_live = plan.is_live and offer.is_published
    plan.is_live = is_live  # a version that is not published is not live
    stored = Plan.objects.create(
        offer=row,
        code=f"plan{at}",
        published_in=1 if offer.is_published else None,
        is_live=is_live,
        is_byol=plan.is_byol,
        is_open=plan.is_open,
        is_one_per_customer=plan.is_one_per_customer,
    )
    markets = {code: Market.objects.get(code=code) for code in ("europe", "japan")}
    for price in plan.prices:
        Price.objects.create(
            plan=stored,
            market=markets[price.market],
            currency=price.currency,
            term=price.term,
            billing=price.billing,
            valid_from=price.valid_from,
            amount=price.amount,
            withdrawn_at=timezone.now() if price.is_withdrawn else None,
        )
    if plan.is_stopped:
        SaleStop.objects.create(offer=row, plan=stored)
    for code in plan.stopped_in:
        SaleStop.objects.create(offer=row, plan=stored, market=markets[code])
    for term, code in plan.stopped_terms:
        SaleStop.objects.create(offer=row, plan=stored, term=term, market=markets.get(code))
    for name, sold_by in plan.holders.items():
        _hold(world, stored, version, world[name], world["lapsed" if sold_by == "rival" else sold_by])
    return stored


def _hold(world: World, plan: Plan, version: OfferVersion, customer: Organization, buyer: Organization) -> None:
    """Somebody has sold the plan to a customer."""
    Subscription.objects.create(
        external_id=f"{plan.pk}-{customer.pk}",
        offer=plan.offer,
        plan=plan,
        version=version,
        publisher=world.publisher,
        buyer=buyer,
        customer=customer,
        customer_name=customer.name,
        quantity=1,
        term="P1M",
        billing="P1M",
    )


def whose_sales(who: str, seller: ModelSeller) -> set[str] | None:
    """Return the sellers whose sales one who asks sees, None for all: its own, and those of partners below it."""
    if who.startswith("distributor"):
        return {"distributor", "partner"} if seller.distributor else {"distributor"}
    return {"partner"} if who.startswith("partner") else None


def askers(seller: ModelSeller, buyer: ModelBuyer) -> Iterator[str]:
    """Yield who may ask about a sale: the vendor always, and others by what they know."""
    yield "vendor.reader"
    if not buyer.name:
        yield "publisher.reader"
    is_known = not buyer.name or buyer.connected
    if seller.is_member and not seller.is_suspended and is_known:
        yield "partner.reader"
    if seller.distributor and is_known and not seller.is_distributor_barred:
        yield "distributor.reader"


class TestOracle(TestCase):
    """The oracle and the SQL agree for offers, prices, audiences, stops, countries and memberships of all kinds."""

    @pytest.mark.slow
    @given(offer=offers, seller=sellers, buyer=buyers)
    @settings(max_examples=150)
    def test_the_sql_says_what_the_oracle_says(self, offer: ModelOffer, seller: ModelSeller, buyer: ModelBuyer) -> None:
        world = World()
        try:
            with transaction.atomic():
                stored = store(world, offer, seller, buyer)
                places = dict(MarketCountry.objects.values_list("country", "market__code"))
                currencies = dict(MarketCountry.objects.values_list("country", "currency"))
                where = {country: (market, currencies[country]) for country, market in places.items()}
                for who in askers(seller, buyer):
                    sees = whose_sales(who, seller)
                    expected = {
                        row.pk: find_failed_rules(offer, plan, seller, buyer, where, TODAY, sees)
                        for row, plan in zip(stored, offer.plans, strict=True)
                    }
                    self.check(world, who, stored, expected, seller, buyer, is_published=offer.is_published)
                raise Undo
        except Undo:
            pass

    def check(
        self, world: World, who: str, stored: list[Plan], expected: dict[int, list[str]], seller: ModelSeller,
        buyer: ModelBuyer, *, is_published: bool,
    ) -> None:  # fmt: skip
        """Who asks gets the expected answer. Plans that are not published only their publisher and staff see."""
        actor = World().actor(who)
        with as_tenant(organization_id=actor.organization_id, person_id=actor.person_id):
            partner = list_sellers(actor).get(pk=world.partner.pk)
            customer = None
            if buyer.name:
                customer = list_customers_of_seller(actor, partner).get(pk=world[buyer.name].pk)
            sale = get_prospective_sale(actor, partner, customer=customer, country=buyer.country)
            plans = Plan.objects.visible_to(actor).filter(pk__in=[row.pk for row in stored])
            found = {row.pk: row.failed_rules for row in annotate_failed_rules(plans, actor, sale)}
            sellable = set(plans.filter(make_sellable_condition(actor, sale)).values_list("pk", flat=True))
        if not is_published and who.partition(".")[0] in ("partner", "distributor"):
            assert found == {}, who
            return
        assert found == expected, (who, seller, buyer)
        assert sellable == {pk for pk, codes in expected.items() if not codes}, who


def test_each_rule_has_failed_once_in_these_examples() -> None:
    """The examples above can meet each rule: none is there that only its code knows."""
    model = ModelOffer("saas", False, "none", [ModelPlan(is_live=False, is_stopped=True, stopped_in={"europe"})])
    model.is_stopped = True
    price = ModelPrice("europe", "EUR", "P1M", "P1M", TODAY, Decimal(1))
    stopped = ModelPlan(prices=[price], stopped_terms={("P1M", "")})
    model.plans[0].is_one_per_customer, model.plans[0].holders = True, {"c": "p"}
    seller = ModelSeller("p", "", "DE", is_member=False, is_suspended=True)
    places = {"DE": ("europe", "EUR")}
    failed = set(find_failed_rules(model, model.plans[0], seller, ModelBuyer("JP", "c"), places, TODAY))
    failed |= set(find_failed_rules(model, stopped, seller, ModelBuyer(), places, TODAY))
    model.audience, seller.country = "specific", "AQ"
    failed |= set(find_failed_rules(model, model.plans[0], seller, ModelBuyer(), places, TODAY))
    assert failed == {rule.value for rule in SaleRule}


@pytest.mark.django_db
def test_another_partner_of_a_customer_does_not_learn_what_it_has(world: Any, actor_for: Any, as_tenant: Any) -> None:
    """Its seller, the distributor above it and the vendor's staff are told, and nobody else."""
    plan = Offer.objects.get(code="backup").plans.get(code="basic")
    Plan.objects.filter(pk=plan.pk).update(is_one_per_customer=True)
    told = {}
    for seller in ("partner", "lapsed"):
        before = Subscription.objects.filter(plan=plan).exclude(state="unsubscribed")
        before.update(state="unsubscribed", ended_at=timezone.now())
        sell(world, plan.offer, external_id=f"by {seller}", buyer=world[seller], reseller=None)
        for who in ("partner.reader", "distributor.reader", "vendor.reader"):
            actor = actor_for(who)
            with as_tenant(actor):
                sale = get_prospective_sale(actor, world.partner, customer=world.customer)
                told[seller, who] = "already_held" in judge_plan(actor, sale, plan).failed_rules
    assert [by for by, is_told in told.items() if not is_told] == [
        ("lapsed", "partner.reader"),
        ("lapsed", "distributor.reader"),
    ]


@pytest.mark.django_db
def test_partners_sell_through_a_distributor_that_may_not_sell_itself(world: Any, actor_for: Any) -> None:
    """Its row stands until it is ended by a request, and what a suspended organisation has stays."""
    Organization.objects.filter(pk=world.distributor.pk).update(state="suspended")
    ProgramMembership.objects.filter(organization=world.distributor).update(ends_on=TODAY - dt.timedelta(days=1))
    plan, actor = Offer.objects.get(code="monitor").plans.first(), actor_for("vendor.reader")
    partners = judge_plan(actor, get_prospective_sale(actor, world.partner), plan).failed_rules
    own = judge_plan(actor, get_prospective_sale(actor, Organization.objects.get(pk=world.distributor.pk)), plan)
    assert "not_in_audience" not in partners
    assert {"partner_suspended", "no_membership"} <= set(own.failed_rules)


@pytest.mark.django_db
def test_a_stranger_of_the_partner_is_no_customer_to_ask_about(world: Any, actor_for: Any) -> None:
    names = world.names
    for who, known in (("partner.admin", {"customer", "customer2"}), ("publisher.admin", set())):
        actor = actor_for(who)
        with as_tenant(organization_id=actor.organization_id, person_id=actor.person_id):
            partner = list_sellers(actor).get(pk=world.partner.pk)
            rows = list_customers_of_seller(actor, partner)
            assert {names[row.pk] for row in rows} == known, who
    assert Connection.objects.active().filter(partner=world.partner).count() == 2


def rules(world: Any, actor: Any, plan: Plan, **of: Any) -> list[str]:
    """The rules that keep the partner of the cast from selling a plan, as the actor is told."""
    with as_tenant(organization_id=actor.organization_id, person_id=actor.person_id):
        sale = get_prospective_sale(actor, list_sellers(actor).get(pk=world.partner.pk), **of)
        (row,) = annotate_failed_rules(Plan.objects.visible_to(actor).filter(pk=plan.pk), actor, sale)
    return row.failed_rules


@pytest.mark.django_db
@pytest.mark.promise("CA-6")
def test_own_licences_on_virtual_machines_and_containers_are_open(world: Any, actor_for: Any) -> None:
    plan, actor = Plan.objects.get(offer__code="monitor"), actor_for("vendor.reader")
    for type_, is_byol, open_to_all in (
        ("virtual_machine", True, True),
        ("virtual_machine", False, False),
        ("container", False, True),
        ("saas", True, False),
    ):
        copy = Offer.objects.create(
            publisher=world.publisher, code=f"{type_}-{is_byol}", type=type_, pricing_model="flat", audience="none"
        )
        version = OfferVersion.objects.create(offer=copy, number=1, content=plan.offer.live_version.content)
        Offer.objects.filter(pk=copy.pk).update(live_version=version, published_at=timezone.now())
        row = Plan.objects.create(offer=copy, code="basic", published_in=1, is_live=True, is_byol=is_byol)
        assert ("opted_out" not in rules(world, actor, row)) is open_to_all, (type_, is_byol)
        Plan.objects.filter(pk=row.pk).update(is_open=False)
        assert "opted_out" in rules(world, actor, row)


@pytest.mark.django_db
@pytest.mark.promise("CA-9", "CA-10")
def test_any_partner_or_the_chosen_ones(world: Any, actor_for: Any) -> None:
    actor = actor_for("vendor.reader")
    assert rules(world, actor, Plan.objects.get(offer__code="backup", code="basic")) == []
    chosen = Plan.objects.get(offer__code="monitor")
    assert "not_in_audience" not in rules(world, actor, chosen), "through its distributor"
    Organization.objects.filter(pk=world.partner.pk).update(parent=None)
    assert "not_in_audience" in rules(world, actor, chosen)
    Authorization.objects.create(
        offer=chosen.offer, organization=world.partner, source="selected", publisher=world.publisher
    )
    assert "not_in_audience" not in rules(world, actor, chosen), "by its own row"


@pytest.mark.django_db
@pytest.mark.promise("CA-16", "E-10")
def test_a_partner_sells_in_its_own_market_alone(world: Any, actor_for: Any) -> None:
    actor, plan = actor_for("partner.reader"), Plan.objects.get(offer__code="backup", code="basic")
    for country, is_inside in (("DE", True), ("GB", True), ("NO", True), ("JP", False), ("US", False)):
        assert ("outside_market" not in rules(world, actor, plan, country=country)) is is_inside, country
