"""The people of a suspended organisation see that it is, and whom to ask, and nothing else; by both locks."""

from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError

from accounts.actions.standing import reactivate_organization, suspend_organization
from accounts.models import Organization
from accounts.queries import find_addressees_by_organization
from connections.actors import build_actor_with_current_roles
from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import TenantQuerySet
from tests.world import World

STAFF = Actor.system("vendor staff (test)")
PAGES = ("/", "/customers/", "/account/", "/operators/", "/inbox/", "/me/", "/organizations/new/", "/help/roles/")


@pytest.fixture
def suspended(world: World) -> Organization:
    return suspend_organization(actor=STAFF, organization=world.partner, reason="Unpaid")


@pytest.mark.parametrize("who", ["partner.admin", "partner.reader"])
def test_every_page_says_so_and_whom_to_ask(who: str, web: Any, world: World, suspended: Organization) -> None:
    client = web(who)
    for path in PAGES:
        response = client.get(path)
        page = response.content.decode()
        assert response.status_code == 403, path
        assert f"{suspended.name} is suspended" in page and suspended.account_manager_email in page
        assert world.customer.name not in page and suspended.org_id not in page
    assert client.post("/account/edit/", {"city": "Ulm"}).status_code == 403
    assert client.post("/sign-in/logout/").status_code == 302
    assert "is suspended" not in client.get("/").content.decode()


def test_the_api_says_so(api: Any, suspended: Organization) -> None:
    for path in ("/api/v1/me/", "/api/v1/connections/", "/api/v1/customers/"):
        response = api("partner.admin").get(path)
        assert response.status_code == 403
        assert [error["code"] for error in response.json()["errors"]] == ["suspended"]


def test_somebody_acts_for_another_of_theirs(web: Any, world: World, suspended: Organization) -> None:
    client = web("many@partner")
    assert "is suspended" in client.get("/").content.decode()
    assert client.post("/organizations/switch/", {"organization": world.distributor.public_id}).status_code == 302
    assert client.get("/account/").status_code == 200
    assert client.post("/organizations/switch/", {"organization": suspended.public_id}).status_code == 302
    assert "is suspended" in client.get("/account/").content.decode()


def test_who_names_none_acts_for_one_that_takes_part(web: Any, world: World) -> None:
    client = web("many")
    first = client.get("/account/").content.decode()
    acting_for = next(o for o in (world.partner, world.customer, world.distributor) if o.org_id in first)
    suspend_organization(actor=STAFF, organization=acting_for, reason="Unpaid")
    client = web("many")
    assert client.get("/account/").status_code == 200


def test_the_database_enters_it_no_more(world: World, actor_for: Any, as_tenant: Any) -> None:
    """Also for code that has the actor from before."""
    actor = actor_for("partner.admin")
    models = [m for m in apps.get_models() if isinstance(m._default_manager.all(), TenantQuerySet)]

    def seen() -> set[str]:
        with as_tenant(actor):
            return {m.__name__ for m in models if m._default_manager.exists()}

    assert {"Portfolio", "Connection", "Event", "CustomerListing"} <= seen()
    suspend_organization(actor=STAFF, organization=world.partner, reason="Unpaid")
    # their own name and operators, by which the page knows them
    assert seen() <= {"Organization", "Operator", "ProgramMembership", "OrganizationCompetency", "OrganizationSkill"}
    for values in ({"city": "Ulm"}, {"state": "active"}):
        with pytest.raises(DatabaseError), as_tenant(actor):
            Organization.objects.filter(pk=world.partner.pk).update(**values)


def test_no_job_and_no_mail_works_for_it(world: World, actor_for: Any, suspended: Organization) -> None:
    assert build_actor_with_current_roles(world.person("partner.admin").pk, suspended.pk) is None
    assert actor_for("partner.admin").organization_id is None
    assert set(find_addressees_by_organization([suspended.pk, world.customer.pk])) == {world.customer.pk}


def test_after_it_is_reactivated_everything_is_as_before(web: Any, world: World) -> None:
    before = web("partner.admin").get("/customers/")
    row = suspend_organization(actor=STAFF, organization=world.partner, reason="Unpaid")
    reactivate_organization(actor=STAFF, organization=row)
    after = web("partner.admin").get("/customers/")
    assert (after.status_code, world.customer.name in after.content.decode()) == (200, True)
    assert before.status_code == 200
