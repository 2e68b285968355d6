"""The seal of the log: who changes, deletes or inserts an event is found out; an erasure leaves it valid."""

import datetime as dt
import io
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifications import verification
from notifications.actions import sealing
from notifications.actions.recording import record_event
from notifications.actions.sealing import build_checkpoint_line, seal_next_events
from notifications.models import Delivery, Event, EventSeal, Notice, UnsealedEvent
from notifications.sealing import CLOSED_FIELDS, EPOCH, SEALED_FIELDS, digest_event, digest_rest, make_sealed_texts
from notifications.verification import parse_checkpoints, verify_log
from tests.counts import count
from tests.world import World, address

pytestmark = pytest.mark.django_db

BIG = st.integers(min_value=-(2**63), max_value=2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
VALUES = st.fixed_dictionaries(
    {
        "public_id": st.uuids(),
        "kind": TEXT,
        "at": st.integers(-(2**51), 2**52).map(lambda count: EPOCH + dt.timedelta(microseconds=count)),
        "actor_kind": st.sampled_from(["person", "client", "system"]),
        "actor_id": st.none() | BIG,
        "on_behalf_kind": st.sampled_from(["", "person"]),
        "on_behalf_id": st.none() | BIG,
        "organization_id": st.none() | BIG,
        "counterpart_id": st.none() | BIG,
        "customer_id": st.none() | BIG,
        "scopes": st.integers(0, 2**15 - 1),
        "subject_kind": TEXT,
        "subject_id": st.none() | st.uuids(),
        "data": st.dictionaries(TEXT, JSON, max_size=3),
        "changes": st.dictionaries(TEXT, JSON, max_size=3),
        "request_id": TEXT,
        "salt": st.uuids(),
    }
)
ANOTHER = {  # a value that the event does not have, by field
    "public_id": "gen_random_uuid()", "at": "at + interval '1 microsecond'", "subject_id": "gen_random_uuid()",
    "salt": "gen_random_uuid()", "data": """data || '{"x": 1}'""", "changes": """changes || '{"x": [1, 2]}'""",
    "scopes": "scopes + 1",
    **dict.fromkeys(("kind", "actor_kind", "on_behalf_kind", "subject_kind", "request_id"), "'y'"),
}  # fmt: skip


def tamper(statement: str, *parameters: Any) -> None:
    """Do what only somebody with all rights on the database can: no trigger runs."""
    tables = ("notifications_event", "notifications_eventseal", "notifications_unsealedevent")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, parameters)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def delete(event: Event) -> None:
    Delivery.objects.filter(event=event).delete()
    Notice.objects.filter(event=event).delete()
    tamper("DELETE FROM notifications_event WHERE id = %s", event.pk)


def seal_all() -> None:
    while seal_next_events():
        pass


def problems(checkpoint: str = "") -> list[str]:
    return verify_log(parse_checkpoints([checkpoint]) if checkpoint else None).problems


def record(world: World, **details: Any) -> Event:
    return record_event("x", actor=world.actor("partner.admin"), subject=world.customer, **details)


@pytest.fixture
def sealed(world: World) -> list[EventSeal]:
    """The events of the world, sealed, and three more."""
    for number in range(3):
        record(world, counterpart=world.customer, data={"number": number}, changes={"state": ["a", "b"]})
    seal_all()
    assert problems() == []
    return list(EventSeal.objects.order_by("position"))


@pytest.mark.slow
@pytest.mark.no_cover
@settings(max_examples=count(200), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=VALUES)
def test_the_database_hashes_what_python_hashes(db: None, values: dict[str, Any]) -> None:
    event = Event(**values, **dict.fromkeys(("actor_label", "organization_label", "counterpart_label"), ""))
    with transaction.atomic():
        event.save(force_insert=True)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT digest, event_rest({', '.join(CLOSED_FIELDS)}) FROM notifications_event WHERE id = %s",
                [event.pk],
            )
            digest, rest = map(bytes, cursor.fetchone())
        transaction.set_rollback(True)
    texts = make_sealed_texts(values)
    assert digest_rest(texts) == rest
    assert digest_event(texts) == digest_event(texts, rest=rest) == digest


