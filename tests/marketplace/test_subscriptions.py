"""What was sold: imported line by line, seen by its parties alone, and never left outside the audience of its offer."""

import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from accounts.actions.standing import move_partner
from accounts.models import Organization
from connections.actions import end_connection
from marketplace.actions.audience import change_live_audience, deauthorize
from marketplace.actions.health import report_health_issue
from marketplace.actions.offers import create_offer, publish_offer, save_draft
from marketplace.actions.subscriptions import import_subscriptions
from marketplace.ingest.importing import import_subscription_file
from marketplace.models import (
    Audience,
    Authorization,
    HealthIssue,
    Offer,
    OfferType,
    Plan,
    Price,
    PricingModel,
    Subscription,
    SubscriptionTerm,
)
from marketplace.models.subscription import get_last_day_of_term
from marketplace.queries.audience import count_sales_by_seller
from marketplace.queries.eligibility import get_prospective_sale, judge_plan
from notifications.actions.outbox import write_due_notices
from notifications.models import Event, Notice
from notifications.timeline import ChangeRow, build_change_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused
from tests.world import World
from tests.world_offers import CHANNEL, make_content

TODAY = timezone.now().date()
SYSTEM = Actor.system("vendor staff")


def make_sale(world: World, **changes: Any) -> dict[str, Any]:
    """A line about a subscription of the cast's partner, which sold `monitor` to the customer."""
    return {
        "type": "subscription", "external_id": "S-1", "publisher": world.publisher.org_id, "offer": "monitor",
        "plan": "basic", "buyer": world.partner.org_id, "customer": world.customer.org_id, "state": "subscribed",
        "quantity": 5, "term": "P1M", "billing": "P1M", "purchased_at": f"{TODAY - dt.timedelta(5)}T09:00:00Z",
        "activated_at": f"{TODAY - dt.timedelta(4)}T09:00:00Z", "starts_on": str(TODAY - dt.timedelta(4)),
        "amount": "12.50", "currency": "EUR",
    } | changes  # fmt: skip


def sell(world: World, *lines: dict[str, Any], **changes: Any) -> list[tuple[str, str, str]]:
    """Import lines, and return for each its outcome, and the code and field of its first problem."""
    results: list[tuple[str, str, str]] = []

    def tell(result: Any) -> None:
        problem = result.problems[0] if result.problems else None
        results.append((str(result.outcome), problem.code if problem else "", problem.field if problem else ""))

    rows = lines or (make_sale(world, **changes),)
    stream = io.BytesIO("\n".join(json.dumps(row) for row in rows).encode())
    import_subscription_file(actor=SYSTEM, stream=stream, report_result=tell)
    return results


def test_a_line_becomes_a_subscription_with_its_term(world: World) -> None:
    assert sell(world, offer="backup", amount=None, currency=None) == [("added", "", "")]
    row = Subscription.objects.get(external_id="S-1")
    assert (row.publisher, row.buyer, row.reseller, row.customer) == (
        world.publisher, world.partner, None, world.customer,
    )  # fmt: skip
    assert (row.customer_name, row.version, row.state) == (world.customer.name, row.offer.live_version, "subscribed")
    term = row.terms.get()
    price = Price.objects.get(plan=row.plan, currency="EUR")
    assert (term.price, term.amount, term.currency) == (price, price.amount, "EUR")
    assert term.ends_on == get_last_day_of_term(TODAY - dt.timedelta(4), "P1M")
    event = Event.objects.get(kind="subscription.added", subject_id=row.public_id)
    assert (event.counterpart_id, event.customer_id, event.scopes) == (world.partner.pk, row.customer_id, 0)


def test_the_amount_at_which_it_was_sold_stands_without_a_price_of_the_list(world: World) -> None:
    sell(world, offer="backup", amount="7.5")
    term = SubscriptionTerm.objects.get(subscription__external_id="S-1")
    assert (str(term.amount), term.price) == ("7.5000", None)


