"""Prices: which hold on a day, what may be added and withdrawn, who sees them, and whom a new one reaches."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from marketplace.actions.offers import publish_offer, save_draft
from marketplace.actions.prices import PricesInvalid, PricesOvertaken, add_prices, withdraw_price
from marketplace.models import Market, Offer, Plan, Price, Subscription, SubscriptionTerm
from marketplace.pricing import PriceChange, is_big
from marketplace.queries.offers import get_newest_version
from marketplace.renewals import Reach, find_reach
from notifications.models import Event
from partnerportal.lib.days import today
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound
from tests.states import put
from tests.world import World
from tests.world_offers import CHANNEL, make_content

pytestmark = pytest.mark.django_db

ADMIN = "publisher.admin"
DAY = dt.timedelta(days=1)


def change(**values: Any) -> PriceChange:
    given = {"plan": "basic", "market": "europe", "currency": "EUR", "term": "P1M", "billing": "P1M"}
    return PriceChange(**given | {"amount": "12.00", "replaces": "9.90", "valid_from": today()} | values)


def backup() -> Offer:
    return Offer.objects.get(code="backup")


def in_force(plan: Plan, on: dt.date | None = None, currency: str = "EUR") -> Decimal | None:
    return Price.objects.in_force(on).get(plan=plan, currency=currency, term="P1M").amount


# Whatever rows there are, a price holds from its day until the next begins.


class InForce(TestCase):
    @settings(max_examples=60, deadline=None)
    @given(
        rows=st.lists(
            st.tuples(
                st.sampled_from([("europe", "EUR"), ("japan", "JPY"), ("europe", "CHF")]),
                st.integers(-40, 40),
                st.one_of(st.none(), st.integers(0, 99)),
                st.booleans(),
            ),
            max_size=12,
            unique_by=lambda row: row[:2],
        ),
        on=st.integers(-50, 50),
    )
    def test_as_an_oracle_in_plain_python_says(self, rows: list[Any], on: int) -> None:
        plan = Plan.objects.get(offer__code="backup", code="pro")
        markets = {market.code: market for market in Market.objects.filter(code__in=["europe", "japan"])}
        for (market, currency), day, amount, withdrawn in rows:
            Price.objects.create(
                plan=plan, market=markets[market], currency=currency, term="P1Y", billing="P1M",
                valid_from=today() + day * DAY, amount=amount,
            )  # fmt: skip
            if withdrawn:  # of a plan that was never published, so at any time
                row = Price.objects.filter(plan=plan, currency=currency, valid_from=today() + day * DAY)
                row.update(withdrawn_at=timezone.now())
        expected: dict[Any, Any] = {}
        for place, day, amount, withdrawn in sorted(rows, key=lambda row: row[1]):
            if day <= on and not withdrawn:
                expected[place] = amount
        found = Price.objects.in_force(today() + on * DAY).filter(plan=plan)
        assert {(price.market.code, price.currency): price.amount for price in found} == expected


# Adding.


def test_a_price_is_added_and_holds_from_its_day(world: World) -> None:
    plan = Plan.objects.get(offer=backup(), code="basic")
    (price,) = add_prices(actor=world.actor(ADMIN), offer=backup(), changes=[change(valid_from=today() + 10 * DAY)])
    assert price.amount == 12
    assert in_force(plan) == Decimal("9.90") == in_force(plan, today() + 9 * DAY)
    assert in_force(plan, today() + 10 * DAY) == 12
    event = Event.objects.filter(kind="offer.priced").latest("pk")
    assert event.data == {"prices": 1, "added": [str(price.public_id)]}


def test_the_same_price_again_is_the_same_row(world: World) -> None:
    first = add_prices(actor=world.actor(ADMIN), offer=backup(), changes=[change()])
    assert add_prices(actor=world.actor(ADMIN), offer=backup(), changes=[change()]) == first
    assert Event.objects.filter(kind="offer.priced").count() == 1
    with pytest.raises(PricesOvertaken) as caught:
        add_prices(actor=world.actor(ADMIN), offer=backup(), changes=[change(amount="12.01", replaces="12.00")])
    assert caught.value.code == "already_priced"


def test_an_amount_that_stands_already_adds_nothing(world: World) -> None:
    before = Price.objects.count()
    later = today() + 5 * DAY
    (price,) = add_prices(actor=world.actor(ADMIN), offer=backup(), changes=[change(amount="9.90", valid_from=later)])
    assert price.valid_from < today() and Price.objects.count() == before


def test_whoever_replaces_another_amount_than_the_one_seen_is_told(world: World) -> None:
    add_prices(actor=world.actor(ADMIN), offer=backup(), changes=[change(valid_from=today())])
    for replaces in ("9.90", None):
        with pytest.raises(PricesOvertaken) as caught:
            late = change(amount="13.00", valid_from=today() + DAY, replaces=replaces)
            add_prices(actor=world.actor(ADMIN), offer=backup(), changes=[late])
        assert [(problem.pointer, problem.code) for problem in caught.value.problems] == [
            ("/changes/0/replaces", "price_changed")
        ]
    add_prices(
        actor=world.actor(ADMIN),
        offer=backup(),
        changes=[change(amount="13.00", valid_from=today() + DAY, replaces="12.00")],
    )


def test_a_price_that_has_ended_or_never_was_is_not_replaced(world: World) -> None:
    """Who names an amount has seen one: the sale may have been ended on purpose meanwhile."""
    add_prices(actor=world.actor(ADMIN), offer=backup(), changes=[change(amount=None)])
    for late in (change(valid_from=today() + DAY), change(term="P1Y")):
        with pytest.raises(PricesOvertaken, match="price_changed"):
            add_prices(actor=world.actor(ADMIN), offer=backup(), changes=[late])
    again = [change(valid_from=today() + DAY, replaces=None), change(term="P1Y", replaces=None)]
    assert len(add_prices(actor=world.actor(ADMIN), offer=backup(), changes=again)) == 2


def test_all_or_nothing_and_each_problem_has_its_place(world: World) -> None:
    before = Price.objects.count()
    bad = [
        change(valid_from=today() + 3 * DAY),
        change(market="japan", currency="EUR"),
        change(plan="gold"),
        change(amount="1,50", currency="CHF", replaces=None),
        change(term="P3Y", replaces=None),
    ]
    with pytest.raises(PricesInvalid) as caught:
        add_prices(actor=world.actor(ADMIN), offer=backup(), changes=bad)
    assert [(problem.pointer, problem.code) for problem in caught.value.problems] == [
        ("/changes/1/currency", "currency_of_no_market"),
        ("/changes/2/plan", "unknown_plan"),
        ("/changes/3/amount", "bad_amount"),
        ("/changes/4/term", "unknown_term"),
    ]
    assert Price.objects.count() == before


def test_two_changes_of_one_price_follow_each_other(world: World) -> None:
    """The later replaces the earlier, in whatever order they come; twice for one day is refused."""
    first, second = change(), change(amount="14.00", replaces="12.00", valid_from=today() + DAY)
    prices = add_prices(actor=world.actor(ADMIN), offer=backup(), changes=[second, first])
    assert [price.amount for price in prices] == [14, 12]
    with pytest.raises(PricesInvalid) as caught:
        add_prices(actor=world.actor(ADMIN), offer=backup(), changes=[change(), change(amount="15.00")])
    assert caught.value.code == "price_twice"


@pytest.mark.parametrize(
    ("old", "new", "is_asked"),
    [
        ("10", "15", False), ("10", "15.01", True), ("10", "5", False), ("10", "4.99", True), ("10", "0", True),
        ("0", "1", True), ("0", "0", False), (None, "0", True), (None, "99", False), ("10", None, False),
    ],
)  # fmt: skip
def test_what_must_be_confirmed(old: str | None, new: str | None, is_asked: bool) -> None:
    assert is_big(*(None if text is None else Decimal(text) for text in (old, new))) is is_asked


def test_a_big_change_asks_for_the_code_of_the_plan(world: World) -> None:
    for code in ("", "pro", "BASIC"):
        with pytest.raises(PricesInvalid) as caught:
            add_prices(actor=world.actor(ADMIN), offer=backup(), changes=[change(amount="20.00", confirmed_code=code)])
        assert caught.value.code == "confirmation_needed"
    add_prices(actor=world.actor(ADMIN), offer=backup(), changes=[change(amount="20.00", confirmed_code="basic")])


def test_a_price_ends_where_there_is_one(world: World) -> None:
    plan = Plan.objects.get(offer=backup(), code="basic")
    add_prices(actor=world.actor(ADMIN), offer=backup(), changes=[change(amount=None)])
    assert in_force(plan) is None
    with pytest.raises(PricesInvalid) as caught:
        nowhere = change(amount=None, replaces=None, market="united-kingdom", currency="GBP")
        add_prices(actor=world.actor(ADMIN), offer=backup(), changes=[nowhere])
    assert caught.value.code in {"nothing_to_end", "currency_of_no_market"}


def test_an_unpublished_plan_is_priced_freely(world: World) -> None:
    """The draft's plan has no buyers: the price of one day is replaced, and withdrawn though it has begun."""
    actor, offer = world.actor(ADMIN), backup()
    for amount, replaces in (("10.00", None), ("99.00", "10.00")):
        (price,) = add_prices(actor=actor, offer=offer, changes=[change(plan="pro", amount=amount, replaces=replaces)])
    assert [row.amount for row in Price.objects.filter(plan__code="pro", withdrawn_at=None)] == [99]
    withdraw_price(actor=actor, price=price)
    assert not Price.objects.filter(plan__code="pro", withdrawn_at=None).exists()