def test_what_is_not_hashed_is_what_an_erasure_overwrites(world: World) -> None:
    """A column that is added to events is sealed, or stands here."""
    unsealed = {"id", "digest", "actor_label", "on_behalf_label", "organization_label", "counterpart_label"}
    unsealed |= {"subject_label", "note"}
    assert {field.name for field in Event._meta.fields} == {*SEALED_FIELDS} | unsealed


@pytest.mark.parametrize("role", ["portal_app", "portal_worker"])
def test_nobody_chooses_a_digest_or_changes_a_link(sealed: list[EventSeal], role: str) -> None:
    statements = [
        "INSERT INTO notifications_event (digest) VALUES ('x')",
        "UPDATE notifications_eventseal SET digest = 'x'",
        "DELETE FROM notifications_eventseal",
        "TRUNCATE notifications_eventseal",
        *(["SELECT prune_log('2000-01-01', 1)", "DELETE FROM notifications_unsealedevent"] * (role == "portal_app")),
        *(["INSERT INTO notifications_eventseal DEFAULT VALUES"] * (role == "portal_app")),
    ]
    for statement in statements:
        refused = pytest.raises(DatabaseError, match=r"permission denied|non-DEFAULT value")
        with refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {role}")
            cursor.execute("SET LOCAL portal.pruning = 'on'")
            cursor.execute(statement)


def test_the_owner_changes_no_link_by_accident(sealed: list[EventSeal]) -> None:
    for change in (lambda: EventSeal.objects.update(position=9), EventSeal.objects.all().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_events_are_sealed_in_the_order_of_their_commits(world: World) -> None:
    """One that commits late is sealed late, whatever its number: none is left out."""
    seal_all()
    late, early = record(world), record(world)
    UnsealedEvent.objects.filter(pk=late.pk).delete()  # as its transaction goes on, nobody sees it
    seal_all()
    UnsealedEvent.objects.create(event_id=late.pk)
    seal_all()
    first, second = EventSeal.objects.order_by("-position")[:2]
    assert (second.event_id, first.event_id) == (early.pk, late.pk)
    assert first.position == second.position + 1 and bytes(first.previous) == bytes(second.digest)
    assert not UnsealedEvent.objects.exists() and problems() == []


def test_each_event_is_sealed_once_in_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 7)
    seal_all()
    assert seal_next_events() == 0
    assert EventSeal.objects.count() == Event.objects.count() > 20
    assert list(EventSeal.objects.order_by("position").values_list("position", flat=True)) == list(
        range(1, Event.objects.count() + 1)
    )


@pytest.mark.promise("G-12")
@pytest.mark.parametrize("field", SEALED_FIELDS)
def test_a_changed_event_is_named(sealed: list[EventSeal], field: str) -> None:
    link = sealed[-2]
    event = Event.objects.get(pk=link.event_id)
    tamper(
        f"UPDATE notifications_event SET {field} = {ANOTHER.get(field, f'coalesce({field}, 0) + 1')} WHERE id = %s",
        event.pk,
    )
    event.refresh_from_db()
    assert problems() == [f"The event {event.public_id} at position {link.position} was changed."]


def test_a_function_that_lies_is_found_out(sealed: list[EventSeal]) -> None:
    """Who may replace the database's functions cannot make them say what was."""
    link = sealed[-1]
    event = Event.objects.get(pk=link.event_id)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT pg_get_functiondef('event_digest'::regproc)")
        source = cursor.fetchone()[0]
        cursor.execute(
            source[: source.index("BEGIN")] + f"BEGIN RETURN '\\x{bytes(event.digest).hex()}'; END $function$"
        )
    tamper("UPDATE notifications_event SET kind = 'y' WHERE id = %s", event.pk)
    event.refresh_from_db()
    assert bytes(event.digest) == bytes(link.event_digest)
    assert problems() == [f"The event {event.public_id} at position {link.position} was changed."]


def test_a_deleted_event_is_named(sealed: list[EventSeal]) -> None:
    delete(Event.objects.get(pk=sealed[-2].event_id))
    assert problems() == [f"The event at position {sealed[-2].position} was deleted."]


