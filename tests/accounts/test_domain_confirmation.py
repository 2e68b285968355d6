"""Vendor staff confirm on a page that a domain is an organisation's, and take that back; its Admins are told."""

import html
import re
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from accounts.actions.domains import confirm_domain, withdraw_domain_confirmation
from accounts.models import OrganizationDomain
from accounts.work_addresses import list_accepted_domains
from notifications.actions.outbox import write_due_notices
from notifications.models import Delivery, Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, Conflict
from tests.world import World

ADMIN = "vendor.admin"
NAME = "confirmed.example"
STAFF = Actor.system("vendor staff")


def send(client: Any, path: str, **values: str) -> Any:
    """Open a dialog and send it with what it carries."""
    page = client.get(path).content.decode()
    seen = re.search(r'name="seen" value="(\w*)"', page)
    return client.post(path, {"seen": seen[1] if seen else "", **values})


def told(world: World, kind: str) -> tuple[Any, set[int]]:
    while write_due_notices():
        pass
    notice = world.notices("partner").get(kind=kind)
    return notice, set(Delivery.objects.filter(notice=notice, channel="email").values_list("person_id", flat=True))


@pytest.mark.promise("E-6")
def test_an_admin_of_the_vendor_confirms_a_domain_on_a_page(web: Any, world: World) -> None:
    path = f"/organizations/{world.partner.public_id}/domain/"
    answer = send(web(ADMIN), path, name="Confirmed.EXAMPLE")
    assert answer.status_code == 302
    assert NAME in list_accepted_domains(world.partner)
    event = Event.objects.get(kind="domain.confirmed")
    assert (event.counterpart_id, event.subject_label) == (world.partner.pk, NAME)
    notice, mailed = told(world, "domain_confirmed")
    assert notice.params == {"domain": NAME}
    assert mailed == {world.person("partner.admin").pk, world.person("many").pk}
    assert "The vendor has confirmed confirmed.example" in web("partner.admin").get("/inbox/").content.decode()


@pytest.mark.promise("E-6")
def test_and_takes_it_back(web: Any, world: World) -> None:
    confirm_domain(actor=STAFF, organization=world.partner, name=NAME)
    path = f"/organizations/{world.partner.public_id}/withdraw/"
    assert send(web(ADMIN), path, name=NAME).status_code == 302
    assert list_accepted_domains(world.partner) == ["example.com"]
    row = OrganizationDomain.objects.get(organization=world.partner, name=NAME)
    assert (row.state, row.confirmed_at) == ("open", None), "the organisation can still prove it"
    assert Event.objects.get(kind="domain.confirmation_withdrawn").counterpart_id == world.partner.pk
    _notice, mailed = told(world, "domain_confirmation_withdrawn")
    assert world.person("partner.admin").pk in mailed
    assert web(ADMIN).get(path).status_code == 409, "nothing is confirmed any more"


def test_wrong_names_are_errors_of_the_field(web: Any, world: World) -> None:
    for name in ("", "anna@example.com", "gmail.com"):
        page = send(web(ADMIN), f"/organizations/{world.partner.public_id}/domain/", name=name)
        assert page.status_code == 200 and 'aria-invalid="true"' in html.unescape(page.content.decode())
    confirm_domain(actor=STAFF, organization=world.partner, name=NAME)
    page = send(web(ADMIN), f"/organizations/{world.partner.public_id}/withdraw/", name="other.example")
    assert page.status_code == 200
    assert OrganizationDomain.objects.exclude(confirmed_at=None).count() == 1


def test_what_was_confirmed_meanwhile_is_said_and_twice_is_once(web: Any, world: World, actor_for: Any) -> None:
    client, path = web(ADMIN), f"/organizations/{world.partner.public_id}/domain/"
    seen = re.search(r'name="seen" value="(\w*)"', client.get(path).content.decode())[1]  # type: ignore[index]
    for _twice in range(2):
        assert client.post(path, {"seen": seen, "name": NAME}).status_code == 302
    assert Event.objects.filter(kind="domain.confirmed").count() == 1
    assert "Current values" in client.post(path, {"seen": seen, "name": "second.example"}).content.decode()
    with pytest.raises(Conflict) as refused:
        withdraw_domain_confirmation(actor=STAFF, organization=world.partner, name=NAME, seen=seen)
    assert refused.value.code == "changed_meanwhile"


@pytest.mark.parametrize("who", ["vendor.reader", "partner.admin", "distributor.admin"])
def test_nobody_else_confirms_or_withdraws(who: str, world: World, actor_for: Any, as_tenant: Any) -> None:
    confirm_domain(actor=STAFF, organization=world.partner, name=NAME)
    actor = actor_for(who)
    for action in (confirm_domain, withdraw_domain_confirmation):
        with as_tenant(actor), pytest.raises(ActionRefused):
            action(actor=actor, organization=world.partner, name=NAME)
    with suppress(DatabaseError), as_tenant(actor):
        OrganizationDomain.objects.filter(name=NAME).update(confirmed_at=None)
    assert OrganizationDomain.objects.get(organization=world.partner, name=NAME).confirmed_at


@pytest.mark.promise("E-6")
def test_what_is_withdrawn_counts_not_as_the_first_admins_either(world: World, actor_for: Any, as_tenant: Any) -> None:
    """The domain was confirmed with the invitation of the first Admin, who accepted it."""
    confirm_domain(actor=STAFF, organization=world.partner, name="example.com")
    actor = actor_for(ADMIN)
    with as_tenant(actor):
        withdraw_domain_confirmation(actor=actor, organization=world.partner, name="example.com")
    assert list_accepted_domains(world.partner) == []


def test_the_command_withdraws_too(world: World, capsys: Any) -> None:
    run = partial(call_command, "confirm_domain", world.partner.org_id, NAME)
    run()
    run("--withdraw")
    assert "no longer confirmed" in capsys.readouterr().out
    with pytest.raises(CommandError, match="is not confirmed"):
        run("--withdraw")
