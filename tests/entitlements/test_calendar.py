"""The calendar of what ends soon: its secret URL, what it holds, and when it ends."""

import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP

from accounts.actions.operators import remove_operator
from accounts.models import Organization, Person, ProgramMembership
from connections.actions import end_connection
from entitlements.models import CalendarFeed
from notifications.models import Event
from partnerportal.lib.days import today
from tests.entitlements.test_renewals import days, ends
from tests.lib.test_icalendar import read
from tests.world import canary

__all__ = ["ends"]


@pytest.fixture
def made(world, web, ends):
    ends(3)
    page = web("partner.admin").post("/renewals/calendar/").content.decode()
    return re.search(r"http://localhost:8000(/calendar/[\w-]{43}\.ics)", page)[1]


@pytest.mark.promise("G-5")
def test_a_calendar_is_read_without_a_session(made, web, world):
    answer = web("anonymous").get(made)
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Cache-Control"] == "no-store"
    (event,) = read(answer.content)
    assert event["DTSTART;VALUE=DATE"] == f"{today() + days(3):%Y%m%d}"
    assert world.customer.name in event["SUMMARY"]
    assert canary("customer", "licence holders") not in answer.content.decode()
    feed = CalendarFeed.objects.get(organization=world.partner, person_id=world.person("partner.admin").pk)
    assert feed.last_read_at


def test_somebody_elses_session_changes_nothing(made, web):
    assert len(read(web("stranger.admin").get(made).content)) == 1


def test_the_secret_is_shown_once_and_only_its_digest_is_kept(made, web, world):
    secret = made.rpartition("/")[2].removesuffix(".ics")
    assert secret not in web("partner.admin").get("/renewals/calendar/").content.decode()
    assert secret not in str(list(CalendarFeed.objects.values()) + list(Event.objects.values()))


def test_a_new_address_replaces_the_old_one(made, web):
    web("partner.admin").post("/renewals/calendar/")
    assert web("anonymous").get(made).status_code == 404


def test_a_revoked_address_answers_no_more(made, web):
    client = web("partner.admin")
    for _twice in range(2):
        assert client.post("/renewals/calendar/revoke/").status_code == 302
    assert web("anonymous").get(made).status_code == 404


@pytest.mark.promise("E-4")
def test_it_shows_what_its_owner_may_see_at_that_moment(made, web, world, actor_for):
    end_connection(actor=actor_for("customer.admin"), connection=world.connection("customer", "partner"))
    assert read(web("anonymous").get(made).content) == []


def test_it_ends_with_the_badge(made, web, world):
    ProgramMembership.objects.filter(organization=world.partner).update(ends_on=today() - days(1))
    assert read(web("anonymous").get(made).content) == []


def test_it_ends_with_the_operator(made, web, world, actor_for):
    remove_operator(actor=actor_for("many@partner"), operator=world.operator("partner.admin"))
    assert web("anonymous").get(made).status_code == 404


@pytest.mark.promise("G-16")
def test_it_stops_while_its_owner_lacks_the_second_factor_that_is_required(made, web, world):
    Organization.objects.filter(pk=world.partner.pk).update(requires_second_factor=True)
    assert web("anonymous").get(made).status_code == 404
    TOTP.activate(world.person("partner.admin"), "A" * 32)
    assert web("anonymous").get(made).status_code == 200


def test_it_ends_with_the_person(made, web, world):
    Person.objects.filter(pk=world.person("partner.admin").pk).update(is_active=False)
    assert web("anonymous").get(made).status_code == 404


@pytest.mark.parametrize("secret", ["x", "a" * 43, "a" * 2000, "%00", "..%2f", "a%20b", "é" * 30])
def test_an_unknown_address_is_not_there(web, secret):
    assert web("anonymous").get(f"/calendar/{secret}.ics").status_code == 404


def test_reading_too_often_is_refused(made, web, monkeypatch):
    monkeypatch.setattr("entitlements.views.renewals.READINGS_AN_HOUR", 2)
    client = web("anonymous")
    assert [client.get(made).status_code for _time in range(3)] == [200, 200, 429]


def test_the_calendar_speaks_the_owners_language(made, web, world):
    Person.objects.filter(pk=world.person("partner.admin").pk).update(language="ja")
    assert web("anonymous").get(made).status_code == 200
