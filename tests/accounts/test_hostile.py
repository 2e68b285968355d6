"""What hostile and clumsy people try with accounts, and what becomes of it."""

import time
import uuid

import pytest
from allauth.account.adapter import get_adapter
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.contrib.auth import hashers
from django.core.cache import cache
from django.db import DatabaseError

from accounts.actions.organizations import CHANGED_BY_COMMAND, VERIFIED_FIELDS, update_organization_contact_data
from accounts.models import Organization
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import InvalidInput
from tests.conftest import PageClient
from tests.mails import sent
from tests.world import address

pytestmark = [pytest.mark.django_db, pytest.mark.slow]  # every wrong way in

CONTACT = {"country": "DE", "city": "Ulm"}


@pytest.mark.parametrize("who", ["partner", "distributor", "publisher", "vendor"])
def test_a_verified_name_and_country_stay(web, world, who):
    client, before = web(f"{who}.admin"), world[who].name
    page = client.get("/account/edit/").content.decode()
    is_vendor = who == "vendor"  # whose people are vendor staff
    reasons = [CHANGED_BY_COMMAND] if is_vendor else VERIFIED_FIELDS.values()
    assert all(str(reason) in page for reason in reasons) and before in page
    assert ("Only vendor staff" in page) is not is_vendor
    assert str(world[who].tenant_id) in page and "These numbers have been verified" in page
    response = client.post("/account/edit/", {**CONTACT, "name": world.partner2.name, "country": "JP"})
    assert response.status_code == 302
    row = Organization.objects.get(pk=world[who].pk)
    assert (row.name, row.country, row.city) == (before, "DE", "Ulm")


def test_the_rule_is_the_actions_too(world, actor_for, as_tenant):
    partner, admin = world.partner, actor_for("partner.admin")
    for field, value in (("name", "Somebody trusted"), ("country", "JP")):
        with as_tenant(admin), pytest.raises(InvalidInput) as refusal:
            update_organization_contact_data(actor=admin, organization=partner, **{field: value})
        assert (refusal.value.code, refusal.value.field) == (f"{field}_is_verified", field)
    vendor = actor_for("vendor.admin")
    with as_tenant(vendor), pytest.raises(InvalidInput) as refusal:
        update_organization_contact_data(actor=vendor, organization=world.vendor, country="JP")
    assert refusal.value.message == CHANGED_BY_COMMAND
    update_organization_contact_data(
        actor=Actor.system("staff"), organization=partner, name="Renamed by staff", country="JP"
    )
    row = Organization.objects.get(pk=partner.pk)
    assert (row.name, row.country) == ("Renamed by staff", "JP")


@pytest.mark.parametrize("values", [{"name": "X"}, {"country": "JP"}, {"tenant_id": uuid.uuid4()}])
def test_the_rule_is_the_databases_too(world, actor_for, as_tenant, values):
    with pytest.raises(DatabaseError), as_tenant(actor_for("partner.admin")):
        Organization.objects.filter(pk=world.partner.pk).update(**values)
    if "country" in values:
        with as_tenant(actor_for("customer.admin")):
            assert Organization.objects.filter(pk=world.customer.pk).update(**values) == 1


def test_a_form_of_another_tab_changes_nothing_after_a_switch(web, world):
    client = web("many@partner")
    page = client.get("/account/edit/").content.decode()
    stale = str(world.partner.public_id)
    assert f'name="acting_for" value="{stale}"' in page
    client.post("/organizations/switch/", {"organization": world.distributor.public_id})
    before = Event.objects.count()
    response = client.post("/account/edit/", {**CONTACT, "name": "X", "acting_for": stale})
    assert response.status_code == 409 and "another organisation" in response.content.decode()
    assert client.post("/inbox/read/", {"acting_for": stale}).status_code == 409
    assert Event.objects.count() == before
    fresh = {**CONTACT, "name": "X", "acting_for": str(world.distributor.public_id)}
    assert client.post("/account/edit/", fresh).status_code == 302


def test_a_form_sent_twice_founds_one_organisation(web):
    client, form = web("nobody"), {**CONTACT, "name": "Twice Ltd"}
    assert [client.post("/organizations/new/", form).status_code for _ in range(2)] == [302, 302]
    founded = Organization.objects.get(name="Twice Ltd")
    assert client.session["organization"] == founded.pk
    assert Event.objects.filter(subject_id=founded.public_id).count() == 1
    web("stranger.admin").post("/organizations/new/", form)  # somebody else's may be called the same
    assert Organization.objects.filter(name="Twice Ltd").count() == 2


@pytest.mark.parametrize(
    "credential",
    [
        *("{}", "[]", "1", '"x"', "null", "nonsense", '{"id": 1}', '{"rawId": 1}', '{"id": "x", "rawId": "x"}'),
        '{"id": "eA", "rawId": "eA", "type": "public-key", "response": "x"}',
        '{"id": "eA", "rawId": "eA", "type": "public-key", "response": {"userHandle": "eA"}}',
        '{"id": "eA", "rawId": "eA", "type": "x", "response": {"clientDataJSON": 1, "authenticatorData": "eA",'
        ' "signature": "eA", "userHandle": "enp6enp6enp6enp6enp6eg"}}',
    ],
)
def test_a_credential_that_no_device_makes_is_a_wrong_one(web, world, credential):
    client = PageClient()
    answer = client.post("/sign-in/two-factor/webauthn/login/", {"credential": credential})
    assert answer["Location"] == "/sign-in/login/"
    TOTP.activate(world.person("customer.admin"), "A" * 32)
    client = PageClient()
    client.post("/sign-in/login/", {"login": address("customer.admin"), "password": "correct horse battery"})
    assert client.post("/sign-in/two-factor/authenticate/", {"credential": credential}).status_code == 200
    client = web("partner.admin")
    client.post("/sign-in/reauthenticate/", {"password": "correct horse battery"})
    assert client.post("/sign-in/two-factor/webauthn/add/", {"credential": credential, "name": "N"}).status_code == 200


