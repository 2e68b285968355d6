"""What a customer does not share is seen by nobody else, in no table and by neither lock; all else is still seen."""

import inspect

import pytest

from accounts.models import (
    Competency,
    Organization,
    OrganizationCompetency,
    OrganizationSkill,
    Program,
    ProgramMembership,
    Skill,
)
from connections.actions import change_connection_sharing
from connections.consent import get_all_shareable_scopes
from connections.models import Connection, Portfolio
from entitlements.actions.trials import make_entitlement_event
from entitlements.events import EntitlementEventKind
from entitlements.models import (
    Anomaly,
    CustomerListing,
    CustomerPace,
    CustomerUsage,
    Entitlement,
    Order,
    OrderLine,
    UsageDay,
    UsageMonth,
)
from notifications.actions.outbox import write_due_notices
from notifications.actions.recording import record_events
from notifications.models import Delivery, DeliveryChannel, Event, MailMode, Notice, NoticePreference
from partnerportal.lib.actors import Actor
from partnerportal.lib.scopes import Scope, includes_scopes
from tests.house.test_tables import TENANT_MODELS

# Of each table which column holds the customer, and the scope that others need for its rows.
NEEDS = {
    Organization: ("pk", Scope.ACCOUNT),
    ProgramMembership: ("organization", Scope.ACCOUNT),
    OrganizationCompetency: ("organization", Scope.ACCOUNT),
    OrganizationSkill: ("organization", Scope.ACCOUNT),
    Entitlement: ("customer", Scope.ENTITLEMENTS),
    Order: ("customer", Scope.ORDERS),
    OrderLine: ("order__customer", Scope.ORDERS),
    UsageDay: ("customer", Scope.USAGE),
    UsageMonth: ("customer", Scope.USAGE),
    CustomerUsage: ("customer", Scope.USAGE),
    Anomaly: ("customer", Scope.USAGE),
}
# News has the scopes that it needs in each row: that of what it tells, and the one of news.
TOLD = {
    EntitlementEventKind.CHANGED: Scope.NOTIFICATIONS | Scope.ENTITLEMENTS,
    EntitlementEventKind.ORDER_PLACED: Scope.NOTIFICATIONS | Scope.ORDERS,
    EntitlementEventKind.USE_UNUSUAL: Scope.NOTIFICATIONS | Scope.USAGE,
}
NEWS = {Event, Notice}
# A viewer has its own rows of these, whatever is shared: tests/portfolio.py holds what they say of it to the scopes.
OF_THE_VIEWER = {Connection, CustomerListing, CustomerPace, Portfolio}
VIEWERS = ("partner.admin", "distributor.admin")
KEPT_BACK = [Scope.NONE, *(scope for scope in get_all_shareable_scopes() if scope != Scope.ACCOUNT)]
each_scope = pytest.mark.parametrize("kept_back", KEPT_BACK, ids=lambda scope: scope.name or "NOTHING")
each_viewer = pytest.mark.parametrize("who", VIEWERS)


def test_every_table_that_reaches_others_is_named_here():
    sources = {model: inspect.getsource(type(model._default_manager.all()).rows_for) for model in TENANT_MODELS}
    assert {model for model, source in sources.items() if "reach(" in source} <= {*NEEDS, *NEWS} | OF_THE_VIEWER


def service_of(world):
    return Entitlement.objects.filter(customer=world.customer).earliest("pk")


@pytest.fixture
def news(world):
    """Events and notices of each kind, about a customer of whom something is in each table, a badge for one."""
    world.customer.competencies.add(Competency.objects.earliest("pk"))
    world.customer.skills.add(Skill.objects.earliest("pk"))
    program = Program.objects.earliest("pk")
    ProgramMembership.objects.create(organization=world.customer, program=program, starts_on="2020-01-01")
    record_events([make_entitlement_event(kind, Actor.system("feed"), service_of(world)) for kind in TOLD])
    while write_due_notices():
        pass
    return Event.objects.filter(customer_id=world.customer.pk), Notice.objects.filter(about_id=world.customer.pk)


@pytest.fixture
def share_all_but(world, actor_for, as_tenant):
    def change(kept_back: Scope) -> Scope:
        customer, connected = actor_for("customer.admin"), world.connection("customer", "partner")
        with as_tenant(customer):
            return change_connection_sharing(
                actor=customer, connection=connected, scopes=get_all_shareable_scopes() & ~kept_back
            ).shared_scopes

    return change


