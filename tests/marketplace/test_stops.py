"""Stops of sales: who may stop and lift what, that two clicks give one stop, and that the vendor's is its own."""

from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organization
from marketplace.actions.offers import save_draft
from marketplace.actions.stops import lift_stop, stop_sale
from marketplace.models import Market, Offer, Plan, Price, SaleStop, StopReason
from marketplace.queries.eligibility import get_prospective_sale, judge_plan
from marketplace.queries.price_list import list_price_list
from notifications.actions.outbox import send_due_emails, write_due_notices
from notifications.models import Event, Notice
from notifications.registry import get_notice_kinds
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound
from tests.world import World
from tests.world_offers import CHANNEL, make_content

pytestmark = pytest.mark.django_db

ADMIN, STAFF = "publisher.admin", "vendor.admin"


def monitor() -> Offer:
    return Offer.objects.get(code="monitor")


def events(kind: str) -> list[Event]:
    return list(Event.objects.filter(kind=f"offer.{kind}").order_by("pk"))


@pytest.mark.parametrize("place", ["offer", "plan", "market", "term", "term and market"])
def test_two_clicks_give_one_stop_and_it_is_lifted_as_easily(world: World, place: str) -> None:
    offer = monitor()
    plan = offer.plans.get() if place != "offer" else None
    market = Market.objects.get(code="europe") if "market" in place else None
    term = "P1M" if "term" in place else ""
    actor, prices = world.actor(ADMIN), list(Price.objects.order_by("pk").values())
    stop = stop_sale(actor=actor, offer=offer, plan=plan, market=market, term=term)
    assert stop_sale(actor=actor, offer=offer, plan=plan, market=market, term=term) == stop
    assert [stop] == list(offer.stops.active()) and len(events("stopped")) == 1
    assert lift_stop(actor=actor, stop=stop).lifted_at
    lift_stop(actor=actor, stop=stop)
    assert not offer.stops.active().exists() and len(events("resumed")) == 1
    assert stop_sale(actor=actor, offer=offer, plan=plan, market=market, term=term) != stop
    assert list(Price.objects.order_by("pk").values()) == prices


def test_the_vendor_gives_a_reason_and_alone_lifts_its_stop(world: World, as_tenant: Any) -> None:
    with pytest.raises(InvalidInput, match="reason_required"):
        stop_sale(actor=world.actor(STAFF), offer=monitor(), reason="  ")
    theirs = stop_sale(actor=world.actor(STAFF), offer=monitor(), reason="Security\u202e hole")
    assert theirs.stop_reason.text == "Security hole"  # nothing turns the direction of what stands beside it
    own = stop_sale(actor=world.actor(ADMIN), offer=monitor())
    assert theirs != own and events("stopped")[0].note == "Security hole"
    with pytest.raises(ActionRefused, match="not_your_stop"):
        lift_stop(actor=world.actor(ADMIN), stop=theirs)
    with pytest.raises(ActionRefused, match="not_your_stop"):
        lift_stop(actor=world.actor(STAFF), stop=own)
    with pytest.raises(DatabaseError), as_tenant(world.actor(ADMIN)), transaction.atomic():
        SaleStop.objects.filter(pk=theirs.pk).update(lifted_at=timezone.now())
    lift_stop(actor=world.actor(STAFF), stop=theirs)
    assert list(monitor().stops.active()) == [own]


@pytest.mark.parametrize("who", ["publisher.reader", "vendor.reader", "partner.admin", "customer.admin"])
def test_nobody_else_stops_a_sale(world: World, who: str) -> None:
    with pytest.raises(ActionRefused):
        stop_sale(actor=world.actor(who), offer=monitor(), reason="No")
    with pytest.raises(ActionRefused):
        lift_stop(actor=world.actor(who), stop=SaleStop.objects.select_related("offer").get())


def test_what_cannot_be_stopped(world: World) -> None:
    actor, foreign = world.actor(ADMIN), Plan.objects.get(offer__code="backup", code="basic")
    with pytest.raises(NotFound):
        stop_sale(actor=actor, offer=monitor(), plan=foreign)
    with pytest.raises(InvalidInput, match="plan_required"):
        stop_sale(actor=actor, offer=monitor(), market=Market.objects.get(code="europe"))
    with pytest.raises(InvalidInput, match="plan_required"):
        stop_sale(actor=actor, offer=monitor(), term="P1M")
    with pytest.raises(InvalidInput, match="unknown_term"):
        stop_sale(actor=actor, offer=monitor(), plan=monitor().plans.get(), term="P3Y")
    with pytest.raises(InvalidInput, match="reason_required"):
        stop_sale(actor=actor, offer=monitor(), reason="x" * 501)
    other = type(actor)(**{**actor.__dict__, "organization_id": world.distributor.pk})
    with pytest.raises(NotFound):
        stop_sale(actor=other, offer=monitor())


