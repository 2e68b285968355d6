"""Whoever holds an activation link: what its page shows, and how an organisation is activated, all of it or nothing."""

import datetime as dt
import re

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.models import Operator, Organization, Person, ProgramMembership
from connections import consent
from connections.models import Connection
from entitlements.actions.activation import revoke_activation_link
from entitlements.models import ActivationLink, ActivationToken, Entitlement, Sku, TrialOffer
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.tokens import digest_secret
from tests.conftest import PageClient
from tests.states import put
from tests.world import READ, SKU_OF_NOBODY, address
from tests.world_activation import ADD_ON, activation_token

NEW = {"name": "Nouvelle Société", "country": "FR", "city": "Lyon", "contact_email": "office@nouvelle.example"}
ALL = [offered.code for offered in consent.list_shareable_scopes()]


@pytest.fixture
def link(world):
    return ActivationLink.objects.get(organization=world.partner)


def sign_in_as(email):
    """Return a client signed in as a new person who has proved this address, and acts for nobody."""
    person = Person.objects.create_user(email, "correct horse battery", name="Ines Invited")
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    client = PageClient()
    client.begin_session(person)
    return client, person


def page_of(name):
    return f"/activate/{activation_token(name)}/"


def accept(client, sender, **data):
    client.post(f"{page_of(sender)}open/")
    return client.post(f"{page_of(sender)}accept/", {"scopes": ALL, **READ, **NEW, **data})


def everything():
    """What an activation makes: how many of each there are."""
    rows = (Organization, Operator, Connection, Entitlement, ProgramMembership, Event)
    return [model.objects.count() for model in rows]


@pytest.mark.promise("CV-11")
def test_a_customer_is_activated_connected_and_tries_the_service(world, link):
    client, person = sign_in_as(link.email)
    response = accept(client, "partner")
    assert (response.status_code, response["Location"]) == (302, "/")
    founded = Organization.objects.get(operators__person=person)
    assert (founded.kind, founded.name, founded.country, founded.city) == ("customer", NEW["name"], "FR", "Lyon")
    assert Operator.objects.get(person=person).roles == ["admin"]
    connected = Connection.objects.get(customer=founded)
    assert (connected.partner, connected.state) == (world.partner, "active")
    assert connected.consents.get().wording == READ["wording"].partition("/")[0]
    [trial] = Entitlement.objects.filter(customer=founded)
    assert (trial.kind, trial.state, trial.quantity, trial.sku.code) == ("trial", "active", 5, SKU_OF_NOBODY)
    assert trial.source == "link"
    assert (trial.starts_on, trial.ends_on) == (today(), today() + settings.PORTAL_TRIAL_TIME)
    link.refresh_from_db()
    assert (link.state, link.account) == ("accepted", founded)
    assert not ActivationToken.objects.filter(invitation=link).exists()
    event = Event.objects.get(kind="activation.accepted")
    assert (event.organization_id, event.subject_id, event.customer_id) == (founded.pk, link.public_id, founded.pk)
    assert link.email not in str(event.data)


@pytest.mark.promise("CV-3")
def test_everybody_above_sees_the_new_customer_on_the_next_request(web, world, link):
    def listed(who, name):
        return name in web(who).get(f"/{'partners' if name == partner.name else 'customers'}/").content.decode()

    partner = ActivationLink.objects.get(organization=world.distributor)
    above = ("partner.reader", "distributor.reader", "vendor.reader")
    assert not any(listed(who, NEW["name"]) for who in above)
    accept(sign_in_as(link.email)[0], "partner")
    assert all(listed(who, NEW["name"]) for who in above)
    assert not listed("distributor.reader", partner.name)
    accept(sign_in_as(partner.email)[0], "distributor")
    assert all(listed(who, partner.name) for who in above[1:])


