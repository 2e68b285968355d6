"""Asking to be let into an organisation that is here already: who is offered what, who answers, and who hears of it."""

import datetime as dt
from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.db import DatabaseError, connection
from django.utils import timezone

from accounts.actions.joins import ask_to_join, decline_join_request, delete_old_join_requests, grant_join_request
from accounts.models import JoinRequest, Operator, Organization, OrganizationDomain, Person, Role
from accounts.queries.joining import list_join_offers
from notifications.actions.outbox import write_due_notices
from notifications.models import Delivery, Event, SecretMail
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound, TooManyAttempts

State = OrganizationDomain.State
DOMAIN = "example.com"  # of everybody in the world


@pytest.fixture
def proved(world):
    """The partner has proved the domain of everybody's address."""
    return OrganizationDomain.objects.create(
        organization=world.partner, name=DOMAIN, state=State.PROVED, proved_at=timezone.now()
    )


@pytest.fixture
def offers(world, actor_for, as_tenant):
    """What a person is offered, under row-level security."""

    def offers(who="nobody"):
        person = world.person(who)
        with as_tenant(actor_for(who)):
            return list_join_offers(person)

    return offers


@pytest.fixture
def ask(world, actor_for, as_tenant):
    def ask(who="nobody", organization="partner"):
        person, asked = world.person(who), world[organization]
        with as_tenant(actor_for(who)):
            return ask_to_join(person=person, organization_id=asked.public_id)

    return ask


@pytest.fixture
def grant(actor_for, as_tenant):
    def grant(join_request, roles=("reader",), who="partner.admin"):
        actor = actor_for(who)
        with as_tenant(actor):
            return grant_join_request(actor=actor, join_request=join_request, roles=roles)

    return grant


def test_who_has_an_address_at_a_proved_domain_is_offered_to_ask(world, offers, proved):
    (offer,) = offers()
    assert (offer.name, offer.public_id, offer.domain) == (world.partner.name, world.partner.public_id, DOMAIN)
    assert offer.state == ""


def test_each_organisation_that_has_proved_it_is_offered(world, offers, proved):
    OrganizationDomain.objects.create(
        organization=world.distributor, name=DOMAIN, state=State.PROVED, proved_at=timezone.now()
    )
    assert {offer.name for offer in offers()} == {world.partner.name, world.distributor.name}


@pytest.mark.parametrize(
    "change",
    [
        lambda world, person: OrganizationDomain.objects.filter(name=DOMAIN).delete(),
        lambda world, person: OrganizationDomain.objects.filter(name=DOMAIN).update(state=State.LAPSED),
        lambda world, person: OrganizationDomain.objects.filter(name=DOMAIN).update(name="other.example"),
        lambda world, person: OrganizationDomain.objects.filter(name=DOMAIN).update(name="sub.example.com"),
        lambda world, person: EmailAddress.objects.filter(user=person).update(verified=False),
        lambda world, person: Person.objects.filter(pk=person.pk).update(email="nobody@elsewhere.example"),
        lambda world, person: Organization.objects.filter(pk=world.partner.pk).update(state="suspended"),
        lambda world, person: Operator.objects.create(organization=world.partner, person=person, roles=["reader"]),
    ],
    ids=["none", "lapsed", "another", "below", "not verified", "another address", "suspended", "in already"],
)
def test_nobody_else_is_offered_anything(change, world, offers, ask, proved):
    change(world, world.person("nobody"))
    assert offers() == []
    with pytest.raises(NotFound):
        ask()
    assert not JoinRequest.objects.filter(organization=world.partner).exists()


def test_an_open_or_confirmed_domain_offers_nothing(world, offers):
    OrganizationDomain.objects.create(organization=world.partner, name=DOMAIN, confirmed_at=timezone.now())
    assert offers() == []


def test_an_international_domain_is_offered_too(world, offers, proved):
    person = world.person("nobody")
    OrganizationDomain.objects.filter(pk=proved.pk).update(name="xn--mnchen-3ya.example")
    Person.objects.filter(pk=person.pk).update(email="nobody@münchen.example")
    EmailAddress.objects.filter(user=person).update(email="nobody@münchen.example")
    assert [offer.domain for offer in offers()] == ["xn--mnchen-3ya.example"]


