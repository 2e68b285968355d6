"""The outbox: exactly one notice, at least one e-mail, retries by the clock, and nothing for those who may not see."""

import datetime as dt
from smtplib import SMTPDataError

import pytest
import time_machine
from celery import Celery
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import Error, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.actions.operators import remove_operator
from accounts.models import Person
from connections.actions import accept_invitation, end_connection
from notifications import registry
from notifications.actions import outbox, recording
from notifications.actions.outbox import send_due_emails, write_due_notices
from notifications.models import Delivery, DeliveryChannel, Event, Notice
from notifications.tasks import send_emails, write_notices
from partnerportal.lib import waking
from partnerportal.lib.mail_server import MAIL_SERVER
from partnerportal.lib.scopes import ALL


@pytest.fixture
def accepted(world, actor_for):
    """The stranger connects with the partner."""
    accept_invitation(actor=actor_for("stranger.admin"), token=world.token("partner"), scopes=ALL)
    return Event.objects.latest("pk")


@pytest.fixture
def due(accepted):
    write_due_notices()
    return Delivery.objects.filter(event=accepted, channel=DeliveryChannel.EMAIL).order_by("pk")


def recipients(event):
    return sorted(Notice.objects.filter(event=event).values_list("kind", flat=True))


def test_an_event_is_a_message_by_itself(accepted):
    assert Delivery.objects.get(event=accepted).channel == DeliveryChannel.FAN_OUT


def test_events_are_final(accepted):
    for change in (lambda: Event.objects.filter(pk=accepted.pk).update(kind="x"), accepted.delete):
        with pytest.raises(Error, match="append-only"), transaction.atomic():
            change()


def test_fan_out_writes_each_notice_once(accepted, world):
    assert write_due_notices() == 1
    assert write_due_notices() == 0
    Delivery.objects.filter(event=accepted, channel=DeliveryChannel.FAN_OUT).update(done_at=None)
    assert write_due_notices() == 1  # a second time, as after a lost mark
    notice = Notice.objects.get(event=accepted)
    assert (notice.kind, notice.recipient_id) == ("customer_connected", world.partner.pk)
    assert Delivery.objects.filter(event=accepted, channel=DeliveryChannel.EMAIL).count() == 2  # partner.admin and many


def test_a_new_viewer_finds_the_recent_news(accepted, world):
    told = Notice.objects.filter(about_id=world.stranger.pk, kind="entitlement_added")
    told.update(note="What somebody typed")
    write_due_notices()
    assert {world.names[pk] for pk in told.values_list("recipient_id", flat=True)} == {
        "stranger",
        "partner",
        "distributor",
    }
    columns = {field.attname for field in Notice._meta.fields} - {"id", "public_id", "recipient_id"}
    assert len({str(row) for row in told.values(*sorted(columns))}) == 1, "it says the same to all"


def test_mails_go_to_admins_in_html_and_text_with_a_stable_id(due, world):
    assert send_due_emails() == 2
    assert {m.to[0].partition("<")[2].rstrip(">") for m in mail.outbox} == {
        world.person("partner.admin").email,
        world.person("many").email,
    }
    notice = Notice.objects.get(event=due[0].event)
    for message in mail.outbox:
        person = Person.objects.get(email=message.to[0].partition("<")[2].rstrip(">"))
        assert message.extra_headers["Message-ID"] == f"<{notice.public_id}.{person.pk}@localhost>"
        assert world.stranger.name in message.subject
        assert f"/customers/{world.stranger.public_id}/" in message.body
        assert message.alternatives[0][1] == "text/html"
    assert send_due_emails() == 0


@pytest.mark.promise("G-18")
def test_mails_speak_the_readers_language(due, world):
    Person.objects.filter(pk=world.person("partner.admin").pk).update(language="ja")
    send_due_emails()
    html = {m.to[0]: m.alternatives[0][0] for m in mail.outbox}
    assert sorted(text.partition('lang="')[2][:2] for text in html.values()) == ["en", "ja"]


def test_no_mail_about_a_customer_that_has_gone_meanwhile(due, world, actor_for):
    end_connection(actor=actor_for("stranger.admin"), connection=world.connection("stranger", "partner"))
    mail.outbox.clear()
    send_due_emails()
    assert mail.outbox == []
    assert not due.filter(done_at=None).exists()


def test_no_mail_to_a_person_who_has_left(due, world, actor_for):
    remove_operator(actor=actor_for("partner.admin"), operator=world.operator("many@partner"), is_told=False)
    send_due_emails()
    assert [world.person("partner.admin").email in m.to[0] for m in mail.outbox] == [True]


def test_a_mail_that_fails_is_tried_again_and_given_up_at_last(due, settings):
    settings.EMAIL_BACKEND = "tests.notifications.test_outbox.Refusing"
    now = timezone.now()
    for attempt, wait in enumerate(outbox.RETRIES, start=1):
        with time_machine.travel(now, tick=False):
            assert send_due_emails() == 2
        delivery = due[0]
        assert (delivery.attempts, delivery.done_at, delivery.dead_at) == (attempt, None, None)
        assert "refused" in delivery.error
        assert delivery.next_at == now + wait
        now = delivery.next_at + dt.timedelta(seconds=1)
    with time_machine.travel(now, tick=False):
        assert send_due_emails() == 2
        assert send_due_emails() == 0
    assert due[0].dead_at == now