def test_the_same_line_again_changes_nothing(world: World) -> None:
    lines = [make_sale(world), make_sale(world, external_id="S-2", offer="backup", amount=None, currency=None)]
    assert sell(world, *lines) == [("added", "", "")] * 2
    before = all_that_is_stored()
    plan = Plan.objects.get(offer__code="backup", code="basic")
    price = plan.prices.get(currency="EUR")
    day = TODAY - dt.timedelta(days=5)
    Price.objects.create(
        plan=plan, market=price.market, currency="EUR", term="P1M", billing="P1M", valid_from=day, amount=1
    )
    assert sell(world, *lines) == [("unchanged", "", "")] * 2
    assert all_that_is_stored() == before


def all_that_is_stored() -> list[Any]:
    models = (Subscription, SubscriptionTerm, Authorization, Event)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_a_later_line_moves_it_along_its_states_and_into_its_next_term(world: World) -> None:
    pending = {"state": "pending", "activated_at": None, "starts_on": None, "amount": None, "currency": None}
    assert sell(world, **pending) == [("added", "", "")]
    assert not SubscriptionTerm.objects.filter(subscription__external_id="S-1").exists()
    assert sell(world) == [("changed", "", "")]
    assert sell(world, state="suspended", quantity=7) == [("changed", "", "")]
    assert sell(world, quantity=7, starts_on=str(TODAY), amount="14") == [("changed", "", "")]
    row = Subscription.objects.get(external_id="S-1")
    assert (row.state, row.quantity) == ("subscribed", 7)
    assert [str(term.amount) for term in row.terms.order_by("starts_on")] == ["12.5000", "14.0000"]
    ended = {"state": "unsubscribed", "ended_at": f"{TODAY}T00:00:00Z", "quantity": 7}
    assert sell(world, **ended) == [("changed", "", "")]
    assert sell(world, quantity=7) == [("error", "no_move", "state")]
    events = Event.objects.filter(kind="subscription.changed", subject_id=row.public_id)
    assert events.count() == 4
    assert events.latest("pk").changes["state"] == ["subscribed", "unsubscribed"]


