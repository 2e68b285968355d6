"""What the distributor above a partner reads of the vendor's doings with it, on the partner's page and in its log."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.actions.organizations import grant_membership, register_organization
from accounts.actions.standing import (
    change_membership_end,
    correct_organization_identity,
    move_partner,
    reactivate_organization,
    suspend_organization,
)
from accounts.models import Organization, OrganizationKind, Program
from entitlements.models import PartnerListing
from entitlements.queries.partners import list_partner_events
from notifications.actions.outbox import write_due_notices
from notifications.models import Event
from partnerportal.lib.days import today
from tests.entitlements.test_views import text_of
from tests.world import KINDS, World, canary

REASON = "Has not paid since spring"


def tell() -> None:
    while write_due_notices():
        pass


def page_of(client: Client, partner: Organization) -> str:
    return text_of(client.get(f"/partners/{partner.public_id}/"))


@pytest.mark.promise("CV-8", "E-15")
def test_a_distributor_reads_what_the_vendor_did_with_its_partner(world: World, web: Any) -> None:
    staff, partner = world.actor("vendor.admin"), world.partner
    new = register_organization(
        actor=staff, kind=OrganizationKind.PARTNER, name="Newcomer", country="FR", parent=world.distributor
    )
    suspend_organization(actor=staff, organization=partner, reason=REASON)
    reactivate_organization(actor=staff, organization=partner)
    program = Program.objects.get(code="solution_advisor")
    grant_membership(actor=staff, organization=partner, program=program, starts_on=today())
    change_membership_end(actor=staff, organization=partner, program=program, ends_on=today() + dt.timedelta(days=400))
    tell()
    client, name = web("distributor.reader"), partner.name
    page, log = page_of(client, partner), text_of(client.get("/activity/"))
    for told in (
        f"The vendor suspended {name}",
        f"The vendor lifted the suspension of {name}",
        f"Membership dates were set for {name}: {program.name}",
    ):
        assert told in page and told in log, told
    assert page.count(f"Membership dates were set for {name}") == 2 and "no end date" in page
    registered = "The vendor registered Newcomer as your partner"
    assert registered in page_of(client, new) and registered not in page and registered in log
    assert "Vendor staff" in log
    for text in (page, log):
        assert REASON not in text and canary("vendor", "people") not in text
    for who in ("vendor.admin", "partner.admin", "distributor2.admin"):
        assert "The vendor suspended" not in text_of(web(who).get("/activity/")), who


def test_no_more_than_the_log_of_the_distributor_holds_it(world: World, as_tenant: Any) -> None:
    suspend_organization(actor=world.actor("vendor.admin"), organization=world.partner, reason=REASON)
    reactivate_organization(actor=world.actor("vendor.admin"), organization=world.partner)
    tell()
    news = Event.objects.get(kind="partner.suspended")
    assert (news.note, news.changes, news.data) == ("", {}, {})
    assert (news.organization_id, news.actor_id, news.actor_label) == (None, None, "vendor staff")
    for name in KINDS:
        actor = world.actor(f"{name}.admin")
        with as_tenant(actor):
            read = set(Event.objects.filter(kind__endswith=".suspended").values_list("kind", flat=True))
        by_first_lock = Event.objects.visible_to(actor).filter(kind__endswith=".suspended")
        assert read == set(by_first_lock.values_list("kind", flat=True)), name
        own = {"vendor": {"organization.suspended"}, "partner": {"organization.suspended"}}
        assert read == (own | {"distributor": {"partner.suspended"}}).get(name, set()), name


def test_nothing_from_before_it_came_or_after_it_left(world: World, web: Any) -> None:
    staff, partner, program = world.actor("vendor.admin"), world.partner, Program.objects.get(code="solution_advisor")
    suspend_organization(actor=staff, organization=partner, reason=REASON)
    move_partner(actor=staff, partner=partner, distributor=world.distributor2)  # before anything of it was told
    reactivate_organization(actor=staff, organization=partner)
    tell()
    there = page_of(web("distributor2.reader"), partner)
    assert f"The vendor moved {partner.name} to your organisation" in there
    assert f"The vendor lifted the suspension of {partner.name}" in there
    assert "The vendor suspended" not in there
    assert web("distributor.reader").get(f"/partners/{partner.public_id}/").status_code == 404
    log = text_of(web("distributor.reader").get("/activity/"))
    assert f"The vendor moved {partner.name} away from your organisation" in log and "lifted" not in log
    assert world.distributor2.org_id not in log and world.distributor2.name not in log, "where it went is not told"
    grant_membership(actor=staff, organization=partner, program=program, starts_on=today())
    move_partner(actor=staff, partner=partner, distributor=world.distributor)
    tell()
    again = page_of(web("distributor.reader"), partner)
    assert "The vendor suspended" in again and "lifted" not in again and "Membership of" not in again


def test_what_is_none_of_its_concern_is_not_told(world: World) -> None:
    staff = world.actor("vendor.admin")
    correct_organization_identity(actor=staff, organization=world.partner, country="AT")
    suspend_organization(actor=staff, organization=world.nobadge, reason=REASON)  # nobody is above it
    suspend_organization(actor=staff, organization=world.distributor2, reason=REASON)
    tell()
    assert not Event.objects.filter(kind__startswith="partner.").exists()


def test_the_page_asks_as_often_however_much_was_told(world: World, web: Any, count_queries: Any) -> None:
    staff, client = world.actor("vendor.admin"), web("distributor.reader")
    suspend_organization(actor=staff, organization=world.partner, reason=REASON)
    tell()
    page_of(client, world.partner)
    with count_queries() as few:
        page_of(client, world.partner)
    for _time in range(8):
        reactivate_organization(actor=staff, organization=world.partner)
        suspend_organization(actor=staff, organization=world.partner, reason=REASON)
    tell()
    with count_queries() as many:
        assert page_of(client, world.partner).count("The vendor suspended") == 5, "ten events in all"
    assert len(many) == len(few)


def test_what_was_told_of_one_partner_is_found_by_an_index(world: World, as_tenant: Any, count_queries: Any) -> None:
    """A distributor with hundreds of partners is told of all of them, and the page of one reads its own news alone."""
    made = [
        Event(kind="partner.suspended", counterpart_id=world.distributor.pk, subject_id=subject, data={}, changes={})
        for subject in (world.partner.public_id, *[world.customer.public_id] * 3000)
    ]
    Event.objects.bulk_create(made)
    actor, partner = world.actor("distributor.reader"), PartnerListing.objects.get(pk=world.partner.pk)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE notifications_event")
        with as_tenant(actor):
            with count_queries() as asked:
                assert len(list_partner_events(actor, partner, 10)) == 1
            told = next(query["sql"] for query in asked if "subject_id" in query["sql"].partition("WHERE")[2])
            cursor.execute(f"EXPLAIN {told}")
            assert "event_told_about" in str(cursor.fetchall())
