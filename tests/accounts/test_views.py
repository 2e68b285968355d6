"""The pages of organisations, operators and preferences."""

import pytest
from django.contrib.messages import get_messages

from accounts.models import Operator, Organization, Role
from notifications.models import Event
from tests.world import canary

pytestmark = pytest.mark.django_db

NEW = {"name": "Fresh & Co <b>", "country": "FR"}


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_a_person_creates_an_organisation_and_goes_on(web, world):
    client = web("nobody")
    response = client.post("/organizations/new/", {**NEW, "next": f"/i/{world.token('partner')}/"})
    assert response["Location"] == f"/i/{world.token('partner')}/"
    created = Organization.objects.get(name=NEW["name"])
    assert (created.kind, created.country) == ("customer", "FR")
    assert Operator.objects.get(organization=created).roles == [Role.ADMIN]
    assert client.session["organization"] == created.pk
    page = client.get(response["Location"]).content.decode()
    assert "Fresh &amp; Co &lt;b&gt;" in page and "Accept and connect" in page


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_the_way_leads_only_within_the_portal(web, elsewhere):
    client = web("nobody")
    assert 'name="next" value="/"' in client.get("/organizations/new/", {"next": elsewhere}).content.decode()
    assert client.post("/organizations/new/", {**NEW, "next": elsewhere})["Location"] == "/"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"country": "XX"},
        {"name": "x" * 201},
        {"contact_email": "nobody"},
        {"name": "a\x00b"},
        {"country": ""},
    ],
)
def test_bad_organisations_are_refused_with_what_was_typed(web, wrong):
    before = Organization.objects.count()
    response = web("nobody").post("/organizations/new/", {**NEW, "city": "Lyon", **wrong})
    assert response.status_code == 200
    page = response.content.decode()
    assert 'aria-invalid="true"' in page and 'value="Lyon"' in page
    assert Organization.objects.count() == before


def test_switching_acts_for_another_of_ones_own(web, world):
    client = web("many@customer")
    response = client.post("/organizations/switch/", {"organization": world.distributor.public_id})
    assert response["Location"] == "/"
    assert said(response) == [f"Switched to {world.distributor.name}."]
    assert world.distributor.org_id in client.get("/account/").content.decode()
    for other in (world.stranger.public_id, "rubbish", ""):
        assert client.post("/organizations/switch/", {"organization": other}).status_code == 404
    assert client.get("/organizations/switch/").status_code == 405
    assert world.distributor.org_id in client.get("/account/").content.decode()


def test_an_admin_edits_the_contact_data(web, world):
    client, customer = web("customer.admin"), world.customer
    form = {"name": "New name", "country": "JP", "city": "Kyoto", "phone": "", "website": "new.example"}
    response = client.post("/account/edit/", form)
    assert response["Location"] == "/account/"
    row = Organization.objects.get(pk=customer.pk)
    assert (row.name, row.name_folded, row.country, row.city, row.phone) == ("New name", "new name", "JP", "Kyoto", "")
    event = Event.objects.filter(kind="organization.contact_changed").get()
    assert {name: change[1:] for name, change in event.changes.items()} == {
        "city": ["Kyoto"], "contact_email": [], "country": ["JP"], "name": [], "phone": [], "postal_code": [""],
        "street": [""], "website": ["new.example"],
    }  # fmt: skip
    assert "Kyoto" in client.get("/account/").content.decode()


def test_saving_what_stands_already_records_nothing(web, world):
    customer = world.customer
    names = ("name", "country", "street", "postal_code", "city", "phone", "contact_email", "website")
    web("customer.admin").post("/account/edit/", {name: getattr(customer, name) for name in names})
    assert not Event.objects.filter(kind="organization.contact_changed").exists()


@pytest.mark.parametrize(
    ("who", "purpose"),
    [
        ("customer.admin", "Your connected partners can see this information."),
        ("partner.admin", "The vendor can see this information, and so can"),
        ("distributor.admin", "The vendor can see this information, and so can"),
        ("publisher.admin", "The vendor can see this information."),
        ("vendor.admin", ""),
    ],
)
def test_the_form_says_who_sees_contact_details(who, purpose, web):
    page = web(who).get("/account/edit/").content.decode()
    assert purpose in page and page.count("can see this information") == bool(purpose)


def test_only_an_admin_edits(web, world):
    for method in ("get", "post"):
        assert getattr(web("customer.reader"), method)("/account/edit/", NEW).status_code == 403
    assert Organization.objects.get(pk=world.customer.pk).name == world.customer.name


