"""The simulator, the API and the catalogue answer alike, for all pairs of the cast, and to each what is its own."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from accounts.models import Organization, ProgramMembership
from connections.actions import end_connection
from marketplace.actions.offers import create_offer, save_draft
from marketplace.models import (
    Authorization,
    Market,
    MarketCountry,
    Offer,
    OfferType,
    Plan,
    Price,
    PricingModel,
    SaleStop,
    Subscription,
    SubscriptionTerm,
)
from marketplace.queries.eligibility import SaleRule, get_prospective_sale
from marketplace.rows.eligibility import make_reasons
from partnerportal.lib.days import today
from tests.entitlements.test_views import text_of
from tests.marketplace.rivals import Rival
from tests.world import KINDS
from tests.world_offers import CHANNEL, make_content

pytestmark = pytest.mark.django_db
PAGE, API = "/marketplace/simulator/", "/api/v1/eligibility/"


def plan_of(code: str = "backup", plan: str = "basic") -> Plan:
    return Plan.objects.get(offer__code=code, code=plan)


def codes_on(page: Any) -> list[str] | None:
    """The rules that the page says fail; [] if the sale can be made, None without an answer."""
    import re

    html = page.content.decode()
    found = re.findall(r'<code class="mono muted" translate="no">([a-z_]+)</code>', html)
    if "This sale can be made" in html:
        return []
    return found or None


@pytest.mark.promise("G-10")
def test_every_rule_that_fails_is_named_with_its_fact(web: Any, world: Any) -> None:
    Organization.objects.filter(pk=world.customer.pk).update(country="JP")
    SaleStop.objects.create(offer=Offer.objects.get(code="monitor"))
    query = urlencode({"plan": plan_of("monitor").public_id, "customer": world.customer.public_id})
    page = web("partner.reader").get(f"{PAGE}?{query}")
    assert codes_on(page) == ["offer_stopped", "no_price", "outside_market"]
    text = text_of(page)
    assert "3 rules prevent this sale." in text and "Japan is outside the market of" in text
    assert "Country: Japan · Market: Europe outside_market Choose another customer" in text


def stop(sold: Plan, **where: Any) -> None:
    SaleStop.objects.create(offer=sold.offer, **where)


def end_price(world: Any, plan: Plan) -> None:
    (price,) = Price.objects.filter(plan=plan, currency="EUR")
    price.pk, price.public_id, price.amount, price.valid_from = None, uuid4(), None, today()
    price.save(force_insert=True)


def end_connection_of_customer(world: Any, plan: Plan) -> None:
    end_connection(actor=world.actor("partner.admin"), connection=world.connection("customer", "partner"))


def select_others(world: Any, plan: Plan) -> None:
    SubscriptionTerm.objects.filter(subscription__plan=plan).delete()  # whoever has sold it would stay
    Subscription.objects.filter(plan=plan).delete()
    Offer.objects.filter(pk=plan.offer_id).update(audience="specific")


def end_membership(world: Any, plan: Plan) -> None:
    memberships = ProgramMembership.objects.filter(organization=world.partner, program__code="csp")
    memberships.update(ends_on=today() - dt.timedelta(days=1))


FAILURES: dict[str, Callable[[Any, Plan], object]] = {  # what makes a sale fail by a rule
    "plan_not_live": lambda world, plan: Plan.objects.filter(pk=plan.pk).update(is_live=False),
    "offer_stopped": lambda world, plan: stop(plan),
    "plan_stopped": lambda world, plan: stop(plan, plan=plan),
    "plan_stopped_in_market": lambda world, plan: stop(plan, plan=plan, market=Market.objects.get(code="europe")),
    "terms_stopped": lambda world, plan: stop(plan, plan=plan, term="P1M"),
    "opted_out": lambda world, plan: Offer.objects.filter(pk=plan.offer_id).update(audience="none"),
    "not_in_audience": select_others,
    "no_price": end_price,
    "partner_suspended": lambda world, plan: Organization.objects.filter(pk=world.partner.pk).update(state="suspended"),
    "no_membership": end_membership,
    "no_market": lambda world, plan: MarketCountry.objects.filter(country=world.partner.country).delete(),
    "outside_market": lambda world, plan: Organization.objects.filter(pk=world.customer.pk).update(country="JP"),
    "not_connected": end_connection_of_customer,
    "already_held": lambda world, plan: Plan.objects.filter(pk=plan.pk).update(is_one_per_customer=True),
}
OF_WHO_ASKS = ("partner_suspended", "no_membership", "not_connected")  # then it has no catalogue, or not this customer
WITH_IT = {"no_market": ["no_price", "outside_market"]}  # what fails besides


@pytest.mark.promise("G-10")
@pytest.mark.parametrize("rule", FAILURES)
def test_each_rule_says_no_on_the_page_and_by_api(web: Any, api: Any, world: Any, rule: str) -> None:
    plan = plan_of()
    values = {"plan": plan.public_id, "partner": world.partner.public_id, "customer": world.customer.public_id}
    staff = (web("vendor.reader"), api("vendor.reader"))
    assert ask(staff, values) == []
    FAILURES[rule](world, plan)
    assert set(ask(staff, values)) == {rule, *WITH_IT.get(rule, ())}


@pytest.mark.parametrize("rule", [rule for rule in FAILURES if rule not in OF_WHO_ASKS])
def test_the_catalogue_leaves_out_what_a_rule_forbids(api: Any, world: Any, rule: str) -> None:
    def list_sellable() -> set[str]:
        answer = api("partner.reader").get(f"/api/v1/catalogue/?sellable=true&for_customer={world.customer.public_id}")
        return {row["code"] for row in answer.json()["items"]}

    assert "backup" in list_sellable()
    FAILURES[rule](world, plan_of())
    assert "backup" not in list_sellable()


def test_each_rule_has_a_case_above() -> None:
    assert {*FAILURES, "offer_not_published"} == set(SaleRule)  # the last one has a test of its own


@pytest.mark.promise("G-10")
def test_an_offer_that_was_never_published_cannot_be_sold(web: Any, api: Any, world: Any) -> None:
    actor = world.actor("publisher.admin")
    offer = create_offer(actor=actor, code="vault", type=OfferType.SAAS, pricing_model=PricingModel.FLAT)
    content = make_content("Vault", "basic")
    save_draft(actor=actor, offer=offer, content=content, channel=CHANNEL, revision=None)
    values = {"plan": plan_of("vault").public_id, "partner": world.partner.public_id}
    publisher = (web("publisher.reader"), api("publisher.reader"))
    assert ask(publisher, values) == ["offer_not_published", "plan_not_live", "opted_out", "no_price"]


@pytest.mark.promise("G-10")
@pytest.mark.parametrize(
    ("who", "seller"),
    [
        ("vendor.reader", "partner"), ("publisher.reader", "partner"), ("partner.reader", "partner"),
        ("partner.admin", "partner"), ("distributor.reader", "partner"), ("distributor.reader", "distributor"),
    ],
)  # fmt: skip
def test_each_rule_rests_on_a_fact_and_leads_on(web: Any, world: Any, who: str, seller: str) -> None:
    actor, plan = world.actor(who), plan_of("monitor")
    plan.failed_rules = [rule.value for rule in SaleRule]
    sale = get_prospective_sale(actor, world[seller], customer=world.customer)
    reasons = make_reasons(actor, sale, plan)
    assert [reason.code for reason in reasons] == plan.failed_rules
    client = web(who)
    for reason in reasons:
        assert reason.fact and reason.step, reason.code
        assert client.get(reason.step_url).status_code == 200, (reason.code, reason.step_url)


@pytest.mark.promise("G-10")
@pytest.mark.slow
def test_all_pairs_of_the_cast(web: Any, api: Any, world: Any) -> None:
    """For each partner, customer and plan: the vendor's page and API agree, and the partner's own with them."""
    sellers = [name for name, kind in KINDS.items() if kind in ("partner", "distributor")]
    customers = [name for name, kind in KINDS.items() if kind == "customer"]
    staff = (web("vendor.reader"), api("vendor.reader"))
    own = {name: (web(f"{name}.reader"), api(f"{name}.reader")) for name in ("partner", "distributor")}
    plans = list(Plan.objects.exclude(published_in=None))
    answers = {}
    for seller in sellers:
        for customer in ["", *customers]:
            for plan in plans:
                values = {"plan": plan.public_id, "partner": world[seller].public_id}
                values |= {"customer": world[customer].public_id} if customer else {}
                found = ask(staff, values)
                answers[(seller, customer, plan.offer.code)] = found
                if seller in own and "not_connected" not in found:
                    assert ask(own[seller], values) == found, (seller, customer, plan)
    assert answers[("partner", "customer", "backup")] == []
    assert answers[("partner", "customer2", "backup")] == []
    assert answers[("partner", "stranger", "backup")] == answers[("distributor", "customer", "backup")]
    assert answers[("partner", "stranger", "backup")] == ["not_connected"]
    assert answers[("partner2", "", "backup")] == ["no_membership"]
    assert answers[("partner2", "customer", "monitor")] == [
        "not_in_audience",
        "no_price",
        "no_membership",
        "not_connected",
    ]


def ask(clients: tuple[Any, Any], values: dict[str, Any]) -> list[str]:
    """The answer of page and API, which are the same."""
    page, call = clients
    answer = call.get(f"{API}?{urlencode(values)}")
    assert answer.status_code == 200, answer.content
    said = [reason["code"] for reason in answer.json()["failed_rules"]]
    assert codes_on(page.get(f"{PAGE}?{urlencode(values)}")) == said
    assert answer.json()["sellable"] is (said == [])
    return said


@pytest.mark.promise("G-10")
@pytest.mark.parametrize("who", ["partner.reader", "distributor.reader", "publisher.reader", "vendor.reader"])
def test_by_what_the_audience_lets_a_partner_sell(web: Any, api: Any, world: Any, who: str) -> None:
    """Selected itself or through its distributor, or as everybody; whatever else says no."""
    plan, distributor = plan_of("monitor"), world.distributor
    values = {"plan": plan.public_id, "partner": world.partner.public_id}
    answer = api(who).get(f"{API}?{urlencode(values)}").json()
    assert (answer["allowed_by"], answer["distributor"]["name"]) == ("distributor", distributor.name)
    page = web(who).get(f"{PAGE}?{urlencode(values)}").content.decode()
    assert f"The publisher has selected the partner’s distributor, {distributor.name}." in page
    Authorization.objects.create(offer=plan.offer, organization=world.partner)
    answer = api(who).get(f"{API}?{urlencode(values)}").json()
    assert (answer["allowed_by"], answer["distributor"]) == ("selected", None)
    values["plan"] = plan_of("backup").public_id
    assert api(who).get(f"{API}?{urlencode(values)}").json()["allowed_by"] == "any"


def test_what_the_audience_does_not_let_a_partner_sell(api: Any, world: Any) -> None:
    plan = plan_of("monitor")
    query = urlencode({"plan": plan.public_id, "partner": world.partner2.public_id})
    answer = api("vendor.reader").get(f"{API}?{query}").json()
    assert (answer["allowed_by"], answer["distributor"]) == (None, None)
    Offer.objects.filter(pk=plan.offer_id).update(audience="none")
    assert api("vendor.reader").get(f"{API}?{query}").json()["allowed_by"] is None


def test_the_catalogue_says_the_same(api: Any, world: Any) -> None:
    """For each customer of the partner: an offer may be sold if one of its plans may, page by page and in the list."""
    call = api("partner.reader")
    for customer in (world.customer, world.customer2):
        listed = call.get(f"/api/v1/catalogue/?for_customer={customer.public_id}").json()["items"]
        assert {row["code"] for row in listed} == {"backup", "monitor"}
        for row in listed:
            detail = call.get(f"/api/v1/catalogue/{row['id']}/?for_customer={customer.public_id}").json()
            verdicts = {}
            for plan in detail["plans"]:
                values = urlencode({"plan": plan["id"], "customer": customer.public_id})
                answer = call.get(f"{API}?{values}").json()
                assert answer["failed_rules"] == plan["failed_rules"], row["code"]
                verdicts[plan["code"]] = answer["sellable"]
            assert row["sellable"] == any(verdicts.values())
            only = call.get(f"/api/v1/catalogue/?for_customer={customer.public_id}&sellable=true").json()["items"]
            assert (row["id"] in {each["id"] for each in only}) == row["sellable"]


def test_a_publisher_asks_about_no_other_publishers_plans(web: Any, api: Any, world: Any, rival: Rival) -> None:
    query = urlencode({"plan": rival.offer.plans.get().public_id, "partner": world.partner.public_id})
    assert api("publisher.admin").get(f"{API}?{query}").status_code == 404
    assert codes_on(web("publisher.admin").get(f"{PAGE}?{query}")) is None
    assert "Rival" not in text_of(web("publisher.admin").get(f"{PAGE}?plan_q=rival"))
    assert api("vendor.reader").get(f"{API}?{query}").status_code == 200


def test_a_customer_counts_and_no_country_beside_it(web: Any, world: Any) -> None:
    query = {"plan": plan_of().public_id, "customer": world.customer.public_id, "country": "JP"}
    page = web("partner.reader").get(f"{PAGE}?{urlencode(query)}")
    assert codes_on(page) == [] and "country=JP" not in page.content.decode()


def test_a_publisher_asks_about_its_own_plans_and_names_no_customer(web: Any, api: Any, world: Any) -> None:
    values = {"plan": plan_of().public_id, "partner": world.partner.public_id}
    assert codes_on(web("publisher.reader").get(f"{PAGE}?{urlencode(values)}")) == []
    japan = urlencode(values | {"country": "JP"})
    assert codes_on(web("publisher.reader").get(f"{PAGE}?{japan}")) == ["outside_market"]
    for customer in (world.customer, world.stranger):
        named = urlencode(values | {"customer": customer.public_id})
        assert api("publisher.reader").get(f"{API}?{named}").status_code == 404
        page = web("publisher.reader").get(f"{PAGE}?{named}")
        assert codes_on(page) == [] and customer.name not in text_of(page), "as if nobody were named"
    unknown = urlencode(values | {"partner": world.partner2.public_id})
    assert api("publisher.reader").get(f"{API}?{unknown}").status_code == 404, "it is in no programme"


def test_drafts_are_asked_about_by_their_publisher_alone(web: Any, api: Any, world: Any) -> None:
    draft = plan_of("backup", "pro")
    values = urlencode({"plan": draft.public_id, "partner": world.partner.public_id})
    assert codes_on(web("publisher.reader").get(f"{PAGE}?{values}")) == ["plan_not_live", "no_price"]
    for who in ("partner.reader", "vendor.reader", "distributor.reader"):
        assert api(who).get(f"{API}?{values}").status_code == 404, who


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("plan=rubbish", 400),
        ("plan={plan}&country=XX", 400),
        ("plan={plan}&country=DE&customer={customer}", 400),
        ("plan={plan}&unknown=1", 400),
        ("plan={plan}&partner={stranger}", 404),
        ("plan={plan}&customer={stranger}", 404),
        ("plan={customer}", 404),
        ("plan={plan}&country=DE", 200),
    ],
)
def test_bad_questions(api: Any, world: Any, query: str, status: int) -> None:
    text = query.format(plan=plan_of().public_id, customer=world.customer.public_id, stranger=world.stranger.public_id)
    assert api("partner.reader").get(f"{API}?{text}").status_code == status


@pytest.mark.parametrize("who", ["publisher.reader", "vendor.reader"])
def test_who_sells_nothing_names_a_partner(api: Any, who: str) -> None:
    answer = api(who).get(f"{API}?plan={plan_of().public_id}")
    assert answer.status_code == 400 and "Specify a partner." in answer.content.decode()


def test_a_search_finds_partners_customers_and_plans(web: Any, world: Any) -> None:
    page = text_of(web("vendor.reader").get(f"{PAGE}?partner_q=nqpartner2q&plan_q=monitor"))
    assert world.partner2.name in page and world.distributor.name not in page
    assert "Monitor · Basic" in page and "Backup · Basic" not in page
    page = text_of(web("partner.reader").get(f"{PAGE}?customer_q=nqcustomer2q"))
    assert world.customer2.name in page and world.customer.name not in page
