"""The sample world: complete, consistent, repeatable, and not for production."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F, QuerySet
from django.test import Client
from django.urls import reverse

from accounts.models import Operator, Organization, Person, ProgramMembership
from accounts.queries.operators import list_operators_of_person
from connections.actors import build_actor_for_organization
from connections.models import Connection
from entitlements.models import Anomaly, CustomerListing, Entitlement, RenewalState, RenewalWork
from marketplace.models import (
    Audience,
    Authorization,
    HealthIssue,
    Offer,
    OfferType,
    Price,
    SaleStop,
    Subscription,
)
from marketplace.queries.offers import list_own_offers
from notifications.models import Delivery, Event, Notice
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.sample import cast
from partnerportal.sample.listings import LISTINGS
from support.models import Request


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
    assert set(staff.values_list("kind", flat=True)) == {
        "trial_asked",
        "release_asked",
        "request_submitted",
        "request_withdrawn",
    }
    shared_later = [f"{key}.example" for key in cast.RECENT]
    known = inbox.exclude(about_id__in=Organization.objects.filter(website__in=shared_later).values("pk"))
    times = list(known.order_by("pk").values_list("at", flat=True))
    assert times == sorted(times), "the inbox is in the order of events"
    assert not Delivery.objects.filter(channel="fan_out", done_at=None).exists()
    call_command("rebuild_portfolio", "--check", stdout=io.StringIO())
    check_the_marketplace(emma)
    check_the_shop_window(listed)
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


def check_the_shop_window(listed: QuerySet[CustomerListing]) -> None:
    """No page shows one number again and again: customers of every size, trials, and work on renewals."""
    seats = sorted(listed.filter(seats__gt=0).values_list("seats", flat=True))
    assert seats[0] < 20 and seats[-1] > 1000 and len(set(seats)) > 30
    trials = Entitlement.objects.filter(kind="trial", state="active").values_list("quantity", "assigned")
    assert len(set(trials)) > 8
    assert set(RenewalWork.objects.values_list("state", flat=True)) == set(RenewalState)
    assert not Anomaly.objects.filter(low=F("high")).exists(), "no usual range such as 27–27"


def check_the_marketplace(buyer: Actor) -> None:
    """Offers of all types and states and of each audience, texts of all languages, prices that rise, and sales."""
    websites = [f"{company.key}.example" for company in cast.COMPANIES if company.kind == "publisher"]
    publishers = Organization.objects.filter(website__in=websites)
    offers = Offer.objects.filter(publisher__in=publishers)
    assert (offers.count(), len(publishers)) == (12, 3)
    assert set(offers.values_list("type", flat=True)) == set(OfferType)
    assert set(offers.published().values_list("audience", flat=True)) == set(Audience)
    states: set[str] = set()
    for publisher in publishers:
        admin = Operator.objects.filter(organization=publisher, roles__contains=["admin"]).earliest("pk").person
        actor = build_actor_for_organization(admin, publisher.pk, list(list_operators_of_person(admin.pk)))
        states |= {offer.state for offer in list_own_offers(actor)}  # type: ignore[attr-defined]
    assert states == {"draft", "live", "changed", "stopped"}
    assert SaleStop.objects.active().filter(offer__in=offers).exclude(market=None).exists()
    assert {language for texts in LISTINGS.values() for language in texts} == {"en", "fr", "ja"}
    rows = Authorization.objects.active().filter(offer__in=offers)
    assert set(rows.values_list("organization__kind", flat=True)) == {"partner", "distributor"}
    assert Price.objects.filter(plan__offer__in=offers, valid_from__gt=today()).exists()
    sold = Subscription.objects.filter(offer__in=offers)
    assert set(sold.values_list("state", flat=True)) == set(Subscription.State)
    assert sold.values("buyer").distinct().count() > 3
    asked = Request.objects.filter(kind__startswith="audience.").order_by("pk").values_list("kind", "state")
    assert list(asked) == [
        ("audience.deauthorize", "overtaken"),
        ("audience.deauthorize", "submitted"),
        ("audience.specific", "approved"),
        ("audience.any", "declined"),
        ("audience.specific", "withdrawn"),
        ("audience.specific", "draft"),
    ]
    of_cast = Request.objects.filter(organization__website__in=[f"{company.key}.example" for company in cast.COMPANIES])
    assert set(of_cast.values_list("state", flat=True)) == set(Request.State)
    found = HealthIssue.objects.filter(offer__in=offers)
    issues = [(issue.kind, issue.cleared_at is None, issue.reports.count()) for issue in found]
    assert sorted(issues) == [("degradation", True, 2), ("maintenance", True, 1), ("outage", False, 2)]
    texts = "".join(found.values_list("reports__text", flat=True))
    assert "Dashboards" in texts and "Sicherungen" in texts and "データベース" in texts
    kept = Subscription.objects.visible_to(buyer).get(customer__website="saobras.example")
    assert kept.customer_name == "São Brás Têxteis", "the connection has ended, and the record stays"


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