@pytest.mark.promise("CV-14", "CV-22")
def test_operators_and_what_may_be_done_to_each(web, world):
    page = web("customer.admin").get("/operators/").content.decode()
    assert page.count(canary("customer", "people")) >= 2
    assert canary("partner", "people") not in page
    mine = page[page.index("You</span>") :]
    assert "You can’t change your own roles. Ask another Admin." in mine
    reader = web("customer.reader").get("/operators/").content.decode()
    assert "Only Admins can do this." in reader
    assert "/roles/" not in reader.replace("/help/roles/", "") and "/remove/" not in reader


def test_the_last_admin_is_held(web, world):
    page = web("customer.admin").get("/operators/").content.decode()
    assert "The only Admin can’t be removed." in page
    own = world.operator("customer.admin")
    assert web("customer.admin").post(f"/operators/{own.public_id}/remove/").status_code == 409
    roles = f"/operators/{own.public_id}/roles/"
    for answer in (web("customer.admin").get(roles), web("customer.admin").post(roles, {"roles": ["reader"]})):
        assert (answer.status_code, answer.context["code"]) == (403, "own_role")
    own.refresh_from_db()
    assert own.is_admin


@pytest.mark.promise("CV-17")
def test_roles_are_changed_and_a_person_removed(web, world):
    client, reader = web("customer.admin"), world.operator("customer.reader")
    path = f"/operators/{reader.public_id}"
    assert 'value="reader"' in client.get(f"{path}/roles/").content.decode()
    assert client.post(f"{path}/roles/", {"roles": ["admin", "reader"]})["Location"] == "/operators/"
    reader.refresh_from_db()
    assert reader.roles == ["reader", "admin"]
    for wrong in ({}, {"roles": ["king"]}):
        response = client.post(f"{path}/roles/", wrong)
        assert response.status_code == 200 and 'aria-invalid="true"' in response.content.decode()
    assert client.get(f"{path}/remove/").status_code == 200
    assert client.post(f"{path}/remove/")["Location"] == "/operators/"
    assert not Operator.objects.filter(pk=reader.pk).exists()
    assert client.post(f"{path}/remove/").status_code == 404


@pytest.mark.parametrize(("organization", "offered"), [("partner", 4), ("distributor", 4), ("customer", 2)])
def test_only_the_roles_of_the_kind_are_offered_and_taken(organization, offered, web, world):
    reader = world.operator(f"{organization}.reader")
    client, path = web(f"{organization}.admin"), f"/operators/{reader.public_id}/roles/"
    assert client.get(path).content.decode().count('name="roles"') == offered
    response = client.post(path, {"roles": ["reader", "sales_agent"]})
    reader.refresh_from_db()
    assert (response.status_code == 302) == ("sales_agent" in reader.roles) == (offered == 4)


def test_another_organisations_operators_are_not_there(web, world):
    stranger = world.operator("stranger.reader")
    for way in ("roles", "remove"):
        for method in ("get", "post"):
            response = getattr(web("customer.admin"), method)(
                f"/operators/{stranger.public_id}/{way}/", {"roles": ["admin"]}
            )
            assert response.status_code == 404
    stranger.refresh_from_db()
    assert stranger.roles == ["reader"]


@pytest.mark.promise("G-18")
def test_preferences_hold_from_the_next_page_on(web, world):
    client = web("nobody")
    form = {"name": "Norman N", "language": "ja", "time_zone": "Asia/Tokyo", "theme": "dark"}
    assert client.post("/me/", form)["Location"] == "/me/"
    page = client.get("/me/").content.decode()
    assert '<html lang="ja" data-theme="dark">' in page and "Norman N" in page
    for wrong in ({"language": "xx"}, {"time_zone": "Mars/Base"}, {"theme": "pink"}, {"name": ""}):
        response = client.post("/me/", {**form, **wrong})
        assert response.status_code == 200 and 'aria-invalid="true"' in response.content.decode()
    person = world.person("nobody")
    assert (person.name, person.language, person.theme) == ("Norman N", "ja", "dark")


def test_who_can_do_what(web):
    page = web("customer.reader").get("/help/roles/").content.decode()
    assert "End a connection" in page and "Edit the contact details" in page
    assert web("anonymous").get("/help/roles/").status_code == 302


@pytest.mark.parametrize("path", ["/operators/", "/me/", "/help/roles/", "/account/edit/"])
def test_pages_ask_few_questions(web, count_queries, path):
    client = web("customer.admin")
    client.get(path)
    with count_queries() as queries:
        client.get(path)
    assert len(queries) <= 8, queries.statements