def draft_with_terms(actor: Any, offer: Offer, *terms: str, code: str = "basic") -> None:
    """Save a draft of the cast's offer, in which one of its plans is sold for these terms."""
    content = make_content("Backup", *dict.fromkeys(("basic", code)))
    content["plans"][-1]["terms"] = list(terms)
    save_draft(actor=actor, offer=offer, content=content, channel=CHANNEL, revision=None)


def test_what_a_draft_adds_to_a_published_plan_is_priced_after_its_publication(world: World) -> None:
    """Prices hold at once, so buyers would otherwise be shown a term that no version has that they see."""
    actor, offer = world.actor(ADMIN), backup()
    draft_with_terms(actor, offer, "P1M", "P1Y", "P2Y")
    new_term = change(term="P2Y", replaces=None)
    with pytest.raises(PricesInvalid, match="unknown_term"):
        add_prices(actor=actor, offer=offer, changes=[new_term])
    publish_offer(actor=actor, offer=offer, revision=get_newest_version(offer).revision)
    assert len(add_prices(actor=actor, offer=backup(), changes=[new_term])) == 1


def test_a_plan_is_published_without_prices_for_what_it_is_not_sold_for(world: World) -> None:
    actor, offer = world.actor(ADMIN), backup()
    draft_with_terms(actor, offer, "P1M", "P1Y", code="pro")
    terms = [change(plan="pro", term=term, replaces=None) for term in ("P1M", "P1Y")]
    add_prices(actor=actor, offer=offer, changes=terms)
    draft_with_terms(actor, offer, "P1M", code="pro")
    publish_offer(actor=actor, offer=offer, revision=get_newest_version(offer).revision)
    seen = Price.objects.visible_to(world.actor("partner.admin")).filter(plan__code="pro")
    assert list(seen.values_list("term", flat=True)) == ["P1M"]


