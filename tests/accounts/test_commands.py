"""What vendor staff do at the terminal."""

import io
import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.models import Operator, Organization, Person, ProgramMembership
from connections.models import InvitationLink
from notifications.models import Event
from tests.conftest import PageClient
from tests.mails import sent
from tests.world import World


def has_feature(organization_id: int, feature: str) -> bool:
    memberships = ProgramMembership.objects.filter(organization=organization_id).active()
    return memberships.filter(program__grants__contains=[feature]).exists()


def call(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().strip()


def test_a_partner_is_registered_with_badges_admin_and_link(world: World) -> None:
    said = call(
        "create_organization", "--kind=partner", "--name=Ödland & Co", "--country=se",
        f"--parent={world.distributor.org_id}", "--program=solution_advisor", "--program=csp",
        "--admin=New.Person@odland.example",
    )  # fmt: skip
    org_id, link = said.splitlines()
    partner = Organization.objects.get(org_id=org_id)
    assert (partner.name_folded, partner.country, partner.parent) == ("odland co", "SE", world.distributor)
    assert has_feature(partner.pk, "customer_dashboard")
    assert has_feature(partner.pk, "marketplace_purchase")
    assert link == settings.PORTAL_ORIGIN + InvitationLink.objects.get(organization=partner).page_path
    operator = Operator.objects.get(organization=partner)
    assert (operator.person.email, operator.roles) == ("new.person@odland.example", ["admin"])
    assert not operator.person.has_usable_password()
    assert Event.objects.filter(counterpart_id=partner.pk, actor_label__startswith="vendor staff").count() == 4


@pytest.mark.promise("O-12")
def test_the_first_admin_of_an_installation_gets_in_by_a_link(world: World) -> None:
    """The vendor's organisation exists already in the world: whoever comes first is like any other organisation."""
    said = call(
        "create_organization", "--kind=customer", "--name=First", "--country=de", "--admin=first@example.com", "--link"
    )
    org_id, link = said.splitlines()
    person = Person.objects.get(email="first@example.com")
    assert Operator.objects.get(organization__org_id=org_id).person == person
    assert person.emailaddress_set.get().verified
    path = link.removeprefix(settings.PORTAL_ORIGIN)
    form = Client().get(path, follow=True)
    assert form.status_code == 200 and b"password1" in form.content
    with pytest.raises(CommandError, match="give --admin EMAIL too"):
        call("create_organization", "--kind=customer", "--name=Second", "--country=de", "--link")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind=customer", "--name=A", "--country=SE", "--parent=DISTRIBUTOR"], "Only a partner can"),
        (["--kind=partner", "--name=A", "--country=SE", "--parent=PARTNER"], "must be a distributor"),
        (["--kind=partner", "--name=A", "--country=SE", "--parent=10000000"], "No organisation has the ORGID 10000000"),
        (["--kind=partner", "--name= ", "--country=SE"], "name: "),
        (["--kind=partner", f"--name={'x' * 201}", "--country=SE"], "name: "),
        (["--kind=partner", "--name=A", "--country=XX"], "not an ISO 3166 country"),
        (["--kind=partner", "--name=A", "--country=SE", "--admin=nobody"], "not an email address"),
        (["--kind=partner", "--name=A", "--country=SE", "--program=gold"], "The programmes are: csp"),
    ],
)
def test_bad_input_creates_nothing(world: World, arguments: list[str], said: str) -> None:
    names = {"DISTRIBUTOR": world.distributor.org_id, "PARTNER": world.partner.org_id}
    filled = [re.sub("DISTRIBUTOR|PARTNER", lambda match: names[match[0]], text) for text in arguments]
    before = Organization.objects.count(), Event.objects.count()
    with pytest.raises(CommandError, match=said):
        call("create_organization", *filled)
    assert (Organization.objects.count(), Event.objects.count()) == before


