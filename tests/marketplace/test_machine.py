"""Versions, prices, audiences, sales, moves and stops at random through the actions (hypothesis).

What was done is kept in plain Python beside it: who is in the audience, who has sold, and the prices of the list. The
invariants compare the two, and ask the portal's own queries what a partner may buy against the oracle of eligibility.
"""

import datetime as dt
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from accounts.actions.standing import move_partner
from accounts.models import Organization, Program, ProgramMembership
from marketplace.actions.audience import (
    add_to_audience,
    change_live_audience,
    choose_audience,
    deauthorize,
    remove_from_audience,
    sync_audience,
)
from marketplace.actions.offers import publish_offer, save_draft
from marketplace.actions.prices import add_prices, withdraw_price
from marketplace.actions.stops import lift_stop, stop_sale
from marketplace.actions.subscriptions import import_subscriptions
from marketplace.ingest.importing import SUBSCRIPTIONS
from marketplace.models import (
    Audience,
    Authorization,
    ChannelInfo,
    Offer,
    OfferVersion,
    Plan,
    Price,
    SaleStop,
)
from marketplace.pricing import PriceChange
from marketplace.queries.eligibility import get_prospective_sale, judge_plan, list_prices_of_sale
from marketplace.queries.offers import get_newest_version
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import DomainError
from partnerportal.lib.json_lines.facts import LineOutcome, ValidLine
from tests.counts import count
from tests.marketplace.test_subscriptions import make_sale
from tests.world import World
from tests.world_offers import CHANNEL, make_content

SYSTEM = Actor.system("vendor staff")
SELLERS = ("partner", "partner2", "lapsed", "distributor", "distributor2")
MEMBERS = ("partner", "partner2", "distributor", "distributor2")  # of the programme
DISTRIBUTORS = ("distributor", "distributor2", "")
OFFERS = ("monitor", "backup")
PLANS = ("basic", "pro")
VERSIONS = st.sampled_from((("basic",), ("basic", "pro"), ("pro",)))
TERMS = st.sampled_from(("P1M", "P1Y"))
MANAGERS = st.sampled_from(("publisher", "vendor"))
DAYS = st.integers(0, 3)
AMOUNTS = st.sampled_from(("9.90", "14.00", "21.00", None))
PRICED = ("plan", "market", "currency", "term", "billing")
LEGAL = {  # what an action may answer in place of doing it
    "request_needed", "has_sales", "partner_has_sales", "nothing_to_sync", "no_draft", "plan_fixed", "incomplete",
    "already_priced", "nothing_to_end", "price_changed", "confirmation_needed", "price_begun", "unknown_plan",
    "unknown_term",
}  # fmt: skip


def attempt(actor: Actor, action: Any) -> Any:
    """The action's answer, or the code of its refusal; as a request of that actor."""
    try:
        if actor.is_system:
            with transaction.atomic():
                return action()
        with transaction.atomic(), tenancy.as_tenant(organization_id=actor.organization_id, person_id=actor.person_id):
            return action()
    except DomainError as error:
        assert error.code in LEGAL, error.code
        return error.code


