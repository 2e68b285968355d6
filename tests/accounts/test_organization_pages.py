"""The vendor's pages of organisations: who gets them, what they say, and what is done on them."""

import datetime as dt
import re
from html import unescape
from typing import Any
from uuid import uuid4

import pytest

from accounts.actions.standing import set_account_manager, suspend_organization
from accounts.models import Operator, Organization, OrganizationKind, Program, ProgramMembership
from accounts.organization_actions import ORGANIZATION_ACTIONS
from connections.models import Connection, InvitationLink, Portfolio
from notifications.actions.outbox import send_due_emails, write_due_notices
from notifications.models import Event, Notice
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from tests.mails import sent
from tests.world import World, canary

pytestmark = pytest.mark.django_db
STAFF = Actor.system("vendor staff (test)")
ADMIN, READER = "vendor.admin", "vendor.reader"
TABS = ("", "operators/", "memberships/", "activity/")


def text(answer: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def hidden(answer: Any, name: str) -> str:
    return re.search(rf'name="{name}"[^>]* value="([^"]*)"', answer.content.decode())[1]  # type: ignore[index]


def page_of(row: Organization, path: str = "") -> str:
    return f"/organizations/{row.public_id}/{path}"


def run_all() -> None:
    while write_due_notices():
        pass
    while send_due_emails():
        pass


def submit(client: Any, row: Organization, action: str, **values: Any) -> Any:
    """Open the dialog and send it as it was shown, with these values."""
    url = page_of(row, f"{action}/")
    return client.post(url, {"seen": hidden(client.get(url), "seen"), **values})


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("name", ["distributor", "partner", "customer", "publisher"])
def test_staff_see_every_kind_of_organisation(name: str, tab: str, web: Any, world: World) -> None:
    row = world[name]
    for who in (ADMIN, READER):
        answer = web(who).get(page_of(row, tab))
        assert answer.status_code == 200
        for fact in (row.name, f"ORGID {row.org_id}", row.get_kind_display(), "Account manager: Manager"):
            assert fact in text(answer), fact
        assert canary(name, "people") not in answer.content.decode(), "nobody of its operators is named"


@pytest.mark.parametrize("who", ["partner.admin", "distributor.admin", "customer.admin", "publisher.admin"])
def test_for_everybody_else_there_is_no_such_page(who: str, web: Any, world: World) -> None:
    client = web(who)
    paths = [*TABS, *(f"{name}/" for name in ORGANIZATION_ACTIONS)]
    own = world[who.partition(".")[0]]
    for row in (world.partner, own):
        for path in paths:
            assert client.get(page_of(row, path)).status_code == 404, path
            assert path in TABS or client.post(page_of(row, path)).status_code == 404, path
    for path in ("/publishers/", "/programmes/", "/organizations/register/partner/"):
        assert client.get(path).status_code == 404, path


@pytest.mark.promise("CV-22")
def test_a_reader_sees_the_actions_and_cannot_do_them(web: Any, world: World) -> None:
    client, before = web(READER), Event.objects.count()
    page = text(client.get(page_of(world.partner)))
    assert "Only Admins can do this. Correct verified details…" in page and page.count("Only Admins can do this.") == 1
    for name in ORGANIZATION_ACTIONS:
        assert client.get(page_of(world.partner, f"{name}/")).status_code in (403, 409), name
        assert client.post(page_of(world.partner, f"{name}/")).status_code in (403, 409), name
    assert client.get("/organizations/register/partner/").status_code == 403
    assert Event.objects.count() == before


def test_the_overview_has_badges_their_history_and_how_many_act_for_it(web: Any, world: World) -> None:
    program = Program.objects.get(code="solution_advisor")
    past = {"starts_on": today() - dt.timedelta(days=900), "ends_on": today() - dt.timedelta(days=600)}
    ProgramMembership.objects.create(organization=world.partner, program=program, **past)
    page = text(web(READER).get(page_of(world.partner)))
    people = Operator.objects.filter(organization=world.partner)
    admins = sum(row.is_admin for row in people)
    assert f"People {people.count()} Reader" in page and f"Admin {admins} " in page
    assert re.search(r"Service Provider .* Active", page) and re.search(r"Solution Advisor .* Ended", page)
    assert world.distributor.name in page


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("distributor", "/distributors/"),
        ("partner", "/partners/"),
        ("customer", "/customers/"),
        ("publisher", "/publishers/"),
    ],
)
def test_the_page_leads_back_to_the_list_of_its_kind(name: str, url: str, web: Any, world: World) -> None:
    client = web(READER)
    page = client.get(page_of(world[name])).content.decode()
    assert page.count(f'href="{url}"') >= 2, "in the menu and above the page"
    assert client.get(url).status_code == 200