CONTROL = ["/account/\r\nX-Evil: 1", "/account/\n", "/account/\0", "/acc\x7fount/", "/account/\x85"]


@pytest.mark.promise("S-11")
@pytest.mark.parametrize("way", CONTROL)
def test_no_control_character_reaches_a_header(web, world, way):
    """Wherever a form says where to go on to: with htmx the address stands in a header that Django does not escape."""
    display = {"columns": "details", "density": "compact", "next": way}
    client = web("partner.admin")
    url = "/lists/customers/display/"
    assert client.post(url, display, headers={"HX-Request": "true"})["HX-Redirect"] == "/customers/"
    assert client.post(url, display)["Location"] == "/customers/"
    assert client.post("/inbox/read/", {"next": way})["Location"] == "/inbox/"
    assert web("vendor.admin").post("/releases/mark/?key=x", {"next": way}).status_code in (302, 409)
    asked = client.post("/exports/new/", {"list": "customers", "picked": "1", "back": way})
    assert asked.get("Location", "/customers/").startswith(("/customers/", "/exports/"))
    known = {"login": address("customer.admin"), "password": "correct horse battery", "next": way}
    assert PageClient().post("/sign-in/login/", known)["Location"] == "/"
    language = PageClient().post("/language/", {"language": "fr", "next": way})
    assert not set(language["Location"]) & {"\r", "\n", "\0", "\x7f"}
    signed_out = PageClient().get("/account/", {"next": way}, headers={"HX-Request": "true"})
    assert signed_out["HX-Redirect"].startswith("/sign-in/login/?next=%2Faccount%2F")


def test_a_way_in_any_script_is_escaped_in_the_header(web, world):
    """htmx reads the header as it is; left alone, Django encodes it as a mail's subject is."""
    display = {"columns": "details", "density": "compact", "next": "/customers/?q=é東"}
    answer = web("partner.admin").post("/lists/customers/display/", display, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == "/customers/?q=%C3%A9%E6%9D%B1"


@pytest.mark.parametrize("way", ["foo", "%2f%2fevil.example", "http://[", "../x", "\0", "//evil.example"])
def test_a_way_that_is_no_path_leads_to_the_start(web, way):
    assert web("nobody").post("/organizations/new/", {**CONTACT, "name": "N", "next": way})["Location"] == "/"
    assert web("partner.admin").post("/inbox/read/", {"next": way})["Location"] == "/inbox/"
    assert PageClient().get("/sign-in/signup/", {"next": way}).status_code == 200
    known = {"login": address("customer.admin"), "password": "correct horse battery", "next": way}
    assert PageClient().post("/sign-in/login/", known)["Location"] == "/"


def test_a_session_ends_for_good_however_much_it_is_used(web):
    client = web("customer.admin")
    assert client.get("/me/").status_code == 200
    session = client.session
    assert session["signed_in_at"] <= time.time()
    session["signed_in_at"] -= settings.SESSION_COOKIE_AGE + 1
    session.save()
    assert client.get("/me/")["Location"].startswith("/sign-in/login/")
    assert "Your session has ended." in client.get("/sign-in/login/").content.decode()


def test_sign_up_sends_nobodys_words(db):
    name = "Win at http://evil.example"
    PageClient().post("/sign-in/signup/", {"name": name, "email": "maya@fresh.example", "password1": "violet otters 7"})
    [message] = sent()
    assert "evil" not in message.body + message.subject and "maya@fresh.example" in message.body


def test_a_known_address_costs_as_many_hashes_as_a_new_one(world, monkeypatch):
    """Counted, for time itself is too rough to measure in a test."""
    hashed = []
    hasher = type(hashers.get_hasher())
    encode = hasher.encode
    monkeypatch.setattr(hasher, "encode", lambda self, *given, **more: hashed.append(1) or encode(self, *given, **more))
    costs = []
    for email in ("maya@fresh.example", address("customer.admin")):
        hashed.clear()
        form = {"name": "N", "email": email, "password1": "seven violet otters"}
        assert PageClient().post("/sign-in/signup/", form).status_code == 302
        costs.append(len(hashed))
    assert costs[0] == costs[1] > 0


def test_too_many_attempts_get_a_page(db):
    cache.clear()
    client = PageClient(headers={"accept-language": "fr"})
    answers = [client.post("/sign-in/password/reset/", {"email": "maya@fresh.example"}) for _ in range(21)]
    assert answers[0].status_code == 302 and answers[-1].status_code == 429
    page = answers[-1].content.decode()
    assert 'lang="fr"' in page and "Trop de tentatives" in page
    cache.clear()


@pytest.mark.parametrize(
    ("address", "network"),
    [("198.51.100.7", "198.51.100.0/24"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")],
)
def test_whoever_has_a_whole_network_counts_once(rf, address, network):
    request = rf.get("/", REMOTE_ADDR=address)
    assert get_adapter(request).get_client_network(request) == network


def test_an_address_is_safe_only_as_a_path(rf, world):
    from allauth.core.context import request_context

    request = rf.get("/")
    with request_context(request):
        adapter = get_adapter(request)
        answers = [adapter.is_safe_url(url) for url in ("/me/", "me", "http://testserver/me/", None)]
    assert answers == [True, False, False, False]
