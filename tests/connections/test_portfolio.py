"""The portfolio and the customer list follow their definition through whatever happens (hypothesis)."""

import datetime as dt

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Organization
from connections.models import Connection, Portfolio
from partnerportal.lib.scopes import ALL, Scope
from tests.counts import count
from tests.portfolio import differences

START = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
PARTNERS, CUSTOMERS, DISTRIBUTORS = range(3), range(3), range(2)
SHARED = st.integers(Scope.ACCOUNT, ALL).map(lambda scopes: scopes | Scope.ACCOUNT)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("connect"), st.sampled_from(PARTNERS), st.sampled_from(CUSTOMERS), SHARED),
        st.tuples(st.just("share"), st.sampled_from(PARTNERS), st.sampled_from(CUSTOMERS), SHARED),
        st.tuples(st.just("end"), st.sampled_from(PARTNERS), st.sampled_from(CUSTOMERS)),
        st.tuples(st.just("delete"), st.sampled_from(PARTNERS), st.sampled_from(CUSTOMERS)),
        st.tuples(st.just("move"), st.sampled_from(PARTNERS), st.sampled_from([None, *DISTRIBUTORS])),
        st.tuples(st.just("rename"), st.sampled_from(CUSTOMERS), st.text("abc", min_size=1, max_size=3)),
        st.tuples(st.just("found"), st.sampled_from([None, *DISTRIBUTORS]), st.booleans()),
        st.tuples(st.just("distributor accepts"), st.sampled_from(PARTNERS), st.sampled_from(DISTRIBUTORS)),
    ),
    min_size=10,
    max_size=25,
)


class Field:
    """Three partners, three customers, two distributors; the clock goes on with each step."""

    def __init__(self) -> None:
        make = Organization.objects.create
        self.partners = [make(kind="partner", name=f"P{n}", country="DE") for n in PARTNERS]
        self.customers = [make(kind="customer", name=f"C{n}", country="DE") for n in CUSTOMERS]
        self.distributors = [make(kind="distributor", name=f"D{n}", country="DE") for n in DISTRIBUTORS]
        self.now = START

    def do(self, what, one, other, shared=ALL):
        self.now += dt.timedelta(hours=1)
        if what == "move":
            parent = None if other is None else self.distributors[other]
            Organization.objects.filter(pk=self.partners[one].pk).update(parent=parent)
        elif what == "rename":
            Organization.objects.filter(pk=self.customers[one].pk).update(name=other, name_folded=other)
        elif what == "found":
            parent = None if one is None else self.distributors[one]
            kind = "partner" if other or parent else "customer"
            Organization.objects.create(kind=kind, name="New", country="DE", parent=parent, created_at=self.now)
        else:
            customer = self.distributors[other] if what == "distributor accepts" else self.customers[other]
            self.link(what, self.partners[one], customer, shared)

    def link(self, what, partner, customer, shared):
        pair = Connection.objects.filter(partner=partner, customer=customer)
        live = pair.filter(state="active")
        if what == "end":
            live.update(state="ended", ended_at=self.now, ended_by=customer)
        elif what == "delete":
            pair.delete()
        elif not live.exists():
            names = {"partner_name": partner.name, "customer_name": customer.name}
            Connection.objects.create(partner=partner, customer=customer, connected_at=self.now, scopes=shared, **names)
        elif what == "share":
            live.update(scopes=shared)


@pytest.mark.slow
@pytest.mark.no_cover
@given(steps=STEPS)
@settings(max_examples=count(150), suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_follows_the_definition(db, steps):
    with transaction.atomic():
        field = Field()
        for step in steps:
            field.do(*step)
            assert differences() == [], f"after {step}"
        transaction.set_rollback(True)


def test_keeps_the_first_path_and_the_earliest_date(world):
    """The distributor reaches customer2 through its partner; through a second one it is no nearer, and no later."""
    seen = Portfolio.objects.get(viewer=world.distributor, subject=world.customer2)
    since = Connection.objects.get(partner=world.partner, customer=world.customer2).connected_at
    assert (seen.path, seen.since) == (Portfolio.AccessPath.PARTNER_CUSTOMER, since)
    Organization.objects.filter(pk=world.partner2.pk).update(parent=world.distributor)
    Connection.objects.filter(partner=world.partner, customer=world.customer2).update(
        state="ended", ended_at=timezone.now(), ended_by=world.partner
    )
    seen.refresh_from_db()
    assert seen.since == Connection.objects.get(partner=world.partner2, customer=world.customer2).connected_at


@pytest.mark.promise("E-14", "G-1")
def test_adds_up_what_is_shared_on_all_paths(world):
    """The distributor sees customer2 through two partners, with whom customer2 does not share the same."""
    Organization.objects.filter(pk=world.partner2.pk).update(parent=world.distributor)
    seen = Portfolio.objects.filter(viewer=world.distributor, subject=world.customer2)
    both = Connection.objects.filter(customer=world.customer2)
    for less in ("partner", "partner2"):
        both.filter(partner=world[less]).update(scopes=Scope.ACCOUNT | Scope.USAGE)
        both.exclude(partner=world[less]).update(scopes=Scope.ACCOUNT | Scope.ORDERS)
        assert seen.get().scopes == Scope.ACCOUNT | Scope.USAGE | Scope.ORDERS
    both.filter(partner=world.partner2).update(state="ended", ended_at=timezone.now(), ended_by=world.partner2)
    assert seen.get().scopes == Scope.ACCOUNT | Scope.ORDERS


def test_the_check_command_agrees_and_finds_a_difference(world):
    call_command("rebuild_portfolio", "--check")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM connections_portfolio WHERE viewer_id = %s", [world.partner.pk])
    assert differences()
    with pytest.raises(CommandError, match="differences"):
        call_command("rebuild_portfolio", "--check")
    call_command("rebuild_portfolio")
    assert differences() == []
