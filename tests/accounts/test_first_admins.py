"""Vendor staff invite the first Admin of an organisation that has none."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction

from accounts.actions.first_admins import invite_first_admin
from accounts.actions.vacancies import mark_admin_vacancies
from accounts.models import AdminVacancy, Operator, OperatorInvitation, Organization, OrganizationDomain, Role
from accounts.models.invitation import OperatorInvitationToken
from accounts.work_addresses import list_accepted_domains
from notifications.models import Event
from partnerportal.lib.errors import Conflict, InvalidInput
from tests import mails
from tests.accounts.test_organization_pages import hidden, page_of, submit, text
from tests.world import World, address

pytestmark = pytest.mark.django_db
ADMIN, READER = "vendor.admin", "vendor.reader"
EMAIL = "first@newcomer.example"


@pytest.fixture
def newcomer(world: World) -> Organization:
    row: Organization = Organization.objects.create(kind="partner", name="Newcomer", country="FR")
    return row


def test_the_first_admin_is_invited_and_comes_in(web: Any, newcomer: Organization, actor_for: Any) -> None:
    at = Event.objects.latest("pk").pk
    answer = submit(web(ADMIN), newcomer, "invite", email="First@Newcomer.example", language="fr")
    assert answer.status_code == 302 and answer["Location"] == page_of(newcomer), text(answer)
    row = OperatorInvitation.objects.get(organization=newcomer)
    assert (row.email, row.language, row.roles, row.state) == (EMAIL, "fr", [Role.ADMIN], "open")
    kinds = list(Event.objects.filter(pk__gt=at).order_by("pk").values_list("kind", flat=True))
    assert kinds == ["domain.confirmed", "organization.first_admin_invited"]
    assert list_accepted_domains(newcomer) == ["newcomer.example"]
    page = text(web(READER).get(page_of(newcomer, "operators/")))
    assert EMAIL in page and "Invited as first Admin" in page
    assert "The first Admin of Newcomer was invited" in text(web(READER).get(page_of(newcomer, "activity/")))


def count_links(organization: Organization) -> int:
    return OperatorInvitationToken.objects.filter(invitation__organization=organization).count()


@pytest.mark.promise("CV-18")
def test_whoever_accepts_is_its_admin_and_the_vacancy_is_filled(web: Any, world: World, newcomer: Organization) -> None:
    mark_admin_vacancies()
    assert AdminVacancy.objects.filter(organization=newcomer).exists()
    submit(web(ADMIN), newcomer, "invite", email="nobody@example.com", language="en")
    path = re.search(r"/join/[\w-]+/", mails.sent()[-1].body)[0]  # type: ignore[index]
    client = web("nobody")
    client.post(f"{path}continue/")
    assert client.post(f"{path}accept/").status_code == 302
    operator = Operator.objects.get(organization=newcomer)
    assert (operator.person.email, operator.roles) == ("nobody@example.com", [Role.ADMIN])
    assert not AdminVacancy.objects.filter(organization=newcomer).exists()
    assert web(ADMIN).get(page_of(newcomer, "invite/")).status_code == 409, "from now on it invites its own people"


def test_a_form_sent_twice_mails_once_and_another_address_replaces_the_first(web: Any, newcomer: Organization) -> None:
    client, url = web(ADMIN), page_of(newcomer, "invite/")
    data = {"seen": hidden(client.get(url), "seen"), "email": EMAIL, "language": "en"}
    assert [client.post(url, data).status_code for _ in range(2)] == [302, 302]
    assert count_links(newcomer) == 1
    late = client.post(url, data | {"email": "other@newcomer.example"})
    assert late.status_code == 200 and "A colleague" in text(late), "a second tab learns of the first"
    assert submit(client, newcomer, "invite", email="other@newcomer.example", language="en").status_code == 302
    states = dict(OperatorInvitation.objects.filter(organization=newcomer).values_list("email", "state"))
    assert states == {EMAIL: "revoked", "other@newcomer.example": "open"}
    assert submit(client, newcomer, "invite", email="other@newcomer.example", language="en").status_code == 302
    assert count_links(newcomer) == 2, "sent again, it has one more link"


@pytest.mark.parametrize(
    ("email", "words"),
    [("somebody@gmail.com", "Anyone can get an address"), ("nobody", "valid email address")],
)
def test_what_is_no_work_address_is_an_error_of_its_field(
    email: str, words: str, web: Any, newcomer: Organization
) -> None:
    answer = submit(web(ADMIN), newcomer, "invite", email=email, language="en")
    assert answer.status_code == 200 and words in text(answer)
    assert not OperatorInvitation.objects.filter(organization=newcomer).exists()


@pytest.mark.parametrize("email", [address(ADMIN), address(READER).upper(), "second@newcomer.example"])
def test_nobody_of_the_vendor_invites_themselves_or_a_colleague(
    email: str, web: Any, world: World, newcomer: Organization
) -> None:
    """They would see what nothing but consent shows to the vendor."""
    person = world.person("vendor.admin")
    EmailAddress.objects.create(user=person, email="second@newcomer.example", verified=True)
    answer = submit(web(ADMIN), newcomer, "invite", email=email, language="en")
    assert answer.status_code == 200 and "acts for the vendor" in text(answer)
    data = {"name": "Fresh", "country": "JP", "public_id": "11111111-1111-4111-8111-111111111112", "admin_email": email}
    assert web(ADMIN).post("/organizations/register/customer/", data).status_code == 200
    assert not OperatorInvitation.objects.filter(email=email.lower()).exists()
    assert not Organization.objects.filter(name="Fresh").exists()


def test_where_it_is_useless_nobody_is_invited(
    world: World, newcomer: Organization, actor_for: Any, as_tenant: Any
) -> None:
    staff = actor_for(ADMIN)
    with pytest.raises(Conflict, match="has_admin"), as_tenant(staff):
        invite_first_admin(actor=staff, organization=world.partner, email=EMAIL)
    Organization.objects.filter(pk=newcomer.pk).update(state="suspended")
    with pytest.raises(Conflict, match="suspended"), as_tenant(staff):
        invite_first_admin(actor=staff, organization=newcomer, email=EMAIL)


def test_of_an_organisation_with_proved_domains_only_their_addresses_count(
    newcomer: Organization, actor_for: Any
) -> None:
    row = OrganizationDomain(organization=newcomer, name="proved.example")
    row.save(force_insert=True)
    OrganizationDomain.objects.filter(pk=row.pk).update(state="proved", proved_at=row.created_at)
    with pytest.raises(InvalidInput, match="foreign_domain"):
        invite_first_admin(actor=actor_for(ADMIN), organization=newcomer, email=EMAIL)


def test_a_new_organisation_and_its_first_admin_in_one_form(web: Any, world: World) -> None:
    client = web(ADMIN)
    shown = client.get("/organizations/register/partner/")
    data = {"public_id": hidden(shown, "public_id"), "name": "Fresh", "country": "JP", "admin_email": "a@gmail.com"}
    bad = client.post("/organizations/register/partner/", data)
    assert bad.status_code == 200 and "Anyone can get an address" in text(bad)
    assert not Organization.objects.filter(name="Fresh").exists(), "with an error nothing is made"
    data["admin_email"] = "a@fresh.example"
    assert [client.post("/organizations/register/partner/", data).status_code for _ in range(2)] == [302, 302]
    row = Organization.objects.get(name="Fresh")
    assert OperatorInvitation.objects.get(organization=row).email == "a@fresh.example"
    assert count_links(row) == 1


def test_the_database_lets_only_the_vendors_admins_invite_an_admin_and_only_where_there_is_none(
    world: World, newcomer: Organization, actor_for: Any, as_tenant: Any
) -> None:
    invitation = invite_first_admin(actor=actor_for(ADMIN), organization=newcomer, email=EMAIL)

    def may_store(who: str, organization: Organization, roles: list[str]) -> bool:
        row = OperatorInvitation(organization=organization, email="x@y.example", language="en", roles=roles)
        row.expires_at = invitation.expires_at
        try:
            with as_tenant(actor_for(who)), transaction.atomic():
                row.save(force_insert=True)
        except Exception as error:  # whatever the database says
            assert re.search("row-level security", str(error)), error
            return False
        return True

    assert may_store(ADMIN, newcomer, ["admin"])
    assert not may_store(READER, newcomer, ["admin"])
    assert not may_store("partner.admin", newcomer, ["admin"])
    assert not may_store(ADMIN, newcomer, ["reader"])
    assert not may_store(ADMIN, world.partner, ["admin"])
    Operator.objects.create(organization=newcomer, person=world.person("customer.reader"), roles=["admin"])
    with as_tenant(actor_for(ADMIN)):
        assert not OperatorInvitation.objects.filter(organization=newcomer).exists(), "their own business from now on"
        assert not OperatorInvitationToken.objects.filter(invitation=invitation).exists()
