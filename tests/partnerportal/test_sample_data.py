"""The sample world: complete, consistent, repeatable, and not for production."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.models import Organization, Person, ProgramMembership
from accounts.queries import list_operators_of_person
from connections.actors import build_actor_for_organization
from connections.models import Connection
from entitlements.models import CustomerListing
from notifications.models import Delivery, Event, Notice
from partnerportal.sample import cast


def sample_data(*arguments: str) -> str:
    out = io.StringIO()
    call_command("sample_data", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.slow
def test_the_whole_world(db: None, client: Client) -> None:
    """One test, because writing the world takes a second or two."""
    sample_data()
    main = Organization.objects.get(website=f"{cast.MAIN}.example")
    listed = CustomerListing.objects.filter(viewer=main)
    connected = {key for *_, key in cast.CUSTOMERS} - cast.NOT_WITH_MAIN - {cast.JUST_ENDED}
    assert set(listed.values_list("website", flat=True)) == {f"{key}.example" for key in connected}
    assert Connection.objects.filter(partner=main, state="ended").count() == 4
    assert not ProgramMembership.objects.filter(organization__website="lindqvist-it.example").active(), (
        "its badge has lapsed"
    )
    person = Person.objects.get(email="emma.clarke@brightwater.example")
    emma = build_actor_for_organization(person, main.pk, list(list_operators_of_person(person.pk)))
    inbox = Notice.objects.visible_to(emma).not_dismissed()
    assert {"trial_requested", "trial_expired", "entitlement_added", "entitlement_changed", "customer_connected",
            "customer_ended"} <= set(inbox.values_list("kind", flat=True))  # fmt: skip
    assert 0 < inbox.unread_by(emma).count() < inbox.count()
    staff = Notice.objects.filter(recipient_id=Organization.objects.get(website="nimbus.example").pk)
    assert set(staff.values_list("kind", flat=True)) == {"trial_asked", "release_asked"}
    shared_later = [f"{key}.example" for key in cast.RECENT]
    known = inbox.exclude(about_id__in=Organization.objects.filter(website__in=shared_later).values("pk"))
    times = list(known.order_by("pk").values_list("at", flat=True))
    assert times == sorted(times), "the inbox is in the order of events"
    assert not Delivery.objects.filter(channel="fan_out", done_at=None).exists()
    call_command("rebuild_portfolio", "--check", stdout=io.StringIO())
    accounts = sample_data("--accounts")
    assert [human.email for human in cast.PEOPLE if human.email not in accounts] == []
    before = Organization.objects.count(), Event.objects.count()
    assert "there already" in sample_data()
    assert (Organization.objects.count(), Event.objects.count()) == before
    total = listed.count() + 25
    assert "25 customers added." in sample_data("--customers", str(total))
    assert "0 customers added." in sample_data("--customers", str(total))
    assert listed.count() == total
    call_command("rebuild_portfolio", "--check", stdout=io.StringIO())
    call_command("rebuild_usage", "--check", stdout=io.StringIO())
    client.post(reverse("account_login"), {"login": cast.PEOPLE[5].email, "password": cast.PASSWORD})
    assert "_auth_user_id" in client.session


def test_a_production_portal_is_left_alone(db: None, settings: Any) -> None:
    settings.SETTINGS_MODULE = "partnerportal.settings.production"
    with pytest.raises(CommandError, match="everybody knows the password"):
        sample_data()
    assert not Person.objects.filter(email=cast.PEOPLE[0].email).exists()
    assert "There are no sample accounts" in sample_data("--accounts")


def test_names_and_numbers_are_unique() -> None:
    keys = [company.key for company in cast.COMPANIES] + [key for *_, key in cast.CUSTOMERS]
    assert len(set(keys)) == len(keys)
    assert all(email.endswith(".example") for email in (human.email for human in cast.PEOPLE))
    assert {key for human in cast.PEOPLE for key in human.acts_for} <= set(keys)
