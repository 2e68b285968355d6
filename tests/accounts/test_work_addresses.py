"""Which addresses are work or school accounts of an organisation (CV-19)."""

import datetime as dt

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import Operator, Organization, OrganizationDomain, Person, Role
from accounts.work_addresses import check_work_address, is_consumer_mail_domain, list_accepted_domains
from partnerportal.lib.errors import InvalidInput

State = OrganizationDomain.State


def refusal(organization, email):
    """The code of the refusal, or "" for an address that is accepted."""
    try:
        check_work_address(organization, email)
    except InvalidInput as error:
        assert error.field == "email"
        assert str(error.message)
        return error.code
    return ""


def add_domain(organization, name, state=State.PROVED, **values):
    proved_at = None if state == State.OPEN else timezone.now()
    return OrganizationDomain.objects.create(
        organization=organization, name=name, state=state, proved_at=proved_at, **values
    )


@pytest.mark.promise("CV-19")
@pytest.mark.parametrize(
    "email", ["", "anna", "anna@localhost", "anna@[127.0.0.1]", "a b@example.com", "anna@exa_mple.com"]
)
def test_what_is_no_address_is_refused_in_words(world, email):
    assert refusal(world.partner, email) == "not_work_address"


@pytest.mark.promise("CV-19")
@pytest.mark.parametrize(
    "email",
    [
        "anna@gmail.com",
        "anna@GMAIL.com",
        "anna@mail.gmail.com",
        "anna@ｇｍａｉｌ.com",
        "anna@orange.fr",
        "anna@yahoo.co.jp",
    ],
)
def test_consumer_mail_is_refused(world, email):
    assert refusal(world.partner, email) == "free_mail"


def test_consumer_mail_is_refused_even_where_it_is_proved(world):
    add_domain(world.partner, "gmail.com")
    assert refusal(world.partner, "anna@gmail.com") == "free_mail"


def test_the_list_is_kept_and_the_vendor_may_add_to_it(settings):
    assert is_consumer_mail_domain("hotmail.com") and is_consumer_mail_domain("a.b.hotmail.com")
    assert not is_consumer_mail_domain("nothotmail.com")
    assert not is_consumer_mail_domain("ours.example")
    settings.PORTAL_CONSUMER_MAIL_DOMAINS = frozenset({"ours.example"})
    assert is_consumer_mail_domain("ours.example") and is_consumer_mail_domain("mail.ours.example")


@pytest.mark.promise("CV-19")
@pytest.mark.parametrize(
    "domain",
    [
        "sfr.fr", "orange.fr", "free.fr", "laposte.net", "wanadoo.fr", "neuf.fr", "docomo.ne.jp", "softbank.ne.jp",
        "i.softbank.jp", "ezweb.ne.jp", "au.com", "biglobe.ne.jp", "nifty.com", "ocn.ne.jp", "yahoo.co.jp", "hey.com",
        "tutanota.com", "tuta.com", "proton.me", "icloud.com", "gmx.de", "gmx.fr", "gmx.net", "web.de", "qq.com",
        "naver.com", "daum.net", "privaterelay.appleid.com", "mail.ru", "yandex.com",
    ],
)  # fmt: skip
def test_the_mail_services_of_the_countries_are_on_the_list(domain):
    assert is_consumer_mail_domain(domain) and is_consumer_mail_domain(f"mail.{domain}")


def test_what_is_listed_below_a_public_suffix_is_the_registrants(settings):
    """The package lists za.com, whose names are for sale; who has bought one is not everybody."""
    assert is_consumer_mail_domain("za.com") and not is_consumer_mail_domain("contoso.za.com")
    assert is_consumer_mail_domain("gmail.com")
    settings.PORTAL_WORK_MAIL_DOMAINS = frozenset({"sunrise.ch"})
    assert not is_consumer_mail_domain("sunrise.ch") and not is_consumer_mail_domain("mail.sunrise.ch")


def test_a_first_admin_at_a_public_suffix_lets_in_nobody(world):
    Organization.objects.filter(pk=world.stranger.pk).update(first_admin_domain="co.uk")
    assert list_accepted_domains(world.stranger) == []


def test_the_first_admin_says_the_domain_where_none_is_proved(world):
    assert list_accepted_domains(world.partner) == ["example.com"]
    assert refusal(world.partner, "new@example.com") == ""
    assert refusal(world.partner, "new@elsewhere.example") == "foreign_domain"
    assert refusal(world.partner, "new@sub.example.com") == "foreign_domain"


def test_the_contact_address_says_nothing(world):
    world.partner.contact_email = "office@elsewhere.example"
    world.partner.save()
    assert refusal(world.partner, "new@elsewhere.example") == "foreign_domain"


@pytest.fixture
def founded(world):
    """Make an organisation with one Admin, whose address is proved or not, in the place of the stranger's."""

    def founded(email, verified=True):
        Operator.objects.filter(organization=world.stranger).delete()
        Organization.objects.filter(pk=world.stranger.pk).update(first_admin_domain=None)
        person = Person.objects.create_user(email, name="Founder")
        EmailAddress.objects.create(user=person, email=email, verified=verified, primary=True)
        Operator.objects.create(organization=world.stranger, person=person, roles=[Role.ADMIN])
        return person

    return founded


def test_an_address_that_the_first_admin_has_not_verified_says_nothing(world, founded):
    person = founded("anna@founder.example", verified=False)
    assert list_accepted_domains(world.stranger) == []
    assert refusal(world.stranger, "new@founder.example") == "foreign_domain"
    EmailAddress.objects.filter(user=person).update(verified=True)
    assert list_accepted_domains(world.stranger) == ["founder.example"]