def test_an_operator_gets_all_roles_and_a_known_person_is_kept(world: World) -> None:
    many = Person.objects.get(email="many@example.com")
    said = call("add_operator", world.nobadge.org_id, "MANY@example.com", "--role=sales_agent", "--role=reader")
    assert said == f"many@example.com acts for {world.nobadge} as reader, sales_agent."
    assert Operator.objects.get(organization=world.nobadge, person=many).roles == ["reader", "sales_agent"]
    with pytest.raises(CommandError, match="Organisations of this type don’t have this role"):
        call("add_operator", world.stranger.org_id, "many@example.com", "--role=sales_agent")
    with pytest.raises(CommandError, match="No organisation has the ORGID 123"):
        call("add_operator", "123", "somebody@example.com", "--role=reader")
    assert not Person.objects.filter(email="somebody@example.com").exists()


def test_a_membership_is_granted_and_corrected(world: World) -> None:
    call("grant_membership", world.nobadge.org_id, "solution_advisor", "--from=2020-01-01")
    assert has_feature(world.nobadge.pk, "customer_dashboard")
    said = call("grant_membership", world.nobadge.org_id, "solution_advisor", "--from=2020-01-01", "--until=2021-01-01")
    assert said.endswith("Solution Advisor from 2020-01-01 until 2021-01-01.")
    assert not has_feature(world.nobadge.pk, "customer_dashboard")
    with pytest.raises(CommandError, match="last day can’t be before the first"):
        call("grant_membership", world.nobadge.org_id, "csp", "--from=2020-01-02", "--until=2020-01-01")


PASSWORD = "a long and quite good one"


def set_password(client: Client, link: str) -> None:
    page = client.get(link, follow=True)
    assert page.status_code == 200
    client.post(page.redirect_chain[-1][0], {"password1": PASSWORD, "password2": PASSWORD})


def sign_in(client: Client, email: str) -> Any:
    return client.post(reverse("account_login"), {"login": email, "password": PASSWORD})


def test_a_new_person_signs_in_after_the_link_without_any_mail(db: None) -> None:
    client = PageClient()
    link = call("create_person", "ada@example.com", "--name=Ada", "--language=fr", "--link")
    assert link.startswith(settings.PORTAL_ORIGIN)
    person = Person.objects.get(email="ada@example.com")
    assert (person.name, person.language, person.has_usable_password()) == ("Ada", "fr", False)
    assert not sent()
    set_password(client, link.removeprefix(settings.PORTAL_ORIGIN))
    sign_in(client, "ada@example.com")
    assert client.session["_auth_user_id"] == str(person.pk)
    with pytest.raises(CommandError, match="there already"):
        call("create_person", "ADA@example.com")


def follow_reset_link(client: Client, email: str) -> None:
    client.post(reverse("account_reset_password"), {"email": email})
    set_password(client, re.search(r"https?://[^/]+(/\S+/key/\S+)", sent().pop().body)[1])
    sent().clear()


def test_forgot_your_password_works_for_a_person_that_never_had_one(db: None) -> None:
    """The link came by mail, and so proves the address: no code is asked for on top."""
    client = PageClient()
    call("create_person", "ada@example.com")
    follow_reset_link(client, "ada@example.com")
    sign_in(client, "ada@example.com")
    assert client.session["_auth_user_id"] == str(Person.objects.get(email="ada@example.com").pk)


def test_a_link_proves_no_address_of_several(db: None) -> None:
    client = PageClient()
    call("create_person", "ada@example.com")
    person = Person.objects.get(email="ada@example.com")
    EmailAddress.objects.create(user=person, email="other@example.com")
    follow_reset_link(client, "ada@example.com")
    answer = sign_in(client, "ada@example.com")
    assert "_auth_user_id" not in client.session
    code = re.search(r"^\s*([A-Z0-9-]{6,9})\s*$", sent().pop().body, re.M)[1]
    client.post(answer.url, {"code": code})
    assert client.session["_auth_user_id"] == str(person.pk)


def test_a_link_is_replaced_for_a_reason(world: World) -> None:
    before = world.token("partner")
    with pytest.raises(CommandError, match="Enter a reason"):
        call("replace_invitation_link", world.partner.org_id, "--reason= ")
    said = call("replace_invitation_link", world.partner.org_id, "--reason=It stood on a public page")
    assert said == f"{settings.PORTAL_ORIGIN}/i/{world.token('partner')}/"
    assert world.token("partner") != before
    event = Event.objects.latest("pk")
    assert event.note == "It stood on a public page"
    with pytest.raises(CommandError, match="No partner has the ORGID"):
        call("replace_invitation_link", world.customer.org_id, "--reason=x")
