"""Invitations of operators: sent, sent again, withdrawn, accepted by whom they are for, and by nobody else."""

import datetime as dt
import re
from dataclasses import replace
from smtplib import SMTPRecipientsRefused

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts import policies
from accounts.actions import invitations as actions
from accounts.models import (
    Operator,
    OperatorInvitation,
    OperatorInvitationToken,
    Organization,
    OrganizationDomain,
)
from accounts.queries.operator_invitations import get_operator_invitation_of_token
from notifications import registry
from notifications.actions.outbox import write_due_notices
from notifications.actions.secret_mails import delete_expired_secret_mails, send_secret_mails
from notifications.models import Delivery, Event, Notice, SecretMail
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound, TooManyAttempts
from partnerportal.lib.tokens import digest_secret
from tests import mails
from tests.world import join_token

pytestmark = pytest.mark.django_db

NOBODY = "nobody@example.com"  # has an account, and acts for no organisation
DAY = dt.timedelta(days=1)


def link_in(text):
    return re.search(r"/join/([\w-]+)/", text)[1]


@pytest.fixture
def invite(actor_for, as_tenant):
    def invite(email=NOBODY, *, by="partner.admin", roles=("reader",), **more):
        """Return the invitation, and the token in its mail."""
        mails.sent().clear()
        with as_tenant(actor_for(by)):
            row = actions.invite_operator(actor=actor_for(by), email=email, roles=roles, **more)
        return row, link_in(mails.sent()[-1].body)

    return invite


def accept(actor, token, as_tenant):
    with as_tenant(actor):
        return actions.accept_operator_invitation(actor=actor, token=token)


def age(invitation, days):
    """Let an invitation and its links be that much older."""
    then = timezone.now() - days * DAY
    ends = then + 7 * DAY
    OperatorInvitation.objects.filter(pk=invitation.pk).update(created_at=then, expires_at=ends)
    OperatorInvitationToken.objects.filter(invitation=invitation).update(created_at=then)


@pytest.mark.promise("CV-18", "CV-20")
def test_an_invitation_is_mailed_and_its_token_lies_nowhere(invite, world):
    row, token = invite("  Nobody@Example.com ", roles=["sales_agent", "reader"], finance_granted=True)
    row.refresh_from_db()
    assert (row.email, row.roles, row.finance_granted) == (NOBODY, ["reader", "sales_agent"], True)
    assert dt.timedelta(days=6.9) < row.expires_at - timezone.now() <= dt.timedelta(days=7)
    assert row.person_id == world.person("partner.admin").pk and row.language == "en"
    [stored] = OperatorInvitationToken.objects.filter(invitation=row)
    assert stored.digest == digest_secret(token) and token not in str(vars(stored))
    message = mails.sent()[-1]
    assert message.to == [NOBODY] and world.partner.name in message.subject
    assert "Reader" in message.body and "Sales agent" in message.body
    event = Event.objects.filter(kind="operator_invitation.sent").get()
    assert event.subject_label == NOBODY and token not in str(vars(event))


def test_a_queued_mail_does_not_show_its_link(invite, actor_for, as_tenant):
    with as_tenant(actor_for("partner.admin")):
        actions.invite_operator(actor=actor_for("partner.admin"), email=NOBODY, roles=["reader"])
    [queued] = SecretMail.objects.all()
    assert "join" not in queued.sealed and NOBODY not in queued.sealed


@pytest.mark.promise("CV-22")
@pytest.mark.parametrize("who", ["partner.reader", "partner.sales_agent", "partner.admin_agent", "customer.reader"])
def test_only_an_admin_invites(who, invite, actor_for, as_tenant):
    with pytest.raises(ActionRefused) as refused:
        invite(by=who)
    assert refused.value.code == "wrong_role"
    row = OperatorInvitation.objects.get(organization=actor_for(who).organization_id)
    for action in (
        actions.resend_operator_invitation,
        actions.create_operator_invitation_link,
        actions.withdraw_operator_invitation,
    ):
        with pytest.raises(ActionRefused), as_tenant(actor_for(who)):
            action(actor=actor_for(who), invitation=row)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"email": "no address"}, "email"),
        ({"email": "a\x00@example.com"}, "email"),
        ({"roles": []}, "roles"),
        ({"roles": ["king"]}, "roles"),
        ({"roles": ["sales_agent"], "by": "customer.admin"}, "roles"),
    ],
)
def test_what_makes_no_sense_is_refused(values, code, invite):
    before = OperatorInvitation.objects.count()
    with pytest.raises(InvalidInput) as refused:
        invite(**values)
    assert refused.value.code == refused.value.field == code
    assert OperatorInvitation.objects.count() == before