@pytest.mark.promise("E-14", "G-1")
@each_viewer
@each_scope
def test_a_table_shows_what_is_shared(who, kept_back, news, share_all_but, world, actor_for, as_tenant):
    shared, actor = share_all_but(kept_back), actor_for(who)
    for model, (column, needed) in NEEDS.items():
        rows = model.objects.filter(**{column: world.customer.pk})
        assert rows.exists(), f"there is nothing in {model.__name__}"
        assert rows.visible_to(actor).exists() is includes_scopes(shared, needed), f"first lock of {model.__name__}"
        with as_tenant(actor):
            assert rows.exists() is includes_scopes(shared, needed), f"second lock of {model.__name__}"


@pytest.mark.promise("E-14", "G-1")
@each_viewer
@each_scope
def test_news_needs_what_it_tells(who, kept_back, news, share_all_but, actor_for, as_tenant):
    shared, actor = share_all_but(kept_back), actor_for(who)
    events, notices = news
    for kind, needed in TOLD.items():
        told = notices.filter(event__kind=kind, recipient_id=actor.organization_id)
        for rows in (events.filter(kind=kind), told):
            assert rows.exists() or kind == EntitlementEventKind.ORDER_PLACED, f"nobody is told of {kind}"
            seen = rows.exists() and includes_scopes(shared, needed)
            assert rows.visible_to(actor).exists() is seen, f"first lock of {rows.model.__name__}, {kind}"
            with as_tenant(actor):
                assert rows.exists() is seen, f"second lock of {rows.model.__name__}, {kind}"


@pytest.mark.promise("E-14")
def test_news_without_a_scope_is_told_to_the_customer_alone(world):
    """tests/notifications/test_event_readers.py says who reads it."""
    told = make_entitlement_event(EntitlementEventKind.CHANGED, Actor.system("feed"), service_of(world))
    told.scopes = Scope.NONE
    told.save(force_insert=True)
    while write_due_notices():
        pass
    assert [notice.recipient_id for notice in Notice.objects.filter(event=told)] == [world.customer.pk]


@pytest.mark.promise("E-14")
def test_no_mail_waits_with_news_of_what_is_kept_back(share_all_but, world):
    recipient = {"organization_id": world.partner.pk, "person_id": world.person("partner.admin").pk}
    NoticePreference.objects.create(**recipient, kind="entitlement_changed", mail=MailMode.EACH)
    for kept_back, mails in ((Scope.NONE, 1), (Scope.ENTITLEMENTS, 0)):
        share_all_but(kept_back)
        told = make_entitlement_event(EntitlementEventKind.CHANGED, Actor.system("feed"), service_of(world))
        told.save(force_insert=True)
        while write_due_notices():
            pass
        notice = Notice.objects.get(event=told, recipient_id=world.partner.pk)
        assert notice.in_reach is bool(mails)
        assert Delivery.objects.filter(notice=notice, channel=DeliveryChannel.EMAIL).count() == mails


@each_scope
def test_the_customer_itself_sees_all_of_its_own(kept_back, news, share_all_but, world, actor_for, as_tenant):
    share_all_but(kept_back)
    actor = actor_for("customer.admin")
    with as_tenant(actor):
        for model, (column, _needed) in NEEDS.items():
            rows = model.objects.filter(**{column: world.customer.pk})
            assert rows.exists() and rows.visible_to(actor).exists(), model.__name__
        assert all(rows.visible_to(actor).filter(pk__in=rows).exists() for rows in news)


@pytest.mark.promise("E-15")
def test_a_distributor_sees_nothing_of_what_its_partners_own(world, actor_for, as_tenant):
    """It sees their account data alone (E-15)."""
    actor = actor_for("distributor.admin")
    for model, (column, needed) in NEEDS.items():
        rows = model.objects.filter(**{column: world.partner.pk})
        assert rows.exists(), f"there is nothing in {model.__name__}"
        assert rows.visible_to(actor).exists() is (needed == Scope.ACCOUNT), model.__name__
        with as_tenant(actor):
            assert rows.exists() is (needed == Scope.ACCOUNT), model.__name__