@pytest.mark.promise("CV-19")
def test_the_domain_of_the_first_admin_does_not_move(world, founded):
    """Neither by a change of their address, nor when they leave."""
    person = founded("anna@founder.example")
    EmailAddress.objects.filter(user=person).update(email="anna@rival.example")
    Person.objects.filter(pk=person.pk).update(email="anna@rival.example")
    late = Person.objects.create_user("late@rival.example", name="Late")
    EmailAddress.objects.create(user=late, email=late.email, verified=True, primary=True)
    Operator.objects.create(organization=world.stranger, person=late, roles=[Role.ADMIN])
    Operator.objects.filter(person=person).delete()
    assert list_accepted_domains(world.stranger) == ["founder.example"]
    assert refusal(world.stranger, "new@rival.example") == "foreign_domain"


def test_an_international_domain_of_the_first_admin_counts(world, founded):
    founded("anna@münchen.example")
    assert refusal(world.stranger, "new@xn--mnchen-3ya.example") == ""


@pytest.mark.promise("CV-19")
@pytest.mark.parametrize("state", [State.PROVED, State.LAPSED])
@pytest.mark.parametrize("name", ["founder.example", "xn--mnchen-3ya.example"])
def test_a_domain_that_was_removed_does_not_count_as_the_first_admins(state, name, world, founded):
    founded("anna@founder.example" if name == "founder.example" else "anna@münchen.example")
    assert list_accepted_domains(world.stranger) == [name]
    add_domain(world.stranger, name, state).delete()
    assert list_accepted_domains(world.stranger) == []


def test_an_attempt_that_was_removed_changes_nothing(world, founded):
    founded("anna@founder.example")
    add_domain(world.stranger, "founder.example", State.OPEN).delete()
    add_domain(world.stranger, "other.example", State.PROVED).delete()
    assert list_accepted_domains(world.stranger) == ["founder.example"]


def test_a_later_admin_says_nothing(world):
    late = Person.objects.create_user("late@elsewhere.example", name="Late")
    EmailAddress.objects.create(user=late, email=late.email, verified=True, primary=True)
    Operator.objects.create(organization=world.stranger, person=late, roles=[Role.ADMIN])
    assert list_accepted_domains(world.stranger) == ["example.com"]


def test_a_reader_who_came_first_says_nothing(world):
    early = Person.objects.create_user("early@elsewhere.example", name="Early")
    EmailAddress.objects.create(user=early, email=early.email, verified=True, primary=True)
    Operator.objects.create(
        organization=world.stranger, person=early, roles=[Role.READER], created_at=timezone.now() - dt.timedelta(days=9)
    )
    assert list_accepted_domains(world.stranger) == ["example.com"]


def test_a_first_admin_with_consumer_mail_lets_in_nobody(world, founded):
    founded("anna@gmail.com")
    assert list_accepted_domains(world.stranger) == []
    assert refusal(world.stranger, "bob@gmail.com") == "free_mail"
    assert refusal(world.stranger, "bob@elsewhere.example") == "foreign_domain"


def test_what_is_proved_takes_the_place_of_the_first_admins(world):
    add_domain(world.partner, "proved.example")
    add_domain(world.partner, "xn--mnchen-3ya.example")
    assert refusal(world.partner, "new@proved.example") == ""
    assert refusal(world.partner, "new@MÜNCHEN.example") == ""
    assert refusal(world.partner, "new@example.com") == "foreign_domain"
    assert refusal(world.partner, "new@рroved.example") == "foreign_domain"  # its first letter is Cyrillic


def test_what_another_organisation_has_proved_counts_there_alone(world):
    add_domain(world.distributor, "proved.example")
    assert refusal(world.partner, "new@proved.example") == "foreign_domain"


def test_what_staff_have_confirmed_counts_until_something_is_proved(world):
    add_domain(world.partner, "confirmed.example", State.OPEN, confirmed_at=timezone.now())
    add_domain(world.partner, "open.example", State.OPEN)
    assert list_accepted_domains(world.partner) == ["confirmed.example", "example.com"]
    add_domain(world.partner, "proved.example")
    assert list_accepted_domains(world.partner) == ["proved.example"]


def test_nobody_new_comes_in_by_a_domain_that_has_lapsed(world):
    """Not by the first Admin's address at the same domain either."""
    add_domain(world.partner, "example.com", State.LAPSED)
    assert list_accepted_domains(world.partner) == []
    assert refusal(world.partner, "new@example.com") == "foreign_domain"


def test_a_refusal_names_the_domains_that_count(world):
    for number in range(7):
        add_domain(world.partner, f"d{number}.example")
    with pytest.raises(InvalidInput) as refused:
        check_work_address(world.partner, "new@elsewhere.example")
    assert "elsewhere.example" in refused.value.message
    assert "d0.example, d1.example, d2.example, d3.example, d4.example, …" in refused.value.message


def test_under_its_own_organisation_alone_a_domain_counts(world, actor_for, as_tenant):
    add_domain(world.partner, "proved.example")
    with as_tenant(actor_for("partner.reader")):
        assert refusal(world.partner, "new@proved.example") == ""
    for who in ("customer.admin", "nobody"):
        with as_tenant(actor_for(who)):
            assert refusal(world.partner, "new@proved.example") == "foreign_domain"
