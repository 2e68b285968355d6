"""A partner moves with all its customers: what distributors see, keep as files and read as news follows at once."""

import time
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.actions.standing import move_partner
from accounts.models import Organization
from connections.models import Connection, Portfolio
from connections.organization_tab import count_connected_customers
from entitlements.models import CustomerListing
from exports.models import Export
from notifications.models import Event, Notice
from partnerportal.lib.actors import Actor
from partnerportal.lib.scopes import ALL, Scope
from tests.portfolio import differences
from tests.world import World, free_org_ids

STAFF = Actor.system("vendor staff (test)")
CUSTOMERS = 300


def add_customers(partner: Organization, count: int = CUSTOMERS) -> list[int]:
    """Connect a partner with so many new customers, and return their primary keys."""
    customers = Organization.objects.bulk_create(
        Organization(kind="customer", name=f"Moved {n}", name_folded=f"moved {n}", country="DE", org_id=org_id)
        for n, org_id in enumerate(free_org_ids(count))
    )
    Connection.objects.bulk_create(
        Connection(partner=partner, customer=row, partner_name=partner.name, customer_name=row.name, scopes=ALL)
        for row in customers
    )
    return [row.pk for row in customers]


def seen_by(distributor: Organization, customers: list[int]) -> tuple[int, int]:
    """How many of the customers stand in the distributor's portfolio, and in its list."""
    rows = Portfolio.objects.filter(viewer=distributor, subject__in=customers)
    return rows.count(), CustomerListing.objects.filter(viewer=distributor, customer__in=customers).count()


@pytest.mark.promise("E-4", "E-14")
def test_all_customers_move_in_one_transaction(world: World) -> None:
    customers = add_customers(world.partner)
    assert seen_by(world.distributor, customers) == (CUSTOMERS, CUSTOMERS)
    move_partner(actor=STAFF, partner=world.partner, distributor=world.distributor2)
    assert seen_by(world.distributor, customers) == (0, 0)
    assert seen_by(world.distributor2, customers) == (CUSTOMERS, CUSTOMERS)
    assert Portfolio.objects.filter(viewer=world.distributor2, subject=world.partner, path="4_partner").exists()
    assert differences() == []
    move_partner(actor=STAFF, partner=world.partner, distributor=None)
    assert seen_by(world.distributor2, customers) == (0, 0)
    assert differences() == []


def test_a_customer_that_another_partner_shares_stays_with_its_scopes(world: World) -> None:
    """The distributor sees it through the partner that stays, and of it what is shared with that one."""
    other = Organization.objects.create(kind="partner", name="Stays", country="DE", parent=world.distributor)
    Connection.objects.create(
        partner=other, customer=world.customer, partner_name="Stays", customer_name="C", scopes=Scope.ACCOUNT
    )
    row = Portfolio.objects.filter(viewer=world.distributor, subject=world.customer)
    assert row.get().scopes > Scope.ACCOUNT
    move_partner(actor=STAFF, partner=world.partner, distributor=world.distributor2)
    assert row.get().scopes == Scope.ACCOUNT
    assert CustomerListing.objects.get(viewer=world.distributor, customer=world.customer).seats == 0
    assert differences() == []


def test_what_follows_the_portfolio_does_so_by_the_statement(db: None) -> None:
    """A trigger for each row would run 5,000 times while a large partner moves."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT tgname FROM pg_trigger WHERE tgrelid = 'connections_portfolio'::regclass AND NOT tgisinternal
               AND tgtype & 1 = 1"""
        )
        assert cursor.fetchall() == []


def test_news_and_files_go_with_the_sight(world: World) -> None:
    event = Event.objects.filter(customer_id=world.customer.pk).latest("pk")
    values = {"recipient_id": world.distributor.pk, "about_id": world.customer.pk, "scopes": int(Scope.NOTIFICATIONS)}
    Notice.objects.filter(event=event, recipient_id=world.distributor.pk).delete()
    news = Notice.objects.create(event=event, kind="entitlement_added", about_label="C", **values)
    news.refresh_from_db()
    assert news.in_reach
    person = world.person("distributor.admin")
    file = Export.objects.create(organization=world.distributor, person_id=person.pk, list="customers", state="queued")
    own = Export.objects.create(organization=world.partner, person_id=person.pk, list="customers", state="queued")
    move_partner(actor=STAFF, partner=world.partner, distributor=world.distributor2)
    for row in (news, file, own):
        row.refresh_from_db()
    assert (news.in_reach, file.state, file.error, own.state) == (False, "gone", "connection_ended", "queued")
    move_partner(actor=STAFF, partner=world.partner, distributor=world.distributor)
    news.refresh_from_db()
    assert news.in_reach


@pytest.mark.slow
def test_a_partner_with_thousands_moves_in_seconds(world: World) -> None:
    """A generous limit, for machines that are busy: make bench measures it."""
    customers = add_customers(world.partner, 2000)
    call_command("rebuild_portfolio", "--check", verbosity=0)
    began = time.monotonic()
    move_partner(actor=STAFF, partner=world.partner, distributor=world.distributor2)
    assert time.monotonic() - began < 10
    assert seen_by(world.distributor2, customers) == (2000, 2000)


def test_vendor_staff_count_whom_a_move_tells_and_nobody_else_does(
    world: World, actor_for: Any, as_tenant: Any
) -> None:
    connected = Connection.objects.active().filter(partner=world.partner).count()
    assert connected
    for who, count in (("vendor.admin", connected), ("vendor.reader", connected), ("distributor.admin", 0)):
        with as_tenant(actor_for(who)):
            assert count_connected_customers(world.partner) == count