def test_a_plan_that_only_the_draft_has_is_not_stopped_and_leaves_it(world: World, web: Any, as_tenant: Any) -> None:
    backup, actor = Offer.objects.get(code="backup"), world.actor(ADMIN)
    plan = backup.plans.get(code="pro")
    with pytest.raises(Conflict, match="plan_not_live"):
        stop_sale(actor=actor, offer=backup, plan=plan)
    with pytest.raises(DatabaseError), as_tenant(actor), transaction.atomic():
        SaleStop.objects.create(offer=backup, plan=plan)
    page = web(ADMIN).get(reverse("stop_new", args=[backup.public_id])).content.decode()
    assert 'value="basic"' in page and 'value="pro"' not in page
    save_draft(actor=actor, offer=backup, content=make_content("Backup", "basic"), channel=CHANNEL, revision=None)
    assert not backup.plans.filter(code="pro").exists()


SEES_REASONS = ("publisher.admin", "publisher.reader", "vendor.admin", "vendor.reader")
SEES_NONE = ("partner.admin", "partner2.admin", "distributor.admin", "customer.admin", "stranger.admin")


@pytest.mark.parametrize("is_locked", [True, False], ids=["first lock", "second lock"])
def test_why_a_sale_is_stopped_is_read_by_its_publisher_and_the_vendor_alone(
    world: World, as_tenant: Any, is_locked: bool
) -> None:
    """By the tables as by the page: whoever sees the offer sees that it is not on sale, and no column says why."""
    stop_sale(actor=world.actor(STAFF), offer=monitor(), reason="qwhyq of the vendor")
    stop_sale(actor=world.actor(ADMIN), offer=monitor(), reason="qwhyq of the publisher")
    for who in (*SEES_REASONS, *SEES_NONE):
        actor = world.actor(who)
        with as_tenant(actor), connection.cursor() as cursor:
            if is_locked:
                assert StopReason.objects.visible_to(actor).count() == (3 if who in SEES_REASONS else 0), who
                assert SaleStop.objects.visible_to(actor).filter(offer__code="monitor").count() == 2, who
                continue
            cursor.execute("SELECT text FROM marketplace_stopreason")
            assert len(cursor.fetchall()) == (3 if who in SEES_REASONS else 0), who
            cursor.execute("SELECT to_jsonb(s)::text FROM marketplace_salestop s")
            stops = cursor.fetchall()
            assert len(stops) == 3 and "qwhyq" not in str(stops), who
            cursor.execute("SELECT to_jsonb(e)::text FROM notifications_event e")
            assert ("qwhyq" in str(cursor.fetchall())) is (who in SEES_REASONS), who


@pytest.mark.parametrize("who", ["publisher.reader", "partner.admin", "publisher.admin", "vendor.admin"])
def test_nobody_writes_or_changes_the_reason_of_another(world: World, as_tenant: Any, who: str) -> None:
    """The publisher writes none for the vendor's stop, nor the vendor for the publisher's; a reason never changes."""
    theirs = stop_sale(actor=world.actor(STAFF), offer=monitor(), reason="Security\u202e hole")
    assert theirs.stop_reason.text == "Security hole"  # nothing turns the direction of what stands beside it
    own = SaleStop.objects.get(offer__code="backup")  # of the publisher
    stop = own if who == "vendor.admin" else theirs
    StopReason.objects.filter(stop=stop).delete()
    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(world.actor(who)), transaction.atomic():
        StopReason.objects.create(stop=stop, text="Because")
    for change in ({"text": "Other"}, None):
        with pytest.raises(DatabaseError, match="permission denied"), as_tenant(world.actor(who)), transaction.atomic():
            rows = StopReason.objects.all()
            rows.update(**change) if change else rows._raw_delete("default")


def test_a_partner_reads_that_it_is_not_on_sale_and_no_reason(world: World, web: Any, api: Any) -> None:
    stop_sale(actor=world.actor(STAFF), offer=monitor(), reason="qwhyq")
    path = f"marketplace/offers/{monitor().public_id}/"
    for who in ("partner.admin", "distributor.admin"):
        page = web(who).get(f"/{path}").content.decode()
        assert "The sale of the offer has been stopped." in page and "qwhyq" not in page
        shown = api(who).get(f"/api/v1/catalogue/{monitor().public_id}/").content.decode()
        assert "offer_stopped" in shown and "qwhyq" not in shown
    assert "qwhyq" in web(ADMIN).get(f"/offers/{monitor().public_id}/prices/").content.decode()
    assert "qwhyq" in api(ADMIN).get(f"/api/v1/offers/{monitor().public_id}/stops/").content.decode()


