"""Domains of an organisation: who adds, checks, confirms and removes them, and what is refused."""

import datetime as dt
from functools import partial

import pytest
import time_machine
from django.db import DatabaseError
from django.utils import timezone

from accounts.actions.domains import (
    LONGEST_PROVABLE,
    add_domain,
    confirm_domain,
    delete_unproved_domains,
    remove_domain,
    request_domain_check,
)
from accounts.models import OrganizationDomain
from accounts.policies import CHECKS_A_DAY
from accounts.work_addresses import list_accepted_domains
from notifications.models import Event
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound, TooManyAttempts
from tests.world import domain_of

State = OrganizationDomain.State
STAFF = Actor.system("vendor staff")


def last_event():
    return Event.objects.latest("pk")


@pytest.fixture
def domain(world):
    return OrganizationDomain.objects.get(organization=world.partner)


@pytest.fixture
def add(world, actor_for, as_tenant):
    """Adds a domain as the partner's Admin, under row-level security."""

    def add(name, who="partner.admin"):
        actor = actor_for(who)
        with as_tenant(actor):
            return add_domain(actor=actor, organization=world.organization_of(who), name=name)

    return add


@pytest.fixture
def remove(actor_for, as_tenant):
    """Removes a domain as the partner's Admin, under row-level security."""

    def remove(domain):
        actor = actor_for("partner.admin")
        with as_tenant(actor):
            remove_domain(actor=actor, domain=domain)

    return remove


@pytest.mark.parametrize("name", ["partner", "customer", "distributor", "vendor", "publisher"])
def test_an_admin_of_any_kind_adds_a_domain(name, world, add):
    who = f"{name}.admin"
    domain = add(" New.EXAMPLE ", who)
    stored = OrganizationDomain.objects.get(pk=domain.pk)
    assert (stored.name, stored.state, stored.organization) == ("new.example", State.OPEN, world.organization_of(who))
    assert domain.record_value == stored.record_value
    assert domain.record_name == "_partnerportal.new.example"
    assert not domain.is_check_due
    event = last_event()
    assert (event.kind, event.subject_label, event.organization_id) == (
        "domain.added", "new.example", stored.organization_id
    )  # fmt: skip


def test_each_record_has_a_value_of_its_own_that_nobody_chose(world, actor_for, as_tenant, add):
    values = {add(f"d{number}.example").record_value for number in range(5)}
    assert len(values) == 5 and all(len(value) == len("partnerportal-domain=") + 32 for value in values)
    with as_tenant(actor_for("partner.admin")):
        row = OrganizationDomain(organization=world.partner, name="chosen.example", record_value="v=spf1 -all")
        row.save(force_insert=True)
    assert OrganizationDomain.objects.get(pk=row.pk).record_value.startswith("partnerportal-domain=")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "malformed_domain"), ("example", "malformed_domain"), ("192.0.2.1", "malformed_domain"),
        ("anna@example.com", "malformed_domain"), ("https://example.com", "malformed_domain"),
        (".".join(["a" * 60] * 4), "malformed_domain"), ("a\x00b.example", "malformed_domain"),
        ("gmail.com", "free_mail"), ("mail.GMAIL.com", "free_mail"), ("sfr.fr.", "free_mail"),
        ("ＤＯＣＯＭＯ．ne.jp", "free_mail"), ("co.uk", "public_suffix"), ("GitHub.io.", "public_suffix"),
        ("公司.cn", "public_suffix"), ("xn--55qx5d.cn", "public_suffix"),
    ],
)  # fmt: skip
def test_what_cannot_be_proved_is_refused(name, code, add):
    with pytest.raises(InvalidInput) as refused:
        add(name)
    assert (refused.value.code, refused.value.field) == (code, "name")


def test_a_domain_stands_on_the_list_once(add):
    add("new.example")
    with pytest.raises(Conflict) as refused:
        add("NEW.example.")
    assert refused.value.code == "domain_exists"


def test_several_organisations_may_add_the_same_domain(add):
    assert add("new.example").record_value != add("new.example", "customer.admin").record_value


def test_an_organisation_has_a_limited_number(world, add, monkeypatch):
    monkeypatch.setattr("accounts.actions.domains.MOST_DOMAINS", 2)
    add("one.example")
    with pytest.raises(Conflict) as refused:
        add("two.example")
    assert refused.value.code == "too_many_domains"


