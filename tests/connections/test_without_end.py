"""What has no end and no limit: ten years pass, and hundreds connect by one link."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from accounts.models import Operator, Organization, OrganizationKind
from accounts.queries.operators import list_operators_of_person
from connections import policies
from connections.actions import accept_invitation
from connections.actors import build_actor_for_organization
from connections.models import Connection, InvitationLink, Portfolio
from partnerportal.celery import app
from partnerportal.lib.scopes import ALL
from tests.world import READ, World, free_org_ids

LATER = dt.timedelta(days=3653)  # ten years
MANY = 300


def do_what_is_scheduled() -> None:
    """Run each periodic task once, of which a beat would by then have run all a thousand times."""
    app.loader.import_default_modules()
    for entry in app.conf.beat_schedule.values():
        app.tasks[entry["task"]].run()


def organizations(kind: OrganizationKind, count: int) -> list[Organization]:
    """Write so many organisations of a kind in one statement."""
    names = [(org_id, f"{kind.title()} {number:03}") for number, org_id in enumerate(free_org_ids(count))]
    rows = [
        Organization(kind=kind, name=name, name_folded=name.lower(), org_id=org_id, country="DE")
        for org_id, name in names
    ]
    return Organization.objects.bulk_create(rows)


def connect(pairs: Iterable[tuple[Organization, Organization]]) -> None:
    """Connect partners with customers as of two days ago, in one statement."""
    earlier = timezone.now() - dt.timedelta(days=2)
    Connection.objects.bulk_create(
        Connection(
            partner=partner,
            customer=customer,
            partner_name=partner.name,
            customer_name=customer.name,
            connected_at=earlier,
            scopes=ALL,
        )
        for partner, customer in pairs
    )


@pytest.mark.promise("CC-25")
def test_after_ten_years_the_connection_lasts_and_the_customer_is_seen(
    world: World, web: Any, api: Any, settings: Any, tmp_path: Any
) -> None:
    settings.PRIVATE_ROOT = tmp_path
    with time_machine.travel(timezone.now() + LATER):
        do_what_is_scheduled()
        assert world.connection("customer", "partner").state == Connection.State.ACTIVE
        assert Portfolio.objects.filter(viewer=world.partner, subject=world.customer).exists()
        client = web("partner.admin")
        assert world.customer.name in client.get("/customers/").content.decode()
        assert client.get(f"/customers/{world.customer.public_id}/").status_code == 200
        assert api("partner.admin").get(f"/api/v1/customers/{world.customer.public_id}/").status_code == 200
        assert world.partner.name in web("customer.admin").get("/account/").content.decode()


@pytest.mark.promise("CC-46")
def test_after_ten_years_the_link_opens_and_is_accepted(world: World, web: Any, settings: Any, tmp_path: Any) -> None:
    settings.PRIVATE_ROOT = tmp_path
    link = f"/i/{world.token('partner')}/"
    with time_machine.travel(timezone.now() + LATER):
        do_what_is_scheduled()
        assert world.partner.name in web("anonymous").get(link).content.decode()
        client = web("stranger.admin")
        assert "Accept and connect" in client.get(link).content.decode()
        client.post(f"{link}accept/", {"organization": world.stranger.public_id} | READ)
        assert world.connection("stranger", "partner").state == Connection.State.ACTIVE
        assert world.stranger.name in web("partner.admin").get("/customers/").content.decode()


@pytest.mark.promise("CC-15", "CC-17", "CC-44")
def test_hundreds_of_customers_accept_one_link(world: World, api: Any) -> None:
    """Those of earlier days are written in bulk; the last ones accept by the product's own action."""
    token, client, person = world.token("partner"), api("partner.admin"), world.person("stranger.admin")
    before = client.get("/api/v1/customers/").json()["totalCount"]
    customers = organizations(OrganizationKind.CUSTOMER, MANY)
    connect((world.partner, customer) for customer in customers[:-5])
    for customer in customers[-5:]:
        Operator.objects.create(person=person, organization=customer, roles=["admin"])
        actor = build_actor_for_organization(
            person, customer.pk, list(list_operators_of_person(person.pk).filter(organization=customer))
        )
        assert accept_invitation(actor=actor, token=token, scopes=ALL)[1]
    assert client.get("/api/v1/customers/").json()["totalCount"] == before + MANY
    assert client.get("/api/v1/invitation-link/").json()["accepted_count"] == 3 + MANY


@pytest.mark.slow  # triggers write the sight of each
@pytest.mark.promise("CC-16", "CC-17")
def test_a_customer_is_connected_with_hundreds_of_partners(world: World, api: Any, web: Any) -> None:
    """Those of earlier days are there already, because in one day a customer accepts fifty invitations."""
    client = api("customer.admin")
    before = client.get("/api/v1/connections/").json()["totalCount"]
    connect((partner, world.customer) for partner in organizations(OrganizationKind.PARTNER, MANY))
    assert accept_invitation(actor=world.actor("customer.admin"), token=world.token("partner2"), scopes=ALL)[1]
    assert MANY > policies.ACCEPTED_A_DAY
    assert client.get("/api/v1/connections/", {"state": "active"}).json()["totalCount"] == before + MANY + 1
    assert "Partner 299" in web("customer.admin").get("/account/").content.decode()


@pytest.mark.promise("CC-42", "CC-43")
def test_a_partner_has_one_link_and_cannot_change_it(world: World, actor_for: Any, as_tenant: Any) -> None:
    """Whatever the web process is made to say; staff replace a link by their command."""
    with pytest.raises(IntegrityError), transaction.atomic():
        InvitationLink.objects.create(organization=world.partner)
    before, links = world.token("partner"), InvitationLink.objects.filter(organization=world.partner)
    with pytest.raises(DatabaseError), as_tenant(actor_for("partner.admin")):
        links.update(token="mine")
    with pytest.raises(DatabaseError), as_tenant(actor_for("partner.admin")):
        links.delete()
    assert world.token("partner") == before


@pytest.mark.promise("CC-9")
def test_a_connection_is_of_two_accounts_and_outlives_whoever_made_it(world: World, web: Any) -> None:
    for name, role in (("customer", "admin"), ("partner", "reader")):
        Operator.objects.create(person=world.person("nobody"), organization=world[name], roles=[role])
        Operator.objects.filter(organization=world[name]).exclude(person=world.person("nobody")).delete()
    page = web("nobody")
    session = page.session
    session["organization"] = world.partner.pk
    session.save()
    assert world.customer.name in page.get("/customers/").content.decode()
    assert world.connection("customer", "partner").state == Connection.State.ACTIVE