def test_a_deleted_event_with_its_link_breaks_the_chain(sealed: list[EventSeal]) -> None:
    position = sealed[-3].position
    delete(Event.objects.get(pk=sealed[-3].event_id))
    tamper("DELETE FROM notifications_eventseal WHERE position = %s", position)
    assert problems() == [f"The chain is broken after position {position - 1}: the next link is {position + 1}."]


@pytest.mark.parametrize(
    "change",
    [
        "event_digest = sha256('x')",
        "event_id = event_id + 1000000",
        "previous = sha256('x')",
        "digest = sha256('x')",
        "sealed_at = sealed_at - interval '1 day'",
    ],
)
def test_a_changed_link_is_named(sealed: list[EventSeal], change: str) -> None:
    position = sealed[-1].position
    tamper(f"UPDATE notifications_eventseal SET {change} WHERE position = %s", position)
    assert f"The link at position {position} was changed." in problems()


def test_a_link_that_moved_is_named(sealed: list[EventSeal]) -> None:
    last = sealed[-1].position
    tamper("UPDATE notifications_eventseal SET position = position + 1 WHERE position = %s", last)
    assert problems() == [
        f"The chain is broken after position {last - 1}: the next link is {last + 1}.",
        f"The link at position {last + 1} was changed.",
    ]


