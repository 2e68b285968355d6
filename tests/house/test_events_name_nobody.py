"""Events and notices name persons in their labels and notes alone: erasing a person rewrites these and nothing else.

`tests/names_nobody.py` holds every event and notice that any test writes to it.
"""

from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from notifications.actions.recording import record_event
from notifications.models import Event, Notice
from partnerportal.lib.actors import Actor
from tests.world import World

pytestmark = pytest.mark.django_db

LABELS = {"actor_label", "on_behalf_label", "subject_label", "organization_label", "counterpart_label", "note"}
OTHER = {  # a value that no event has, by the type of the column; "another" for texts
    "UUIDField": "gen_random_uuid()", "BigIntegerField": "-1", "PositiveSmallIntegerField": "32000",
    "DateTimeField": "now()", "JSONField": "'[1]'",
}  # fmt: skip


@pytest.mark.parametrize("column", ["data", "changes"])
@pytest.mark.parametrize("named", ["email", "name"])
def test_an_event_that_names_a_person_in_its_data_is_caught(world: World, actor_for, column: str, named: str) -> None:
    text = getattr(world.person("partner.admin"), named).upper()
    with pytest.raises(DatabaseError, match="names the person"), transaction.atomic():
        record_event("x", actor=actor_for("partner.admin"), subject=world.partner, **{column: {"field": ["", text]}})


@pytest.mark.parametrize("changes", [{"plan_id": [1, 2]}, {"plan_id": [None, 2]}, {"add_on_ids": [[], [3]]}])
def test_an_event_whose_changes_hold_a_primary_key_is_caught(world: World, changes: dict[str, list[object]]) -> None:
    with pytest.raises(DatabaseError, match="hold a primary key"), transaction.atomic():
        record_event("x", actor=Actor.system(), subject=world.partner, changes=changes)
    record_event("x", actor=Actor.system(), subject=world.partner, changes={"tenant_id": [None, str(uuid4())]})


@pytest.mark.parametrize("named", ["email", "name"])
def test_a_notice_that_names_a_person_in_its_params_is_caught(world: World, named: str) -> None:
    text, event = getattr(world.person("partner.admin"), named).upper(), Event.objects.earliest("pk")
    values = {"event": event, "kind": "x", "recipient_id": world.publisher.pk}
    with pytest.raises(DatabaseError, match="the notice x names the person"), transaction.atomic():
        Notice.objects.create(**values, params={"by": ["", {"name": text}]})
    assert Notice.objects.create(**values, note=text, about_label=text).pk


def test_it_may_be_named_in_every_label(world: World) -> None:
    name = str(world.person("partner.admin"))
    assert Event.objects.create(kind="x", **dict.fromkeys(LABELS, name)).pk


def test_an_erasure_may_change_the_labels_and_nothing_else(world: World) -> None:
    """Also not a column that is added to events later."""
    others = {field.name for field in Event._meta.fields if not field.generated} - LABELS - {"id"}
    event = Event.objects.earliest("pk")
    for name in LABELS | others:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL portal.erasing = 'on'")
            value = OTHER.get(Event._meta.get_field(name).get_internal_type(), "'another'")
            statement = f"UPDATE notifications_event SET {name} = {value} WHERE id = {event.pk}"
            if name in LABELS:
                cursor.execute(statement)
            else:
                with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                    cursor.execute(statement)
