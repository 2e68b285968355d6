"""What jobs do with activation links that nobody uses, whom they tell, and how the vendor confirms a new partner."""

import datetime as dt
import html
import re

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.utils import timezone

from accounts.models import Organization, Person, Program, ProgramMembership
from entitlements.actions import activation_jobs
from entitlements.actions.activation import resend_activation_link
from entitlements.actions.activation_confirmation import confirm_activated_partner
from entitlements.models import ActivationLink, ActivationToken
from notifications.actions.outbox import write_due_notices
from notifications.models import Notice
from partnerportal.lib.days import today
from partnerportal.lib.errors import Conflict
from partnerportal.lib.mailed_invitations import LIVE_TOKENS
from partnerportal.lib.tokens import digest_secret
from tests.conftest import PageClient
from tests.mails import sent
from tests.world import READ, World
from tests.world_activation import activation_token


@pytest.fixture
def link(world):
    return ActivationLink.objects.get(organization=world.partner)


def test_a_reminder_has_a_token_of_its_own_and_does_not_move_the_end(link):
    sent().clear()
    ActivationToken.objects.update(created_at=timezone.now() - dt.timedelta(days=6))
    before = link.expires_at
    assert activation_jobs.send_activation_reminders() == ActivationLink.objects.count()
    assert activation_jobs.send_activation_reminders() == 0, "once"
    link.refresh_from_db()
    assert link.expires_at == before and link.reminded_at
    assert ActivationToken.objects.filter(invitation=link).count() == 2
    assert [mail.to for mail in sent() if mail.to == [link.email]] and "Reminder" in sent()[0].subject


@pytest.mark.parametrize("suspended", ["distributor", "partner"])
def test_no_reminder_goes_out_with_a_link_that_is_stopped(world, link, suspended):
    """Its sender is suspended, or the partner that it names."""
    ActivationLink.objects.filter(pk=link.pk).update(organization=world.distributor)
    Organization.objects.filter(pk=world[suspended].pk).update(state="suspended")
    ActivationToken.objects.update(created_at=timezone.now() - dt.timedelta(days=6))
    activation_jobs.send_activation_reminders()
    assert ActivationToken.objects.filter(invitation=link).count() == 1
    assert not [mail for mail in sent() if mail.to == [link.email] and "Reminder" in mail.subject]


def test_no_reminder_makes_a_link_of_six_tokens(link):
    """Those of its earlier mails work already."""
    for number in range(LIVE_TOKENS - 1):
        link.tokens.create(digest=digest_secret(f"token {number}"))
    ActivationToken.objects.update(created_at=timezone.now() - dt.timedelta(days=6))
    activation_jobs.send_activation_reminders()
    link.refresh_from_db()
    assert link.reminded_at and link.tokens.count() == LIVE_TOKENS


def test_an_end_is_told_to_the_sender_once(world, link):
    ActivationLink.objects.filter(pk=link.pk).update(expires_at=timezone.now() - dt.timedelta(hours=1))
    assert activation_jobs.tell_ended_activations() == 1
    assert activation_jobs.tell_ended_activations() == 0
    while write_due_notices():
        pass
    notice = Notice.objects.get(kind="activation_expired")
    assert notice.recipient_id == world.partner.pk
    assert link.email not in str(notice.params)


def test_the_end_of_a_link_that_was_sent_again_is_told_again(link):
    now, day = timezone.now(), dt.timedelta(days=1)
    ActivationLink.objects.filter(pk=link.pk).update(end_told_at=now - 8 * day, expires_at=now - day)
    assert activation_jobs.tell_ended_activations() == 1
    assert activation_jobs.tell_ended_activations() == 0


def test_a_mail_that_is_not_delivered_is_told_to_the_sender(world, link, web):
    activation_jobs.record_undelivered_activation(link.public_id)
    link.refresh_from_db()
    assert link.bounced_at
    while write_due_notices():
        pass
    assert Notice.objects.get(kind="activation_bounced").recipient_id == world.partner.pk
    assert link.name in web("partner.admin").get("/inbox/").content.decode()


def test_a_mail_of_a_link_that_was_withdrawn_meanwhile_is_no_news(link):
    ActivationLink.objects.filter(pk=link.pk).update(state="revoked", closed_at=timezone.now())
    activation_jobs.record_undelivered_activation(link.public_id)
    link.refresh_from_db()
    while write_due_notices():
        pass
    assert link.bounced_at is None and not Notice.objects.filter(kind="activation_bounced").exists()


def test_sending_again_forgets_what_went_wrong_before(link, actor_for, as_tenant):
    activation_jobs.record_undelivered_activation(link.public_id)
    ActivationLink.objects.filter(pk=link.pk).update(problem="trial_taken", problem_at=timezone.now())
    actor = actor_for("partner.admin")
    with as_tenant(actor):
        resend_activation_link(actor=actor, activationlink=link)
    link.refresh_from_db()
    assert (link.bounced_at, link.problem, link.problem_at) == (None, "", None)