@pytest.mark.promise("CV-19")
def test_an_address_that_is_no_work_address_is_refused(invite):
    with pytest.raises(InvalidInput) as refused:
        invite("somebody@gmail.com")
    assert refused.value.code == "free_mail"


def test_who_acts_already_or_is_invited_already_is_refused(invite, world):
    for known in ("partner.reader", "many"):
        with pytest.raises(Conflict) as refused:
            invite(world.person(known).email)
        assert refused.value.code == "operator_already"
    EmailAddress.objects.create(user=world.person("partner.reader"), email="second@example.com", verified=True)
    with pytest.raises(Conflict) as refused:
        invite("second@example.com")
    assert refused.value.code == "operator_already"
    row, _token = invite()
    with pytest.raises(Conflict) as refused:
        invite("NOBODY@example.com")
    assert refused.value.code == "invited_already"
    invite(by="customer.admin")  # another organisation may invite the same person
    age(row, 8)
    invite()  # and so may the same one, once the former has ended


def test_a_day_has_a_limit(invite, monkeypatch):
    monkeypatch.setattr(policies, "INVITED_A_DAY", 2)
    for name in ("a", "b"):
        invite(f"{name}@example.com")
    with pytest.raises(TooManyAttempts):
        invite("c@example.com")
    invite("c@example.com", by="many@distributor")
    OperatorInvitation.objects.filter(email="a@example.com").update(created_at=timezone.now() - 2 * DAY)
    invite("c@example.com")


def test_finance_sight_is_granted_only_where_there_are_customers(invite):
    assert invite(finance_granted=True)[0].finance_granted
    assert not invite(by="customer.admin", finance_granted=True)[0].finance_granted


@pytest.mark.promise("CV-20")
def test_whoever_accepts_acts_with_these_roles_and_is_told(invite, world, actor_for, as_tenant):
    row, token = invite(roles=["sales_agent"], finance_granted=True)
    while write_due_notices():
        pass
    mails.sent().clear()
    operator = accept(actor_for("nobody"), token, as_tenant)
    assert (operator.organization, operator.roles, operator.finance_granted) == (world.partner, ["sales_agent"], True)
    row.refresh_from_db()
    assert (row.state, row.closed_at is None, row.opened_at is None) == ("accepted", False, False)
    assert not OperatorInvitationToken.objects.filter(invitation=row).exists()
    event = Event.objects.filter(kind="operator.added").latest("pk")
    assert (event.actor_id, event.organization_id) == (world.person("nobody").pk, world.partner.pk)
    assert event.subject_id == world.person("nobody").public_id
    [told] = mails.sent()
    assert told.to == [NOBODY] and "Sales agent" in told.body
    while write_due_notices():
        pass
    notice = Notice.objects.filter(kind="operator_joined").get()
    assert notice.recipient_id == world.partner.pk and notice.params == {"is_invited": True}


