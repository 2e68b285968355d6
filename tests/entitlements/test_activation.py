"""Sending activation links: who may, what is refused, and what becomes of a link that nobody has used (CV-10)."""

import datetime as dt

import pytest
from django.conf import settings
from django.db import DatabaseError, transaction
from django.test import override_settings
from django.utils import timezone

from accounts.models import Organization, Program
from entitlements.actions import activation
from entitlements.actions.activation import (
    change_activation_link,
    copy_activation_link,
    resend_activation_link,
    revoke_activation_link,
    send_activation_link,
)
from entitlements.models import ActivationLink, ActivationToken, Sku, TrialOffer
from notifications.models import Event
from partnerportal.lib.errors import ActionRefused, Conflict, DomainError, InvalidInput, NotFound, TooManyAttempts
from partnerportal.lib.mailed_invitations import LIVE_TOKENS
from tests.mails import sent
from tests.world import SKU_OF_NOBODY
from tests.world_activation import ADD_ON, SEAT_LIMIT, activation_token

SENDERS = ["partner.admin", "partner.admin_agent", "partner.sales_agent", "distributor.admin", "vendor.admin"]
NOBODYS = [
    "partner.reader",
    "distributor.reader",
    "vendor.reader",
    "nobadge.admin",
    "lapsed.admin",
    "customer.admin",
    "publisher.admin",
]
OF_OTHER_KINDS = {"customer.admin", "publisher.admin"}  # fmt: skip


def values(world, who, **changes):
    """What somebody fills in to invite a new customer."""
    partner = {} if who.startswith("partner") else {"partner": world.partner}
    sku = Sku.objects.get(code=SKU_OF_NOBODY)
    usual = {"kind": "customer", "name": "New Ltd", "email": "new@firm.example", "country": "FR", "language": "fr"}
    return usual | {"sku": sku, "seats": 3} | partner | changes


def partner_values(**changes):
    program = Program.objects.get(code="solution_advisor")
    usual = {"kind": "partner", "name": "New Partner", "email": "new@firm.example", "country": "FR", "language": "ja"}
    return usual | {"program": program} | changes


def send(world, actor_for, as_tenant, who="partner.admin", **changes):
    actor = actor_for(who)
    with as_tenant(actor):
        return send_activation_link(actor=actor, **values(world, who, **changes))


@pytest.fixture
def link(world):
    return ActivationLink.objects.get(organization=world.partner)


@pytest.mark.promise("CV-10", "CV-22")
@pytest.mark.parametrize("who", SENDERS)
def test_who_sends_links_to_customers(world, actor_for, as_tenant, who):
    sent().clear()
    link = send(world, actor_for, as_tenant, who)
    stored = ActivationLink.objects.get(pk=link.pk)
    assert (stored.organization_id, stored.partner) == (actor_for(who).organization_id, world.partner)
    assert (stored.state, stored.email, stored.seats) == ("open", "new@firm.example", 3)
    assert stored.expires_at - timezone.now() > settings.PORTAL_ACTIVATION_KEPT - dt.timedelta(minutes=1)
    [mail] = sent()
    assert mail.to == ["new@firm.example"]
    assert "/activate/" in mail.body and "portail partenaires" in mail.body.lower()
    token = mail.body.partition("/activate/")[2].partition("/")[0]
    assert not ActivationToken.objects.filter(digest=token).exists(), "a token is stored as a digest alone"
    event = Event.objects.get(kind="activation.sent")
    assert "firm.example" not in f"{event.data}{event.changes}{event.subject_label}"


@pytest.mark.promise("CV-22")
@pytest.mark.parametrize("who", NOBODYS)
def test_who_sends_none(world, actor_for, web, who):
    with pytest.raises(ActionRefused):
        send_activation_link(actor=actor_for(who), **values(world, who))
    assert web(who).get("/activations/customers/new/").status_code == (404 if who in OF_OTHER_KINDS else 403)


