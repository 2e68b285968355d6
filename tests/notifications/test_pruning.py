"""The end of events that were kept long enough: what stays can be verified, and nothing younger goes unnoticed."""

import datetime as dt
import io
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from notifications.actions import sealing
from notifications.actions.recording import record_event
from notifications.actions.sealing import build_checkpoint_line, prune_events
from notifications.events import LogEventKind
from notifications.models import Delivery, Event, EventSeal, Notice
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, InvalidInput
from tests.notifications.test_sealing import delete, problems, record, seal_all, tamper, verify
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(world: World, settings: Any) -> dt.datetime:
    """The world's events are three years old and sealed, two are new; returns the moment before which to prune."""
    settings.PORTAL_EVENTS_KEPT = dt.timedelta(days=365)
    tamper("UPDATE notifications_event SET at = at - interval '3 years'")
    now = timezone.now()
    with patch.object(sealing.timezone, "now", lambda: now - dt.timedelta(days=3 * 365)):
        seal_all()
    record(world)
    record(world)
    seal_all()
    return now - dt.timedelta(days=366)


def prune(before: dt.datetime) -> int:
    return prune_events(actor=Actor.system("test"), before=before)


def test_what_was_kept_long_enough_goes_and_the_rest_can_be_verified(
    old: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "BATCH", 10)
    before, checkpoint = Event.objects.count(), build_checkpoint_line()
    assert prune(old) == before - 2
    assert Event.objects.exclude(kind=LogEventKind.PRUNED).count() == 2
    assert not Notice.objects.exists() and not Delivery.objects.filter(event__at__lt=old).exists()
    seal_all()
    assert EventSeal.objects.earliest("position").position == before - 2
    assert problems(checkpoint) == []
    assert prune(old) == 0


def test_one_young_event_keeps_all_behind_it(old: dt.datetime) -> None:
    link = EventSeal.objects.order_by("position")[4]
    tamper("UPDATE notifications_event SET at = now() WHERE id = %s", link.event_id)
    assert prune(old) == 4
    assert Event.objects.filter(pk=link.event_id).exists()


def test_a_beginning_that_was_cut_off_looks_like_no_pruning(old: dt.datetime) -> None:
    anchor = EventSeal.objects.order_by("position")[2]
    for link in EventSeal.objects.filter(position__lte=anchor.position):
        delete(Event.objects.get(pk=link.event_id))
    tamper("DELETE FROM notifications_eventseal WHERE position < %s", anchor.position)
    assert problems() == [
        f"The log begins at position {anchor.position}, and no event says that what was before it was deleted."
    ]


@pytest.mark.parametrize("said", [{"position": 2}, {"digest": "00" * 32}])
def test_a_pruning_of_something_else_is_none(old: dt.datetime, world: World, said: dict[str, Any]) -> None:
    anchor = EventSeal.objects.order_by("position")[2]
    for link in EventSeal.objects.filter(position__lte=anchor.position):
        delete(Event.objects.get(pk=link.event_id))
    tamper("DELETE FROM notifications_eventseal WHERE position < %s", anchor.position)
    right = {"position": anchor.position, "digest": bytes(anchor.digest).hex()}
    record_event(LogEventKind.PRUNED, actor=Actor.system("sweep"), subject=world.partner, data=right | said)
    seal_all()
    assert problems() == [
        f"The log begins at position {anchor.position}, and no event says that what was before it was deleted."
    ]
    record_event(LogEventKind.PRUNED, actor=Actor.system("sweep"), subject=world.partner, data=right)
    assert problems() == []


def test_nothing_younger_was_deleted_than_may_be(old: dt.datetime, world: World) -> None:
    """Also where an event says so, which is sealed itself: the link that stays tells when it was made."""
    checkpoint, young = build_checkpoint_line(), EventSeal.objects.latest("position")
    for link in EventSeal.objects.all():
        delete(Event.objects.get(pk=link.event_id))
    tamper("DELETE FROM notifications_eventseal WHERE position < %s", young.position)
    said = {"position": young.position, "digest": bytes(young.digest).hex()}
    pruned = record_event(LogEventKind.PRUNED, actor=Actor.system("sweep"), subject=world.partner, data=said)
    found = [
        f"The log begins at position {young.position}, and what was before it was deleted within 90 days of its seal."
    ]
    assert problems() == found
    seal_all()
    assert EventSeal.objects.latest("position").event_id == pruned.pk
    assert problems() == problems(checkpoint) == found


def test_an_event_that_was_sealed_lately_is_kept_whatever_its_own_time(old: dt.datetime) -> None:
    """Otherwise a log that was sealed long after its events could be cut without a trace."""
    record_old = Event.objects.get(pk=EventSeal.objects.latest("position").event_id)
    tamper("UPDATE notifications_event SET at = at - interval '3 years' WHERE id = %s", record_old.pk)
    tamper("UPDATE notifications_event SET at = at - interval '3 years' WHERE id = %s", record_old.pk - 1)
    assert prune(old) > 0
    assert Event.objects.filter(pk__in=[record_old.pk, record_old.pk - 1]).count() == 2


def test_checkpoints_of_what_was_deleted_are_counted_apart(old: dt.datetime, tmp_path: Path) -> None:
    first = EventSeal.objects.earliest("position")
    lines = [f"event-checkpoint position={first.position} digest={bytes(first.digest).hex()}", build_checkpoint_line()]
    (tmp_path / "kept").write_text("\n".join(lines))
    prune(old)
    seal_all()
    code, text = verify("--checkpoint", str(tmp_path / "kept"))
    assert code == 0 and "1 of 2 checkpoints (1 are of what was deleted after its time)" in text


def test_events_are_kept_unless_somebody_says_for_how_long(old: dt.datetime, settings: Any, world: World) -> None:
    for kept, before in ((None, old), (dt.timedelta(days=400), old), (dt.timedelta(days=1), timezone.now())):
        settings.PORTAL_EVENTS_KEPT = kept
        with pytest.raises(InvalidInput, match="before"):
            prune(before)
    with pytest.raises(DatabaseError, match="violates"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT prune_log(now() - interval '89 days', 10)")
    settings.PORTAL_EVENTS_KEPT = dt.timedelta(days=365)
    with pytest.raises(ActionRefused):
        prune_events(actor=world.actor("vendor.admin"), before=old)


def test_the_sweep_prunes_if_the_setting_says_so(old: dt.datetime, settings: Any) -> None:
    settings.PORTAL_EVENTS_KEPT = None
    assert sealing.prune_old_events() == 0
    settings.PORTAL_EVENTS_KEPT = dt.timedelta(days=365)
    assert sealing.prune_old_events() > 0


def test_the_command_prunes(old: dt.datetime) -> None:
    out = io.StringIO()
    call_command("prune_events", "--before", str(old.date()), stdout=out)
    assert "Deleted " in out.getvalue() and "Deleted 0" not in out.getvalue()
