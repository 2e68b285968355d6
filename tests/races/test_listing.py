"""A connection, or what is shared, and an entitlement written at the same moment both show in the customer list."""

import io
import json
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from connections.actions import accept_invitation, change_connection_sharing
from connections.models import Connection
from entitlements.actions.figures import merge_portfolio_figure_changes
from entitlements.ingest.importing import import_feed
from entitlements.models import CustomerListing, Sku
from partnerportal.lib.actors import Actor
from partnerportal.lib.scopes import ALL, Scope
from tests.counts import count
from tests.portfolio import differences
from tests.races.conftest import Race
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]


def accept(world: World) -> None:
    accept_invitation(actor=world.actor("stranger.admin"), token=world.token("partner"), scopes=ALL)


def entitle(world: World) -> None:
    row = {
        "type": "entitlement", "external_id": "RACE", "customer": world.stranger.org_id, "quantity": 1000,
        "sku": Sku.objects.earliest("pk").code, "kind": "production", "state": "active",
    }  # fmt: skip
    import_feed(actor=Actor.system(), stream=stream(row))


def widen(world: World) -> None:
    connected = Connection.objects.get(customer=world.stranger, state="active")
    change_connection_sharing(actor=world.actor("stranger.admin"), connection=connected, scopes=ALL)


@pytest.mark.parametrize(
    ("first", "second"), [(accept, entitle), (entitle, accept), (widen, entitle), (entitle, widen)]
)
def test_neither_misses_the_other(
    own_database: dict[str, str], first: Callable[[World], None], second: Callable[[World], None]
) -> None:
    def in_a_thread() -> None:
        try:
            with transaction.atomic():
                second(World())
        finally:
            connection.close()

    if widen in (first, second):
        world = World()
        token, scopes = world.token("partner"), Scope.ACCOUNT
        accept_invitation(actor=world.actor("stranger.admin"), token=token, scopes=scopes)
    other = threading.Thread(target=in_a_thread, daemon=True)
    with transaction.atomic():
        first(World())
        other.start()
        other.join(0.7)  # done without the lock, waiting with it
    other.join(60)
    assert Connection.objects.filter(customer=World().stranger, state="active").exists()
    assert CustomerListing.objects.get(viewer=World().partner, customer=World().stranger).seats >= 1000
    call_command("rebuild_portfolio", "--check", stdout=io.StringIO())


def test_figures_are_merged_while_they_are_written(own_database: dict[str, str], race: Race) -> None:
    """Eight feeds and eight merges at once, several times: no difference is lost, none counts twice."""
    sku = Sku.objects.earliest("pk").code
    for number in range(count(6)):
        rows = [
            {
                "type": "entitlement", "external_id": f"R{number}-{feed}", "customer": World().customer.org_id,
                "quantity": 10 * number + feed, "sku": sku, "kind": "production", "state": "active",
            }
            for feed in range(8)
        ]  # fmt: skip
        race.run(
            [(Actor.system(), partial(import_feed, actor=Actor.system(), stream=stream(row))) for row in rows]
            + [(Actor.system(), merge_portfolio_figure_changes)] * 8
        )
    assert differences() == []
    merge_portfolio_figure_changes()
    assert differences() == []


def stream(row: dict[str, Any]) -> io.BytesIO:
    return io.BytesIO(json.dumps(row).encode())