@pytest.mark.parametrize("who", ["publisher.reader", "partner.admin", "customer.admin", "vendor.admin"])
def test_the_publishers_admins_alone_change_prices(world: World, who: str) -> None:
    with pytest.raises(ActionRefused):
        add_prices(actor=world.actor(who), offer=backup(), changes=[change()])
    with pytest.raises(ActionRefused):
        withdraw_price(actor=world.actor(who), price=Price.objects.first())


# Withdrawing.


def test_a_price_is_withdrawn_until_its_day_comes(world: World) -> None:
    actor = world.actor(ADMIN)
    (price,) = add_prices(actor=actor, offer=backup(), changes=[change(valid_from=today() + DAY)])
    assert withdraw_price(actor=actor, price=price).withdrawn_at
    withdraw_price(actor=actor, price=price)
    assert Event.objects.filter(kind="offer.price_withdrawn").count() == 1
    (again,) = add_prices(actor=actor, offer=backup(), changes=[change(valid_from=today() + DAY)])
    assert again.pk != price.pk
    (begun,) = add_prices(actor=actor, offer=backup(), changes=[change()])
    for price in (Price.objects.get(currency="EUR", valid_from__lt=today()), begun):
        with pytest.raises(Conflict, match="price_begun"):
            withdraw_price(actor=actor, price=price)


