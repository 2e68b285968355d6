"""The listing of partners: always what organisations, badges, operators and customers add up to, merged or not."""

import datetime as dt
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Operator, Organization, Person, Program, ProgramMembership
from connections.models import Connection
from entitlements.actions.figures import merge_portfolio_figure_changes
from entitlements.actions.partners import refresh_changed_badges, refresh_partner_trends
from entitlements.models import CustomerListing, CustomerUsage, Entitlement, PartnerListing, Sku
from entitlements.queries.partners import bring_sums_up_to_date, list_partners
from partnerportal.lib.days import today
from partnerportal.lib.scopes import ALL, Scope
from tests.counts import count
from tests.portfolio import differences
from tests.world import World

PARTNERS, CUSTOMERS = ("partner", "partner2", "nobadge"), ("customer", "customer2", "stranger")
DAYS = st.sampled_from([None, -10, -1, 0, 1, 30, 400])
partner, customer = st.sampled_from(PARTNERS), st.sampled_from(CUSTOMERS)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("connect"), partner, customer, st.sampled_from([ALL, Scope.ACCOUNT])),
        st.tuples(
            st.just("share"), partner, customer, st.sampled_from([ALL, Scope.ACCOUNT, ALL & ~Scope.ENTITLEMENTS])
        ),
        st.tuples(st.just("end"), partner, customer),
        st.tuples(st.just("move"), partner, st.sampled_from([None, "distributor", "distributor2"])),
        st.tuples(
            st.just("rename"), st.sampled_from([*PARTNERS, "distributor"]), st.text("abc", min_size=1, max_size=3)
        ),
        st.tuples(st.just("suspend"), partner, st.sampled_from(["active", "suspended"])),
        st.tuples(st.just("badge"), partner, st.integers(0, 1), st.integers(-20, 20), DAYS),
        st.tuples(st.just("unbadge"), partner),
        st.tuples(st.just("entitle"), customer, st.integers(0, 20), st.integers(0, 20), DAYS),
        st.tuples(st.just("sign in"), partner),
        st.tuples(st.just("leave"), partner),
        st.tuples(st.just("merge")),
    ),
    min_size=1,
    max_size=12,
)


class Steps:
    """What happens in a channel, each by the name of its step."""

    def __init__(self, world: World) -> None:
        self.world, self.programs = world, list(Program.objects.order_by("code")[:2])
        self.sku = Sku.objects.earliest("pk")

    def take(self, what: str, *values: Any) -> None:
        getattr(self, f"_{what.replace(' ', '_')}")(*values)

    def _connect(self, who: str, whom: str, scopes: int) -> None:
        sides = {"partner": self.world[who], "customer": self.world[whom]}
        if not Connection.objects.active().filter(**sides).exists():
            Connection.objects.create(**sides, partner_name=who, customer_name=whom, scopes=scopes)

    def _share(self, who: str, whom: str, scopes: int) -> None:
        rows = Connection.objects.active().filter(partner=self.world[who], customer=self.world[whom])
        rows.update(scopes=scopes)

    def _end(self, who: str, whom: str) -> None:
        rows = Connection.objects.active().filter(partner=self.world[who], customer=self.world[whom])
        rows.update(state="ended", ended_at=timezone.now(), ended_by=self.world[who])

    def _move(self, who: str, parent: str | None) -> None:
        Organization.objects.filter(pk=self.world[who].pk).update(parent=parent and self.world[parent])

    def _rename(self, who: str, name: str) -> None:
        Organization.objects.filter(pk=self.world[who].pk).update(name=name, name_folded=name)

    def _suspend(self, who: str, state: str) -> None:
        Organization.objects.filter(pk=self.world[who].pk).exclude(state=state).update(state=state)

    def _badge(self, who: str, program: int, start: int, length: int | None) -> None:
        starts_on = today() + dt.timedelta(days=start)
        ends_on = None if length is None else starts_on + dt.timedelta(days=max(length, 0))
        values = {"organization": self.world[who], "program": self.programs[program], "starts_on": starts_on}
        ProgramMembership.objects.update_or_create(**values, defaults={"ends_on": ends_on})

    def _unbadge(self, who: str) -> None:
        ProgramMembership.objects.filter(organization=self.world[who]).delete()

    def _entitle(self, whom: str, quantity: int, assigned: int, days: int | None) -> None:
        ends_on = None if days is None else today() + dt.timedelta(days=days)
        values = {"quantity": quantity, "assigned": assigned, "ends_on": ends_on, "sku": self.sku}
        defaults = values | {"customer": self.world[whom], "kind": "production", "state": "active"}
        Entitlement.objects.update_or_create(external_id=f"P-{whom}", defaults=defaults)

    def _sign_in(self, who: str) -> None:
        Person.objects.filter(pk=self.world.person(f"{who}.admin").pk).update(last_login=timezone.now())

    def _leave(self, who: str) -> None:
        Operator.objects.filter(organization=self.world[who], roles=["reader"]).delete()

    def _merge(self) -> None:
        merge_portfolio_figure_changes()