def test_the_customer_shares_only_what_stays_ticked(link):
    client, _person = sign_in_as(link.email)
    accept(client, "partner", scopes=["account", "usage"])
    assert Connection.objects.get(customer__name=NEW["name"]).shared_scopes.codes == ["account", "usage"]


def test_the_texts_that_were_read_must_be_those_of_now(link):
    client, _person = sign_in_as(link.email)
    before = everything()
    assert accept(client, "partner", wording="2020-01/en").status_code == 412
    assert everything() == before


def test_an_organisation_that_is_there_already_can_be_chosen(world, link):
    client, person = sign_in_as(link.email)
    Operator.objects.create(organization=world.stranger, person=person, roles=["admin"])
    organizations = Organization.objects.count()
    assert accept(client, "partner", organization=str(world.stranger.public_id), name="").status_code == 302
    assert Organization.objects.count() == organizations
    assert Connection.objects.active().filter(customer=world.stranger, partner=world.partner).exists()
    assert Entitlement.objects.filter(customer=world.stranger, external_id__startswith="trial-link-").count() == 1


@pytest.mark.parametrize("roles", [["reader"], None])
def test_an_organisation_of_which_one_is_no_admin_is_not_activated(world, link, roles):
    client, person = sign_in_as(link.email)
    if roles:
        Operator.objects.create(organization=world.stranger, person=person, roles=roles)
    accept(client, "partner", organization=str(world.stranger.public_id))
    assert not Connection.objects.active().filter(customer=world.stranger, partner=world.partner).exists()


def test_opening_the_page_changes_nothing(link, client):
    before = ActivationLink.objects.filter(pk=link.pk).values().get()
    tokens = list(ActivationToken.objects.values_list("pk", "digest"))
    for _time in range(10):
        response = client.get(page_of("partner"))
        assert response.status_code == 200
        assert response["Referrer-Policy"] == "no-referrer"
        assert "no-store" in response["Cache-Control"]
    assert ActivationLink.objects.filter(pk=link.pk).values().get() == before
    assert list(ActivationToken.objects.values_list("pk", "digest")) == tokens


def test_continue_counts_as_opened_and_leads_to_sign_in(link, client):
    assert "Continue" in client.get(page_of("partner")).content.decode()
    assert client.post(f"{page_of('partner')}open/")["Location"] == page_of("partner")
    link.refresh_from_db()
    assert link.opened_at and link.signed_in_at is None
    page = client.get(page_of("partner")).content.decode()
    assert f"/sign-in/login/?next={page_of('partner').replace('/', '%2F')}" in page


def test_signing_in_for_the_link_is_a_step_of_its_own(link, client):
    _client, person = sign_in_as(link.email)
    client.post(f"{page_of('partner')}open/")
    data = {"login": person.email, "password": "correct horse battery", "next": page_of("partner")}
    assert client.post("/sign-in/login/", data)["Location"] == page_of("partner")
    link.refresh_from_db()
    assert link.signed_in_at
    assert 'name="country"' in client.get(page_of("partner")).content.decode()


def test_somebody_else_reads_both_addresses_and_activates_nothing(web, link):
    client = web("stranger.admin")
    client.post(f"{page_of('partner')}open/")
    page = client.get(page_of("partner")).content.decode()
    assert link.email in page and address("stranger.admin") in page and "/sign-in/logout/" in page
    assert page.index("/sign-in/logout/") < page.index("Service to try"), "before all that is not for them"
    before = everything()
    client.post(f"{page_of('partner')}accept/", {"scopes": ALL, **READ, **NEW})
    assert everything() == before
    link.refresh_from_db()
    assert (link.state, link.signed_in_at) == ("open", None)


def test_an_address_that_is_not_verified_is_nobodys(link):
    client, person = sign_in_as(link.email)
    EmailAddress.objects.filter(user=person).update(verified=False)
    before = everything()
    accept(client, "partner")
    assert everything() == before


