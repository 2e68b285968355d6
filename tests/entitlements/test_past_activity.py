"""A customer's activity begins where its data begins: what nobody did in the portal is read from the data itself."""

import datetime as dt
import re
from typing import Any

import pytest
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organization
from connections import views
from connections.actions import end_connection
from connections.models import Connection
from entitlements.actions.trials import make_entitlement_event
from entitlements.events import EntitlementEventKind
from entitlements.models import Anomaly, Entitlement, Moment, Order, Sku
from notifications.actions.recording import record_events
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.scopes import ALL, Scope
from tests.entitlements.test_views import connect, entitle, text_of
from tests.exports.test_views import NEW, table
from tests.world import World

TODAY = timezone.now().date()
LONG_AGO = dt.date(2025, 3, 2)


@pytest.fixture
def sku(db: None) -> Sku:
    return Sku.objects.create(code="VLT", service="Vault", name="Vault Pro")


@pytest.fixture
def customer(world: World, sku: Sku) -> Organization:
    """One of whom the data tells everything, and the log nothing."""
    past = connect(world.partner, "Olden Ltd")
    Connection.objects.filter(customer=past).update(connected_at="2025-03-01T08:00Z")
    order = {"customer": past, "state": "open", "currency": "EUR", "total": 1}
    Order.objects.create(**order, number="SO-OLD", placed_on=LONG_AGO)
    year = dt.timedelta(days=365)
    entitle(past, sku, starts_on=LONG_AGO, ends_on=LONG_AGO + year, state="expired", quantity=40)
    entitle(past, sku, starts_on=LONG_AGO + year, ends_on=TODAY + year, quantity=50)
    trial = {"kind": "trial", "state": "expired", "starts_on": "2025-06-01", "ends_on": "2025-06-14"}
    entitle(past, Sku.objects.create(code="FLW", service="Flow", name="Flow Team"), **trial)
    gone = Sku.objects.create(code="OLD", service="Old", name="Old Mail")
    entitle(past, gone, starts_on="2025-01-01", ends_on="2025-12-31", quantity=7)
    for metric in Anomaly.Metric.values:
        Anomaly.objects.create(
            customer=past, sku=sku, metric=metric, found_on="2025-09-09", ended_on="2025-09-12", value=2, before=30,
            low=25, high=35,
        )  # fmt: skip
    return past


def moments_of(client: Any, customer: Organization, query: str = "") -> list[str]:
    page = client.get(reverse("customer_activity", args=[customer.public_id]) + query)
    assert page.status_code == 200
    items = re.findall(r"<li[^>]*>(.*?)</li>", page.content.decode().split('class="timeline"')[-1], re.S)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", item)).strip() for item in items if "<time" in item]


ALL_OF_IT = [
    "Vault Pro was renewed · 50 licences 2 Mar 2026",
    "Old Mail ended · 7 licences 1 Jan 2026",
    "Usage of Vault Pro left its usual range 9 Sept 2025",
    "The trial of Flow Team expired · 10 licences 15 Jun 2025",
    "The trial of Flow Team started · 10 licences 1 Jun 2025",
    "Vault Pro started · 40 licences 2 Mar 2025",
    "Order SO-OLD was placed 2 Mar 2025",
    "Olden Ltd connected to {partner} 1 Mar 2025",
    "Old Mail started · 7 licences 1 Jan 2025",
]


@pytest.mark.promise("G-24")
def test_the_past_is_read_from_connections_orders_services_and_usage(
    world: World, web: Any, customer: Organization
) -> None:
    expected = [words.format(partner=world.partner.name) for words in ALL_OF_IT]
    assert moments_of(web("partner.admin"), customer) == expected
    first_page = text_of(web("partner.admin").get(reverse("customer", args=[customer.public_id])))
    assert "Vault Pro was renewed" in first_page and "Flow Team expired" in first_page
    assert "connected to" not in first_page  # it shows the latest five


