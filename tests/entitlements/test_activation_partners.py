"""The partner that an activation link names belongs to its sender when it is used, not only when it is sent."""

import datetime as dt

import pytest
from allauth.account.models import EmailAddress
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.actions.standing import move_partner
from accounts.models import Operator, Organization, Person, ProgramMembership
from connections.events import ConnectionEventKind
from connections.models import Connection
from entitlements.actions import activation_jobs
from entitlements.actions.activation import (
    change_activation_link,
    copy_activation_link,
    resend_activation_link,
    send_activation_link,
)
from entitlements.models import ActivationLink, ActivationToken, Entitlement, Sku, TrialOffer
from notifications.actions.outbox import write_due_notices
from notifications.models import Event, Notice
from partnerportal.lib.days import today
from partnerportal.lib.errors import Conflict, InvalidInput
from tests.conftest import PageClient
from tests.entitlements.test_activation import values
from tests.entitlements.test_activation_accept import ALL, accept, page_of, sign_in_as
from tests.mails import sent
from tests.states import put
from tests.world import READ, SKU_OF_NOBODY

NEW = {"name": "Moved Ltd", "country": "FR", "contact_email": "office@moved.example"}


@pytest.fixture
def named(world, actor_for):
    """Return a link by which the distributor invites a customer of its partner, and the path of its page."""
    actor = actor_for("distributor.admin")
    sent().clear()
    link = send_activation_link(
        actor=actor, kind="customer", name="Moved Ltd", email="moved@firm.example", country="FR", language="en",
        sku=Sku.objects.get(code=SKU_OF_NOBODY), seats=2, partner=world.partner,
    )  # fmt: skip
    [mail] = sent()
    return link, f"/activate/{mail.body.partition('/activate/')[2].partition('/')[0]}/"


def move(world, actor_for, to="distributor2", who="partner"):
    move_partner(actor=actor_for("vendor.admin"), partner=world[who], distributor=to and world[to])


def tell():
    while write_due_notices():
        pass


def addressee(link):
    person = Person.objects.create_user(link.email, None, name="Mo Ved")
    EmailAddress.objects.create(user=person, email=link.email, verified=True, primary=True)
    client = PageClient()
    client.begin_session(person)
    return client


def corrected(world, **changes):
    details = {"name": "Moved Ltd", "email": "moved@firm.example", "country": "FR", "language": "en", "seats": 2}
    return details | {"sku": Sku.objects.get(code=SKU_OF_NOBODY)} | changes


@pytest.mark.promise("CV-4", "CV-11")
@pytest.mark.parametrize("to", ["distributor2", None])
def test_a_partner_that_moves_takes_no_customer_of_its_former_distributor(world, actor_for, named, to):
    link, path = named
    client = addressee(link)
    client.post(f"{path}open/")
    assert client.get(path).status_code == 200
    move(world, actor_for, to)
    before = [model.objects.count() for model in (Organization, Event)]
    assert client.get(path).status_code == 404
    assert client.post(f"{path}accept/", {"scopes": ["account"], **READ, **NEW}).status_code == 404
    assert [model.objects.count() for model in (Organization, Event)] == before
    move(world, actor_for, "distributor")
    assert client.get(path).status_code == 200, "the same link works when the partner comes back"


def test_the_former_distributor_is_told_and_chooses_another_partner(world, actor_for, as_tenant, web, named):
    link, path = named
    move(world, actor_for)
    tell()
    notice = Notice.objects.get(kind="activation_stopped")
    assert notice.recipient_id == world.distributor.pk
    inbox = web("distributor.sales_agent").get("/inbox/").content.decode()
    assert "The activation link for Moved Ltd no longer works" in inbox
    actor = actor_for("distributor.admin")
    for act in (resend_activation_link, copy_activation_link):
        with as_tenant(actor), pytest.raises(Conflict) as refused:
            act(actor=actor, activationlink=link)
        assert refused.value.code == "partner_moved"
    client = web("distributor.admin")
    assert "The partner no longer belongs to this distributor." in client.get("/customers/pending/").content.decode()
    form = client.get(f"/activations/{link.public_id}/change/").content.decode()
    assert 'name="partner"' in form and world.partner.org_id not in form
    with as_tenant(actor), pytest.raises(InvalidInput) as refused:
        change_activation_link(actor=actor, activationlink=link, **corrected(world, partner=world.partner))
    assert refused.value.field == "partner"
    move(world, actor_for, "distributor", who="partner2")
    with as_tenant(actor):
        change_activation_link(actor=actor, activationlink=link, **corrected(world, partner=world.partner2))
    link.refresh_from_db()
    assert (link.partner, link.partner_name, link.problem) == (world.partner2, world.partner2.name, "")
    assert Event.objects.get(kind="activation.changed").changes["partner"] == [world.partner.name, world.partner2.name]
    page = addressee(link).post(f"{path}open/", follow=True).content.decode()
    assert world.partner2.name in page