def test_whoever_has_come_is_not_told_so(invite, world, actor_for, web, as_tenant):
    _row, token = invite(roles=["admin"])
    accept(actor_for("nobody"), token, as_tenant)
    while write_due_notices():
        pass
    notice = Notice.objects.get(kind="operator_joined")
    mailed = Delivery.objects.filter(notice=notice).values_list("person_id", flat=True)
    assert world.person("nobody").pk not in mailed and world.person("partner.admin").pk in mailed
    told = "Someone accepted an invitation"
    assert told in web("partner.admin").get("/inbox/").content.decode()
    newcomer = web("nobody")
    assert told not in newcomer.get("/inbox/").content.decode()
    assert newcomer.post(f"/inbox/{notice.public_id}/").status_code == 404
    person = {"organization_id": world.partner.pk, "organization_kind": "partner", "roles": frozenset({"admin"})}
    for who, sees in (("partner.admin", True), ("nobody", False)):
        actor = Actor(person_id=world.person(who).pk, **person)
        assert Notice.objects.visible_to(actor).filter(pk=notice.pk).exists() is sees
        with as_tenant(actor):
            assert Notice.objects.filter(pk=notice.pk).exists() is sees
    client = Actor(kind="client", client_id=1, organization_id=world.partner.pk, roles=frozenset({"admin"}))
    admin = Actor(person_id=world.person("partner.admin").pk, **person)
    assert set(Notice.objects.visible_to(client)) == set(Notice.objects.visible_to(admin)), "hidden from nobody else"


def test_a_link_works_once(invite, actor_for, as_tenant):
    _row, token = invite()
    accept(actor_for("nobody"), token, as_tenant)
    with pytest.raises(NotFound):
        accept(actor_for("nobody"), token, as_tenant)


@pytest.mark.parametrize("who", ["anonymous", "customer.admin", "partner.reader"])
def test_an_invitation_is_for_its_address_alone(who, invite, actor_for, as_tenant):
    row, token = invite()
    with pytest.raises(ActionRefused) as refused:
        accept(actor_for(who), token, as_tenant)
    assert refused.value.code == "other_address"
    EmailAddress.objects.filter(email=NOBODY).update(verified=False)
    with pytest.raises(ActionRefused):
        accept(actor_for("nobody"), token, as_tenant)
    row.refresh_from_db()
    assert row.state == "open"


def test_a_second_address_that_is_proved_is_enough(invite, world, actor_for, as_tenant):
    EmailAddress.objects.create(user=world.person("nobody"), email="Second@example.com", verified=True)
    _row, token = invite("second@example.com")
    assert accept(actor_for("nobody"), token, as_tenant).organization == world.partner


def test_the_work_address_is_asked_for_again_at_acceptance(invite, actor_for, as_tenant, monkeypatch):
    _row, token = invite()

    def refuse(organization, email):
        raise InvalidInput("not_work_address", "No longer.", field="email")

    monkeypatch.setattr(actions, "check_work_address", refuse)
    with pytest.raises(InvalidInput):
        accept(actor_for("nobody"), token, as_tenant)
    assert not Operator.objects.filter(person__email=NOBODY).exists()


@pytest.mark.promise("CV-19")
def test_what_is_no_work_address_any_more_gets_no_further_link(invite, world, actor_for, as_tenant):
    row, _token = invite()
    proved = {"name": "moved.example", "state": "proved", "proved_at": timezone.now()}
    OrganizationDomain.objects.create(organization=world.partner, **proved)
    actor = actor_for("partner.admin")
    mails.sent().clear()
    for add_link in (actions.resend_operator_invitation, actions.create_operator_invitation_link):
        with pytest.raises(InvalidInput) as refused, as_tenant(actor):
            add_link(actor=actor, invitation=row)
        assert refused.value.code == "foreign_domain"
    assert mails.sent() == [] and row.tokens.count() == 1


def test_who_became_an_operator_meanwhile_keeps_their_roles(invite, world, actor_for, as_tenant):
    _row, token = invite(roles=["admin"])
    Operator.objects.create(organization=world.partner, person=world.person("nobody"), roles=["reader"])
    with pytest.raises(NotFound):
        accept(actor_for("nobody"), token, as_tenant)
    assert Operator.objects.get(person__email=NOBODY).roles == ["reader"]


def test_accepting_ends_the_other_invitations_of_that_address_here(invite, actor_for, as_tenant):
    first, _token = invite()
    elsewhere, _token = invite(by="customer.admin")
    age(first, 8)
    second, token = invite()
    accept(actor_for("nobody"), token, as_tenant)
    states = {row.pk: row.state for row in OperatorInvitation.objects.filter(email=NOBODY)}
    assert states == {first.pk: "revoked", second.pk: "accepted", elsewhere.pk: "open"}