def test_a_chain_that_follows_on_something_is_none(sealed: list[EventSeal], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever computes it anew cannot let it begin where another one ended."""
    tamper("DELETE FROM notifications_eventseal")
    UnsealedEvent.objects.bulk_create(UnsealedEvent(event_id=link.event_id) for link in sealed)
    monkeypatch.setattr(sealing, "BEFORE_THE_FIRST", bytes(range(32)))
    seal_all()
    assert problems() == ["The chain is broken at position 1: something stood before it."]


def test_a_chain_that_was_computed_anew_differs_from_a_checkpoint(world: World, sealed: list[EventSeal]) -> None:
    """Who changes an event and computes every link after it is found out by what was kept elsewhere, and only so."""
    checkpoint = build_checkpoint_line()
    tamper("UPDATE notifications_event SET kind = 'y' WHERE id = %s", sealed[-3].event_id)
    tamper("DELETE FROM notifications_eventseal WHERE position >= %s", sealed[-3].position)
    for link in sealed[-3:]:
        UnsealedEvent.objects.create(event_id=link.event_id)
    record(world)
    seal_all()
    assert problems() == []
    assert problems(checkpoint) == [
        f"Position {sealed[-1].position} differs from its checkpoint: the log was written anew up to there."
    ]


def test_a_cut_end_is_seen_by_a_checkpoint(sealed: list[EventSeal]) -> None:
    checkpoint = build_checkpoint_line()
    for link in sealed[-2:]:
        delete(Event.objects.get(pk=link.event_id))
    tamper("DELETE FROM notifications_eventseal WHERE position >= %s", sealed[-2].position)
    assert problems() == []
    end = sealed[-1].position
    assert problems(checkpoint) == [
        f"The end of the log was cut off: it ends at position {end - 2}, a checkpoint knows {end}."
    ]


def test_an_event_that_was_put_in_has_no_link(sealed: list[EventSeal]) -> None:
    """Without the trigger it does not even wait for one."""
    forged = uuid.uuid4()
    tamper(
        """INSERT INTO notifications_event (public_id, kind, at, actor_label, organization_label, counterpart_label,
               subject_kind, subject_label, data) VALUES (%s, 'x', now(), '', '', '', '', '', '{}')""",
        forged,
    )
    assert problems() == [f"The event {forged} has no link and does not wait for one."]


def test_a_link_before_the_first_seals_nothing(sealed: list[EventSeal]) -> None:
    """Who may take away constraints can write one, but not hide an event behind it."""
    forged = uuid.uuid4()
    tamper(
        """INSERT INTO notifications_event (public_id, kind, at, actor_label, organization_label, counterpart_label,
               subject_kind, subject_label, data) VALUES (%s, 'x', '2026-01-01Z', '', '', '', '', '', '{}')""",
        forged,
    )
    link = """INSERT INTO notifications_eventseal (position, event_id, event_digest, previous, digest, sealed_at)
        SELECT -5, id, digest, sha256('x'), sha256('y'), at FROM notifications_event WHERE public_id = %s"""
    with pytest.raises(DatabaseError, match="event_seal_position"), transaction.atomic():
        tamper(link, forged)
    tamper("ALTER TABLE notifications_eventseal DROP CONSTRAINT event_seal_position")
    tamper(link, forged)
    assert problems() == [f"The event {forged} has no link and does not wait for one."]


@pytest.mark.parametrize("most", [2, 3, 7])
def test_nothing_is_overlooked_between_batches(
    sealed: list[EventSeal], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each link is the first or the last of a batch once."""
    monkeypatch.setattr(verification, "BATCH", most)
    report = verify_log()
    assert (report.problems, report.links, report.last) == ([], len(sealed), len(sealed))
    for link in sealed[-8:]:
        with transaction.atomic():
            tamper("UPDATE notifications_eventseal SET previous = sha256('x') WHERE position = %s", link.position)
            found = problems()
            transaction.set_rollback(True)
        assert found == [
            f"The chain is broken at position {link.position}: its link does not follow the one before it.",
            f"The link at position {link.position} was changed.",
        ]


def test_an_event_that_vanishes_before_its_seal_is_noticed(world: World) -> None:
    seal_all()
    delete(record(world))
    UnsealedEvent.objects.update(stored_at=timezone.now() - dt.timedelta(minutes=2))
    kept = record(world)
    seal_all()
    assert EventSeal.objects.latest("position").event_id == kept.pk  # the sealer goes on
    assert problems() == ["1 events were deleted before they were sealed."]


def test_a_seal_that_is_late_is_told(world: World) -> None:
    seal_all()
    record(world)
    assert verify_log().late == ""
    UnsealedEvent.objects.update(stored_at=timezone.now() - dt.timedelta(seconds=75))
    assert re.match(r"1 events have no seal yet, the oldest for (7[5-9]|[89]\d) seconds\.", verify_log().late)
    assert verify_log().problems == []


@pytest.mark.promise("G-12")
def test_an_erasure_leaves_the_log_valid(world: World) -> None:
    email = address("partner.reader")
    record(world, note=f"Ask {email}", label=email)
    seal_all()
    call_command("erase_person", email, stdout=io.StringIO())
    assert not Event.objects.filter(note__contains=email).exists()
    seal_all()
    assert problems() == []


# --- commands -----------------------------------------------------------------------------------------------


def verify(*words: str) -> tuple[int, str]:
    """Return the exit code and everything that is said."""
    out = io.StringIO()
    try:
        call_command("verify_events", *words, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


def test_the_command_says_what_it_found(sealed: list[EventSeal], tmp_path: Path) -> None:
    out = io.StringIO()
    call_command("export_event_checkpoint", stdout=out)
    (tmp_path / "kept").write_text(f'{{"message": "{out.getvalue().strip()}", "level": "INFO"}}\n')
    code, text = verify("--checkpoint", str(tmp_path / "kept"))
    assert code == 0 and f"Checked {len(sealed)} events, positions 1 to {len(sealed)}, 1 of 1 checkpoints" in text
    delete(Event.objects.get(pk=sealed[-1].event_id))
    code, text = verify()
    assert code == 1 and f"position {sealed[-1].position} was deleted" in text


def test_the_command_tells_lateness_from_change(sealed: list[EventSeal], world: World) -> None:
    record(world)
    UnsealedEvent.objects.update(stored_at=timezone.now() - dt.timedelta(hours=1))
    code, text = verify()
    assert code == 3 and "Is the worker running?" in text


@pytest.mark.parametrize("content", ["", "nothing of use", "event-checkpoint position=1 digest=abc"])
def test_a_file_without_a_checkpoint_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text(content)
    assert verify("--checkpoint", str(tmp_path / "kept"))[0] == 2
    assert verify("--checkpoint", str(tmp_path / "missing"))[0] == 2