def test_a_link_that_has_ended_tells_nobody_of_the_move(world, actor_for, named):
    link, _path = named
    ActivationLink.objects.filter(pk=link.pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    move(world, actor_for)
    tell()
    assert not Notice.objects.filter(kind="activation_stopped").exists()


OBSTACLES = {
    "sku_withdrawn": lambda world: TrialOffer.objects.update(withdrawn_at=timezone.now()),
    "partner_not_active": lambda world: ProgramMembership.objects.filter(organization=world.partner).update(
        ends_on=today() - dt.timedelta(days=1)
    ),
    "suspended": lambda world: put(Organization.objects.filter(pk=world.partner.pk), state="suspended"),
}


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_nothing_is_mailed_that_cannot_be_accepted(world, actor_for, web, named, obstacle):
    link, _path = named
    OBSTACLES[obstacle](world)
    sent().clear()
    client = web("distributor.admin")
    for action in ("resend", "copy"):
        assert client.post(f"/activations/{link.public_id}/{action}/").status_code == 409
    assert sent() == [] and ActivationToken.objects.filter(invitation=link).count() == 1
    link.refresh_from_db()
    assert link.problem == (obstacle if obstacle in ActivationLink.Problem.values else "partner_not_active")
    assert link.problem_at
    assert str(ActivationLink.Problem(link.problem).label) in client.get("/customers/pending/").content.decode()


def test_a_name_that_is_taken_by_now_is_not_mailed_again(world, actor_for, as_tenant):
    link, actor = ActivationLink.objects.get(organization=world.distributor), actor_for("distributor.admin")
    Organization.objects.create(kind="partner", name=link.name.upper(), country=link.country)
    with as_tenant(actor), pytest.raises(Conflict) as refused:
        resend_activation_link(actor=actor, activationlink=link)
    assert refused.value.code == "name_taken"


@pytest.mark.parametrize("obstacle", ["moved", "suspended"])
def test_nobody_is_reminded_of_a_link_that_leads_nowhere(world, actor_for, named, obstacle):
    link, _path = named
    ActivationToken.objects.update(created_at=timezone.now() - dt.timedelta(days=6))
    if obstacle == "moved":
        move(world, actor_for)
    else:
        put(Organization.objects.filter(pk=world.partner.pk), state="suspended")
    sent().clear()
    activation_jobs.send_activation_reminders()
    assert link.email not in [address for mail in sent() for address in mail.to]


def test_a_bare_statement_names_no_partner_of_somebody_else(world, actor_for, as_tenant, named):
    rows, others = ActivationLink.objects.filter(pk=named[0].pk), (world.partner2, None)
    with as_tenant(actor_for("distributor.admin")):
        for other in others:
            with pytest.raises(DatabaseError, match="violates"), transaction.atomic():
                rows.update(partner=other)
    Organization.objects.filter(pk=world.partner2.pk).update(parent=world.distributor)
    with as_tenant(actor_for("distributor.admin")):
        assert rows.update(partner=world.partner2) == 1
    assert rows.get().partner_name == world.partner2.name


@pytest.mark.parametrize("who", ["distributor.admin", "vendor.admin"])
def test_nobody_names_a_partner_that_is_suspended(world, actor_for, who):
    put(Organization.objects.filter(pk=world.partner.pk), state="suspended")
    with pytest.raises(InvalidInput) as refused:
        send_activation_link(actor=actor_for(who), **values(world, who))
    assert refused.value.code == refused.value.field == "partner"


ENDED = ["named partner", "sending distributor"]


@pytest.mark.parametrize("suspended", ENDED)
def test_whoever_invites_is_not_suspended(world, named, suspended):
    link, path = named
    client = addressee(link)
    whom = world.partner if suspended == "named partner" else world.distributor
    put(Organization.objects.filter(pk=whom.pk), state="suspended")
    assert client.get(path).status_code == 404
    assert client.post(f"{path}accept/", {"scopes": ["account"], **READ, **NEW}).status_code == 404
    put(Organization.objects.filter(pk=whom.pk), state="active")
    assert client.get(path).status_code == 200


@pytest.mark.promise("CV-11", "E-14")
@pytest.mark.parametrize("ticked", [["account"], ["account", "usage"], ALL])
def test_an_organisation_that_is_connected_already_shares_what_is_ticked_now(world, ticked):
    """Neither what it shared before, nor more than was agreed to."""
    client, person = sign_in_as(ActivationLink.objects.get(organization=world.partner).email)
    Operator.objects.create(organization=world.customer, person=person, roles=["admin"])
    Entitlement.objects.filter(customer=world.customer, sku__code=SKU_OF_NOBODY).delete()
    connected = Connection.objects.active().get(customer=world.customer, partner=world.partner)
    before = connected.consents.count()
    client.post(f"{page_of('partner')}open/")
    assert (
        "shared from now on, even if your organisation is already connected"
        in client.get(page_of("partner")).content.decode()
    )
    accepted = accept(client, "partner", organization=str(world.customer.public_id), scopes=ticked)
    assert accepted.status_code == 302
    connected.refresh_from_db()
    assert connected.shared_scopes.codes == ticked
    assert Connection.objects.active().filter(customer=world.customer, partner=world.partner).count() == 1
    is_other = ticked != ALL
    assert connected.consents.count() == before + is_other
    told = Event.objects.filter(kind=ConnectionEventKind.SHARING_CHANGED, subject_id=connected.public_id)
    assert told.exists() is is_other