@pytest.mark.parametrize("who", ["distributor.admin", "distributor.admin_agent", "vendor.admin"])
def test_who_sends_links_to_partners(actor_for, as_tenant, who):
    actor = actor_for(who)
    with as_tenant(actor):
        link = send_activation_link(actor=actor, **partner_values())
    assert ActivationLink.objects.get(pk=link.pk).program.code == "solution_advisor"


def test_a_partner_invites_no_partners(actor_for, web):
    with pytest.raises(ActionRefused):
        send_activation_link(actor=actor_for("partner.admin"), **partner_values())
    for path in ("/activations/partners/new/", "/partners/pending/", "/imports/new/partner_links/"):
        assert web("partner.admin").get(path).status_code == 404


WRONG = {
    "name": {"name": " \u200b "},
    "long name": {"name": "x" * 201},
    "email": {"email": "nobody"},
    "country": {"country": "XX"},
    "language": {"language": "xx"},
    "no seats": {"seats": 0},
    "too many seats": {"seats": SEAT_LIMIT + 1},
    "no sku": {"sku": None},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_input_is_refused(world, actor_for, wrong):
    with pytest.raises(InvalidInput):
        send_activation_link(actor=actor_for("partner.admin"), **values(world, "partner.admin", **WRONG[wrong]))


def test_what_staff_have_not_opened_is_not_offered(world, actor_for):
    other = Sku.objects.filter(trial_offer=None, kind="product").earliest("pk")
    for changes in ({"sku": other}, {"add_ons": [other]}):
        with pytest.raises(InvalidInput):
            send_activation_link(actor=actor_for("partner.admin"), **values(world, "partner.admin", **changes))
    add_on = Sku.objects.get(code=ADD_ON)
    link = send_activation_link(actor=actor_for("partner.admin"), **values(world, "partner.admin", add_ons=[add_on]))
    assert link.add_on_ids == [add_on.pk]


OPEN_TO = [("partner", "partner.admin", True), ("distributor", "partner.admin", True),
           ("partner2", "partner.admin", False), ("distributor", "distributor.admin", True),
           ("partner2", "vendor.admin", True)]  # fmt: skip


@pytest.mark.parametrize(("chosen", "who", "is_offered"), OPEN_TO)
def test_it_may_be_open_to_some_alone(world, actor_for, as_tenant, chosen, who, is_offered):
    TrialOffer.objects.update(is_for_all=False, organization_ids=[world[chosen].pk])
    actor = actor_for(who)
    with as_tenant(actor):
        assert TrialOffer.objects.visible_to(actor).exists() is is_offered
        assert TrialOffer.objects.exists() is is_offered, "nor by a bare statement"


def test_a_distributor_names_one_of_its_partners_and_vendor_staff_may_name_none(world, actor_for):
    for partner in (None, world.partner2, world.nobadge):
        with pytest.raises(InvalidInput):
            send_activation_link(
                actor=actor_for("distributor.admin"), **values(world, "distributor.admin", partner=partner)
            )
    link = send_activation_link(actor=actor_for("vendor.admin"), **values(world, "vendor.admin", partner=None))
    assert link.partner is None
    with pytest.raises(InvalidInput):
        send_activation_link(actor=actor_for("vendor.admin"), **values(world, "vendor.admin", partner=world.lapsed))


def test_the_name_of_another_partner_is_refused(world, actor_for, as_tenant):
    actor, taken = actor_for("distributor.admin"), world.partner2.name.upper()
    with as_tenant(actor), pytest.raises(Conflict) as refused:
        send_activation_link(actor=actor, **partner_values(name=taken, country="DE"))
    assert (refused.value.code, refused.value.field) == ("name_taken", "name")


def test_nobody_is_invited_twice_to_the_same(world, actor_for):
    actor = actor_for("partner.admin")
    first = send_activation_link(actor=actor, **values(world, "partner.admin"))
    with pytest.raises(Conflict) as refused:
        send_activation_link(actor=actor, **values(world, "partner.admin", name="NEW LTD", email="NEW@firm.example"))
    assert refused.value.code == "already_sent"
    send_activation_link(actor=actor, **values(world, "partner.admin", name="Another"))
    revoke_activation_link(actor=actor, activationlink=first)
    second = send_activation_link(actor=actor, **values(world, "partner.admin"))
    ActivationLink.objects.filter(pk=second.pk).update(expires_at=timezone.now())
    send_activation_link(actor=actor, **values(world, "partner.admin"))


@override_settings(PORTAL_ACTIVATIONS_A_DAY=2)
def test_an_organisation_sends_so_many_a_day(world, actor_for, monkeypatch):
    actor = actor_for("partner.admin")
    for name in "AB":
        send_activation_link(actor=actor, **values(world, "partner.admin", name=name))
    with pytest.raises(TooManyAttempts):
        send_activation_link(actor=actor_for("partner.sales_agent"), **values(world, "partner.sales_agent", name="C"))
    monkeypatch.setattr(activation, "DAY", dt.timedelta(0))
    send_activation_link(actor=actor, **values(world, "partner.admin", name="C"))


@override_settings(PORTAL_ACTIVATIONS_A_DAY=3)
def test_every_mail_counts_and_no_other_address_begins_anew(world, link, actor_for, web):
    """Else one link would mail as many strangers as its sender likes."""
    actor = actor_for("partner.admin")
    changed = values(world, "partner.admin") | {"activationlink": link, "actor": actor}
    del changed["kind"]
    for number in range(2):
        change_activation_link(**changed | {"email": f"new{number}@firm.example"})
    ActivationLink.objects.filter(pk=link.pk).update(expires_at=timezone.now())
    resend_activation_link(actor=actor, activationlink=link)
    sent().clear()
    with pytest.raises(TooManyAttempts):
        change_activation_link(**changed)
    with pytest.raises(TooManyAttempts):
        resend_activation_link(actor=actor, activationlink=link)
    refused = web("partner.admin").post(f"/activations/{link.public_id}/resend/")
    assert (refused.status_code, sent()) == (429, [])
    assert "which is the limit" in refused.content.decode()
    copy_activation_link(actor=actor, activationlink=link)


def test_sending_again_adds_a_token_and_sets_the_end(link, actor_for, as_tenant):
    actor = actor_for("partner.admin")
    ActivationLink.objects.filter(pk=link.pk).update(expires_at=timezone.now() + dt.timedelta(hours=1))
    with as_tenant(actor):
        for number in range(2, LIVE_TOKENS + 1):
            resend_activation_link(actor=actor, activationlink=link)
            assert ActivationToken.objects.filter(invitation=link).count() == number
    with as_tenant(actor), pytest.raises(Conflict) as refused:
        copy_activation_link(actor=actor, activationlink=link)
    assert refused.value.code == "too_many_links"
    link.refresh_from_db()
    assert link.expires_at > timezone.now() + settings.PORTAL_ACTIVATION_KEPT - dt.timedelta(minutes=1)


def test_a_copied_link_works_and_is_shown_once(link, web, client):
    path = f"/activations/{link.public_id}/copy/"
    sender = web("partner.sales_agent")
    assert "/activate/" not in sender.get(path).content.decode()
    page = sender.post(path)
    url = page.content.decode().partition("/activate/")[2].partition("/")[0]
    assert "no-store" in page["Cache-Control"]
    assert client.get(f"/activate/{url}/").status_code == 200
    assert ActivationToken.objects.filter(invitation=link).count() == 2
    assert Event.objects.filter(kind="activation.copied", subject_id=link.public_id).count() == 1


def test_a_link_that_has_ended_begins_anew(link, actor_for, as_tenant, client):
    """Though it had as many tokens as can work: none of them does any more."""
    actor = actor_for("partner.admin")
    with as_tenant(actor):
        for _number in range(LIVE_TOKENS - 1):
            copy_activation_link(actor=actor, activationlink=link)
    ActivationLink.objects.filter(pk=link.pk).update(expires_at=timezone.now() - dt.timedelta(days=1))
    with as_tenant(actor):
        resend_activation_link(actor=actor, activationlink=link)
    link.refresh_from_db()
    assert link.is_live and link.tokens.count() == 1
    assert client.get(f"/activate/{activation_token('partner')}/").status_code == 404, "earlier links stay dead"


def test_another_address_takes_all_earlier_links_away(link, actor_for, as_tenant):
    sent().clear()
    actor = actor_for("partner.admin")
    ActivationLink.objects.filter(pk=link.pk).update(bounced_at=timezone.now(), problem="sku_withdrawn")
    sku = Sku.objects.get(code=SKU_OF_NOBODY)
    details = {"name": "Corrected", "email": "right@firm.example", "country": "JP", "language": "en"}
    before = list(ActivationToken.objects.filter(invitation=link).values_list("digest", flat=True))
    with as_tenant(actor):
        change_activation_link(actor=actor, activationlink=link, sku=sku, seats=7, **details)
    link.refresh_from_db()
    assert (link.name, link.email, link.country, link.seats) == ("Corrected", "right@firm.example", "JP", 7)
    assert (link.bounced_at, link.problem) == (None, "")
    after = list(ActivationToken.objects.filter(invitation=link).values_list("digest", flat=True))
    assert len(after) == 1 and after != before
    assert [mail.to for mail in sent()] == [["right@firm.example"]]
    assert "firm.example" not in str(Event.objects.get(kind="activation.changed").changes)


def test_withdrawing_is_final_and_keeps_the_reason(link, actor_for, as_tenant, web):
    actor = actor_for("partner.admin")
    with as_tenant(actor):
        revoke_activation_link(actor=actor, activationlink=link, reason="Wrong company")
    link.refresh_from_db()
    assert (link.state, link.reason) == ("revoked", "Wrong company")
    assert not ActivationToken.objects.filter(invitation=link).exists()
    page = web("partner.reader").get("/customers/pending/?state=ended").content.decode()
    assert "Wrong company" in page and "Withdrawn" in page
    for act in (resend_activation_link, copy_activation_link, revoke_activation_link):
        with as_tenant(actor), pytest.raises(Conflict):
            act(actor=actor, activationlink=link)


@pytest.mark.parametrize("who", ["partner2.admin", "distributor.admin", "vendor.admin"])
def test_nobody_else_changes_a_link(link, actor_for, web, who):
    for act in (resend_activation_link, copy_activation_link, revoke_activation_link):
        with pytest.raises((NotFound, DomainError)) as refused:
            act(actor=actor_for(who), activationlink=link)
        assert refused.value.status == 404
    for action in ("resend", "copy", "revoke"):
        assert web(who).post(f"/activations/{link.public_id}/{action}/").status_code == 404


def test_readers_see_the_list_and_change_nothing(link, web):
    client = web("partner.reader")
    page = client.get("/customers/pending/").content.decode()
    assert link.name in page and link.email in page
    assert "/resend/" not in page and "/activations/customers/new/" not in page
    assert client.get(f"/activations/{link.public_id}/").status_code == 200
    for action in ("resend", "copy", "revoke", "change"):
        assert client.post(f"/activations/{link.public_id}/{action}/").status_code == 403


def test_the_steps_say_whose_turn_it_is(link, web):
    client, path = web("partner.reader"), "/customers/pending/"
    assert "Not opened yet" in client.get(path).content.decode()
    ActivationLink.objects.filter(pk=link.pk).update(
        created_at=timezone.now() - dt.timedelta(days=5),
        expires_at=timezone.now() + settings.PORTAL_ACTIVATION_KEPT - dt.timedelta(days=5),
    )
    page = client.get(path).content.decode()
    assert "The email may have been overlooked." in page and ">You</td>" in page
    waits = f"Waiting for {link.sender_name}, who can send the link again."
    of_vendor = web("vendor.reader").get(f"/activations/{link.public_id}/").content.decode()
    assert waits in of_vendor and "may have been overlooked" not in of_vendor and waits not in page
    ActivationLink.objects.filter(pk=link.pk).update(opened_at=timezone.now())
    page = client.get(path).content.decode()
    assert "Not signed in yet" in page and ">You</td>" not in page
    ActivationLink.objects.filter(pk=link.pk).update(bounced_at=timezone.now())
    assert "Not delivered" in client.get(path).content.decode()


def test_whom_to_ask_stands_beside_the_list(web, world):
    page = web("partner.reader").get("/customers/pending/").content.decode()
    assert world.partner.account_manager_email in page


def test_the_form_works_without_script(world, web):
    client = web("distributor.sales_agent")
    assert "Notification email" in client.get("/activations/customers/new/").content.decode()
    data = {"name": "New Ltd", "email": "new@firm.example", "country": "FR", "language": "en", "seats": "4",
            "sku": SKU_OF_NOBODY, "add_ons": [ADD_ON], "partner": world.partner.org_id}  # fmt: skip
    response = client.post("/activations/customers/new/", data)
    assert (response.status_code, response["Location"]) == (302, "/customers/pending/")
    link = ActivationLink.objects.get(name="New Ltd")
    assert (link.partner, link.seats) == (world.partner, 4)
    wrong = client.post("/activations/customers/new/", data | {"email": "no", "seats": "x", "sku": "none"})
    assert (wrong.status_code, ActivationLink.objects.filter(name="New Ltd").count()) == (200, 1)


NONSENSE = [{}, {"name": "\0", "email": "\0", "country": "\0"}, {"sku": "\0", "partner": "\0", "seats": "9" * 40},
            {"name": "x" * 10_000, "email": "x" * 300 + "@example.com", "add_ons": ["\0", "x"]}]  # fmt: skip


@pytest.mark.parametrize("data", NONSENSE)
@pytest.mark.parametrize("path", ["/activations/customers/new/", "/activations/partners/new/"])
def test_nonsense_is_shown_again(web, data, path):
    before = ActivationLink.objects.count()
    for who in ("distributor.admin", "vendor.admin"):
        assert web(who).post(path, data).status_code == 200
    assert ActivationLink.objects.count() == before
    assert web("vendor.admin").get("/activations/nonsense/new/").status_code == 404


# What a bare statement may do: the second lock.


def prepare(world, sender, **changes):
    """Return a link like the partner's, which is not stored yet, with this sender."""
    row = ActivationLink.objects.get(organization=world.partner)
    row.pk, row.public_id, row._state.adding = None, ActivationLink._meta.get_field("public_id").default(), True
    row.organization_id = world[sender].pk
    for name, value in changes.items():
        setattr(row, name, value)
    return row


def test_the_database_fills_in_who_sends_it(world, actor_for, as_tenant):
    actor = actor_for("partner.admin")
    lies = {"sender_name": "The vendor itself", "partner_name": "X", "account": world.stranger, "problem": "superseded",
            "signed_in_at": timezone.now(), "opened_at": timezone.now(), "reason": "Lie", "name": "Lie"}  # fmt: skip
    row = prepare(world, "partner", **lies)
    with as_tenant(actor):
        row.save()
    stored = ActivationLink.objects.get(pk=row.pk)
    assert (stored.sender_name, stored.partner_name) == (world.partner.name, world.partner.name)
    assert (stored.account, stored.problem, stored.signed_in_at, stored.opened_at, stored.reason) == (
        None, "", None, None, "",
    )  # fmt: skip
    assert stored.person_id == actor.person_id


REFUSED = [("partner.admin", "partner", "partner2"), ("distributor.admin", "distributor", "partner2"),
           ("partner.reader", "partner", "partner"), ("customer.admin", "customer", "partner"),
           ("partner.admin", "distributor", "partner"), ("publisher.admin", "publisher", "partner")]  # fmt: skip


@pytest.mark.parametrize(("who", "sender", "partner"), REFUSED)
def test_the_database_lets_nobody_invite_for_others(world, actor_for, as_tenant, who, sender, partner):
    row = prepare(world, sender, partner=world[partner])
    with as_tenant(actor_for(who)), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        row.save()


def test_people_found_no_partners_by_themselves(world, actor_for, as_tenant):
    mine = Organization(kind="partner", name="Mine", country="FR", parent=world.distributor)
    with as_tenant(actor_for("partner.admin")), pytest.raises(DatabaseError), transaction.atomic():
        mine.save()