@pytest.mark.parametrize("ended", ["revoked", "expired", "used", "suspended sender", "wrong"])
def test_a_link_that_leads_nowhere_is_a_page_that_says_so(world, link, ended):
    client, _person = sign_in_as(link.email)
    path = page_of("partner")
    if ended == "revoked":
        put(ActivationLink.objects.filter(pk=link.pk), state="revoked", closed_at=timezone.now())
    elif ended == "expired":
        ActivationLink.objects.filter(pk=link.pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    elif ended == "used":
        accept(client, "partner")
    elif ended == "suspended sender":
        put(Organization.objects.filter(pk=world.partner.pk), state="suspended")
    else:
        path = f"{path[:-2]}x/"
    before = everything()
    assert client.get(path).status_code == 404
    assert client.post(f"{path}open/").status_code == 404
    assert client.post(f"{path}accept/", {"scopes": ALL, **READ, **NEW}).status_code == 404
    assert everything() == before


@pytest.mark.parametrize("token", ["", "x", "%00" * 20, "é" * 30, "a" * 65, "../../etc/passwd", "x" * 5000])
def test_what_is_no_token_is_unknown(db, client, token):
    assert client.get(f"/activate/{token}/").status_code == 404


PROBLEMS = {
    "sku_withdrawn": lambda world, link: TrialOffer.objects.update(withdrawn_at=timezone.now()),
    "partner_not_active": lambda world, link: ProgramMembership.objects.filter(organization=world.partner).update(
        ends_on=today() - dt.timedelta(days=1)
    ),
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_what_stands_in_the_way_leaves_nothing_half_done_and_is_told_to_the_sender(world, web, link, problem):
    PROBLEMS[problem](world, link)
    client, _person = sign_in_as(link.email)
    before = everything()
    response = accept(client, "partner")
    assert response.status_code == 409
    assert NEW["name"] in response.content.decode(), "the form comes back as it was filled in"
    assert everything() == before
    link.refresh_from_db()
    assert (link.state, link.problem) == ("open", problem)
    assert link.signed_in_at and link.problem_at
    reader = "vendor.reader" if problem == "partner_not_active" else "partner.reader"
    assert str(ActivationLink.Problem(problem).label) in web(reader).get("/customers/pending/").content.decode()


@pytest.mark.parametrize("state", ["requested", "active", "expired"])
def test_each_service_is_tried_once(world, link, state):
    client, person = sign_in_as(link.email)
    Operator.objects.create(organization=world.stranger, person=person, roles=["admin"])
    started = {} if state == "requested" else {"starts_on": today(), "ends_on": today()}
    sku = Sku.objects.get(code=SKU_OF_NOBODY)
    row = {"customer": world.stranger, "sku": sku, "external_id": "trial-one", "kind": "trial", "quantity": 1}
    Entitlement.objects.create(**row, state=state, **started)
    before = everything()
    assert accept(client, "partner", organization=str(world.stranger.public_id)).status_code == 409
    assert everything() == before
    link.refresh_from_db()
    assert link.problem == "trial_taken"


def test_add_ons_are_tried_with_it(world, link):
    ActivationLink.objects.filter(pk=link.pk).update(add_on_ids=[Sku.objects.get(code=ADD_ON).pk])
    client, _person = sign_in_as(link.email)
    accept(client, "partner")
    trials = Entitlement.objects.filter(customer__name=NEW["name"])
    assert sorted(trials.values_list("sku__code", flat=True)) == sorted([ADD_ON, SKU_OF_NOBODY])
    started = Event.objects.filter(kind="trial.started").values_list("subject_id", flat=True)
    assert set(started) == set(trials.values_list("public_id", flat=True))


def test_vendor_staff_invite_without_a_partner(world):
    link = ActivationLink.objects.get(organization=world.vendor)
    client, _person = sign_in_as(link.email)
    assert "will see" not in client.get(page_of("vendor")).content.decode()
    accept(client, "vendor")
    founded = Organization.objects.get(name=NEW["name"])
    assert not Connection.objects.filter(customer=founded).exists()
    assert Entitlement.objects.get(customer=founded).state == "active"


def test_other_links_of_the_address_to_the_organisation_end_and_none_to_another(world, link):
    same = ActivationLink.objects.get(pk=link.pk)
    other = ActivationLink.objects.get(pk=link.pk)
    for row, changes in ((same, {}), (other, {"name": "Quite another"})):
        row.pk, row.public_id = None, ActivationLink._meta.get_field("public_id").default()
        for name, value in changes.items():
            setattr(row, name, value)
        row._state.adding = True
        row.save()
    client, _person = sign_in_as(link.email)
    accept(client, "partner")
    same.refresh_from_db()
    other.refresh_from_db()
    assert (same.state, same.problem) == ("revoked", "superseded")
    assert (other.state, other.problem) == ("open", "")


@pytest.mark.promise("CV-11")
def test_a_partner_is_founded_below_its_distributor_and_waits_for_the_vendor(world, web):
    link = ActivationLink.objects.get(organization=world.distributor)
    client, person = sign_in_as(link.email)
    accept(client, "distributor")
    founded = Organization.objects.get(operators__person=person)
    assert (founded.kind, founded.parent, founded.name, founded.country) == (
        "partner", world.distributor, link.name, link.country,
    )  # fmt: skip
    assert not ProgramMembership.objects.filter(organization=founded).exists()
    refused = client.get("/customers/")
    assert refused.status_code == 403
    Organization.objects.filter(pk=world.distributor.pk).update(contact_email="channel@north.example")
    for page in (refused, client.get("/customers/"), client.get("/")):
        assert "The vendor is now confirming your membership" in page.content.decode()
        assert "You’ll see your customers here once you have a partner badge." not in page.content.decode(), (
            "it waits for something else first"
        )
    assert "mailto:channel@north.example" in page.content.decode(), "whom to ask: it has no account manager yet"
    assert client.get("/invite/").status_code == 403
    queue = web("vendor.reader").get("/partners/pending/?state=unconfirmed").content.decode()
    assert link.name in queue
    confirm = f"/activations/{link.public_id}/confirm/"
    assert web("distributor.admin").post(confirm, {"program": "solution_advisor"}).status_code == 404
    assert web("vendor.admin").post(confirm, {"program": "solution_advisor"}).status_code == 302
    assert ProgramMembership.objects.get(organization=founded).program.code == "solution_advisor"
    assert client.get("/customers/").status_code == 200
    assert client.get("/invite/").status_code == 200
    assert web("vendor.admin").post(confirm, {"program": "solution_advisor"}).status_code == 200, "once"
    assert ProgramMembership.objects.filter(organization=founded).count() == 1


def test_a_distributor_whose_partners_need_no_confirmation(world):
    Organization.objects.filter(pk=world.distributor.pk).update(onboards_partners_at_once=True)
    link = ActivationLink.objects.get(organization=world.distributor)
    client, _person = sign_in_as(link.email)
    accept(client, "distributor")
    membership = ProgramMembership.objects.get(organization__name=link.name)
    assert (membership.program, membership.starts_on, membership.ends_on) == (link.program, today(), None)
    assert client.get("/customers/").status_code == 200


def test_a_partner_has_the_name_that_its_sender_wrote(world):
    link = ActivationLink.objects.get(organization=world.distributor)
    client, _person = sign_in_as(link.email)
    accept(client, "distributor", name=world.partner2.name, country="JP")
    link.refresh_from_db()
    assert (link.account.name, link.account.country) == (link.name, link.country)


def test_a_name_that_another_partner_has_got_meanwhile_is_refused(world):
    link = ActivationLink.objects.get(organization=world.distributor)
    Organization.objects.create(kind="partner", name=link.name.upper(), country=link.country)
    client, _person = sign_in_as(link.email)
    before = everything()
    assert accept(client, "distributor").status_code == 409
    assert everything() == before
    link.refresh_from_db()
    assert link.problem == "name_taken"


# What a bare statement may do, whatever a page is made to send: the second lock.


def as_holder(person, name, organization=None):
    return Actor(person_id=person.pk, organization_id=organization and organization.pk), digest_secret(
        activation_token(name)
    )


def call(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def test_the_database_gives_the_trial_to_nobody_but_the_addressees_organisation(world, link, as_tenant):
    stranger = world.person("stranger.admin")
    actor, secret = as_holder(stranger, "partner", world.stranger)
    with as_tenant(actor, secret):
        assert call("SELECT activate_organization()") == [("refused",)], "it is not the stranger's address"
    EmailAddress.objects.create(user=stranger, email=link.email, verified=True)
    with as_tenant(actor, "other"):
        assert call("SELECT activate_organization()") == [("unknown_invitation",)]
    reader = world.person("customer.reader")
    EmailAddress.objects.filter(email=link.email).update(user=reader)
    actor, secret = as_holder(reader, "partner", world.customer)
    with as_tenant(actor, secret):
        assert call("SELECT activate_organization()") == [("refused",)], "a Reader activates nothing"


def test_the_database_lets_a_partners_link_give_no_membership_to_another_partner(world, as_tenant):
    Organization.objects.filter(pk=world.distributor.pk).update(onboards_partners_at_once=True)
    link = ActivationLink.objects.get(organization=world.distributor)
    admin = world.person("nobadge.admin")
    EmailAddress.objects.create(user=admin, email=link.email, verified=True)
    actor, secret = as_holder(admin, "distributor", world.nobadge)
    with as_tenant(actor, secret):
        assert call("SELECT activate_organization()") == [("refused",)]
    assert not ProgramMembership.objects.filter(organization=world.nobadge).exists()


def test_the_invitation_of_the_partner_is_shown_to_holders_alone(world, link, as_tenant):
    person, token = world.person("stranger.admin"), world.token("partner")
    for secret, shown in ((digest_secret(activation_token("partner")), True), (activation_token("partner"), False)):
        with as_tenant(Actor(person_id=person.pk), secret):
            rows = call("SELECT invitation FROM introduce_activation_link()")
        assert rows == ([(token,)] if shown else [])


CHOSEN_BY_SENDER = {"email": "other@firm.example", "name": "Other", "country": "JP", "seats": 9, "sku_id": 1,
                    "expires_at": dt.datetime(2099, 1, 1, tzinfo=dt.UTC)}  # fmt: skip


@pytest.mark.parametrize("column", CHOSEN_BY_SENDER)
def test_whoever_holds_a_link_changes_nothing_of_it(world, link, as_tenant, column):
    """Else the link would be for another address, or begin another trial."""
    actor, secret = as_holder(world.person("stranger.admin"), "partner", world.stranger)
    rows = ActivationLink.objects.filter(pk=link.pk)
    with as_tenant(actor, secret), pytest.raises(DatabaseError, match="violates"), transaction.atomic():
        rows.update(**{column: CHOSEN_BY_SENDER[column]})
    with as_tenant(actor, secret), pytest.raises(DatabaseError, match="has_account"), transaction.atomic():
        rows.update(state="accepted", closed_at=timezone.now())


def test_the_days_of_a_trial_are_those_of_the_setting(db):
    [(source,)] = call("SELECT prosrc FROM pg_proc WHERE proname = 'activate_organization'")
    assert re.findall(r"::date \+ (\d+)", source) == [str(settings.PORTAL_TRIAL_TIME.days)]


def test_who_withdraws_it_first_wins(world, link, actor_for):
    revoke_activation_link(actor=actor_for("partner.admin"), activationlink=link, reason="A mistake")
    client, _person = sign_in_as(link.email)
    assert accept(client, "partner").status_code == 404