@pytest.mark.parametrize("who", ["partner.reader", "partner.admin_agent", "partner.sales_agent"])
def test_only_admins_change_domains(who, world, actor_for, as_tenant, domain):
    actor = actor_for(who)
    for action in (
        partial(add_domain, actor=actor, organization=world.partner, name="new.example"),
        partial(request_domain_check, actor=actor, domain=domain),
        partial(remove_domain, actor=actor, domain=domain),
    ):
        with as_tenant(actor), pytest.raises(ActionRefused) as refused:
            action()
        assert refused.value.code == "wrong_role"


def test_domains_of_others_are_not_there(world, actor_for, as_tenant, domain):
    for who in ("customer.admin", "vendor.admin"):
        actor = actor_for(who)
        for action in (request_domain_check, remove_domain):
            with as_tenant(actor), pytest.raises(NotFound):
                action(actor=actor, domain=domain)
        with as_tenant(actor), pytest.raises(NotFound):
            add_domain(actor=actor, organization=world.partner, name="new.example")


@pytest.mark.parametrize("who", ["partner.reader", "customer.admin"])
def test_the_database_lets_nobody_else_write(who, world, actor_for, as_tenant, domain):
    row = OrganizationDomain(organization=world.partner, name="new.example")
    for change in (
        partial(row.save, force_insert=True),
        partial(OrganizationDomain.objects.filter(pk=domain.pk).update, next_check_at=timezone.now()),
        OrganizationDomain.objects.filter(pk=domain.pk)._raw_delete,
    ):
        try:
            with as_tenant(actor_for(who)):
                changed = change("default") if change.__name__ == "_raw_delete" else change()
        except (DatabaseError, AttributeError):
            continue
        assert not changed
    assert OrganizationDomain.objects.filter(pk=domain.pk, next_check_at=None).exists()


@pytest.mark.parametrize("column", ["state", "proved_at", "failed_checks", "outcome", "record_value", "name"])
def test_no_tenant_says_that_a_domain_is_proved(column, actor_for, as_tenant, domain):
    value = {"state": "proved", "proved_at": timezone.now(), "failed_checks": 0}.get(column, "x.example")
    with pytest.raises(DatabaseError, match="permission denied"), as_tenant(actor_for("partner.admin")):
        OrganizationDomain.objects.filter(pk=domain.pk).update(**{column: value})


def test_a_tenant_stores_no_domain_that_is_proved(world, actor_for, as_tenant):
    row = OrganizationDomain(organization=world.partner, name="new.example", state="proved", proved_at=timezone.now())
    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor_for("partner.admin")):
        row.save(force_insert=True)


def test_a_tenant_confirms_nothing_of_its_own(world, actor_for, as_tenant, domain):
    with as_tenant(actor_for("partner.admin")):
        row = OrganizationDomain(organization=world.partner, name="new.example", confirmed_at=timezone.now())
        row.save(force_insert=True)
        OrganizationDomain.objects.filter(pk=domain.pk).update(confirmed_at=timezone.now())
    assert not OrganizationDomain.objects.exclude(confirmed_at=None).exists()


def test_a_check_is_asked_for_once_however_often_one_presses(actor_for, as_tenant, domain):
    actor = actor_for("partner.admin")
    with as_tenant(actor):
        request_domain_check(actor=actor, domain=domain)
    domain.refresh_from_db()
    asked = domain.next_check_at
    assert domain.is_check_due
    with as_tenant(actor):
        request_domain_check(actor=actor, domain=domain)
    domain.refresh_from_db()
    assert domain.next_check_at == asked


@pytest.fixture
def press(actor_for, as_tenant):
    """Ask for a check that a worker then makes, as an Admin under row-level security; return the refusal, or None."""

    def press(domain, who="partner.admin"):
        actor = actor_for(who)
        refused = None
        OrganizationDomain.objects.filter(pk=domain.pk).update(next_check_at=None)
        try:
            with as_tenant(actor):
                request_domain_check(actor=actor, domain=domain)
        except TooManyAttempts as error:
            refused = error
        is_asked = OrganizationDomain.objects.get(pk=domain.pk).next_check_at is not None
        assert is_asked is (refused is None)
        return refused

    return press


def test_a_check_can_be_asked_for_every_thirty_seconds(domain, add, press):
    others = [add("other.example"), add(domain.name, "customer2.admin")]
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert press(domain) is None
        clock.shift(10)
        refused = press(domain)
        assert refused.code == "checked_just_now"
        assert str(refused.message) == f"{domain.name} was checked a moment ago. Try again in 20 seconds."
        assert press(others[0]) is None and press(others[1], "customer2.admin") is None
        clock.shift(20)
        assert press(domain) is None