@pytest.mark.promise("G-24")
def test_nothing_is_said_twice(world: World, web: Any, customer: Organization, sku: Sku) -> None:
    """What the log tells is told by it alone, with its own moment."""
    renewed = Entitlement.objects.get(customer=customer, sku=sku, quantity=50)
    record_events([make_entitlement_event(EntitlementEventKind.ADDED, Actor.system("feed"), renewed)])
    words = " / ".join(moments_of(web("partner.admin"), customer))
    assert "Vault Pro was added" in words and "renewed" not in words and words.count("Vault Pro") == 3


# What the log may tell of, the party by which it does, and the kinds that the data would say instead.
TOLD = {
    "connection.established": ("organization_id", Connection, {"connection.established"}),
    "order.placed": ("customer_id", Order, {"order.placed"}),
    "entitlement.added": ("customer_id", Entitlement, {"entitlement.started", "entitlement.renewed", "trial.approved"}),
    "trial.started": ("customer_id", Entitlement, {"entitlement.started", "entitlement.renewed", "trial.approved"}),
    "trial.approved": ("customer_id", Entitlement, {"entitlement.started", "entitlement.renewed", "trial.approved"}),
    "trial.expired": ("customer_id", Entitlement, {"entitlement.ended", "trial.expired"}),
}


def said_by_data(customer: Organization, kinds: set[str]) -> int:
    about = Q(customer_id=customer.pk) | Q(organization_id=customer.pk)
    return Moment.objects.annotate(branch=F("id") % 8).filter(about, kind__in=kinds, branch__gt=0).count()


@pytest.mark.promise("G-24")
@pytest.mark.parametrize("kind", TOLD)
def test_what_the_log_tells_of_a_party_is_not_read_from_its_data(
    kind: str, world: World, customer: Organization
) -> None:
    party, model, kinds = TOLD[kind]
    texts = {"actor_label": "", "organization_label": "", "counterpart_label": "", "subject_kind": "", "data": {}}
    before, rows = said_by_data(customer, kinds), model.objects.filter(customer=customer)
    others = set().union(*(row[2] for row in TOLD.values())) - kinds
    rest = said_by_data(customer, others)
    assert 1 <= before <= len(rows)
    for row in rows:
        event = texts | {"kind": kind, "subject_id": row.public_id, "subject_label": ""}
        Event.objects.create(**event | {party: world.stranger.pk})  # a stranger's hides nothing
        assert said_by_data(customer, kinds) == before
    for row in rows:
        Event.objects.create(**texts, kind=kind, subject_id=row.public_id, subject_label="", **{party: customer.pk})
    assert (said_by_data(customer, kinds), said_by_data(customer, others)) == (0, rest)


KEPT_BACK = {
    Scope.ORDERS: ["SO-OLD"],
    Scope.ENTITLEMENTS: ["renewed", "ended", "Flow Team", "started"],
    Scope.USAGE: ["usual range"],
    Scope.NOTIFICATIONS: ["SO-OLD", "renewed", "ended", "Flow Team", "started", "usual range"],
}


@pytest.mark.promise("E-14", "G-24")
@pytest.mark.parametrize("scope", KEPT_BACK, ids=lambda scope: scope.name)
def test_what_is_not_shared_is_not_told(scope: Scope, world: World, web: Any, customer: Organization) -> None:
    everything = " / ".join(moments_of(web("partner.admin"), customer))
    Connection.objects.filter(customer=customer).update(scopes=ALL & ~scope)
    told = " / ".join(moments_of(web("partner.admin"), customer))
    for words in KEPT_BACK[scope]:
        assert words in everything and words not in told
    assert "connected to" in told


@pytest.mark.promise("E-13")
def test_orders_need_finance_sight(world: World, web: Any, customer: Organization) -> None:
    told = " / ".join(moments_of(web("partner.reader"), customer))
    assert "SO-OLD" not in told and "Vault Pro was renewed" in told


def test_nobody_else_reads_it(world: World, web: Any, customer: Organization) -> None:
    address = reverse("customer_activity", args=[customer.public_id])
    assert web("partner2.admin").get(address).status_code == 404
    through_its_partner = " / ".join(moments_of(web("distributor.admin"), customer))
    assert "renewed" in through_its_partner and "connected to" not in through_its_partner


