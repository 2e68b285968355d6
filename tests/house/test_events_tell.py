"""An event tells somebody something, by notice and mail: nobody writes one in another's name, or to a stranger."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from connections.actions import end_connection
from connections.models import Connection
from notifications.models import Event
from partnerportal.lib.actors import Actor
from tests.world import KINDS, World

KIND = "connections.connection.established"


def told(actor, **fields):
    """Whether the database takes an event of the tenant; undone."""
    own = {"organization_id": actor.organization_id, "person_id": actor.person_id, "kind": KIND}
    try:
        with transaction.atomic():
            Event.objects.bulk_create([Event(**own | fields)])
            raise _Undo
    except _Undo:
        return True
    except DatabaseError as error:
        assert "row-level security" in str(error), error
        return False


class _Undo(Exception):
    pass


def knows(world: World, actor: Actor, as_tenant):
    names = dict(world.names)
    with as_tenant(actor):
        told_as = {
            field: {name for pk, name in names.items() if told(actor, **{field: pk})}
            for field in ("counterpart_id", "customer_id")
        }
    assert told_as["counterpart_id"] == told_as["customer_id"]
    return told_as["customer_id"]


@pytest.mark.parametrize(
    ("who", "known"),
    [
        ("customer.admin", {"customer", "partner", "lapsed"}),
        ("partner.admin", {"partner", "customer", "customer2"}),
        ("distributor.admin", {"distributor", "partner", "customer", "customer2"}),
        ("publisher.admin", {"publisher"}),
        ("stranger.admin", {"stranger"}),
        ("vendor.admin", set(KINDS)),
    ],
)
def test_who_may_be_told(who, known, world, actor_for, as_tenant):
    assert knows(world, actor_for(who), as_tenant) == known


def test_an_end_is_told_and_then_no_more(world, actor_for, as_tenant):
    actor, row = actor_for("customer.admin"), world.connection("customer", "partner")
    with as_tenant(actor):
        end_connection(actor=actor, connection=row)
    assert "partner" in knows(world, actor, as_tenant)
    assert "customer" not in knows(world, actor_for("partner.admin"), as_tenant), "it did not end it"
    row.refresh_from_db()
    Connection.objects.filter(pk=row.pk).update(ended_at=row.ended_at - timedelta(hours=2))
    assert "partner" not in knows(world, actor, as_tenant)


@pytest.mark.parametrize("who", ["customer.admin", "vendor.admin"])
def test_nobody_writes_in_anothers_name(who, world, actor_for, as_tenant):
    actor, other = actor_for(who), actor_for("stranger.admin")
    with as_tenant(actor):
        assert told(actor)
        assert not told(actor, organization_id=None)
        assert not told(actor, organization_id=other.organization_id)
        assert not told(actor, person_id=other.person_id)
        assert not told(actor, person_id=None)