def test_a_distributors_page_leads_to_its_partners(web: Any, world: World) -> None:
    row = world.distributor
    page = web(READER).get(page_of(row)).content.decode()
    assert f"/partners/?parent={row.org_id}" in page
    below = text(web(READER).get(f"/partners/?parent={row.org_id}"))
    assert Organization.objects.filter(parent=row).first().name in below  # type: ignore[union-attr]


def test_customers_are_listed_and_found(web: Any, world: World) -> None:
    client = web(READER)
    page = client.get("/customers/", {"q": world.customer.org_id})
    assert page_of(world.customer) in page.content.decode()
    assert page_of(world.partner) not in client.get("/customers/").content.decode()
    assert "Register customer…" in text(client.get("/customers/"))


def test_the_menu_offers_what_is_possible(web: Any, world: World) -> None:
    def offered(row: Organization) -> set[str]:
        found = re.findall(
            rf"/organizations/{row.public_id}/(\w+)/\?next", web(ADMIN).get(page_of(row)).content.decode()
        )
        return set(found)

    everything = set(ORGANIZATION_ACTIONS) - {"reactivate", "onboard", "invite", "withdraw"}
    assert offered(world.partner) == everything
    assert offered(world.customer) == {"correct", "domain", "manager", "suspend"}
    assert offered(world.publisher) == {"correct", "domain", "manager", "grant", "suspend"}
    assert offered(world.distributor) == everything - {"move"} | {"onboard"}
    suspend_organization(actor=STAFF, organization=world.customer, reason="Unpaid")
    assert offered(world.customer) == {"correct", "domain", "manager", "reactivate"}
    assert "Suspended" in text(web(READER).get(page_of(world.customer)))


DONE: dict[str, tuple[dict[str, Any], str]] = {
    "correct": ({"name": "Right Name", "country": "JP", "partner_id": "7654321"}, "organization.identity_corrected"),
    "grant": ({"program": "solution_advisor", "starts_on": "2030-01-01"}, "membership.changed"),
    "extend": ({"program": "service_provider", "ends_on": "2040-01-01"}, "membership.changed"),
    "end": ({"program": "service_provider", "ends_on": "2040-01-01"}, "membership.changed"),
    "qualify": ({"competencies": ["security"], "skills": ["training"]}, "qualifications.changed"),
    "suspend": ({"reason": "Unpaid"}, "organization.suspended"),
}


@pytest.mark.promise("CV-15")
@pytest.mark.parametrize("action", DONE)
def test_each_is_done_on_the_page_told_and_recorded_by_name(action: str, web: Any, world: World) -> None:
    values, kind = DONE[action]
    if action == "correct":
        values = values | {"tenant_id": str(world.partner.tenant_id)}
    at, client = Event.objects.latest("pk").pk, web(ADMIN)
    answer = submit(client, world.partner, action, **values)
    assert answer.status_code == 302 and answer["Location"] == page_of(world.partner), text(answer)
    (event,) = Event.objects.filter(pk__gt=at)
    assert (event.kind, event.counterpart_id, event.actor_id) == (kind, world.partner.pk, world.person(ADMIN).pk)
    run_all()
    assert Notice.objects.filter(event=event, recipient_id=world.partner.pk).exists()
    told = {mail.to[0] for mail in sent()}
    assert any(world.person("partner.admin").email in address for address in told) or action == "qualify"