def test_the_database_names_no_organisation_of_another_domain(world, actor_for, as_tenant, proved):
    with as_tenant(actor_for("nobody")), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM portal_organizations_to_join('elsewhere.example')")
        assert cursor.fetchone() == (0,)
    OrganizationDomain.objects.filter(pk=proved.pk).update(name="elsewhere.example")
    with as_tenant(actor_for("nobody")), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM portal_organizations_to_join('elsewhere.example')")
        assert cursor.fetchone() == (0,)


def test_asking_is_recorded_and_the_admins_are_mailed(world, ask, proved):
    row = ask()
    assert (row.organization, row.person, row.state) == (world.partner, world.person("nobody"), "open")
    event = Event.objects.latest("pk")
    assert (event.kind, event.organization_id, event.data) == ("join.requested", world.partner.pk, {"domain": DOMAIN})
    while write_due_notices():
        pass
    notice = world.notices("partner").filter(kind="join_requested").get()
    mailed = set(Delivery.objects.filter(notice=notice, channel="email").values_list("person_id", flat=True))
    assert mailed == {world.person("partner.admin").pk, world.person("many").pk}


def test_asking_twice_asks_once(ask, offers, proved):
    assert ask().pk == ask().pk
    assert Event.objects.filter(kind="join.requested").count() == 1
    assert [offer.state for offer in offers()] == ["open"]


def test_a_person_asks_a_few_times_a_day(world, ask, proved, monkeypatch):
    monkeypatch.setattr("accounts.actions.joins.JOIN_REQUESTS_A_DAY", 1)
    ask()
    OrganizationDomain.objects.create(
        organization=world.distributor, name=DOMAIN, state=State.PROVED, proved_at=timezone.now()
    )
    with pytest.raises(TooManyAttempts):
        ask(organization="distributor")


def test_who_acts_for_another_organisation_may_ask_too(world, ask, proved):
    row = ask("stranger.reader")
    assert row.organization == world.partner
    assert not Event.objects.filter(kind="join.requested", organization_id=world.stranger.pk).exists()


@pytest.mark.parametrize("who", ["partner.reader", "stranger.admin", "distributor.admin", "anonymous"])
def test_only_the_admins_asked_see_who_asks(who, world, ask, actor_for, as_tenant, proved):
    row = ask()
    assert not JoinRequest.objects.visible_to(actor_for(who)).filter(pk=row.pk).exists()
    with as_tenant(actor_for(who)):
        assert not JoinRequest.objects.filter(pk=row.pk).exists()
    for action in (partial(grant_join_request, roles=["reader"]), decline_join_request):
        with as_tenant(actor_for(who)), pytest.raises((ActionRefused, NotFound)):
            action(actor=actor_for(who), join_request=row)


def test_an_admin_lets_in_with_roles_and_the_person_is_mailed(world, ask, grant, proved):
    operator = grant(ask(), ["sales_agent", "reader"])
    assert operator.organization == world.partner and operator.roles == ["reader", "sales_agent"]
    row = JoinRequest.objects.get(organization__kind="partner")
    assert row.state == "added" and row.decided_at
    assert SecretMail.objects.count() == 1
    event = Event.objects.latest("pk")
    assert event.kind == "join.granted" and event.changes["roles"] == [None, ["reader", "sales_agent"]]


def test_roles_that_the_kind_has_not_are_refused(ask, grant, proved):
    row = ask()
    for roles in ([], ["owner"]):
        with pytest.raises(InvalidInput):
            grant(row, roles)
    assert JoinRequest.objects.get(organization__kind="partner").state == "open"


def test_the_address_is_checked_again(world, ask, grant, proved):
    row = ask()
    OrganizationDomain.objects.filter(pk=proved.pk).update(state=State.LAPSED)
    with pytest.raises(InvalidInput) as refused:
        grant(row)
    assert refused.value.code == "foreign_domain"
    assert not Operator.objects.filter(organization=world.partner, person=world.person("nobody")).exists()


def test_a_request_is_answered_once(world, ask, grant, actor_for, as_tenant, proved):
    row = ask()
    actor = actor_for("partner.admin")
    with as_tenant(actor):
        decline_join_request(actor=actor, join_request=row)
    assert SecretMail.objects.count() == 1
    with pytest.raises(Conflict):
        grant(row)
    with pytest.raises(Conflict) as refused:
        ask()
    assert refused.value.code == "join_declined"