def test_a_change_is_told_by_codes_and_orgids(world: World) -> None:
    pending = {"state": "pending", "activated_at": None, "starts_on": None, "amount": None, "currency": None}
    sell(world, **pending)
    publish(world, min_seats=2, max_seats=9)
    assert sell(world, **pending, version=2, reseller=world.partner.org_id) == [("changed", "", "")]
    event = Event.objects.get(kind="subscription.changed")
    assert event.changes == {"reseller": ["", world.partner.org_id], "version": [1, 2]}
    rows = {row.label: (row.before, row.after) for row in build_change_rows(event)}
    assert rows == {"Partner": ("–", world.partner.org_id), "Version": ("1", "2")}
    event.changes = {"plan_id": [1, 2]}
    assert build_change_rows(event) == [ChangeRow("Plan", "", "", is_secret=True)], "as older events have it"


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "an unknown publisher": ({"publisher": "99999999"}, "unknown_offer", "offer"),
    "an unknown offer": ({"offer": "nothing"}, "unknown_offer", "offer"),
    "an unknown plan": ({"plan": "nothing"}, "unknown_plan", "plan"),
    "a plan of the draft alone": ({"offer": "backup", "plan": "pro"}, "unknown_plan", "plan"),
    "an unknown buyer": ({"buyer": "99999999"}, "unknown_organization", "buyer"),
    "an unknown reseller": ({"reseller": "99999999"}, "unknown_organization", "reseller"),
    "an unknown customer": ({"customer": "99999999"}, "unknown_organization", "customer"),
    "a version that is none": ({"version": 9}, "unknown_version", "version"),
    "another currency": ({"currency": "USD"}, "wrong_currency", "currency"),
    "an amount alone": ({"currency": None}, "amount_and_currency", "currency"),
    "parts of a cent": ({"amount": "12.505"}, "too_many_decimals", "amount"),
    "parts of a yen": ({"amount": "1250.5", "currency": "JPY"}, "too_many_decimals", "amount"),
    "a currency that is none": ({"currency": "Euro"}, "invalid", "currency"),
    "a plan without a price": ({"amount": None, "currency": None}, "no_price", "amount"),
    "a term of another plan": ({"term": "P3Y"}, "term_not_of_plan", "term"),
    "another billing frequency": ({"billing": "once"}, "billing_not_of_plan", "billing"),
    "a term that is none": ({"term": "P5Y"}, "invalid_choice", "term"),
    "nothing sold": ({"quantity": 0}, "min_value", "quantity"),
    "no such state": ({"state": "sold"}, "invalid_choice", "state"),
    "activated before it was bought": ({"activated_at": "2020-01-01T00:00:00Z"}, "end_before_start", "activated_at"),
    "a term before the activation": ({"starts_on": "2020-01-01"}, "end_before_start", "starts_on"),
    "a term that ends first": ({"ends_on": "2020-01-01"}, "end_before_start", "ends_on"),
    "bought tomorrow": ({"purchased_at": f"{TODAY + dt.timedelta(2)}T00:00:00Z"}, "in_the_future", "purchased_at"),
    "no day at all": ({"starts_on": "yesterday"}, "invalid", "starts_on"),
    "running and never activated": ({"activated_at": None}, "required", "activated_at"),
    "pending and activated": ({"state": "pending"}, "not_yet", "activated_at"),
    "running and ended": ({"ended_at": f"{TODAY}T00:00:00Z"}, "not_yet", "ended_at"),
    "ended at no moment": ({"state": "unsubscribed"}, "required", "ended_at"),
    "activated without a term": ({"starts_on": None}, "required", "starts_on"),
    "a field that is not known": ({"seats": 5}, "unknown_field", "seats"),
    "control characters": ({"external_id": "\x1b[2J"}, "control_characters", "external_id"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_line_that_is_wrong_is_left_out_and_its_neighbours_are_not(world: World, name: str) -> None:
    changes, code, field = WRONG[name]
    bad = make_sale(world, **{"external_id": "bad", **changes})
    results = sell(world, make_sale(world, external_id="before"), bad, make_sale(world, external_id="after"))
    assert results == [("added", "", ""), ("error", code, field), ("added", "", "")]


def test_sellers_are_partners(world: World) -> None:
    assert sell(world, buyer=world.customer2.org_id) == [("error", "wrong_kind", "buyer")]
    assert sell(world, reseller=world.publisher.org_id) == [("error", "wrong_kind", "reseller")]


def test_quantities_fit_the_plan(world: World) -> None:
    publish(world, min_seats=2, max_seats=4)
    assert sell(world, quantity=1) == [("error", "not_in_plan", "quantity")]
    assert sell(world, quantity=5) == [("error", "not_in_plan", "quantity")]
    assert sell(world, quantity=4) == [("added", "", "")]
    assert sell(world, quantity=5, external_id="S-2", version=1) == [("added", "", "")], "the buyer was shown another"


@pytest.mark.promise("CA-20", "E-8")
def test_what_was_activated_stays_sold_whatever_a_later_line_says(world: World) -> None:
    sell(world, buyer=world.partner2.org_id)
    never = {"activated_at": None, "starts_on": None, "amount": None, "currency": None}
    ended = {"state": "unsubscribed", "ended_at": f"{TODAY}T00:00:00Z"}
    assert sell(world, buyer=world.partner2.org_id, **ended, **never) == [("error", "fixed", "activated_at")]
    row = Subscription.objects.resold().get(external_id="S-1")
    with pytest.raises(IntegrityError, match="violates"), transaction.atomic():
        Subscription.objects.filter(pk=row.pk).update(state="unsubscribed", ended_at=timezone.now(), activated_at=None)
    assert sell(world, buyer=world.partner2.org_id, **ended) == [("changed", "", "")]
    assert Subscription.objects.resold().filter(pk=row.pk).exists()


@pytest.mark.promise("CA-20", "E-8")
@pytest.mark.parametrize("other", ["distributor", None])
def test_a_partner_on_record_that_has_sold_stays_locked(world: World, other: str | None) -> None:
    on_record = {"buyer": world.distributor.org_id, "reseller": world.partner2.org_id}
    assert sell(world, **on_record) == [("added", "", "")]
    changed = on_record | {"reseller": world[other].org_id if other else None}
    ended = {"state": "unsubscribed", "ended_at": f"{TODAY}T00:00:00Z"}
    assert sell(world, **changed) == [("error", "fixed", "reseller")]
    assert sell(world, **on_record, **ended) == [("changed", "", "")]
    assert sell(world, **changed, **ended) == [("error", "fixed", "reseller")]
    offer = Offer.objects.get(code="monitor")
    assert world.partner2.pk in count_sales_by_seller(SYSTEM, offer)
    with pytest.raises(IntegrityError, match="violates"), transaction.atomic():
        Subscription.objects.filter(external_id="S-1").update(reseller=other and world[other])


def test_a_partner_on_record_is_corrected_before_the_activation_and_added_after_it(world: World) -> None:
    never = {"activated_at": None, "starts_on": None, "amount": None, "currency": None}
    waits = {"buyer": world.distributor.org_id, "state": "pending"} | never
    assert sell(world, **waits, reseller=world.partner2.org_id) == [("added", "", "")]
    assert sell(world, **waits, reseller=world.partner.org_id) == [("changed", "", "")]
    assert sell(world, **waits) == [("changed", "", "")]
    runs = {"buyer": world.distributor.org_id}
    assert sell(world, **runs) == [("changed", "", "")]
    assert sell(world, **runs, reseller=world.partner.org_id) == [("changed", "", "")]


@pytest.mark.parametrize(
    ("amount", "currency", "code", "field"),
    [
        ("12.5055", "EUR", "too_many_decimals", "amount"),
        ("12.505", "EUR", "too_many_decimals", "amount"),
        ("10.5", "JPY", "too_many_decimals", "amount"),
        ("10", "XXZ", "unknown_currency", "currency"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(
    world: World, amount: str, currency: str, code: str, field: str
) -> None:
    assert sell(world, amount=amount, currency=currency) == [("error", code, field)]
    assert sell(world, amount="12.5000", currency="EUR") == [("added", "", "")]


def publish(world: World, **plan: Any) -> None:
    """Publish another version of `monitor` whose plan differs."""
    actor, offer = world.actor("publisher.admin"), Offer.objects.get(code="monitor")
    content = make_content("Monitor", "basic")
    content["plans"][0] |= plan
    draft = save_draft(actor=actor, offer=offer, content=content, channel=CHANNEL, revision=None)
    publish_offer(actor=actor, offer=offer, revision=draft.revision)


def test_the_version_that_the_buyer_was_shown_stays(world: World) -> None:
    sell(world)
    publish(world, min_seats=2, max_seats=4)
    assert sell(world) == [("unchanged", "", "")]
    assert Subscription.objects.get(external_id="S-1").version.number == 1


def test_an_offer_that_was_never_published_is_not_sold(world: World) -> None:
    actor = world.actor("publisher.admin")
    create_offer(actor=actor, code="later", type=OfferType.SAAS, pricing_model=PricingModel.FLAT)
    assert sell(world, offer="later") == [("error", "not_published", "offer")]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"offer": "backup"}, "offer"),
        ({"buyer": "partner2"}, "buyer"),
        ({"customer": "customer2"}, "customer"),
        ({"purchased_at": "2020-01-01T00:00:00Z"}, "purchased_at"),
        ({"amount": "13"}, "amount"),
    ],
)
def test_what_was_sold_does_not_change_hands_or_price(world: World, changes: dict[str, str], field: str) -> None:
    sell(world)
    before = all_that_is_stored()
    changes = {name: world[value].org_id if name in ("buyer", "customer") else value for name, value in changes.items()}
    assert sell(world, **changes) == [("error", "fixed", field)]
    assert all_that_is_stored() == before