@pytest.mark.promise("CC-29")
def test_a_connection_that_ended_earlier_is_told_with_its_end(
    world: World, web: Any, customer: Organization, actor_for: Any
) -> None:
    first = Connection.objects.get(customer=customer)
    end_connection(actor=actor_for("partner.admin"), connection=first)
    assert web("partner.admin").get(reverse("customer_activity", args=[customer.public_id])).status_code == 404
    names = {"partner_name": world.partner.name, "customer_name": customer.name}
    Connection.objects.create(partner=world.partner, customer=customer, scopes=ALL, **names)
    words = " / ".join(moments_of(web("partner.admin"), customer))
    assert words.count("connected to") == 2 and words.count("ended the connection") == 1


@pytest.mark.promise("CC-29")
@pytest.mark.parametrize("by", ["partner", "customer"])
def test_an_end_that_no_event_tells_names_the_side(by: str, world: World, web: Any, customer: Organization) -> None:
    sides = {"partner": world.partner, "customer": customer}
    names = {"partner_name": world.partner.name, "customer_name": customer.name}
    past = {"state": "ended", "connected_at": "2024-03-01T08:00Z", "ended_at": "2024-05-01T08:00Z"}
    Connection.objects.create(partner=world.partner, customer=customer, scopes=ALL, ended_by=sides[by], **names, **past)
    (end,) = [words for words in moments_of(web("partner.admin"), customer) if "ended the connection" in words]
    other = sides["customer" if by == "partner" else "partner"]
    assert end == f"{sides[by].name} ended the connection with {other.name} 1 May 2024"


@pytest.mark.promise("G-24")
def test_pages_turn_through_the_log_and_the_past_alike(
    world: World, web: Any, customer: Organization, monkeypatch: Any, count_queries: Any
) -> None:
    trial = Entitlement.objects.get(customer=customer, kind="trial")
    record_events([make_entitlement_event(EntitlementEventKind.CHANGED, Actor.system("feed"), trial)])
    client = web("partner.admin")
    whole = moments_of(client, customer)
    assert len(whole) == len(ALL_OF_IT) + 1
    with count_queries() as before:
        moments_of(client, customer)
    monkeypatch.setattr(views, "EVENTS_A_PAGE", 3)
    address, turned, pages = reverse("customer_activity", args=[customer.public_id]), [], 0
    query = ""
    while query is not None:
        with count_queries() as after:
            turned += moments_of(client, customer, query)
        assert len(after) == len(before)
        page = client.get(address + query).content.decode()
        pages += 1
        following = re.search(r'href="(\?cursor=[^"]+)"[^>]*>(?:(?!</a>).)*Next', page, re.S)
        query = following.group(1) if following else None
    assert turned == whole and pages == 4


@pytest.mark.promise("G-24")
def test_the_file_holds_what_the_page_shows(
    world: World, web: Any, customer: Organization, private_folder: Any
) -> None:
    rows = table(web("partner.admin").post(NEW, {"list": "activity", "customer": str(customer.public_id)}))
    assert [(row["event"], row["at"][:10]) for row in rows][:3] == [
        ("entitlement.renewed", "2026-03-02"),
        ("entitlement.ended", "2026-01-01"),
        ("usage.unusual", "2025-09-09"),
    ]
    assert len(rows) == len(ALL_OF_IT)


def test_a_day_is_the_same_day_everywhere(world: World, web: Any, customer: Organization) -> None:
    person = world.person("partner.admin")
    person.time_zone = "America/Los_Angeles"
    person.save()
    told = moments_of(web("partner.admin"), customer)
    assert "Order SO-OLD was placed 2 Mar 2025" in told


def test_days_to_come_are_no_moments(world: World, web: Any, customer: Organization, sku: Sku) -> None:
    soon = TODAY + dt.timedelta(days=3)
    entitle(customer, sku, starts_on=soon, ends_on=soon, quantity=99)
    assert "99 licences" not in " ".join(moments_of(web("partner.admin"), customer))