def test_of_a_suspended_organisation_nothing_is_accepted(invite, world, actor_for, as_tenant):
    _row, token = invite()
    Organization.objects.filter(pk=world.partner.pk).update(state="suspended")
    with pytest.raises(NotFound):
        accept(actor_for("nobody"), token, as_tenant)


def resend(invitation, actor_for, as_tenant, who="partner.admin"):
    mails.sent().clear()
    with as_tenant(actor_for(who)):
        actions.resend_operator_invitation(actor=actor_for(who), invitation=invitation)
    return link_in(mails.sent()[-1].body)


def leads(token, actor_for, as_tenant):
    """Whether the token leads to an invitation that can be accepted."""
    try:
        with as_tenant(actor_for("nobody")):
            get_operator_invitation_of_token(actor_for("nobody"), token)
    except NotFound:
        return False
    return True


def test_earlier_mails_go_on_working_and_there_are_five_links(invite, actor_for, as_tenant):
    row, first = invite()
    OperatorInvitation.objects.filter(pk=row.pk).update(expires_at=timezone.now() + DAY, bounced_at=timezone.now())
    later = [resend(row, actor_for, as_tenant) for _time in range(4)]
    assert all(leads(token, actor_for, as_tenant) for token in [first, *later])
    row.refresh_from_db()
    assert row.expires_at - timezone.now() > 6 * DAY and row.bounced_at is None
    with pytest.raises(Conflict) as refused:
        resend(row, actor_for, as_tenant)
    assert refused.value.code == "too_many_links"


def test_the_end_kills_the_links_and_sending_again_begins_anew(invite, actor_for, as_tenant):
    row, first = invite()
    age(row, 8)
    assert not leads(first, actor_for, as_tenant)
    second = resend(row, actor_for, as_tenant)
    assert leads(second, actor_for, as_tenant) and not leads(first, actor_for, as_tenant)


def test_a_copied_link_is_one_more(invite, actor_for, as_tenant):
    row, first = invite()
    actor = actor_for("partner.admin")
    with as_tenant(actor):
        url = actions.create_operator_invitation_link(actor=actor, invitation=row)
    assert leads(link_in(url), actor_for, as_tenant) and leads(first, actor_for, as_tenant)
    assert Event.objects.filter(kind="operator_invitation.link_copied").count() == 1


def test_what_is_withdrawn_is_dead(invite, actor_for, as_tenant):
    row, token = invite()
    actor = actor_for("partner.admin")
    with as_tenant(actor):
        actions.withdraw_operator_invitation(actor=actor, invitation=row)
    assert not leads(token, actor_for, as_tenant)
    assert not OperatorInvitationToken.objects.filter(invitation=row).exists()
    for action in (actions.withdraw_operator_invitation, actions.resend_operator_invitation):
        with pytest.raises(Conflict) as refused, as_tenant(actor):
            action(actor=actor, invitation=row)
        assert refused.value.code == "state_changed"


@pytest.mark.parametrize("who", ["customer.admin", "stranger.admin", "vendor.admin"])
def test_another_organisations_invitation_is_not_found(who, invite, actor_for, as_tenant):
    row, _token = invite()
    with pytest.raises(NotFound), as_tenant(actor_for(who)):
        actions.withdraw_operator_invitation(actor=actor_for(who), invitation=row)


@pytest.mark.parametrize(
    "lie", [{"roles": ["admin"]}, {"finance_granted": True}, {"person": "customer.reader"}, {"organization": "lapsed"}]
)
def test_the_database_lets_in_only_whom_the_invitation_names(lie, invite, world, actor_for, as_tenant):
    """Whatever a request is made to say: with these roles, as this person, for this organisation."""
    _row, token = invite()
    values = {"organization": "partner", "person": "nobody", "roles": ["reader"], "finance_granted": False}

    def insert(organization, person, **granted):
        actor = replace(actor_for("nobody"), organization_id=world[organization].pk)
        with as_tenant(actor, secret=digest_secret(token)):
            Operator.objects.create(organization=world[organization], person=world.person(person), **granted)

    with pytest.raises(DatabaseError, match="row-level security"):
        insert(**values | lie)
    insert(**values)


