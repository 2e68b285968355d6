"""The people of a suspended organisation see that it is, and whom to ask, and nothing else; by both locks."""

from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError

from accounts.actions.standing import reactivate_organization, suspend_organization
from accounts.models import Organization
from accounts.queries.operators import find_addressees_by_organization
from connections.actions import accept_invitation
from connections.actors import build_actor_with_current_roles
from connections.models import Connection, Portfolio
from entitlements.models import ActivationLink
from imports.actions.runs import run_next_import
from imports.models import Import
from notifications.actions.outbox import send_due_emails, write_due_notices
from notifications.actions.recording import record_event
from notifications.models import Notice
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict
from partnerportal.lib.scopes import ALL
from partnerportal.lib.visible_rows import TenantQuerySet
from tests.imports.test_views import post
from tests.mails import sent
from tests.world import READ, SKU_OF_NOBODY, World, canary
from tests.world_usage import CALENDAR

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
        assert f"{suspended.name} has been suspended" in page and suspended.account_manager_email in page
        assert "its operators can’t see its data" in page
        assert world.customer.name not in page and suspended.org_id not in page
    assert client.post("/account/edit/", {"city": "Ulm"}).status_code == 403
    assert client.post("/sign-in/logout/").status_code == 302
    assert "has been suspended" not in client.get("/").content.decode()


def test_the_api_says_so(api: Any, suspended: Organization) -> None:
    for path in ("/api/v1/me/", "/api/v1/connections/", "/api/v1/customers/"):
        response = api("partner.admin").get(path)
        assert response.status_code == 403
        assert [error["code"] for error in response.json()["errors"]] == ["suspended"]


def test_somebody_acts_for_another_of_theirs(web: Any, world: World, suspended: Organization) -> None:
    client = web("many@partner")
    assert "has been suspended" in client.get("/").content.decode()
    assert client.post("/organizations/switch/", {"organization": world.distributor.public_id}).status_code == 302
    assert client.get("/account/").status_code == 200
    assert client.post("/organizations/switch/", {"organization": suspended.public_id}).status_code == 302
    assert "has been suspended" in client.get("/account/").content.decode()


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


def take_part_again(row: Organization) -> None:
    reactivate_organization(actor=STAFF, organization=row)


@pytest.mark.promise("E-1")
def test_its_invitation_link_stops_and_works_again(web: Any, world: World, suspended: Organization) -> None:
    client, link = web("stranger.admin"), f"/i/{world.token('partner')}/"
    page = client.get(link).content.decode()
    assert "This invitation can’t be accepted now" in page and "has been suspended" not in page
    assert client.post(f"{link}accept/", {**READ, "scopes": []}).status_code == 409
    with pytest.raises(Conflict) as refused:
        accept_invitation(actor=world.actor("stranger.admin"), token=world.token("partner"), scopes=ALL)
    assert refused.value.code == "partner_not_active"
    take_part_again(suspended)
    assert client.post(f"{link}accept/", {**READ, "scopes": []}).status_code == 302


def test_the_database_connects_nobody_with_it(
    world: World, actor_for: Any, as_tenant: Any, suspended: Organization
) -> None:
    """Not even by code that read the invitation before."""
    row = {"partner": world.partner, "customer": world.stranger, "partner_name": "P", "customer_name": "C"}
    actor, token = actor_for("stranger.admin"), world.token("partner")
    with (
        pytest.raises(DatabaseError, match="row-level security"),
        as_tenant(actor),
        tenancy.as_tenant(organization_id=actor.organization_id, person_id=actor.person_id, secret=token),
    ):
        Connection.objects.create(**row)


def test_calendars_of_its_people_stop_and_work_again(client: Any, world: World, suspended: Organization) -> None:
    url = f"/calendar/{CALENDAR.format(canary('partner', 'goods'))}.ics"
    assert client.get(url).status_code == 404
    take_part_again(suspended)
    answer = client.get(url)
    assert answer.status_code == 200 and canary("customer") in answer.content.decode()