def test_a_country_outside_all_markets_buys_nothing(world: World) -> None:
    Organization.objects.filter(pk=world.partner.pk).update(country="KP")
    assert sell(world) == [("error", "no_market", "buyer")]


@pytest.mark.parametrize("who", ["vendor.admin", "publisher.admin", "partner.admin"])
def test_no_person_imports_subscriptions(world: World, who: str) -> None:
    with pytest.raises(ActionRefused):
        import_subscriptions(actor=world.actor(who), lines=[])


def test_the_command_names_what_is_wrong_and_fails(world: World, tmp_path: Any) -> None:
    file, report = tmp_path / "sales", tmp_path / "report"
    lines = [make_sale(world), make_sale(world, external_id="S-2", offer="nothing"), make_sale(world)]
    file.write_text("\n".join(map(json.dumps, lines)))
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(CommandError, match=r"^2 of 3 lines were left out\.$"):
        call_command("import_subscriptions", str(file), "--report", str(report), stdout=out, stderr=err)
    assert "1 added, 0 changed, 0 unchanged" in out.getvalue()
    assert "Line 2 (subscription S-2): offer: This publisher has no offer with this code. [unknown_offer]" in (
        err.getvalue()
    )
    codes = [json.loads(line).get("errors", [{}])[0].get("code") for line in report.read_text().splitlines()]
    assert codes == [None, "unknown_offer", "duplicate"]


