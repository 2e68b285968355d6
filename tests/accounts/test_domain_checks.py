"""Checks of domains against a real DNS server: what is found where, and what follows from it."""

import datetime as dt
import time

import dns.rcode
import pytest
from django.db import connections
from django.utils import timezone

from accounts.actions import domain_checks
from accounts.actions.domain_checks import check_due_domains
from accounts.models import OrganizationDomain
from notifications.actions.outbox import write_due_notices
from notifications.models import Delivery, Event
from tests.dns_server import DnsServer

Outcome, State = OrganizationDomain.Outcome, OrganizationDomain.State
WEEK = dt.timedelta(days=7)


@pytest.fixture
def server(settings, monkeypatch):
    monkeypatch.setattr(domain_checks, "FIRST_LOOKUP_SECONDS", 1.5)
    with DnsServer() as server:
        settings.DNS_RESOLVERS = [server.address]
        yield server


@pytest.fixture
def domain(world):
    OrganizationDomain.objects.update(next_check_at=None)
    return OrganizationDomain.objects.create(organization=world.partner, name="checked.example")


def check(domain):
    """Have it checked as a worker does, and return it as it is then."""
    OrganizationDomain.objects.filter(pk=domain.pk).update(next_check_at=timezone.now())
    assert check_due_domains()
    assert not check_due_domains(), "it is due no more"
    return OrganizationDomain.objects.get(pk=domain.pk)


def fail_since_yesterday(domain):
    """Let the first of its failed checks be a day old."""
    OrganizationDomain.objects.filter(pk=domain.pk).update(failing_since=timezone.now() - dt.timedelta(days=1))


def wait(domain):
    return domain.next_check_at - timezone.now()


@pytest.mark.promise("E-6")
def test_a_record_that_is_found_proves_the_domain(server, domain):
    server.add_txt("_partnerportal.checked.example", "something else", domain.record_value)
    found = check(domain)
    assert (found.state, found.outcome, found.found_at) == (
        State.PROVED, Outcome.FOUND, "_partnerportal.checked.example"
    )  # fmt: skip
    assert found.proved_at and found.checked_at
    assert dt.timedelta(days=6) < wait(found) <= WEEK
    event = Event.objects.latest("pk")
    assert (event.kind, event.counterpart_id, event.actor_kind) == ("domain.proved", domain.organization_id, "system")


def test_quotation_marks_that_a_form_has_added_do_not_matter(server, domain):
    server.add_txt(domain.record_name, f'"{domain.record_value}" ')
    assert check(domain).state == State.PROVED


def test_the_value_of_another_organisation_proves_nothing(server, world, domain):
    other = OrganizationDomain.objects.create(organization=world.customer, name="checked.example")
    server.add_txt(domain.record_name, other.record_value)
    assert check(domain).state == State.OPEN
    assert check(other).state == State.PROVED


def test_several_organisations_prove_the_same_domain(server, world, domain):
    other = OrganizationDomain.objects.create(organization=world.customer, name="checked.example")
    server.add_txt(domain.record_name, domain.record_value, other.record_value)
    assert {check(row).state for row in (domain, other)} == {State.PROVED}


@pytest.mark.parametrize("name", ["checked.example", "_partnerportal.checked.example.checked.example"])
def test_a_record_at_a_wrong_name_is_named_and_does_not_count(name, server, domain):
    server.add_txt(name, domain.record_value)
    found = check(domain)
    assert (found.state, found.outcome, found.found_at) == (State.OPEN, Outcome.ELSEWHERE, name)


def test_other_records_at_its_name_are_shown_cut(server, domain):
    server.add_txt(domain.record_name, "x" * 5000, "a", "b", "c\x00")
    found = check(domain)
    assert found.outcome == Outcome.OTHER_VALUE
    assert found.found == ["a", "b", "c\\x00"]
    server.add_txt(domain.record_name, "x" * 5000)
    assert [len(value) for value in check(domain).found] == [120]


@pytest.mark.parametrize(
    ("prepare", "outcome"),
    [
        (lambda server, name: None, Outcome.NO_RECORD),
        (lambda server, name: server.add_txt(name), Outcome.NO_RECORD),
        (lambda server, name: server.add_rcode(name, dns.rcode.SERVFAIL), Outcome.SERVER_FAILED),
        (lambda server, name: server.hang(name), Outcome.SERVER_FAILED),
        (lambda server, name: server.add_cname(name, "a.example", name), Outcome.LOOP),
    ],
    ids=["nothing", "no record", "an error", "silence", "a circle"],
)
def test_what_is_wrong_is_told(prepare, outcome, server, domain):
    prepare(server, domain.record_name)
    found = check(domain)
    assert (found.state, found.outcome, found.failed_checks) == (State.OPEN, outcome, 1)