def test_the_longest_name_can_be_checked_too(add, press):
    longest = ".".join(["a" * 60] * 3 + ["b" * (LONGEST_PROVABLE - 3 * 61 - 8), "example"])
    domain = add(longest)
    assert len(domain.name) == LONGEST_PROVABLE
    assert press(domain) is None and press(domain)


def test_a_check_can_be_asked_for_some_times_a_day_also_of_a_domain_that_is_added_again(domain, add, press, remove):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        tomorrow = timezone.now() + dt.timedelta(days=1)
        for _time in range(CHECKS_A_DAY):
            assert press(domain) is None
            clock.shift(60)
        refused = press(domain)
        assert refused.code == "too_many_checks"
        again_at = formats.format_date_and_time(tomorrow)
        assert f"{domain.name} can be checked up to 20 times in 24 hours. Try again after {again_at}." in str(
            refused.message
        )
        remove(domain)
        again = add(domain.name)
        assert press(again)
        clock.move_to(tomorrow)
        assert press(again) is None
        clock.shift(29)
        assert press(again).code == "too_many_checks", "the second of them is a minute younger"
        clock.shift(31)
        assert press(again) is None


def test_removing_takes_the_domain_away_and_is_recorded(world, actor_for, as_tenant, domain):
    actor = actor_for("partner.admin")
    with as_tenant(actor):
        remove_domain(actor=actor, domain=domain)
    assert not OrganizationDomain.objects.filter(pk=domain.pk).exists()
    assert (last_event().kind, last_event().subject_label) == ("domain.removed", domain_of("partner"))
    with as_tenant(actor), pytest.raises(NotFound):
        remove_domain(actor=actor, domain=domain)


@pytest.mark.promise("E-6")
def test_staff_confirm_a_domain(world, actor_for, as_tenant):
    actor = actor_for("vendor.admin")
    with as_tenant(actor):
        domain = confirm_domain(actor=actor, organization=world.partner, name="Confirmed.example")
    assert domain.confirmed_at and domain.state == State.OPEN
    assert "confirmed.example" in list_accepted_domains(world.partner)
    event = last_event()
    assert (event.kind, event.counterpart_id) == ("domain.confirmed", world.partner.pk)
    with as_tenant(actor):  # once more changes nothing
        confirm_domain(actor=actor, organization=world.partner, name="confirmed.example")
    assert last_event().pk == event.pk


def test_staff_confirm_what_an_organisation_has_added(world, domain):
    assert confirm_domain(actor=STAFF, organization=world.partner, name=domain.name).pk == domain.pk
    domain.refresh_from_db()
    assert domain.confirmed_at


@pytest.mark.parametrize("who", ["partner.admin", "distributor.admin", "vendor.reader"])
def test_nobody_else_confirms(who, world, actor_for):
    with pytest.raises(ActionRefused):
        confirm_domain(actor=actor_for(who), organization=world.partner, name="new.example")


def test_staff_confirm_no_consumer_mail_and_nothing_that_has_lapsed(world):
    with pytest.raises(InvalidInput) as refused:
        confirm_domain(actor=STAFF, organization=world.partner, name="gmail.com")
    assert refused.value.code == "free_mail"
    OrganizationDomain.objects.create(
        organization=world.partner, name="lapsed.example", state=State.LAPSED, proved_at=timezone.now()
    )
    with pytest.raises(Conflict) as lapsed:
        confirm_domain(actor=STAFF, organization=world.partner, name="lapsed.example")
    assert lapsed.value.code == "domain_lapsed"


def test_an_open_proof_lasts_thirty_days(world):
    old = timezone.now() - dt.timedelta(days=31)
    proved = {"state": State.PROVED, "proved_at": old}
    kept = [
        OrganizationDomain.objects.create(organization=world.partner, name="proved.example", created_at=old, **proved),
        OrganizationDomain.objects.create(
            organization=world.partner, name="confirmed.example", created_at=old, confirmed_at=old
        ),
        OrganizationDomain.objects.create(
            organization=world.partner, name="new.example", created_at=old + dt.timedelta(days=2)
        ),
    ]
    gone = OrganizationDomain.objects.create(organization=world.partner, name="old.example", created_at=old)
    assert delete_unproved_domains() == 1
    assert OrganizationDomain.objects.filter(pk__in=[row.pk for row in kept]).count() == 3
    assert not OrganizationDomain.objects.filter(pk=gone.pk).exists()
