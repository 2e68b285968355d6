"""How the vendor's channel grows: counted each night, shown to its staff, by a number of queries that does not grow."""

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
from django.utils import timezone

from accounts.actions.vacancies import mark_admin_vacancies
from accounts.models import AdminVacancy, Operator, Organization, Program, ProgramMembership
from connections.models import Connection
from entitlements.actions.growth import MONTHS, write_channel_growth
from entitlements.models import ChannelMonth, Entitlement
from partnerportal.lib.days import today
from tests.exports.test_views import table
from tests.world import World, free_org_ids

pytestmark = pytest.mark.django_db
STAFF = "vendor.reader"


def text(answer: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def month_ago(months: int) -> dt.date:
    day = today().replace(day=1)
    for _each in range(months):
        day = (day - dt.timedelta(days=1)).replace(day=1)
    return day


def test_the_present_month_is_what_there_is(world: World) -> None:
    assert write_channel_growth() == MONTHS
    now = ChannelMonth.objects.latest("month")
    kinds = {kind: Organization.objects.filter(kind=kind).count() for kind in ("distributor", "partner", "customer")}
    assert (now.distributors, now.partners, now.customers) == tuple(kinds.values())
    assert now.connections == Connection.objects.filter(state="active").count()
    day = today()
    running = [
        row
        for row in Entitlement.objects.filter(state__in=["active", "expired"], kind="production")
        if (row.starts_on or row.created_at.date()) <= day and (row.ends_on is None or row.ends_on >= day)
    ]
    assert now.seats == sum(row.quantity for row in running) > 0


def test_an_earlier_month_is_as_it_was_at_its_end(world: World) -> None:
    two_months = dt.datetime.combine(month_ago(2), dt.time(12), dt.UTC)
    Organization.objects.filter(pk=world.partner.pk).update(created_at=two_months)
    connection = world.connection("customer", "partner")
    Connection.objects.filter(pk=connection.pk).update(connected_at=two_months)
    Connection.objects.filter(state="ended").update(
        connected_at=two_months, ended_at=dt.datetime.combine(month_ago(1), dt.time(1), dt.UTC)
    )
    write_channel_growth()
    months = {row.month: row for row in ChannelMonth.objects.all()}
    assert [months[month_ago(n)].partners for n in (3, 2, 1)] == [0, 1, 1]
    assert [months[month_ago(n)].connections for n in (3, 2, 1)] == [0, 2, 1]


def test_a_month_that_was_written_at_its_end_stays(world: World) -> None:
    write_channel_growth()
    past = ChannelMonth.objects.get(month=month_ago(3))
    ChannelMonth.objects.filter(month=past.month).update(customers=77)
    assert write_channel_growth() == 1
    past.refresh_from_db()
    assert past.customers == 77
    early = dt.datetime.combine(month_ago(3), dt.time(12), dt.UTC)  # before that month was over
    ChannelMonth.objects.filter(month=past.month).update(written_at=early)
    assert write_channel_growth() == 2
    old = month_ago(MONTHS + 1)
    ChannelMonth.objects.create(
        month=old, distributors=0, partners=0, customers=0, publishers=0, connections=0, seats=0
    )
    write_channel_growth()
    assert not ChannelMonth.objects.filter(month=old).exists()


def test_staff_see_the_growth_and_nobody_else(web: Any, world: World, actor_for: Any, as_tenant: Any) -> None:
    assert "Licences purchased" not in text(web(STAFF).get("/"))
    write_channel_growth()
    page = web(STAFF).get("/").content.decode()
    for key in ("organizations", "connections", "licences"):
        assert f'data-chart="growth-{key}"' in page and f'data-chart-table="growth-{key}"' in page
    with as_tenant(actor_for("partner.admin")):
        assert not ChannelMonth.objects.exists()


def test_who_has_no_admin_is_marked_until_it_has_one(web: Any, world: World) -> None:
    made = Organization.objects.create(kind="partner", name="Without Anybody", country="FR")
    Operator.objects.create(organization=made, person=world.person("nobody"), roles=["reader"])
    assert mark_admin_vacancies() == 1 and mark_admin_vacancies() == 0
    page = text(web(STAFF).get("/"))
    assert "Without Anybody" in page and AdminVacancy.objects.get().organization == made
    Operator.objects.filter(organization=made).update(roles=["admin"])
    assert not AdminVacancy.objects.exists(), "at once, and not with the next hour"
    assert "Every organisation has an Admin." in text(web(STAFF).get("/"))
    Operator.objects.filter(organization=made).update(roles=["reader"])
    assert mark_admin_vacancies() == 1


def test_badges_that_end_soon_are_named_unless_another_follows(web: Any, world: World) -> None:
    row = ProgramMembership.objects.get(organization=world.partner2)
    row.ends_on = today() + dt.timedelta(days=59)
    row.save()
    assert world.partner2.name in text(web(STAFF).get("/"))
    ProgramMembership.objects.create(
        organization=world.partner2, program=row.program, starts_on=row.ends_on + dt.timedelta(days=1)
    )
    assert "No badge ends in the next 60 days." in text(web(STAFF).get("/"))
    far = ProgramMembership.objects.get(organization=world.partner, program=Program.objects.get(code="csp"))
    far.ends_on = today() + dt.timedelta(days=61)
    far.save()
    assert "No badge ends in the next 60 days." in text(web(STAFF).get("/"))


def test_all_without_an_admin_are_found(web: Any, world: World) -> None:
    """The start page names the newest, and leads to the lists of all of them."""
    made = Organization.objects.create(kind="partner", name="Without Anybody", country="FR")
    AdminVacancy.objects.create(organization=made)
    customers = [Organization.objects.create(kind="customer", name=f"Alone {n:02}", country="FR") for n in range(8)]
    AdminVacancy.objects.bulk_create(AdminVacancy(organization=row) for row in customers)
    html = web(STAFF).get("/").content.decode()
    for link in ('/partners/?admin=none">Partners (1)', '/customers/?admin=none">Customers (8)'):
        assert f'<a href="{link}</a>' in html
    assert "/publishers/?admin=none" not in html and "/distributors/?admin=none" not in html
    listed = web(STAFF).get("/customers/?admin=none").content.decode()
    assert all(row.name in listed for row in customers) and world.customer.name not in listed
    rows = table(web(STAFF).post("/exports/new/", {"list": "all_customers", "query": "admin=none"}))
    assert {row["name"] for row in rows} == {row.name for row in customers}
    listed = web(STAFF).get("/partners/?admin=none").content.decode()
    assert made.name in listed and world.partner.name not in listed
    assert "Without an Admin" not in web("distributor.admin").get("/partners/").content.decode()
    Organization.objects.filter(pk=made.pk).update(parent=world.distributor)
    assert made.name not in web("distributor.admin").get("/partners/?admin=none").content.decode()
    assert world.publisher.name not in web(STAFF).get("/publishers/?admin=none").content.decode()


def test_the_vendor_is_not_told_what_it_tells_others(web: Any, world: World) -> None:
    for who in ("vendor.admin", STAFF):
        for path in ("/", "/account/"):
            page = text(web(who).get(path))
            assert "Who to ask" not in page and "Your contacts" not in page and "no active membership" not in page
            assert world.vendor.account_manager_name not in page


def test_the_start_page_asks_as_much_of_a_large_channel(web: Any, world: World, count_queries: Any) -> None:
    write_channel_growth()
    client = web(STAFF)
    client.get("/")
    with count_queries() as few:
        client.get("/")
    sku = Entitlement.objects.earliest("pk").sku
    rows = Organization.objects.bulk_create(
        Organization(kind="customer", name=f"Many {n}", name_folded=f"many {n}", country="DE", org_id=org_id)
        for n, org_id in enumerate(free_org_ids(40))
    )
    AdminVacancy.objects.bulk_create(AdminVacancy(organization=row) for row in rows)
    Entitlement.objects.bulk_create(
        Entitlement(
            customer=row, sku=sku, external_id=f"trial-many-{row.pk}", kind="trial", state="requested", quantity=1,
            updated_at=timezone.now(),
        )
        for row in rows
    )  # fmt: skip
    program = Program.objects.get(code="csp")
    ProgramMembership.objects.bulk_create(
        ProgramMembership(organization=row, program=program, starts_on=today(), ends_on=today()) for row in rows
    )
    with count_queries() as many:
        client.get("/")
    # One more counts what waits, once more waits than is named.
    assert len(many) <= len(few) + 1