def test_exports_and_imports_stop(web: Any, api: Any, suspended: Organization) -> None:
    for path in ("/exports/", "/exports/new/", "/imports/"):
        assert web("partner.admin").post(path, {"list": "customers"}).status_code == 403, path
    assert api("partner.admin").get("/api/v1/exports/").status_code == 403
    take_part_again(suspended)
    assert web("partner.admin").post("/exports/new/", {"list": "customers"}).status_code == 200


@pytest.mark.usefixtures("private_folder")
@pytest.mark.parametrize("step", ["uploaded", "confirmed"])
def test_a_job_that_waits_does_nothing(step: str, web: Any, world: World) -> None:
    """Neither its dry run nor its work; what it holds is told to nobody, and nothing goes on when it is back."""
    head = "organization_name,email,country,language,sku,add_ons,licences,partner_orgid"
    client, line = web("partner.admin"), f"Firm,a@firm.example,FR,fr,{SKU_OF_NOBODY},,5,"
    url = post(client, f"{head}\n{line}\n".encode(), "/imports/new/activation_links/")["Location"]
    if step == "confirmed":
        assert run_next_import()
        assert client.post(f"{url}apply/", {"mode": "send"}).status_code == 302
    row = suspend_organization(actor=STAFF, organization=world.partner, reason="Unpaid")
    sent().clear()
    assert run_next_import()
    source = Import.objects.latest("pk")
    assert (source.state, source.error) == ("failed", "no_longer_member")
    assert client.get(url).status_code == 403
    take_part_again(row)
    assert not run_next_import()
    assert not ActivationLink.objects.filter(name="Firm").exists() and sent() == []


def test_no_news_is_mailed_and_none_is_lost(world: World, suspended: Organization) -> None:
    """What was told meanwhile stands in the inbox afterwards."""
    while write_due_notices():
        pass
    while send_due_emails():
        pass
    sent().clear()
    connection = world.connection("customer", "partner")
    record_event(
        "connection.sharing_changed",
        actor=world.actor("customer.admin"),
        subject=connection,
        counterpart=world.partner,
        changes={"scopes": [["account"], ["account", "usage"]]},
    )
    while write_due_notices():
        pass
    while send_due_emails():
        pass
    assert sent() == []
    assert Notice.objects.filter(kind="sharing_changed", recipient_id=suspended.pk).exists()


@pytest.mark.promise("E-1")
@pytest.mark.parametrize(
    ("name", "who", "path"),
    [
        ("customer", "partner.admin", "/customers/{customer}/services/"),
        ("customer", "distributor.admin", "/customers/{customer}/services/"),
        ("partner", "distributor.admin", "/customers/{customer}/services/"),
        ("partner", "customer.admin", "/account/"),
        ("distributor", "partner.admin", "/customers/"),
        ("distributor", "customer.admin", "/account/"),
    ],
)
def test_others_go_on_as_before(name: str, who: str, path: str, web: Any, world: World) -> None:
    """They see what it shared, and a partner below a suspended distributor works on."""
    url = path.format(customer=world.customer.public_id)
    before, seen = web(who).get(url), Portfolio.objects.count()
    suspend_organization(actor=STAFF, organization=world[name], reason="Unpaid")
    after = web(who).get(url)
    assert (before.status_code, after.status_code) == (200, 200)
    assert world.customer.name in after.content.decode()
    assert Portfolio.objects.count() == seen


def test_a_partner_below_a_suspended_distributor_takes_new_customers(web: Any, world: World) -> None:
    suspend_organization(actor=STAFF, organization=world.distributor, reason="Unpaid")
    answer = web("stranger.admin").post(f"/i/{world.token('partner')}/accept/", {**READ, "scopes": []})
    assert answer.status_code == 302
    assert Portfolio.objects.filter(viewer=world.distributor, subject=world.stranger).exists(), "for when it is back"