def told() -> list[tuple[str, str, Notice]]:
    while write_due_notices():
        pass
    kinds = dict(Organization.objects.values_list("pk", "kind"))
    rows = Notice.objects.filter(kind__startswith="sale_").order_by("pk")
    return [(kinds[row.recipient_id], row.kind, row) for row in rows]


@pytest.mark.parametrize("email", ["office@vendor.example", ""])
def test_the_publisher_is_told_of_the_vendors_stop_with_the_reason_and_whom_to_ask(world: World, email: str) -> None:
    Organization.objects.filter(kind="vendor").update(contact_email=email)
    plan, market = monitor().plans.get(), Market.objects.get(code="europe")
    lift_stop(actor=world.actor(ADMIN), stop=stop_sale(actor=world.actor(ADMIN), offer=monitor(), reason="Ours"))
    assert told() == []
    stop = stop_sale(actor=world.actor(STAFF), offer=monitor(), plan=plan, market=market, reason="Security hole")
    stop_sale(actor=world.actor(STAFF), offer=monitor(), reason="Unsafe")
    lift_stop(actor=world.actor(STAFF), stop=stop)
    rows = told()
    assert [row[:2] for row in rows] == [("publisher", "sale_stopped")] * 2 + [("publisher", "sale_resumed")]
    (first, second, lifted) = (
        (get_notice_kinds()[kind].get_subject(notice), get_notice_kinds()[kind].get_body(notice))
        for _who, kind, notice in rows
    )
    vendor = Organization.objects.get(kind="vendor").name
    whom = f"Write to {email}." if email else "Ask your account manager, named under Account details."
    assert first == (
        f"{vendor} has stopped the sale of Monitor",
        "The change affects the plan basic in the market Europe.\nReason: Security hole\n"
        f"Only the vendor can resume the sale. {whom}",
    )
    assert second[1].startswith("The change affects all plans in all markets.\nReason: Unsafe\n")
    assert lifted == (
        f"{vendor} has resumed the sale of Monitor",
        "The change affects the plan basic in the market Europe.",
    )


def test_the_vendors_stop_is_mailed_to_admins_of_the_publisher_by_preference(world: World) -> None:
    stop_sale(actor=world.actor(STAFF), offer=monitor(), reason="Security hole")
    told()
    while send_due_emails():
        pass
    (letter,) = mail.outbox
    assert "Security hole" in letter.body and world.person(ADMIN).email in letter.to[0]


def test_the_vendor_stops_and_lifts_on_the_page_of_the_offer(world: World, web: Any) -> None:
    client, path = web(STAFF), f"/marketplace/all/{monitor().public_id}/"
    assert "Stop sale…" in client.get(path).content.decode()
    answer = client.post(f"/offers/{monitor().public_id}/stops/new/", {"reason": "Recall"})
    assert (answer.status_code, answer.headers["Location"]) == (302, path)
    page = client.get(path).content.decode()
    stop = SaleStop.objects.get(by_vendor=True)
    assert "Recall" in page and f"/stops/{stop.public_id}/lift/" in page
    assert client.post(f"/offers/{monitor().public_id}/stops/{stop.public_id}/lift/", {}).headers["Location"] == path
    stop_sale(actor=world.actor(ADMIN), offer=monitor(), reason="Ours")
    page = client.get(path).content.decode()
    assert "Only the publisher can resume this sale." in page and "/lift/" not in page
    assert "Stop sale…" in (page := web("vendor.reader").get(path).content.decode()) and "stops/new/" not in page


# A published term is stopped, and not removed.


@pytest.fixture
def basic(world: World) -> Plan:
    """A plan with a price for a month and a lower one for a year, both in Europe and in Japan."""
    plan = Plan.objects.select_related("offer").get(offer__code="backup", code="basic")
    SaleStop.objects.update(lifted_at=timezone.now())
    for price in plan.prices.all():
        values = {"plan": plan, "market": price.market, "currency": price.currency, "valid_from": price.valid_from}
        Price.objects.create(**values, term="P1Y", billing="P1M", amount=5)
    return plan


@pytest.fixture
def ask(world: World, as_tenant: Any) -> Any:
    """Return a function that gives the answer of a function to the partner, for itself."""
    actor = world.actor("partner.admin")

    def answer(question: Any) -> Any:
        with as_tenant(actor):
            return question(actor, get_prospective_sale(actor, world.partner))

    return answer