def shown_to(world: World, who: str, as_tenant: Any) -> dict[int, tuple[Any, ...]]:
    """What pages show `who` of its partners' customers, by the partners' primary keys."""
    actor = world.actor(who)
    with as_tenant(actor):
        rows = list(list_partners(actor))
        bring_sums_up_to_date(rows)
    names = (
        "customers",
        "sharing",
        "over",
        "seats",
        "assigned",
        "overage",
        "skus",
        "next_expiry_on",
        "last_customer_at",
    )
    return {row.pk: tuple(getattr(row, name) for name in names) for row in rows}


def plain_sums(partner_id: int) -> tuple[Any, ...]:
    """The same from the rows of its customers."""
    rows = list(CustomerListing.objects.filter(viewer=partner_id))
    return (
        len(rows),
        sum(row.shares_scope(Scope.ENTITLEMENTS) for row in rows),
        sum(row.is_over_limit for row in rows),
        sum(row.seats for row in rows),
        sum(row.assigned for row in rows),
        sum(row.overage for row in rows),
        sorted({sku for row in rows for sku in row.skus}),
        min((row.next_expiry_on for row in rows), default=dt.date(9999, 12, 31)),
        max((row.connected_at for row in rows), default=dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
    )


@pytest.mark.slow
@pytest.mark.no_cover
@given(steps=STEPS)
@settings(max_examples=count(200), suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_follows_whatever_happens(world: World, as_tenant: Any, steps: list[Any]) -> None:
    with transaction.atomic():
        channel = Steps(world)
        for step in steps:
            channel.take(*step)
            assert differences() == []
        for who in ("distributor.reader", "distributor2.admin", "vendor.reader"):
            shown = shown_to(world, who, as_tenant)
            assert shown == {pk: plain_sums(pk) for pk in shown}
        merge_portfolio_figure_changes()
        assert differences() == []
        transaction.set_rollback(True)


@pytest.mark.promise("E-15", "CV-8")
def test_each_sees_the_partners_below(world: World, as_tenant: Any) -> None:
    everybody = {world[name].pk for name in ("partner", "partner2", "lapsed", "nobadge")}
    seen = {
        "distributor.reader": {world.partner.pk},
        "distributor2.admin": {world.partner2.pk},
        "vendor.reader": everybody,
        "partner.admin": set(),
        "customer.admin": set(),
        "publisher.admin": set(),
    }
    assert {who: set(shown_to(world, who, as_tenant)) for who in seen} == seen


@pytest.mark.promise("E-4", "E-14")
def test_what_is_no_longer_shared_is_in_no_sum_of_the_next_request(world: World, as_tenant: Any) -> None:
    """The merge of the figures has not been by."""
    merge_portfolio_figure_changes()
    before = shown_to(world, "distributor.reader", as_tenant)[world.partner.pk]
    Connection.objects.filter(customer=world.customer, partner=world.partner).update(scopes=Scope.ACCOUNT)
    kept_back = shown_to(world, "distributor.reader", as_tenant)[world.partner.pk]
    assert before[:2] == (2, 2) and kept_back[:2] == (2, 1) and kept_back[3] < before[3]
    Steps(world).take("end", "partner", "customer")
    assert shown_to(world, "distributor.reader", as_tenant)[world.partner.pk][:2] == (1, 1)
    assert PartnerListing.objects.get(pk=world.partner.pk).customers == 2, "the row itself follows with the merge"
    merge_portfolio_figure_changes()
    assert PartnerListing.objects.get(pk=world.partner.pk).customers == 1


@pytest.mark.promise("E-15")
def test_sums_are_told_to_nobody_else(world: World, as_tenant: Any) -> None:
    """The function of the database that adds up for others asks who they are."""
    everybody = list(Organization.objects.values_list("pk", flat=True))
    names, told = world.names, {}
    for who in (
        "distributor.admin",
        "distributor2.admin",
        "partner.admin",
        "customer.admin",
        "publisher.admin",
        "anonymous",
    ):
        with as_tenant(world.actor(who)), connection.cursor() as cursor:
            cursor.execute("SELECT organization_id FROM portal_partner_sums(%s)", [everybody])
            told[who] = {names[key] for (key,) in cursor.fetchall()}
    assert told.pop("distributor.admin") <= {"partner"} and told.pop("distributor2.admin") <= {"partner2"}
    assert set().union(*told.values()) == set()


def test_badges_change_with_the_day(world: World) -> None:
    """A badge that ended yesterday, and one that begins today, of which no trigger hears."""
    program = Program.objects.get(code="csp")
    ProgramMembership.objects.filter(organization=world.partner, program=program).delete()
    row = PartnerListing.objects.filter(pk=world.partner.pk)
    before = row.get().badges
    ProgramMembership.objects.create(
        organization=world.partner, program=program, starts_on=today() + dt.timedelta(days=1)
    )
    assert row.get().badges == before and row.get().badges_change_on == today() + dt.timedelta(days=1)
    with connection.cursor() as cursor:  # as if that day had come
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accounts_programmembership DISABLE TRIGGER USER")
        cursor.execute("UPDATE accounts_programmembership SET starts_on = %s WHERE starts_on > %s", [today(), today()])
        cursor.execute("ALTER TABLE accounts_programmembership ENABLE TRIGGER USER")
    row.update(badges_change_on=today())
    assert refresh_changed_badges() == 1 and refresh_changed_badges() == 0
    assert {"program": "csp", "since": str(today()), "until": None} in row.get().badges


def test_memberships_that_follow_one_another_are_one_badge(world: World) -> None:
    program, day = Program.objects.get(code="csp"), dt.timedelta(days=1)
    ProgramMembership.objects.filter(organization=world.partner).delete()
    for start, end in ((-20, 5), (6, 40)):
        dates = {"starts_on": today() + start * day, "ends_on": today() + end * day}
        ProgramMembership.objects.create(organization=world.partner, program=program, **dates)
    row = PartnerListing.objects.get(pk=world.partner.pk)
    badge = {"program": "csp", "since": str(today() - 20 * day), "until": str(today() + 40 * day)}
    assert row.badges == [badge] and row.next_lapse_on == today() + 40 * day


def test_what_was_written_around_the_triggers_is_found_and_repaired(world: World) -> None:
    merge_portfolio_figure_changes()
    PartnerListing.objects.filter(pk=world.partner.pk).update(name="wrong")
    PartnerListing.objects.filter(pk=world.partner2.pk).update(seats=999)
    PartnerListing.objects.filter(pk=world.lapsed.pk).delete()
    with pytest.raises(CommandError, match="3 differences"):
        call_command("rebuild_portfolio", "--check")
    call_command("rebuild_portfolio")
    call_command("rebuild_portfolio", "--check")
    assert differences() == []


def spark_of(web: Any, name: str) -> str:
    [row] = [row for row in web("distributor.reader").get("/partners/").context["list"].rows if row.name == name]
    return str(row.spark)


def test_weeks_are_those_of_the_customers_that_share_their_use(world: World, web: Any) -> None:
    """By the licences that each has now. Who shares it no more is out of them on the next request (E15)."""
    usage = CustomerUsage.objects.filter(customer__in=(world.customer, world.customer2))
    usage.update(as_of=today())
    usage.filter(customer=world.customer).update(purchased=30, weeks=[-1] * 12 + [40, 40, 40, 80])
    usage.filter(customer=world.customer2).update(purchased=10, weeks=[-1] * 15 + [0])
    Connection.objects.active().filter(partner=world.partner, customer=world.customer2).update(scopes=ALL)
    merge_portfolio_figure_changes()
    assert refresh_partner_trends() == PartnerListing.objects.count()
    listed = PartnerListing.objects.get(organization=world.partner)
    assert listed.weeks == [-1] * 12 + [40, 40, 40, 60] and spark_of(web, world.partner.name)
    Connection.objects.active().filter(partner=world.partner).update(scopes=ALL & ~Scope.USAGE)
    assert spark_of(web, world.partner.name) == "", "before anything was merged"
    merge_portfolio_figure_changes()
    listed.refresh_from_db()
    assert listed.weeks == [] and spark_of(web, world.partner.name) == ""


def test_weeks_of_who_reports_no_more_are_forgotten(world: World) -> None:
    CustomerUsage.objects.update(as_of=today() - dt.timedelta(days=20), weeks=[50] * 16)
    refresh_partner_trends()
    assert list(PartnerListing.objects.exclude(weeks=[])) == []