@pytest.mark.parametrize("action", [*DONE, "manager", "move"])
def test_the_dialog_is_there_without_script_and_says_what_is_missing(action: str, web: Any, world: World) -> None:
    answer = web(ADMIN).get(page_of(world.partner, f"{action}/"))
    assert answer.status_code == 200 and "<h1" in answer.content.decode()
    before = Event.objects.count()
    wrong = {"name": "", "program": "none", "ends_on": "x", "reason": " ", "operator": "x", "competencies": ["none"]}
    answer = web(ADMIN).post(page_of(world.partner, f"{action}/"), wrong | {"distributor": "x", "seen": ""})
    assert answer.status_code == 200 and 'aria-invalid="true"' in answer.content.decode()
    assert Event.objects.count() == before


def test_a_form_sent_twice_does_it_once(web: Any, world: World) -> None:
    client, url = web(ADMIN), page_of(world.partner, "extend/")
    values = {"seen": hidden(client.get(url), "seen"), "program": "service_provider", "ends_on": "2040-01-01"}
    before = Event.objects.count()
    assert [client.post(url, values).status_code for _each in range(2)] == [302, 302]
    assert Event.objects.count() == before + 1


def test_of_two_tabs_the_second_learns_what_is_stored_and_loses_nothing(web: Any, world: World) -> None:
    client, url = web(ADMIN), page_of(world.partner, "extend/")
    seen = hidden(client.get(url), "seen")
    first, second = ({"program": "service_provider", "ends_on": f"204{n}-01-01", "seen": seen} for n in (0, 1))
    assert client.post(url, first).status_code == 302
    answer = client.post(url, second)
    assert answer.status_code == 200 and "A colleague has changed this" in text(answer)
    assert "1 Jan 2040" in text(answer) and 'value="2041-01-01"' in answer.content.decode()
    answer = client.post(url, second | {"seen": hidden(answer, "seen")})
    assert answer.status_code == 302
    row = ProgramMembership.objects.get(organization=world.partner, program__code="service_provider")
    assert row.ends_on == dt.date(2041, 1, 1)


def test_what_is_stored_is_shown_to_nobody_but_the_second_of_two_tabs(web: Any, world: World) -> None:
    client, url = web(ADMIN), page_of(world.partner, "suspend/")
    answer = client.post(url, {"seen": hidden(client.get(url), "seen"), "reason": ""})
    assert "Enter a reason." in text(answer) and "Current values" not in text(answer)


def test_what_is_dangerous_stands_last_in_the_menu(web: Any, world: World) -> None:
    page = text(web(ADMIN).get(page_of(world.partner)))
    assert page.index("Move to another distributor…") < page.index("End membership…") < page.index("Suspend…")


def test_each_membership_that_can_be_extended_is_shown_with_its_last_day(web: Any, world: World) -> None:
    memberships = ProgramMembership.objects.filter(organization=world.partner, program__code="service_provider")
    client, url = web(ADMIN), page_of(world.partner, "extend/")
    memberships.update(ends_on=dt.date(2041, 3, 1))
    assert "Service Provider, until 1 Mar 2041" in text(client.get(url))
    memberships.update(ends_on=None)
    assert "Service Provider, no end date" in text(client.get(url))


def test_a_new_organisation_is_registered_from_the_list_of_its_type(web: Any, world: World) -> None:
    page = web(ADMIN).get("/organizations/register/distributor/").content.decode()
    assert '<a href="/distributors/"' in page and "Distributors" in page


def test_a_number_that_another_has_is_an_error_of_its_field(web: Any, world: World) -> None:
    Organization.objects.filter(pk=world.partner2.pk).update(partner_id="1234567")
    values = {"name": "N", "country": "DE", "tenant_id": str(world.partner.tenant_id), "partner_id": "1234567"}
    answer = submit(web(ADMIN), world.partner, "correct", **values)
    assert answer.status_code == 200 and 'aria-invalid="true"' in answer.content.decode()
    assert Organization.objects.get(pk=world.partner.pk).partner_id == ""


