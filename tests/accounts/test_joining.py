"""The page of an operator's invitation: what it shows whom, step by step, and that opening it changes nothing."""

import re

import pytest
from django.contrib.messages import get_messages

from accounts.actions.invitations import invite_operator
from accounts.models import Operator, OperatorInvitation, Organization
from tests import mails
from tests.world import join_token

pytestmark = pytest.mark.django_db

NOBODY = "nobody@example.com"


@pytest.fixture
def path(actor_for, as_tenant):
    """The page of an invitation of Norman, who acts for nobody."""
    with as_tenant(actor_for("partner.admin")):
        invite_operator(actor=actor_for("partner.admin"), email=NOBODY, roles=["sales_agent"])
    return re.search(r"/join/[\w-]+/", mails.sent()[-1].body)[0]


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.mark.parametrize("who", ["anonymous", "nobody", "customer.admin"])
def test_opening_the_page_changes_nothing(who, path, web):
    """Mail scanners open every link, also several times."""
    before = list(OperatorInvitation.objects.order_by("pk").values())
    for _time in range(2):
        response = web(who).get(path)
        assert response.status_code == 200
        assert (response["Cache-Control"], response["Referrer-Policy"]) == ("no-store", "no-referrer")
    web(who).head(path)
    assert list(OperatorInvitation.objects.order_by("pk").values()) == before
    for step in ("continue", "accept", "leave"):
        assert web(who).get(f"{path}{step}/").status_code == 405


def test_a_stranger_goes_on_and_signs_in_or_up_with_that_address(path, web, world):
    client = web("anonymous")
    page = client.get(path).content.decode()
    assert world.partner.name in page and NOBODY in page and "Sales agent" in page and "Continue" in page
    assert "/sign-in/" not in page
    assert client.post(f"{path}continue/")["Location"] == path
    invitation = OperatorInvitation.objects.get(email=NOBODY)
    opened = invitation.opened_at
    assert opened
    page = client.get(path).content.decode()
    back = path.replace("/", "%2F")
    assert f"/sign-in/login/?next={back}" in page
    assert f"/sign-in/signup/?next={back}&amp;email=nobody%40example.com" in page
    client.post(f"{path}continue/")
    invitation.refresh_from_db()
    assert invitation.opened_at == opened, "the first time counts"
    signup = client.get(f"/sign-in/signup/?next={back}&email=nobody%40example.com").content.decode()
    assert f'value="{NOBODY}"' in signup
    assert client.post(f"{path}accept/")["Location"].startswith("/sign-in/login/")


@pytest.mark.promise("CV-20")
def test_the_invited_person_accepts_and_acts(path, web, world):
    client = web("nobody")
    assert f'action="{path}accept/"' in client.get(path).content.decode()
    response = client.post(f"{path}accept/")
    assert response["Location"] == "/"
    assert said(response) == [f"You now act for {world.partner.name}."]
    assert Operator.objects.get(person__email=NOBODY).roles == ["sales_agent"]
    assert client.get("/customers/").status_code == 200
    for again in (client.get(path), client.post(f"{path}accept/"), client.post(f"{path}continue/")):
        assert again.status_code == 404
        assert "The invitation has been used or withdrawn" in again.content.decode()


def test_somebody_else_sees_both_addresses_and_may_change(path, web, world):
    client = web("customer.admin")
    client.post(f"{path}continue/")
    page = client.get(path).content.decode()
    assert NOBODY in page and world.person("customer.admin").email in page
    assert f"{path}accept/" not in page
    refused = client.post(f"{path}accept/")
    assert refused.status_code == 403
    assert f"This invitation is for {NOBODY}." in refused.content.decode()
    response = client.post(f"{path}leave/")
    assert response["Location"] == f"/sign-in/login/?next={path.replace('/', '%2F')}"
    assert client.get("/account/")["Location"].startswith("/sign-in/login/"), "signed out"
    assert OperatorInvitation.objects.get(email=NOBODY).state == "open"


def test_whoever_came_in_by_another_way_needs_the_invitation_no_more(path, web, world):
    Operator.objects.create(organization=world.partner, person=world.person("nobody"), roles=["reader"])
    assert web("nobody").get(path).status_code == 404
    assert web("nobody").post(f"{path}accept/").status_code == 404


def test_whose_organisation_is_suspended_may_join_another(path, web, world):
    Operator.objects.create(organization=world.stranger, person=world.person("nobody"), roles=["reader"])
    Organization.objects.filter(pk=world.stranger.pk).update(state="suspended")
    client = web("nobody")
    assert f'action="{path}accept/"' in client.get(path).content.decode()
    assert client.post(f"{path}accept/")["Location"] == "/"
    assert client.get("/customers/").status_code == 200


@pytest.mark.parametrize("token", ["unknown", "x" * 43, "a%00b", "日本", join_token("partner")[:-1]])
@pytest.mark.parametrize("who", ["anonymous", "nobody"])
def test_a_token_that_leads_nowhere(token, who, web):
    response = web(who).get(f"/join/{token}/")
    assert response.status_code == 404
    assert web(who).post(f"/join/{token}/continue/").status_code == 404
    assert web("nobody").post(f"/join/{token}/accept/").status_code == 404


def test_a_form_of_elsewhere_accepts_nothing(path, web):
    assert web("nobody", csrf=True).post(f"{path}accept/").status_code == 403
    assert OperatorInvitation.objects.get(email=NOBODY).state == "open"