def test_a_check_ends_in_five_seconds(server, domain, monkeypatch):
    monkeypatch.setattr(domain_checks, "FIRST_LOOKUP_SECONDS", 3.0)
    for name in (domain.name, f"_partnerportal.{domain.name}.{domain.name}"):
        server.hang(name)
    begun = time.monotonic()
    assert check(domain).outcome == Outcome.NO_RECORD
    assert time.monotonic() - begun < 7  # a busy machine has two more


def test_one_that_hangs_delays_none(server, world, domain):
    others = [
        OrganizationDomain.objects.create(organization=world.partner, name=f"d{number}.example") for number in range(6)
    ]
    for row in others:
        server.hang(row.record_name)
    server.add_txt(domain.record_name, domain.record_value)
    OrganizationDomain.objects.update(next_check_at=timezone.now())
    begun = time.monotonic()
    while check_due_domains():
        pass
    assert time.monotonic() - begun < 12
    domain.refresh_from_db()
    assert domain.state == State.PROVED


def test_resolvers_that_are_away_say_nothing_of_the_domain(server, domain):
    server.add_txt(domain.record_name, domain.record_value)
    check(domain)
    server.be_silent()
    for _attempt in range(3):
        found = check(domain)
    assert (found.state, found.outcome, found.failed_checks) == (State.PROVED, Outcome.NO_RESOLVER, 0)
    assert wait(found) <= dt.timedelta(hours=1)


@pytest.mark.promise("E-6")
def test_two_failed_checks_let_a_domain_lapse_and_the_admins_are_mailed(server, world, domain):
    server.add_txt(domain.record_name, domain.record_value)
    check(domain)
    server.add_txt(domain.record_name, "gone")
    assert check(domain).state == State.PROVED
    fail_since_yesterday(domain)
    assert check(domain).state == State.LAPSED
    while write_due_notices():
        pass
    notice = world.notices("partner").filter(kind="domain_lapsed").get()
    assert notice.params == {"domain": "checked.example"}
    mailed = set(Delivery.objects.filter(notice=notice, channel="email").values_list("person_id", flat=True))
    assert mailed == {world.person("partner.admin").pk, world.person("many").pk}


def test_a_lapsed_domain_is_proved_again_when_it_is_found_again(server, domain):
    server.add_txt(domain.record_name, domain.record_value)
    first = check(domain)
    server.add_txt(domain.record_name, "gone")
    for _attempt in range(3):
        lapsed = check(domain)
        fail_since_yesterday(domain)
    assert (lapsed.state, lapsed.failed_checks) == (State.LAPSED, 3)
    assert Event.objects.filter(kind="domain.lapsed").count() == 1
    server.add_txt(domain.record_name, domain.record_value)
    again = check(domain)
    assert (again.state, again.failed_checks) == (State.PROVED, 0)
    assert again.proved_at > first.proved_at


@pytest.mark.promise("E-6")
def test_checks_that_are_asked_for_one_after_another_let_nothing_lapse(server, domain):
    """Somebody presses "Check now" while the name servers are out of order."""
    server.add_txt(domain.record_name, domain.record_value)
    check(domain)
    server.add_txt(domain.record_name, "gone")
    for _attempt in range(4):
        found = check(domain)
    assert (found.state, found.failed_checks) == (State.PROVED, 4)
    server.add_txt(domain.record_name, domain.record_value)
    assert check(domain).failing_since is None


def test_a_good_check_between_two_bad_ones_counts(server, domain):
    for value in (domain.record_value, "gone", domain.record_value, "gone"):
        server.add_txt(domain.record_name, value)
        found = check(domain)
    assert (found.state, found.failed_checks) == (State.PROVED, 1)


def test_a_finding_of_a_domain_that_changed_meanwhile_is_dropped(server, domain):
    """It was removed, or its check was asked for again: the next check tells."""
    server.add_txt(domain.record_name, domain.record_value)
    OrganizationDomain.objects.filter(pk=domain.pk).update(next_check_at=timezone.now())
    seen = OrganizationDomain.objects.get(pk=domain.pk)
    finding = domain_checks.inspect_domain(seen)
    OrganizationDomain.objects.filter(pk=domain.pk).update(next_check_at=timezone.now())
    domain_checks.store_finding(seen, finding)
    domain.refresh_from_db()
    assert (domain.state, domain.checked_at) == (State.OPEN, None)
    OrganizationDomain.objects.filter(pk=domain.pk).delete()
    domain_checks.store_finding(seen, finding)


def test_no_transaction_is_open_while_dns_is_asked(server, domain, monkeypatch):
    database, depths = connections["default"], []
    look_up = domain_checks.look_up_txt_records

    def watch(*args, **options):
        depths.append(len(database.savepoint_ids))
        return look_up(*args, **options)

    monkeypatch.setattr(domain_checks, "look_up_txt_records", watch)
    check(domain)
    assert depths and set(depths) == {0}