@pytest.mark.promise("E-14")
def test_a_move_says_what_changes_before_it_is_done(web: Any, world: World) -> None:
    client, url = web(ADMIN), page_of(world.partner, "move/")
    opened = client.get(url)
    assert world.distributor.name in text(opened)
    values = {"seen": hidden(opened, "seen"), "distributor": str(world.distributor2.public_id)}
    asked = client.post(url, values)
    count = Connection.objects.active().filter(partner=world.partner).count()
    assert asked.status_code == 200 and count > 1
    for fact in (world.distributor.name, world.distributor2.name, f"{count} customers will get a notification"):
        assert fact in text(asked), fact
    other = client.post(url, values | {"distributor": "", "previewed": hidden(asked, "previewed")})
    assert other.status_code == 200, "another choice has other consequences"
    assert Organization.objects.get(pk=world.partner.pk).parent == world.distributor
    done = client.post(url, values | {"previewed": hidden(asked, "previewed")})
    assert done.status_code == 302
    assert Organization.objects.get(pk=world.partner.pk).parent == world.distributor2
    run_all()
    told = set(Notice.objects.filter(kind__startswith="partner_moved").values_list("recipient_id", flat=True))
    connected = Connection.objects.active().filter(partner=world.partner).values_list("customer_id", flat=True)
    assert told == {*connected, world.partner.pk, world.distributor.pk, world.distributor2.pk}
    assert not Portfolio.objects.filter(viewer=world.distributor, subject=world.customer).exists()


@pytest.mark.promise("CV-12")
def test_the_account_manager_is_chosen_among_the_vendors_operators(web: Any, world: World) -> None:
    client, manager = web(ADMIN), world.operator(READER)
    answer = submit(client, world.customer, "manager", operator=str(manager.public_id), phone="+1 555 0100")
    assert answer.status_code == 302
    row = Organization.objects.get(pk=world.customer.pk)
    assert (row.account_manager_id, row.account_manager_phone) == (manager.pk, "+1 555 0100")
    other = world.operator("partner.admin")
    answer = submit(client, row, "manager", operator=str(other.public_id))
    assert answer.status_code == 200 and 'aria-invalid="true"' in answer.content.decode()


@pytest.mark.promise("E-1")
def test_everybody_who_acts_for_it_is_mailed_why_it_is_suspended(web: Any, world: World) -> None:
    people = Operator.objects.filter(organization=world.partner).select_related("person")
    assert submit(web(ADMIN), world.partner, "suspend", reason="Not paid since May").status_code == 302
    run_all()
    mails = {mail.to[0].rpartition("<")[2].rstrip(">"): mail for mail in sent()}
    above = mails.pop(world.person("distributor.admin").email)
    assert world.partner.name in above.subject and "Not paid" not in above.body, "its distributor learns no reason"
    assert set(mails) == {row.person.email for row in people}
    mail = mails[world.person("partner.reader").email]
    assert f"{world.partner.name} has been suspended" in mail.subject and "Not paid since May" in mail.body
    many = web("many@distributor")
    assert many.get("/account/").status_code == 200, "their other organisations are as they were"
    sent().clear()
    assert submit(web(ADMIN), world.partner, "reactivate").status_code == 302
    run_all()
    told = {mail.to[0].rpartition("<")[2].rstrip(">") for mail in sent()}
    assert told == {*mails, world.person("distributor.admin").email}


KINDS_ON_PAGES = sorted(set(OrganizationKind.values) - {"vendor"})


@pytest.mark.parametrize("kind", KINDS_ON_PAGES)
def test_staff_register_every_kind_but_the_vendor(kind: str, web: Any, world: World) -> None:
    client, url = web(ADMIN), f"/organizations/register/{kind}/"
    values: dict[str, Any] = {"public_id": hidden(client.get(url), "public_id"), "name": f"New {kind}", "country": "FR"}
    if kind in ("partner", "distributor"):
        values |= {"partner_id": "7654321", "programs": ["csp"]}
    if kind == "partner":
        values["parent"] = str(world.distributor.public_id)
    answers = [client.post(url, values) for _each in range(2)]
    row = Organization.objects.get(name=f"New {kind}")
    assert {answer["Location"] for answer in answers} == {page_of(row)}, "sent twice, it is one"
    assert (row.kind, row.country, row.partner_id) == (kind, "FR", values.get("partner_id", ""))
    assert InvitationLink.objects.filter(organization=row).exists() is (kind == "partner")
    assert row.memberships.count() == len(values.get("programs", []))
    run_all()
    is_told = Notice.objects.filter(kind="partner_registered", recipient_id=world.distributor.pk).exists()
    assert is_told is (kind == "partner")