@pytest.mark.parametrize(
    ("starts_on", "term", "last"),
    [
        ("2026-03-07", "P1M", "2026-04-06"),
        ("2026-01-31", "P1M", "2026-02-27"),
        ("2028-02-29", "P1Y", "2029-02-27"),
        ("2026-12-01", "P1M", "2026-12-31"),
        ("2026-11-29", "P3Y", "2029-11-28"),
    ],
)
def test_a_term_ends_on_the_day_before_the_next_begins(starts_on: str, term: str, last: str) -> None:
    assert str(get_last_day_of_term(dt.date.fromisoformat(starts_on), term)) == last


# Who sold is never outside the audience


def authorized(world: World, code: str = "monitor") -> set[tuple[str, str]]:
    rows = Authorization.objects.active().filter(offer__code=code)
    return {(world.names[row.organization_id], row.source) for row in rows}


@pytest.mark.promise("CA-26")
def test_a_seller_outside_the_audience_comes_into_it(world: World) -> None:
    sell(world, buyer=world.partner2.org_id)
    assert authorized(world) == {("distributor", "selected"), ("partner2", "resold")}
    sell(world, buyer=world.partner2.org_id, external_id="S-2")
    assert authorized(world) == {("distributor", "selected"), ("partner2", "resold")}


def test_a_seller_that_its_distributor_covers_needs_no_row_of_its_own(world: World) -> None:
    sell(world)
    assert authorized(world) == {("distributor", "selected")}


def test_a_seller_that_was_never_a_member_stands_for_itself(world: World) -> None:
    """Its publisher does not learn whose partner it is, so a distributor's row must not hang on its sales."""
    move(world.partner2, world.distributor)
    sell(world, buyer=world.partner2.org_id)
    assert authorized(world) == {("distributor", "selected"), ("partner2", "resold")}
    staff, offer = world.actor("vendor.admin"), Offer.objects.get(code="monitor")
    assert deauthorize(actor=staff, offer=offer, organization_ids=[world.distributor.pk]) == 1


def test_a_distributor_that_buys_for_its_partner_comes_in_with_it(world: World) -> None:
    sell(world, buyer=world.distributor2.org_id, reseller=world.partner2.org_id)
    assert authorized(world) >= {("distributor2", "resold")}


def test_a_sale_that_never_began_authorizes_nobody(world: World) -> None:
    never = {
        "state": "unsubscribed", "activated_at": None, "starts_on": None, "amount": None, "currency": None,
        "ended_at": f"{TODAY}T00:00:00Z",
    }  # fmt: skip
    assert sell(world, buyer=world.partner2.org_id, **never) == [("added", "", "")]
    assert authorized(world) == {("distributor", "selected")}


def test_a_sale_that_waits_for_its_activation_authorizes_its_seller(world: World) -> None:
    waits = {"state": "pending", "activated_at": None, "starts_on": None, "amount": None, "currency": None}
    assert sell(world, buyer=world.partner2.org_id, **waits) == [("added", "", "")]
    assert authorized(world) == {("distributor", "selected"), ("partner2", "resold")}