class Marketplace(RuleBasedStateMachine):
    world: ClassVar[World]
    actors: ClassVar[dict[str, Actor]]

    def __init__(self) -> None:
        super().__init__()
        self.point = transaction.savepoint()
        self.today = dt.datetime.now(dt.UTC).date()
        self.sold: dict[str, set[str]] = {code: set() for code in OFFERS}  # who has resold while it had an audience
        self.sold["backup"].add("partner")
        self.was_given = set(Authorization.objects.values_list("pk", flat=True))
        self.published: dict[int, Any] = {}  # the content of each version once it was published
        self.sales = 0

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.point)

    def offer(self, code: str) -> Offer:
        return Offer.objects.get(code=code)

    # Versions

    @rule(code=st.sampled_from(OFFERS), plans=VERSIONS, name=st.text("ab", min_size=1, max_size=3))
    def edit(self, code: str, plans: tuple[str, ...], name: str) -> None:
        actor, offer = self.actors["publisher"], self.offer(code)
        content = make_content(name, *plans)
        attempt(actor, lambda: save_draft(actor=actor, offer=offer, content=content, channel=CHANNEL, revision=None))

    @rule(code=st.sampled_from(OFFERS))
    def publish(self, code: str) -> None:
        actor, offer = self.actors["publisher"], self.offer(code)
        revision = get_newest_version(offer).revision
        attempt(actor, lambda: publish_offer(actor=actor, offer=offer, revision=revision))

    # Prices

    @rule(code=st.sampled_from(OFFERS), plan=st.sampled_from(PLANS), amount=AMOUNTS, days=DAYS, term=TERMS)
    def price(self, code: str, plan: str, amount: str | None, days: int, term: str) -> None:
        actor, offer = self.actors["publisher"], self.offer(code)
        day = self.today + dt.timedelta(days)
        before = self._in_force(code, plan, term, day - dt.timedelta(1))
        change = PriceChange(
            plan=plan, market="europe", currency="EUR", term=term, billing="P1M", amount=amount, valid_from=day,
            replaces=None if before is None else f"{before:.2f}", confirmed_code=plan,
        )  # fmt: skip
        attempt(actor, lambda: add_prices(actor=actor, offer=offer, changes=[change]))

    @rule(data=st.data())
    def withdraw(self, data: Any) -> None:
        rows = list(Price.objects.filter(withdrawn_at=None).order_by("pk"))
        price, actor = data.draw(st.sampled_from(rows)), self.actors["publisher"]
        attempt(actor, lambda: withdraw_price(actor=actor, price=price))

    # Stops

    @rule(
        code=st.sampled_from(OFFERS),
        place=st.sampled_from((("", ""), ("basic", ""), ("basic", "P1M"), ("basic", "P1Y"))),
        by=MANAGERS,
    )
    def stop(self, code: str, place: tuple[str, str], by: str) -> None:
        actor, offer, (plan, term) = self.actors[by], self.offer(code), place
        row = Plan.objects.get(offer=offer, code=plan) if plan else None
        attempt(actor, lambda: stop_sale(actor=actor, offer=offer, plan=row, term=term, reason="because"))

    @rule(data=st.data())
    def lift(self, data: Any) -> None:
        rows = list(SaleStop.objects.active().select_related("offer").order_by("pk"))
        if rows:
            stop = data.draw(st.sampled_from(rows))
            actor = self.actors["vendor" if stop.by_vendor else "publisher"]
            attempt(actor, lambda: lift_stop(actor=actor, stop=stop))

    # Audiences

    @rule(code=st.sampled_from(OFFERS), audience=st.sampled_from(Audience))
    def choose(self, code: str, audience: str) -> None:
        actor, offer = self.actors["publisher"], self.offer(code)
        attempt(actor, lambda: choose_audience(actor=actor, offer=offer, audience=audience, revision=None))

    @rule(code=st.sampled_from(OFFERS), who=st.sets(st.sampled_from(MEMBERS), min_size=1))
    def add(self, code: str, who: set[str]) -> None:
        actor, offer = self.actors["publisher"], self.offer(code)
        keys = [self.world[name].pk for name in sorted(who)]
        attempt(actor, lambda: add_to_audience(actor=actor, offer=offer, organization_ids=keys))

    @rule(code=st.sampled_from(OFFERS), who=st.sets(st.sampled_from(MEMBERS), min_size=1))
    def take_out(self, code: str, who: set[str]) -> None:
        actor, offer = self.actors["publisher"], self.offer(code)
        keys = [self.world[name].pk for name in sorted(who)]
        attempt(actor, lambda: remove_from_audience(actor=actor, offer=offer, organization_ids=keys))

    @rule(code=st.sampled_from(OFFERS))
    def sync(self, code: str) -> None:
        actor, offer = self.actors["publisher"], self.offer(code)
        attempt(actor, lambda: sync_audience(actor=actor, offer=offer, revision=offer.audience_revision))

    @rule(code=st.sampled_from(OFFERS), who=st.sets(st.sampled_from(MEMBERS), min_size=1, max_size=2))
    def decide_to_end(self, code: str, who: set[str]) -> None:
        actor, offer = self.actors["vendor"], self.offer(code)
        keys = [self.world[name].pk for name in sorted(who)]
        attempt(actor, lambda: deauthorize(actor=actor, offer=offer, organization_ids=keys))

    @rule(code=st.sampled_from(OFFERS), audience=st.sampled_from(Audience))
    def decide_option(self, code: str, audience: str) -> None:
        actor, offer = self.actors["vendor"], self.offer(code)
        attempt(actor, lambda: change_live_audience(actor=actor, offer=offer, audience=audience))

    @rule(code=st.sampled_from(OFFERS), who=st.sets(st.sampled_from(MEMBERS)))
    def close_and_reopen(self, code: str, who: set[str]) -> None:
        """From any over none to specific: the way on which nobody is removed, and who has sold could be forgotten."""
        self.decide_option(code, Audience.ANY)
        self.decide_option(code, Audience.NONE)
        self.choose(code, Audience.SPECIFIC)
        if who:
            self.take_out(code, who)
        self.sync(code)

    # Sales and moves

    @rule(
        code=st.sampled_from(OFFERS), buyer=st.sampled_from(SELLERS), reseller=st.sampled_from(("", "", *SELLERS)),
        state=st.sampled_from(("subscribed", "pending")),
    )  # fmt: skip
    def sell(self, code: str, buyer: str, reseller: str, state: str) -> None:
        plan = next(p for p in self.offer(code).live_version.content["plans"])  # type: ignore[union-attr]
        self.sales += 1
        waits = (
            {"activated_at": None, "starts_on": None, "amount": None, "currency": None} if state == "pending" else {}
        )
        values = make_sale(
            self.world, external_id=f"M-{self.sales}", offer=code, plan=plan["code"], state=state,
            buyer=self.world[buyer].org_id, reseller=self.world[reseller].org_id if reseller else None, **waits,
        )  # fmt: skip
        line_type = SUBSCRIPTIONS[values.pop("type")]
        valid = line_type.serializer.run_validation(values)
        line = ValidLine(1, "subscription", line_type.take_key(valid), dict(valid))
        answer = attempt(SYSTEM, lambda: import_subscriptions(actor=SYSTEM, lines=[line]))
        assert answer == {1: LineOutcome.ADDED}
        self.sold[code] |= {buyer, reseller} - {""}

    @rule(who=st.sampled_from(("partner", "partner2")), to=st.sampled_from(DISTRIBUTORS))
    def move(self, who: str, to: str) -> None:
        partner, distributor = Organization.objects.get(pk=self.world[who].pk), self.world[to] if to else None
        attempt(SYSTEM, lambda: move_partner(actor=SYSTEM, partner=partner, distributor=distributor))

    # What always holds

    @invariant()
    def who_has_sold_is_in_every_audience_of_selected_partners(self) -> None:
        parents = dict(Organization.objects.values_list("pk", "parent"))
        for code in OFFERS:
            offer = self.offer(code)
            if offer.audience == Audience.SPECIFIC:
                held = set(offer.authorizations.active().values_list("organization", flat=True))
                lost = {n for n in self.sold[code] if not held & {self.world[n].pk, parents[self.world[n].pk]}}
                assert not lost, f"{code}: {lost}"

    @invariant()
    def an_authorization_is_ended_and_never_deleted(self) -> None:
        rows = set(Authorization.objects.values_list("pk", flat=True))
        assert self.was_given <= rows
        self.was_given = rows

    @invariant()
    def only_selected_partners_have_rows(self) -> None:
        others = Authorization.objects.active().exclude(offer__audience=Audience.SPECIFIC)
        assert not others.exists()

    @invariant()
    def what_buyers_see_is_one_published_version_that_never_changes(self) -> None:
        buyer = self.actors["partner"]
        for code in OFFERS:
            offer = self.offer(code)
            seen = list(OfferVersion.objects.visible_to(buyer).filter(offer=offer))
            assert [row.pk for row in seen] == [offer.live_version_id]
            (version,) = seen
            assert version.number == max(v.number for v in offer.versions.exclude(number=None))
            assert ChannelInfo.objects.visible_to(buyer).filter(version__offer=offer).get().version_id == version.pk
            assert self.published.setdefault(version.pk, version.content) == version.content
            live = {plan.code for plan in offer.plans.filter(is_live=True)}
            assert live == {plan["code"] for plan in version.content["plans"]}
            drafts = offer.versions.filter(number=None)
            assert drafts.count() <= 1

    @invariant()
    def one_price_holds_and_it_is_the_latest_that_has_begun(self) -> None:
        rows = list(
            Price.objects.filter(withdrawn_at=None).values(
                "plan", "market", "currency", "term", "billing", "valid_from", "pk"
            )
        )
        keys = [tuple(v for k, v in row.items() if k != "pk") for row in rows]
        assert len(set(keys)) == len(keys), "two prices begin on the same day"
        for days in range(5):
            day = self.today + dt.timedelta(days)
            latest: dict[tuple[Any, ...], tuple[dt.date, int]] = {}
            for row in rows:
                key = tuple(row[name] for name in PRICED)
                if row["valid_from"] <= day:
                    latest[key] = max(latest.get(key, (dt.date.min, 0)), (row["valid_from"], row["pk"]))
            in_force = set(Price.objects.in_force(day).values_list("pk", flat=True))
            assert in_force == {pk for _day, pk in latest.values()}

    @invariant()
    def a_partner_is_shown_the_prices_in_force_of_its_market_alone(self) -> None:
        buyer = self.actors["partner"]
        sale = get_prospective_sale(buyer, Organization.objects.get(pk=self.world.partner.pk))
        shown = {price.pk for price in list_prices_of_sale(buyer, sale, Plan.objects.visible_to(buyer))}
        right = Price.objects.in_force(self.today).filter(market__code="europe", currency="EUR").exclude(amount=None)
        assert shown == set(right.exclude(plan__published_in=None).values_list("pk", flat=True))

    @invariant()
    def a_partner_may_sell_what_the_rules_say(self) -> None:
        buyer = self.actors["partner"]
        partner = Organization.objects.get(pk=self.world.partner.pk)
        plans = list(Plan.objects.exclude(published_in=None).select_related("offer__live_version"))
        with tenancy.as_tenant(organization_id=buyer.organization_id, person_id=buyer.person_id):
            sale = get_prospective_sale(buyer, partner)
            failed = {plan: set(judge_plan(buyer, sale, plan).failed_rules) for plan in plans}
        assert failed == {plan: self._failed(plan.offer, plan, partner) for plan in plans}

    def _failed(self, offer: Offer, plan: Plan, partner: Organization) -> set[str]:
        failed = set()
        stops = [(s.plan_id, s.term) for s in offer.stops.filter(lifted_at=None, market=None)]
        if (None, "") in stops:
            failed.add("offer_stopped")
        if (plan.pk, "") in stops:
            failed.add("plan_stopped")
        version = offer.live_version
        if version and plan.code not in {p["code"] for p in version.content["plans"]}:
            failed.add("plan_not_live")
        held = set(offer.authorizations.filter(ended_at=None).values_list("organization", flat=True))
        if offer.audience == Audience.NONE:
            failed.add("opted_out")
        elif offer.audience == Audience.SPECIFIC and not held & {partner.pk, partner.parent_id}:
            failed.add("not_in_audience")
        amounts = {term: self._in_force(offer.code, plan.code, term, self.today) for term in ("P1M", "P1Y")}
        priced = {term for term, amount in amounts.items() if amount is not None}
        if not priced:
            failed.add("no_price")
        if priced and all((plan.pk, term) in stops for term in priced):
            failed.add("terms_stopped")
        return failed

    def _in_force(self, code: str, plan: str, term: str, day: dt.date) -> Decimal | None:
        rows = Price.objects.filter(plan__offer__code=code, plan__code=plan, market__code="europe", currency="EUR")
        begun = rows.filter(term=term, withdrawn_at=None, valid_from__lte=day)
        latest = begun.order_by("valid_from").last()
        return latest.amount if latest else None


@pytest.mark.slow
@pytest.mark.no_cover
def test_random_walks(world: World) -> None:
    csp = Program.objects.get(code="csp")
    for name in ("partner2", "distributor2"):
        ProgramMembership.objects.create(organization=world[name], program=csp, starts_on=dt.date(2020, 1, 1))
    Marketplace.world = world
    Marketplace.actors = {name: world.actor(f"{name}.admin") for name in ("publisher", "vendor", "partner")}
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Marketplace,
        settings=settings(max_examples=count(100, at_least=8), stateful_step_count=20, suppress_health_check=checks),
    )