def test_wrong_values_of_a_new_organisation_are_errors_of_their_fields(web: Any, world: World) -> None:
    client, url, before = web(ADMIN), "/organizations/register/partner/", Organization.objects.count()
    values = {"public_id": str(uuid4()), "name": "", "country": "XX", "tenant_id": "x", "partner_id": "12"}
    for wrong in (values, values | {"name": "N", "country": "FR", "tenant_id": ""}):
        answer = client.post(url, wrong)
        assert answer.status_code == 200 and 'aria-invalid="true"' in answer.content.decode()
    assert Organization.objects.count() == before
    assert client.get("/organizations/register/vendor/").status_code == 404


def test_the_database_lets_only_the_vendors_admins_register(world: World, actor_for: Any, as_tenant: Any) -> None:
    from django.db import DatabaseError

    for who in ("vendor.reader", "partner.admin", "distributor.admin"):
        with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor_for(who)):
            Organization.objects.create(kind="partner", name="Own", country="FR")
    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor_for(ADMIN)):
        Organization.objects.create(kind="vendor", name="Second", country="FR")


def test_the_activity_says_what_staff_did(web: Any, world: World) -> None:
    client = web(ADMIN)
    submit(client, world.partner, "suspend", reason="Not paid")
    set_account_manager(actor=world.actor(ADMIN), organization=world.partner, operator=world.operator(READER))
    page = text(web(READER).get(page_of(world.partner, "activity/")))
    assert f"{world.partner.name} was suspended · Not paid" in page
    assert f"The account manager of {world.partner.name} was changed" in page


def test_publishers_are_listed_and_found(web: Any, world: World) -> None:
    Organization.objects.create(kind="publisher", name="Another Publisher", country="FR")
    page = text(web(READER).get("/publishers/"))
    assert world.publisher.name in page and "Another Publisher" in page and world.partner.name not in page
    found = text(web(READER).get("/publishers/?q=another"))
    assert "Another Publisher" in found and world.publisher.name not in found
    assert "Register publisher… . Only Admins can do this." in page
    assert text(web(READER).get("/publishers/?q=nothing")).count("Nothing matches these filters") == 1


def test_programmes_say_who_is_a_member_until_when(web: Any, world: World) -> None:
    row = ProgramMembership.objects.get(organization=world.partner, program__code="service_provider")
    row.ends_on = today() + dt.timedelta(days=20)
    row.save()
    page = text(web(READER).get("/programmes/?program=service_provider"))
    assert world.partner.name in page and world.partner2.name not in page
    assert world.lapsed.name in text(web(READER).get("/programmes/?state=ended"))
    soon = text(web(READER).get("/programmes/?ends_within=30"))
    assert world.partner.name in soon and world.distributor.name not in soon


@pytest.mark.promise("CV-12")
def test_the_account_manager_stands_wherever_help_is_needed(web: Any, world: World) -> None:
    """In the help panel of every page, where the vendor alone can change something, and where a page is refused."""
    for who, path, status in (
        ("partner.reader", "/inbox/", 200),
        ("partner.admin", "/account/edit/", 200),
        ("nobadge.admin", "/customers/", 403),
        ("partner2.admin", "/marketplace/offers/", 403),
    ):
        own = world[who.partition(".")[0]]
        answer = web(who).get(path)
        page = text(answer)
        assert answer.status_code == status and own.account_manager_email in page, path
        assert page.count("Who to ask") == (path != "/inbox/"), path
    vendor = text(web(READER).get("/inbox/"))
    assert world.vendor.account_manager_email not in vendor, "its own people have nobody above them"