def test_old_links_are_deleted(world, link):
    kept = ActivationLink.objects.exclude(pk=link.pk).count()
    old = timezone.now() - settings.PORTAL_INVITATIONS_KEPT - dt.timedelta(days=1)
    ActivationLink.objects.filter(pk=link.pk).update(expires_at=old)
    assert activation_jobs.delete_old_activation_links() == 1
    assert ActivationLink.objects.count() == kept


def test_staff_confirm_only_a_partner_that_has_accepted(world, actor_for):
    link = ActivationLink.objects.get(organization=world.distributor)
    program = Program.objects.get(code="service_provider")
    with pytest.raises(Conflict):
        confirm_activated_partner(actor=actor_for("vendor.admin"), activationlink=link, program=program)
    Organization.objects.filter(pk=world.nobadge.pk).update(parent=world.distributor)
    ActivationLink.objects.filter(pk=link.pk).update(account=world.nobadge)
    confirm_activated_partner(
        actor=actor_for("vendor.admin"), activationlink=link, program=program, ends_on=today() + dt.timedelta(days=9)
    )
    assert ProgramMembership.objects.get(organization=world.nobadge).program == program
    while write_due_notices():
        pass
    told = {notice.recipient_id for notice in Notice.objects.filter(kind__endswith="_confirmed")}
    assert told == {world.nobadge.pk, world.distributor.pk}


def accept(sender, **data):
    """Use the link that this organisation has sent, as its addressee."""
    link = ActivationLink.objects.get(organization=World()[sender])
    person = Person.objects.create_user(link.email, "correct horse battery", name="Ines Invited")
    EmailAddress.objects.create(user=person, email=link.email, verified=True, primary=True)
    client = PageClient()
    client.begin_session(person)
    client.post(f"/activate/{activation_token(sender)}/open/")
    fields = {"name": link.name, "country": link.country, "scopes": ["account"], **READ, **data}
    assert client.post(f"/activate/{activation_token(sender)}/accept/", fields).status_code == 302
    while write_due_notices():
        pass
    return link


def told(kind):
    return {notice.recipient_id for notice in Notice.objects.filter(kind=kind)}


def test_the_sender_is_told_that_a_customer_is_there(world, web):
    link = accept("partner")
    assert told("activation_accepted") == {world.partner.pk}
    assert not told("partner_awaits")
    page = web("partner.sales_agent").get("/inbox/").content.decode()
    assert f"{link.name} has been activated" in page
    assert link.email not in page


def test_the_vendor_is_told_of_a_partner_that_waits(world, web):
    link = accept("distributor")
    assert told("activation_accepted") == {world.distributor.pk}
    assert told("partner_awaits") == {world.vendor.pk}
    assert f"{link.name} wants to join Solution Advisor" in web("vendor.admin").get("/inbox/").content.decode()


def test_of_a_partner_that_needs_no_confirmation_the_vendor_is_told_nothing(world):
    Organization.objects.filter(pk=world.distributor.pk).update(onboards_partners_at_once=True)
    accept("distributor")
    assert not told("partner_awaits")


def test_whoever_signs_up_for_the_link_comes_back_to_it(world, link):
    client, way = PageClient(), f"/activate/{activation_token('partner')}/"
    client.post(f"{way}open/")
    [signup] = re.findall(r'href="(/sign-in/signup/[^"]+)"', client.get(way).content.decode())
    assert f'value="{link.email}"' in client.get(html.unescape(signup)).content.decode()
    new = {"name": "Ines Invited", "email": link.email, "password1": "seven violet otters", "next": way}
    assert client.post(f"/sign-in/signup/?next={way}", new)["Location"] == "/sign-in/confirm-email/"
    mail = sent()[-1]
    assert mail.subject == "Your code to create an account" and "Hello from" not in mail.body
    code = re.search(r"^([A-Z0-9]{3,4}-[A-Z0-9]{3,4})$", mail.body, re.MULTILINE).group(1)
    assert client.post("/sign-in/confirm-email/", {"code": code})["Location"] == way
    assert 'name="country"' in client.get(way).content.decode()
    answer = client.post(f"{way}accept/", {"name": "Mine", "country": "FR", "scopes": ["account"], **READ})
    assert answer.status_code == 302
    link.refresh_from_db()
    assert (link.account.name, link.state) == ("Mine", "accepted") and link.signed_in_at


@pytest.mark.parametrize(("seats", "said"), [(1, "with 1 licence will begin"), (3, "with 3 licences will begin")])
def test_the_mail_counts_the_licences(world, web, seats, said):
    link = ActivationLink.objects.get(organization=world.partner)
    ActivationLink.objects.filter(pk=link.pk).update(seats=seats, language="en")
    sent().clear()
    web("partner.admin").post(f"/activations/{link.public_id}/resend/")
    [mail] = sent()
    assert said in mail.body