def test_a_price_begins_today_at_the_earliest(world: World) -> None:
    with pytest.raises(PricesInvalid, match="in_the_past"):
        add_prices(actor=world.actor(ADMIN), offer=backup(), changes=[change(valid_from=today() - DAY)])


def test_the_database_keeps_what_buyers_were_shown(world: World, as_tenant: Any) -> None:
    actor = world.actor(ADMIN)
    begun = Price.objects.get(currency="EUR")
    (coming,) = add_prices(actor=actor, offer=backup(), changes=[change(valid_from=today() + DAY)])
    for broken in (
        lambda: Price.objects.filter(pk=begun.pk).update(withdrawn_at=timezone.now()),
        lambda: Price.objects.filter(pk=begun.pk).update(amount=1),
        lambda: Price.objects.filter(pk=coming.pk).delete(),
        lambda: Price.objects.create(
            plan=begun.plan, market=begun.market, currency="CHF", term="P1M", billing="P1M",
            valid_from=today() - 2 * DAY, amount=1,
        ),
    ):  # fmt: skip
        with pytest.raises(DatabaseError), as_tenant(actor), transaction.atomic():
            broken()
    with as_tenant(actor):
        assert Price.objects.filter(pk=coming.pk).update(withdrawn_at=timezone.now()) == 1


# Who sees them.


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("publisher.reader", {"EUR", "JPY", "GBP"}),
        ("vendor.reader", {"EUR", "JPY", "GBP"}),
        ("partner.reader", None),
        ("distributor.reader", None),
        ("customer.admin", set()),
        ("lapsed.admin", set()),
    ],
)
def test_both_locks(world: World, as_tenant: Any, who: str, seen: set[str] | None) -> None:
    """A partner sees the prices of its own market and currency; a customer and a partner outside the programme none."""
    actor = world.actor(who)
    plan = Plan.objects.get(offer=backup(), code="basic")
    other = Market.objects.get(countries__country="GB")
    Price.objects.create(
        plan=plan, market=other, currency="GBP", term="P1M", billing="P1M", valid_from=today(), amount=7
    )
    if seen is None:
        place = Market.objects.filter(countries__country=world.organization_of(who).country)
        seen = set(Price.objects.filter(market__in=place).values_list("currency", flat=True)) & {
            place.get().countries.get(country=world.organization_of(who).country).currency
        }
    rows = Price.objects.filter(plan__offer=backup())
    assert set(rows.visible_to(actor).values_list("currency", flat=True)) == seen
    with as_tenant(actor):
        assert set(Price.objects.values_list("currency", flat=True)) == seen


