"""Every state machine, all pairs: through the one door, and against the database's own constraints."""

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.utils import timezone

from connections.models import Connection
from entitlements.models import Entitlement, Export
from partnerportal.lib.errors import Conflict
from partnerportal.lib.states import move

MACHINES = [model for model in apps.get_models() if hasattr(model, "MOVES")]
EXTRA = {  # what a row needs beside its state
    ("Connection", "active"): lambda row: {"ended_at": None, "ended_by_id": None},
    ("Connection", "ended"): lambda row: {"ended_at": timezone.now(), "ended_by_id": row.customer_id},
}
ROWS = {
    "Connection": lambda world: world.connection("customer", "partner"),
    "Entitlement": lambda world: Entitlement.objects.filter(customer=world.customer, kind="trial").earliest("pk"),
    "Export": lambda world: Export.objects.filter(organization=world.customer).earliest("pk"),
}


def extra(row, state):
    return EXTRA.get((type(row).__name__, state), lambda row: {})(row)


PAIRS = [(m, a, b) for m in MACHINES for a in m.State for b in m.State]


def test_every_machine_has_a_row_here():
    assert {model.__name__ for model in MACHINES} == set(ROWS)


@pytest.mark.parametrize("model", MACHINES, ids=lambda m: m.__name__)
def test_the_table_names_every_state(model):
    assert set(model.MOVES) == set(model.State)
    assert set().union(*model.MOVES.values()) <= set(model.State)


@pytest.mark.parametrize(("model", "before", "after"), PAIRS, ids=lambda x: getattr(x, "__name__", str(x)))
def test_pairs(model, before, after, world):
    row = ROWS[model.__name__](world)
    model.objects.filter(pk=row.pk).update(state=before, **extra(row, before))
    row.refresh_from_db()
    changes = extra(row, after)
    if after in model.MOVES[before]:
        assert move(row, after, **changes).state == after
    else:
        with pytest.raises(Conflict) as refused:
            move(row, after, **changes)
        assert refused.value.code == "state_changed"
    row.refresh_from_db()
    assert row.state == (after if after in model.MOVES[before] else before)


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "ended"},
        {"state": "ended", "ended_at": timezone.now()},
        {"ended_at": timezone.now()},
        {"state": "dormant"},
    ],
)
def test_the_database_refuses_half_an_end(world, wrong):
    row = world.connection("customer", "partner")
    with pytest.raises(IntegrityError), transaction.atomic():
        Connection.objects.filter(pk=row.pk).update(**wrong)


def test_the_database_refuses_a_second_live_connection_of_a_pair(world):
    row = world.connection("customer", "partner")
    with pytest.raises(IntegrityError, match="connection_one_live_per_pair"), transaction.atomic():
        Connection.objects.create(partner=row.partner, customer=row.customer, partner_name="", customer_name="")


def test_the_database_refuses_a_connection_with_oneself(world):
    with pytest.raises(IntegrityError, match="connection_two_sides"), transaction.atomic():
        Connection.objects.create(partner=world.partner, customer=world.partner, partner_name="", customer_name="")
