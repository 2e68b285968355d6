"""A new main address: whose rule of work addresses it breaks, and who learns of it."""

import pytest
from allauth.account.models import EmailAddress

from accounts.models import Operator, OrganizationDomain, Person, Role
from accounts.work_addresses import list_accepted_domains
from notifications.models import Event
from partnerportal.lib.errors import ActionRefused
from tests import mails
from tests.accounts.test_operator_invitations import accept, invite
from tests.accounts.test_sign_in import PASSWORD, code_in
from tests.accounts.test_work_addresses import add_domain

__all__ = ["invite"]

pytestmark = pytest.mark.django_db
NEW = "anna@rival.example"


@pytest.fixture
def change(client, world):
    """Type a new main address as the partner's Admin; return the page that follows, and a way to enter the code."""
    client.post("/sign-in/login/", {"login": main_address(world), "password": PASSWORD})
    client.post("/sign-in/reauthenticate/", {"password": PASSWORD})

    def change(email=NEW):
        mails.sent().clear()
        response = client.post("/sign-in/email/", {"email": email, "action_add": "1"}, follow=True)
        page = response.content.decode()

        def confirm():
            code = code_in(next(message for message in mails.sent() if message.to == [email]))
            return client.post("/sign-in/confirm-email/", {"code": code}, follow=True).content.decode()

        return page, confirm

    return change


def main_address(world):
    return Person.objects.get(pk=world.person("partner.admin").pk).email


@pytest.mark.promise("CV-19")
@pytest.mark.parametrize("email", [NEW, "anna@gmail.com"])
def test_where_a_domain_is_proved_the_main_address_stays_there(email, change, world):
    add_domain(world.partner, "proved.example")
    page, _confirm = change(email)
    assert f"To act for {world.partner.name}, you need a work address" in page
    assert email.rpartition("@")[2] in page
    assert not mails.sent() and main_address(world) != email
    _page, confirm = change("anna@proved.example")
    confirm()
    assert main_address(world) == "anna@proved.example"


@pytest.mark.promise("CV-19")
def test_where_none_is_proved_the_person_is_told_whose_rule_it_breaks(change, world):
    page, confirm = change()
    assert f"{NEW} is not a work address at {world.partner.name}" in page
    confirm()
    assert main_address(world) == NEW
    assert list_accepted_domains(world.partner) == ["example.com"], "the first Admin has taken the domain along"


def test_an_address_at_an_accepted_domain_is_changed_without_a_word(change, world):
    page, confirm = change("anna.new@example.com")
    assert "is not a work address" not in page
    confirm()
    assert main_address(world) == "anna.new@example.com"


def test_each_organisation_that_the_person_acts_for_has_its_rule(change, world):
    """Also the one that they do not act for at present, whose domains they do not see."""
    Operator.objects.create(organization=world.customer, person=world.person("partner.admin"), roles=[Role.READER])
    add_domain(world.customer, "customer.example")
    page, _confirm = change("anna@partner.example")
    assert f"To act for {world.customer.name}, you need" in page
    assert main_address(world) != "anna@partner.example"


def test_the_rule_is_asked_again_with_the_code(change, world):
    _page, confirm = change()
    add_domain(world.partner, "proved.example")
    assert "you need a work address at a domain that has been verified there" in confirm()
    assert main_address(world) != NEW
    OrganizationDomain.objects.filter(organization=world.partner).delete()


@pytest.mark.promise("CV-19")
def test_who_accepts_has_a_work_address_as_the_main_one_too(invite, world, actor_for, as_tenant):
    """By a second address alone, nobody becomes an operator who signs in with another."""
    person = world.person("nobody")
    EmailAddress.objects.create(user=person, email="second@example.com", verified=True)
    EmailAddress.objects.filter(user=person, primary=True).update(email="nobody@gmail.com")
    Person.objects.filter(pk=person.pk).update(email="nobody@gmail.com")
    _row, token = invite("second@example.com")
    with pytest.raises(ActionRefused) as refused:
        accept(actor_for("nobody"), token, as_tenant)
    assert refused.value.code == "foreign_main_address" and "nobody@gmail.com" in refused.value.message


def test_a_change_stands_in_the_log_of_each_organisation(change, world):
    former = main_address(world)
    organizations = set(
        Operator.objects.filter(person=world.person("partner.admin")).values_list("organization", flat=True)
    )
    _page, confirm = change("anna.new@example.com")
    confirm()
    events = Event.objects.filter(kind="person.address_changed")
    assert {(row.counterpart_id, row.subject_label) for row in events} == {
        (pk, former) for pk in (None, *organizations)
    }