def test_a_draft_plans_prices_are_nobodys(world: World, as_tenant: Any) -> None:
    add_prices(actor=world.actor(ADMIN), offer=backup(), changes=[change(plan="pro", replaces=None)])
    for who in ("partner.admin", "distributor.admin", "customer.admin"):
        actor = world.actor(who)
        assert not Price.objects.visible_to(actor).filter(plan__code="pro").exists()
        with as_tenant(actor):
            assert not Price.objects.filter(plan__code="pro").exists()


def test_another_publisher_changes_nothing(world: World) -> None:
    stranger = Offer.objects.get(code="backup")
    Offer.objects.filter(pk=stranger.pk)
    foreign = world.actor(ADMIN)
    foreign = type(foreign)(**{**foreign.__dict__, "organization_id": world.distributor.pk})
    with pytest.raises(NotFound):
        add_prices(actor=foreign, offer=stranger, changes=[change()])


# Whom a price reaches.


def subscription_ending(ends_on: dt.date, *, term: str = "P1M", amount: str = "9.90") -> Subscription:
    subscription = Subscription.objects.get(external_id="qsoldq-backup")
    Subscription.objects.filter(pk=subscription.pk).update(term=term)
    SubscriptionTerm.objects.all().update(starts_on=ends_on - 27 * DAY, ends_on=ends_on, amount=amount)
    subscription.refresh_from_db()
    return subscription


def new_price(amount: str, valid_from: dt.date, term: str = "P1M") -> Price:
    held = Price.objects.get(currency="EUR")
    return Price(
        plan=held.plan, market=held.market, currency="EUR", term=term, billing="P1M",
        amount=Decimal(amount), valid_from=valid_from,
    )  # fmt: skip


def test_a_lower_price_comes_with_the_next_renewal_and_a_higher_one_with_notice(world: World) -> None:
    ends_on = today() + 10 * DAY
    subscription_ending(ends_on)
    (lower,) = find_reach(world.actor(ADMIN), [new_price("9.00", today())])
    assert lower.first == lower.last == ends_on + DAY
    higher = find_reach(world.actor(ADMIN), [new_price("11.00", today())])[0].first
    assert higher is not None and today() + 90 * DAY <= higher < today() + 122 * DAY
    assert higher.day == min((ends_on + DAY).day, 28) or higher.day == (ends_on + DAY).day


@settings(max_examples=300, deadline=None)
@given(
    first=st.integers(0, 400), ends=st.integers(-40, 1100), is_higher=st.booleans(),
    term=st.sampled_from(["P1M", "P1Y", "P2Y", "P3Y"]), notice=st.sampled_from([0, 30, 90]),
)  # fmt: skip
def test_the_renewal_as_an_oracle_counts_it(first: int, ends: int, is_higher: bool, term: str, notice: int) -> None:
    """The oracle walks from term to term; nothing is stored."""
    from django.test import override_settings

    from marketplace import renewals

    price = Price(term=term, amount=Decimal(11 if is_higher else 9), valid_from=today() + first * DAY)
    months = {"P1M": 1, "P1Y": 12, "P2Y": 24, "P3Y": 36}[term]
    begin = today() + ends * DAY + DAY
    earliest = max(price.valid_from, today() + notice * DAY) if is_higher else price.valid_from
    count, day = 0, begin
    while day < earliest:
        count += months
        year, month = divmod(begin.year * 12 + begin.month - 1 + count, 12)
        last = ((dt.date(year + (month == 11), (month + 1) % 12 + 1, 1)) - DAY).day
        day = dt.date(year, month + 1, min(begin.day, last))
    with override_settings(PORTAL_PRICE_NOTICE_DAYS=notice):
        assert renewals._find_renewal(price, today() + ends * DAY, Decimal(10)) == day