def read_prices(actor: Any, sale: Any) -> dict[str, list[str]]:
    """Return the rules that fail for each term on the price list of the partner."""
    return {price.term: price.failed_rules for price in list_price_list(actor, sale) if price.plan.code == "basic"}


@pytest.mark.parametrize("where", ["", "europe", "japan"])
def test_a_stopped_term_is_sold_no_more_and_the_others_are(
    world: World, api: Any, web: Any, ask: Any, basic: Plan, where: str
) -> None:
    """The catalogue, its API, the price list and the simulator's rules say the same, in the markets of the stop."""
    actor, market = world.actor(ADMIN), Market.objects.filter(code=where).first()

    def judge() -> list[str]:
        return ask(lambda actor, sale: judge_plan(actor, sale, basic).failed_rules)

    stop = stop_sale(actor=actor, offer=basic.offer, plan=basic, market=market, term="P1Y")
    is_here = where != "japan"  # the partner is in Europe
    path = f"/api/v1/catalogue/{basic.offer.public_id}/"
    shown = api("partner.admin").get(path).json()
    assert shown["sellable"] and judge() == []
    stopped = {price["term"]: price["is_stopped"] for price in shown["plans"][0]["prices"]}
    assert stopped == {"P1M": False, "P1Y": is_here}
    assert shown["price_from"]["monthly_amount"] == ("9.90" if is_here else "5.00")
    assert ask(read_prices) == {"P1M": [], "P1Y": ["terms_stopped"] if is_here else []}
    page = web("partner.admin").get(f"/marketplace/offers/{basic.offer.public_id}/").content.decode()
    assert ("Sale stopped" in page) is is_here and "Can be sold" in page
    stop_sale(actor=actor, offer=basic.offer, plan=basic, market=market, term="P1M")
    assert judge() == (["terms_stopped"] if is_here else [])
    assert api("partner.admin").get(path).json()["sellable"] is not is_here
    lift_stop(actor=actor, stop=stop)
    assert judge() == [] and ask(read_prices)["P1Y"] == []


def test_a_plan_without_prices_is_stopped_with_its_last_term(world: World, ask: Any, basic: Plan) -> None:
    Plan.objects.filter(pk=basic.pk).update(is_byol=True)
    Price.objects.filter(plan=basic, term="P1Y").update(amount=None)  # it needs none
    for term, rules in (("P1M", []), ("P1Y", ["terms_stopped"])):
        stop_sale(actor=world.actor(ADMIN), offer=basic.offer, plan=basic, term=term)
        assert ask(lambda actor, sale: judge_plan(actor, sale, basic).failed_rules) == rules


def test_the_page_and_the_api_stop_a_term(world: World, web: Any, api: Any, basic: Plan) -> None:
    path = f"/offers/{basic.offer.public_id}/stops/new/"
    client = web(ADMIN)
    assert "All terms" in client.get(path).content.decode()
    refused = client.post(path, {"plan": "basic", "term": "P2Y"}).content.decode()
    assert "The plan is not sold for this term." in refused
    page = client.post(path, {"plan": "basic", "term": "P1Y", "market": "japan"}, follow=True).content.decode()
    assert "Basic · 1 year in Japan" in page
    url = f"/api/v1/offers/{basic.offer.public_id}/stops/"
    body = {"plan": "basic", "term": "P1Y"}
    answer = api(ADMIN).post(url, body, format="json", headers={"Idempotency-Key": "t"})
    assert (answer.status_code, answer.json()["term"], answer.json()["market"]) == (201, "P1Y", None)
    other = api(ADMIN).post(url, {"plan": "basic", "term": "P3Y"}, format="json", headers={"Idempotency-Key": "u"})
    assert (other.status_code, other.json()["errors"][0]["code"]) == (400, "unknown_term")
    assert {row["term"] for row in api(ADMIN).get(url).json()["items"]} == {"P1Y"}


def test_the_refusal_to_remove_a_published_term_says_what_to_do(world: World, basic: Plan) -> None:
    content = make_content("Backup", "basic")
    content["plans"][0]["terms"] = ["P1M"]
    with pytest.raises(Conflict, match="term_fixed") as refusal:
        save_draft(actor=world.actor(ADMIN), offer=basic.offer, content=content, channel=CHANNEL, revision=None)
    assert "Stop the sale of a term" in str(refusal.value.message)


def test_the_publisher_reads_which_term_the_vendor_has_stopped(world: World, basic: Plan) -> None:
    stop_sale(actor=world.actor(STAFF), offer=basic.offer, plan=basic, term="P1Y", reason="Recall")
    ((_who, kind, notice),) = told()
    assert "the plan basic (1 year) in all markets" in get_notice_kinds()[kind].get_body(notice)