def test_an_offer_for_everybody_has_no_rows(world: World) -> None:
    sell(world, buyer=world.partner2.org_id, offer="backup", amount="7", currency="EUR")
    assert authorized(world, "backup") == set()


def move(partner: Organization, distributor: Organization | None) -> None:
    move_partner(actor=Actor.system("staff"), partner=partner, distributor=distributor)


@pytest.mark.promise("CA-20")
def test_a_partner_that_moves_keeps_what_it_resold_and_nothing_else(world: World) -> None:
    sell(world)
    move(world.partner, world.distributor2)
    assert authorized(world) == {("distributor", "selected"), ("partner", "resold")}


def test_a_partner_that_leaves_its_distributor_keeps_what_it_resold(world: World) -> None:
    sell(world)
    move(world.partner, None)
    assert authorized(world) == {("distributor", "selected"), ("partner", "resold")}


def ends(world: World, name: str) -> bool:
    """Whether the database lets the authorisation of an organisation end; undone."""
    try:
        with transaction.atomic():
            Authorization.objects.active().filter(organization=world[name]).update(ended_at=timezone.now())
            transaction.set_rollback(True)
        return True
    except IntegrityError as error:
        assert "violates" in str(error)
        return False


@pytest.mark.promise("CA-20")
def test_a_distributors_row_is_locked_by_sales_of_those_it_covers_and_no_others(world: World) -> None:
    assert ends(world, "distributor")
    sell(world)
    assert not ends(world, "distributor")
    Authorization.objects.create(offer=Offer.objects.get(code="monitor"), organization=world.partner, source="selected")
    assert ends(world, "distributor"), "the partner stands for itself"
    assert not ends(world, "partner")


@pytest.mark.promise("E-8")
def test_what_was_sold_goes_on_and_is_served_after_the_offer_was_closed(world: World) -> None:
    """Under “no partners” nobody buys anew; what is sold is changed, suspended, renewed, seen and told of outages."""
    sold: dict[str, Any] = {"offer": "backup", "amount": None, "currency": None, "external_id": "S-1"}
    offer, partner = Offer.objects.get(code="backup"), world.actor("partner.admin")
    sell(world, **sold)
    staff = world.actor("vendor.admin")
    change_live_audience(actor=staff, offer=offer, audience=Audience.NONE)
    sale, plan = get_prospective_sale(partner, world.partner), offer.plans.get(code="basic")
    assert "opted_out" in judge_plan(partner, sale, plan).failed_rules  # type: ignore[attr-defined]
    assert sell(world, **sold, quantity=7) == [("changed", "", "")]
    assert sell(world, **sold, quantity=7, state="suspended") == [("changed", "", "")]
    assert sell(world, **sold, quantity=9, starts_on=str(TODAY)) == [("changed", "", "")]
    row = Subscription.objects.visible_to(partner).get(external_id="S-1")
    assert (row.state, row.quantity, row.terms.count()) == ("subscribed", 9, 2)
    publisher = world.actor("publisher.admin")
    report_health_issue(actor=publisher, offer=offer, kind=HealthIssue.Kind.OUTAGE, text="Down.")
    while write_due_notices():
        pass
    assert Notice.objects.filter(kind="health_reported", recipient_id=world.partner.pk).exists()
    with pytest.raises(IntegrityError, match="violates"), transaction.atomic():
        Offer.objects.filter(pk=offer.pk).update(audience=Audience.SPECIFIC)  # without the partner


@pytest.mark.promise("CA-28")
def test_an_offer_that_somebody_resold_is_not_closed_to_everybody(world: World) -> None:
    sell(world, state="unsubscribed", ended_at=f"{TODAY}T00:00:00Z")
    offer = Offer.objects.filter(code="monitor")
    with pytest.raises(IntegrityError, match="violates"), transaction.atomic():
        offer.update(audience=Audience.NONE)
    assert offer.update(audience=Audience.ANY) == 1


# Both locks: who sees what was sold