def test_an_admin_lets_in_nobody_who_has_not_asked(world, ask, grant, actor_for, as_tenant, proved):
    """Whatever their request is made to say; nor once more somebody who was let in and is gone."""
    admin = actor_for("partner.admin")

    def let_in():
        Operator.objects.create(organization=world.partner, person=world.person("nobody"), roles=[Role.ADMIN])

    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(admin):
        let_in()
    row = ask()
    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(admin):
        let_in()
    grant(row)
    JoinRequest.objects.filter(pk=row.pk).update(decided_at=timezone.now() - dt.timedelta(minutes=1))
    Operator.objects.filter(person=world.person("nobody")).delete()
    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(admin):
        let_in()


def test_nobody_asks_in_anothers_name_or_by_anothers_domain(world, actor_for, as_tenant, proved):
    mine, other = world.person("nobody"), world.person("stranger.admin")
    for values in (
        {"person": other, "organization": world.partner, "domain": DOMAIN},
        {"person": mine, "organization": world.stranger, "domain": DOMAIN},
        {"person": mine, "organization": world.partner, "domain": "other.example"},
        {"person": mine, "organization": world.partner, "domain": DOMAIN, "state": "added"},
    ):
        with pytest.raises(DatabaseError), as_tenant(actor_for("nobody")):
            JoinRequest(**values).save(force_insert=True)


def test_old_requests_are_deleted(world, ask, proved, settings):
    ask()
    JoinRequest.objects.filter(organization=world.partner).update(
        created_at=timezone.now() - settings.PORTAL_JOIN_REQUESTS_KEPT - dt.timedelta(days=1)
    )
    assert delete_old_join_requests() == 1


def test_the_page_that_founds_an_organisation_offers_it(web, world, proved):
    client = web("nobody")
    text = client.get("/organizations/new/").content.decode()
    assert world.partner.name in text and "Ask to join" in text
    for word in ("partner.admin", "Admin pqpartnerq", world.partner.org_id):
        assert word not in text
    assert "Sign out" in text
    page = client.post("/organizations/join/", {"organization": world.partner.public_id}, follow=True)
    assert "Your request was sent to its Admins" in page.content.decode()
    assert "Ask to join" not in page.content.decode()


def test_without_a_proved_domain_it_offers_nothing(web, world):
    text = web("nobody").get("/organizations/new/").content.decode()
    assert "Is your organisation here already?" not in text
    assert "Cancel" not in text  # there is nothing to go back to
    assert "Cancel" in web("partner.admin").get("/organizations/new/").content.decode()


@pytest.mark.parametrize("organization", ["", "nonsense", "partner", "00000000-0000-0000-0000-000000000000"])
def test_an_organisation_that_is_not_offered_is_not_there(organization, web, world):
    known = world[organization].public_id if organization == "partner" else organization
    assert web("nobody").post("/organizations/join/", {"organization": known}).status_code == 404


def test_admins_find_who_asks_among_the_pending(web, world, ask, proved):
    row = ask()
    text = web("partner.admin").get("/operators/pending/").content.decode()
    assert "Norman Nobody" in text and f"/operators/requests/{row.public_id}/grant/" in text
    assert "Norman Nobody" not in web("partner.reader").get("/operators/pending/").content.decode()


@pytest.mark.promise("G-26")
def test_who_waits_for_long_is_in_amber(web, world, ask, proved):
    ask()
    for days, is_late in ((3, False), (4, True)):
        JoinRequest.objects.update(created_at=timezone.now() - dt.timedelta(days=days))
        page = web("partner.admin").get("/operators/pending/").content.decode()
        assert f"{days} days waiting" in page
        assert ('<small class="warn">4 days waiting</small>' in page) is is_late


def test_an_admin_lets_somebody_in_on_a_page(web, world, ask, proved):
    path = f"/operators/requests/{ask().public_id}/grant/"
    client = web("partner.admin")
    assert "nobody@example.com" in client.get(path).content.decode()
    assert "Choose at least one role." in client.post(path, {}).content.decode()
    page = client.post(path, {"roles": ["reader"]}, follow=True)
    assert "Norman Nobody can now act for your organisation." in page.content.decode()
    assert web("nobody").get("/account/").status_code == 200
    assert client.post(path, {"roles": ["reader"]}).status_code == 404


def test_an_admin_declines_on_a_page(web, world, ask, proved):
    path = f"/operators/requests/{ask().public_id}/decline/"
    client = web("partner.admin")
    assert "doesn’t name you" in client.get(path).content.decode()
    client.post(path)
    assert "Its Admins have declined your request." in web("nobody").get("/organizations/new/").content.decode()