def test_a_token_opens_its_own_invitation_and_no_other(world, actor_for, as_tenant):
    partner = world.partner
    with as_tenant(actor_for("stranger.admin"), secret=digest_secret(join_token("partner"))):
        assert [row.organization_id for row in OperatorInvitation.objects.all()] == [partner.pk]
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            OperatorInvitation.objects.update(roles=["admin"])
    with as_tenant(actor_for("stranger.admin")):
        assert not OperatorInvitation.objects.exists() and not OperatorInvitationToken.objects.exists()


def test_a_reader_changes_no_invitation_by_sql(world, actor_for, as_tenant):
    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor_for("partner.reader")):
        OperatorInvitation.objects.filter(organization=world.partner).update(state="revoked", closed_at=timezone.now())
    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor_for("partner.reader")):
        OperatorInvitation.objects.get(organization=world.partner).tokens.create(digest=digest_secret("x" * 40))


def test_a_reminder_comes_once_after_five_days_with_a_link_of_its_own(invite, actor_for, as_tenant):
    row, first = invite()
    OperatorInvitation.objects.exclude(pk=row.pk).update(reminded_at=timezone.now())
    age(row, 4.9)
    assert actions.send_operator_invitation_reminders() == 0
    age(row, 5.1)
    row.refresh_from_db()
    mails.sent().clear()
    assert actions.send_operator_invitation_reminders() == 1
    [reminder] = mails.sent()
    second = link_in(reminder.body)
    assert reminder.to == [NOBODY] and "Reminder" in reminder.subject and second != first
    assert leads(first, actor_for, as_tenant) and leads(second, actor_for, as_tenant)
    ends = row.expires_at
    row.refresh_from_db()
    assert row.expires_at == ends and row.reminded_at
    assert actions.send_operator_invitation_reminders() == 0


@pytest.mark.parametrize(
    "state",
    [
        {"state": "revoked", "closed_at": timezone.now()},
        {"bounced_at": timezone.now()},
        {"expires_at": timezone.now() - DAY},
    ],
)
def test_nobody_is_reminded_of_what_cannot_be_accepted(state, invite):
    row, _token = invite()
    OperatorInvitation.objects.exclude(pk=row.pk).update(reminded_at=timezone.now())
    age(row, 5.5)
    OperatorInvitation.objects.filter(pk=row.pk).update(**state)
    assert actions.send_operator_invitation_reminders() == 0


@pytest.mark.parametrize(("code", "is_for_good"), [(550, True), (450, False)])
def test_a_refused_mail_is_seen_on_the_invitation(code, is_for_good, world, actor_for, as_tenant, monkeypatch):
    with as_tenant(actor_for("partner.admin")):
        row = actions.invite_operator(actor=actor_for("partner.admin"), email=NOBODY, roles=["reader"])

    def refuse(message, **options):
        raise SMTPRecipientsRefused(dict.fromkeys(message.to, (code, b"no")))

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    send_secret_mails()
    row.refresh_from_db()
    assert bool(row.bounced_at) == is_for_good
    assert SecretMail.objects.exists() != is_for_good
    assert not mail.outbox


def test_a_mail_that_no_server_took_in_time_is_seen_on_the_invitation(actor_for, as_tenant):
    with as_tenant(actor_for("partner.admin")):
        row = actions.invite_operator(actor=actor_for("partner.admin"), email=NOBODY, roles=["reader"])
    SecretMail.objects.update(created_at=timezone.now() - DAY)
    delete_expired_secret_mails()
    row.refresh_from_db()
    assert row.bounced_at and not SecretMail.objects.exists()


def test_what_goes_wrong_in_recording_it_holds_up_no_other_mail(actor_for, as_tenant, monkeypatch):
    with as_tenant(actor_for("partner.admin")):
        actions.invite_operator(actor=actor_for("partner.admin"), email=NOBODY, roles=["reader"])

    def fail(public_id):
        raise ValueError

    monkeypatch.setitem(registry._undelivered_mail_handlers, "accounts.operatorinvitation", fail)
    SecretMail.objects.update(created_at=timezone.now() - DAY)
    delete_expired_secret_mails()
    assert not SecretMail.objects.exists()