def test_so_many_prices_at_once(world: World) -> None:
    offer = Offer.objects.get(code="backup")
    with pytest.raises(InvalidInput, match="too_many_changes"):
        add_prices(actor=world.actor(ADMIN), offer=offer, changes=[change(amount="9.00")] * 2, most=1)


def test_reach_counts_subscriptions_and_licences(world: World) -> None:
    ends_on = today() + 10 * DAY
    subscription_ending(ends_on)
    lower, same = new_price("9.00", today()), new_price("9.90", today())
    assert find_reach(world.actor(ADMIN), [lower, same]) == [Reach(1, 5, ends_on + DAY, ends_on + DAY), Reach()]
    sold = Subscription.objects.get(external_id="qsoldq-backup")
    next_one = sold.terms.create(
        starts_on=ends_on + DAY, ends_on=ends_on + 30 * DAY, amount="9.90", currency="EUR", price=sold.terms.get().price
    )
    day = next_one.ends_on + DAY
    assert find_reach(world.actor(ADMIN), [lower]) == [Reach(1, 5, day, day)], "its latest term counts, and once"
    Subscription.objects.filter(external_id="qsoldq-backup").update(is_renewed=False)
    assert find_reach(world.actor(ADMIN), [lower]) == [Reach()]


def test_a_renewal_is_reached_by_the_latest_price_that_has_begun(world: World) -> None:
    ends_on = today() + 10 * DAY
    subscription_ending(ends_on)
    first, second = new_price("9.00", today() + DAY), new_price("8.00", ends_on + DAY)
    reached = Reach(1, 5, ends_on + DAY, ends_on + DAY)
    assert find_reach(world.actor(ADMIN), [first, second]) == [Reach(), reached]
    second.save()
    assert find_reach(world.actor(ADMIN), [first]) == [Reach()], "it is published already"
    Price.objects.filter(pk=second.pk).update(valid_from=ends_on + 2 * DAY)
    assert find_reach(world.actor(ADMIN), [first]) == [reached], "it begins after the renewal"


@pytest.mark.parametrize(
    ("facts", "is_reached"), [({"state": "pending", "activated_at": None}, False), ({"state": "suspended"}, True)]
)
def test_a_price_reaches_what_runs(world: World, facts: Any, is_reached: bool) -> None:
    subscription_ending(today() + 10 * DAY)
    put(Subscription.objects.filter(external_id="qsoldq-backup"), **facts)
    (reach,) = find_reach(world.actor(ADMIN), [new_price("9.00", today())])
    assert reach.subscriptions == is_reached


def test_reach_is_of_the_same_market_term_and_currency(world: World) -> None:
    subscription_ending(today())
    other = new_price("9.00", today(), term="P1Y")
    yen = new_price("9.00", today())
    yen.currency = "CHF"
    assert find_reach(world.actor(ADMIN), [other, yen]) == [Reach(), Reach()]
    SubscriptionTerm.objects.update(price=None)  # imported: its market is then that of the buyer
    found = find_reach(world.actor(ADMIN), [new_price("9.00", today())])[0].subscriptions
    country = world.partner.country
    assert found == (1 if Market.objects.filter(code="europe", countries__country=country).exists() else 0)


def test_a_price_is_found_by_an_index(world: World) -> None:
    """By plan, market and currency, among two thousand others."""
    offer, market = backup(), Market.objects.get(code="europe")
    codes = [f"many-{number}" for number in range(100)]
    plans = Plan.objects.bulk_create([Plan(offer=offer, code=code) for code in codes])
    Price.objects.bulk_create(
        Price(
            plan=plan, market=market, currency="EUR", term="P1M", billing="P1M", amount=1,
            valid_from=today() - day * DAY,
        )
        for plan in plans
        for day in range(20)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE marketplace_price")
    found = Price.objects.filter(plan=plans[50], market=market, currency="EUR").in_force()
    assert "Seq Scan on marketplace_price" not in found.explain()
    assert "Seq Scan on marketplace_price" in Price.objects.filter(amount=1).explain()