SEEN: dict[str, tuple[bool, bool]] = {  # whether the row is seen, and its terms with their prices
    "partner.admin": (True, True),
    "partner.admin_agent": (True, True),
    "partner.reader": (True, False),
    "partner.sales_agent": (True, False),
    "partner.reader_with_finance": (True, True),
    "distributor.admin": (True, True),
    "distributor.reader": (True, False),
    "publisher.admin": (True, True),
    "publisher.reader": (True, True),
    "customer.admin": (True, False),
    "customer.reader": (True, False),
    "vendor.admin": (True, True),
    "vendor.reader": (True, True),
    "lapsed.admin": (False, False),  # another partner of the customer
    "partner2.admin": (False, False),
    "distributor2.admin": (False, False),
    "customer2.admin": (False, False),
    "stranger.admin": (False, False),
    "nobadge.admin": (False, False),
    "nobody": (False, False),
    "anonymous": (False, False),
}


@pytest.mark.promise("E-13")
@pytest.mark.parametrize("who", SEEN)
def test_parties_see_what_was_sold_and_nobody_else(world: World, as_tenant: Callable[[Actor], Any], who: str) -> None:
    sell(world)
    actor = world.actor(who)
    subscriptions, terms = (
        Subscription.objects.filter(external_id="S-1"),
        SubscriptionTerm.objects.filter(subscription__external_id="S-1"),
    )
    with as_tenant(actor):
        second_lock = (subscriptions.exists(), terms.exists())
    first_lock = (
        subscriptions.visible_to(actor).exists() if actor.organization_id else False,
        terms.visible_to(actor).exists() if actor.organization_id else False,
    )
    assert (first_lock, second_lock) == (SEEN[who], SEEN[who])


def test_the_reseller_on_record_sees_the_sale_and_no_price_of_the_buyer(
    world: World, as_tenant: Callable[[Actor], Any]
) -> None:
    """Nor does its distributor, where another one has bought."""
    sell(world, buyer=world.distributor2.org_id, reseller=world.partner.org_id)
    for who, sees_price in (
        ("partner.admin", False), ("distributor.admin", False), ("distributor2.admin", True), ("partner2.admin", None),
    ):  # fmt: skip
        actor, seen = world.actor(who), sees_price is not None
        rows = Subscription.objects.filter(external_id="S-1")
        terms = SubscriptionTerm.objects.filter(subscription__external_id="S-1")
        assert (rows.visible_to(actor).exists(), terms.visible_to(actor).exists()) == (seen, bool(sees_price))
        with as_tenant(actor):
            assert (rows.exists(), terms.exists()) == (seen, bool(sees_price))


@pytest.mark.promise("E-16")
def test_the_buyer_keeps_its_record_after_the_connection_has_ended(
    world: World, as_tenant: Callable[[Actor], Any]
) -> None:
    name = world.customer.name
    sell(world)
    end_connection(actor=world.actor("customer.admin"), connection=world.connection("customer", "partner"))
    actor = world.actor("partner.admin")
    with as_tenant(actor):
        row = Subscription.objects.get(external_id="S-1")
        assert row.customer_name == name
        assert row.terms.exists()
        assert not Organization.objects.filter(pk=row.customer_id).exists(), "the customer itself is gone"
    assert Subscription.objects.visible_to(actor).filter(external_id="S-1").exists()


@pytest.mark.parametrize("who", ["vendor.admin", "publisher.admin", "partner.admin", "customer.admin"])
def test_no_tenant_writes_what_was_sold(world: World, as_tenant: Callable[[Actor], Any], who: str) -> None:
    sell(world)
    with as_tenant(world.actor(who)):
        for model in (Subscription, SubscriptionTerm):
            for write in (lambda rows: rows.update(id=-1), lambda rows: rows._raw_delete(rows.db)):
                with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                    write(model.objects.all())


def test_the_customer_hears_of_it_and_its_other_partners_do_not(
    world: World, as_tenant: Callable[[Actor], Any]
) -> None:
    sell(world)
    sell(world, state="suspended")
    events = Event.objects.filter(kind__startswith="subscription.")
    for who, seen in (("partner.admin", 2), ("lapsed.admin", 0), ("customer.admin", 2), ("publisher.admin", 0)):
        actor = world.actor(who)
        assert events.visible_to(actor).count() == seen
        with as_tenant(actor):
            assert events.count() == seen