def test_while_the_mail_server_is_away_one_mail_tries_and_the_others_keep_their_tries(due, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    send_due_emails()
    assert list(due.values_list("attempts", flat=True)) == [1, 0]
    assert "refused" in due[0].error
    assert due[1].next_at <= timezone.now()
    assert send_due_emails() == 0
    assert list(due.values_list("attempts", flat=True)) == [1, 0]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    MAIL_SERVER.reset()  # half a minute later
    assert send_due_emails() == 1
    assert due[1].done_at is not None


class Refusing(BaseEmailBackend):
    def send_messages(self, _messages):
        raise SMTPDataError(554, b"refused")


def test_a_lease_keeps_others_away_until_it_runs_out(due, monkeypatch):
    """A worker that died between leasing and marking: three minutes later another one takes it up."""
    monkeypatch.setattr(outbox, "_attempt", Dying)
    with pytest.raises(KeyboardInterrupt):
        send_due_emails()
    monkeypatch.undo()
    assert send_due_emails() == 0
    with time_machine.travel(timezone.now() + outbox.LEASE + dt.timedelta(seconds=1)):
        assert send_due_emails() == 2
    assert len(mail.outbox) == 2


class Dying:
    def __init__(self, _delivery):
        pass

    def __enter__(self):
        raise KeyboardInterrupt

    def __exit__(self, *_error):
        return False


def test_one_bad_event_does_not_hold_up_the_others(world, actor_for, monkeypatch):
    accept_invitation(actor=actor_for("stranger.admin"), token=world.token("partner"), scopes=ALL)
    good = Event.objects.latest("pk")
    end_connection(actor=actor_for("customer2.admin"), connection=world.connection("customer2", "partner"))
    bad = Event.objects.latest("pk")
    kind = registry.get_notice_kinds()["customer_ended"]
    monkeypatch.setattr(kind, "list_recipients", lambda events: 1 / 0)
    write_due_notices()
    assert recipients(good) == ["customer_connected"]
    waiting = Delivery.objects.get(event=bad)
    assert (waiting.attempts, waiting.done_at) == (1, None)
    assert "ZeroDivisionError" in waiting.error
    monkeypatch.undo()
    with time_machine.travel(waiting.next_at + dt.timedelta(seconds=1)):
        write_due_notices()
    assert recipients(bad) == ["customer_ended"]


def test_one_wake_up_per_transaction_and_one_after_a_rollback(world, actor_for, django_capture_on_commit_callbacks):
    stranger = actor_for("stranger.admin")
    with django_capture_on_commit_callbacks() as callbacks:
        accept_invitation(actor=stranger, token=world.token("partner"), scopes=ALL)
        accept_invitation(actor=stranger, token=world.token("partner2"), scopes=ALL)
    assert callbacks == [recording._wake_worker]
    point = transaction.savepoint()
    end_connection(actor=stranger, connection=world.connection("stranger", "partner"))
    transaction.savepoint_rollback(point)
    connection.run_on_commit = []  # what the end of a transaction does
    with django_capture_on_commit_callbacks() as callbacks:
        end_connection(actor=stranger, connection=world.connection("stranger", "partner"))
    assert callbacks == [recording._wake_worker]


def test_an_event_is_kept_when_the_broker_is_away(
    world, actor_for, monkeypatch, django_capture_on_commit_callbacks, caplog
):
    nobody_there = Celery("nobody", broker="redis://127.0.0.1:1/0", set_as_current=False)
    nobody_there.conf.broker_transport_options = {"max_retries": 0}  # as the web process has it
    monkeypatch.setattr(waking, "current_app", nobody_there)
    with django_capture_on_commit_callbacks(execute=True):
        accept_invitation(actor=actor_for("stranger.admin"), token=world.token("partner"), scopes=ALL)
    nobody_there.close()
    assert "did not take the wake-up" in caplog.text
    assert write_due_notices() == 1


def test_the_database_refuses_a_second_delivery_of_a_notice_to_a_person(accepted, due):
    """Also a second summary, on whatever day, and a second fan-out, which has neither notice nor person."""
    same = {"event": accepted, "notice": due[0].notice, "person_id": due[0].person_id}
    Delivery.objects.create(**same, channel=DeliveryChannel.DIGEST, day="2026-01-01")
    for again in (
        {**same, "channel": DeliveryChannel.EMAIL},
        {**same, "channel": DeliveryChannel.DIGEST, "day": "2026-01-02"},
        {"event": accepted, "channel": DeliveryChannel.FAN_OUT},
    ):
        with pytest.raises(IntegrityError, match="delivery_once"), transaction.atomic():
            Delivery.objects.create(**again)


@pytest.mark.parametrize(
    ("channel", "given"),
    [
        (DeliveryChannel.FAN_OUT, ["person_id"]),
        (DeliveryChannel.FAN_OUT, ["notice"]),
        (DeliveryChannel.EMAIL, ["notice"]),
        (DeliveryChannel.EMAIL, ["person_id"]),
        (DeliveryChannel.EMAIL, ["notice", "person_id", "day"]),
        (DeliveryChannel.DIGEST, ["notice", "person_id"]),
    ],
)
def test_the_database_refuses_a_delivery_to_half_a_recipient(accepted, due, channel, given):
    values = {"notice": due[0].notice, "person_id": 1, "day": "2026-01-01"}
    with pytest.raises(IntegrityError, match="delivery_recipient"), transaction.atomic():
        Delivery.objects.create(event=accepted, channel=channel, **{name: values[name] for name in given})


def test_tasks_empty_the_outbox(accepted):
    write_notices()
    send_emails()
    assert not Delivery.objects.filter(done_at=None).exists()
    assert len(mail.outbox) == 2
