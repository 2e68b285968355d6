"""Whose product a SKU is: by staff, by the command and by the feed; who is told, and who reads it."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from entitlements.actions.publishers import set_sku_publisher
from entitlements.ingest.importing import import_feed
from entitlements.models import Sku, SkuPublisher
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput
from tests.world import World

KINDS = ("sku.publisher_set", "sku.publisher_removed")
FEED = Actor.system("feed under test")
GATE: dict[str, Any] = {"type": "sku", "code": "GATE", "service": "Gateway", "name": "Gateway Standard"}


@pytest.fixture
def sku(world: World) -> Sku:
    return Sku.objects.create(code="GATE", service="Gateway", name="Gateway Standard")


def publisher_of(sku: Sku) -> Any:
    row = SkuPublisher.objects.filter(sku=sku).select_related("publisher").first()
    return row.publisher if row else None


def told() -> list[tuple[str, Any, Any]]:
    events = Event.objects.filter(kind__in=KINDS, subject_label="Gateway Standard").order_by("pk")
    return [(event.kind, event.counterpart_id, event.changes["publisher"]) for event in events]


def run(*rows: dict[str, Any], **options: Any) -> list[tuple[str, list[str]]]:
    """Outcome and problem codes, per line."""
    results: list[Any] = []
    stream = io.BytesIO(b"\n".join(json.dumps(row).encode() for row in rows))
    import_feed(actor=FEED, stream=stream, report_result=results.append, **options)
    return [(str(one.outcome), [f"{p.field}:{p.code}" for p in one.problems]) for one in results]


def test_staff_set_move_and_remove_it(world: World, sku: Sku, actor_for: Any, as_tenant: Any) -> None:
    staff, other = actor_for("vendor.admin"), world.stranger
    type(other).objects.filter(pk=other.pk).update(kind="publisher")
    other.refresh_from_db()
    own, others = world.publisher.org_id, other.org_id
    for publisher in (world.publisher, world.publisher, other, None, None):
        with as_tenant(staff):
            set_sku_publisher(actor=staff, sku=sku, publisher=publisher)
        assert publisher_of(sku) == publisher
    assert told() == [  # each is told of its own gain or loss, and reads of nobody else
        ("sku.publisher_set", world.publisher.pk, ["", own]),
        ("sku.publisher_removed", world.publisher.pk, [own, ""]),
        ("sku.publisher_set", other.pk, ["", others]),
        ("sku.publisher_removed", other.pk, [others, ""]),
    ]


def test_only_a_publisher_has_products(world: World, sku: Sku, actor_for: Any) -> None:
    with pytest.raises(InvalidInput) as error:
        set_sku_publisher(actor=actor_for("vendor.admin"), sku=sku, publisher=world.partner)
    assert "is not a publisher" in str(error.value.message) and publisher_of(sku) is None


def test_what_a_colleague_has_set_meanwhile_is_not_overwritten(world: World, sku: Sku, actor_for: Any) -> None:
    staff = actor_for("vendor.admin")
    set_sku_publisher(actor=staff, sku=sku, publisher=world.publisher, seen="")
    with pytest.raises(Conflict):
        set_sku_publisher(actor=staff, sku=sku, publisher=None, seen="")
    set_sku_publisher(actor=staff, sku=sku, publisher=None, seen=world.publisher.org_id)
    assert publisher_of(sku) is None


@pytest.mark.parametrize("who", ["vendor.reader", "publisher.admin", "partner.admin", "customer.admin"])
def test_nobody_else_sets_it(who: str, world: World, sku: Sku, actor_for: Any) -> None:
    with pytest.raises(ActionRefused):
        set_sku_publisher(actor=actor_for(who), sku=sku, publisher=world.publisher)


def test_a_bare_statement_makes_no_partner_a_publisher(world: World, sku: Sku, actor_for: Any, as_tenant: Any) -> None:
    for who, publisher in (("vendor.admin", world.partner), ("publisher.admin", world.publisher)):
        with pytest.raises(Exception, match="row-level security"), as_tenant(actor_for(who)):
            SkuPublisher.objects.create(sku=sku, publisher=publisher)
    with as_tenant(actor_for("vendor.admin")):
        SkuPublisher.objects.create(sku=sku, publisher=world.publisher)
    with as_tenant(actor_for("publisher.admin")):
        SkuPublisher.objects.filter(sku=sku)._raw_delete("default")
    assert publisher_of(sku) == world.publisher


def test_the_feed_sets_it_and_a_line_without_it_leaves_it(world: World, sku: Sku) -> None:
    named = GATE | {"publisher": world.publisher.org_id}
    assert run(named) == [("changed", [])] and publisher_of(sku) == world.publisher
    assert run(named) == [("unchanged", [])]
    assert run(GATE) == [("unchanged", [])] and publisher_of(sku) == world.publisher
    assert run(GATE | {"publisher": None}) == [("changed", [])] and publisher_of(sku) is None
    own = world.publisher.org_id
    assert [changes for _kind, _who, changes in told()] == [["", own], [own, ""]]


def test_a_new_sku_comes_with_its_publisher_and_without_events_nobody_is_told(world: World) -> None:
    line = GATE | {"publisher": world.publisher.org_id}
    assert run(line, with_events=False) == [("added", [])]
    assert publisher_of(Sku.objects.get(code="GATE")) == world.publisher and not told()


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("99999999", "publisher:unknown_publisher"),
        ("{partner}", "publisher:unknown_publisher"),
        ("12", "publisher:invalid"),
        (7, "publisher:invalid"),
        ([], "publisher:invalid"),
    ],
)
def test_a_line_with_another_publisher_is_refused_alone(world: World, sku: Sku, given: Any, problem: str) -> None:
    if given == "{partner}":
        given = world.partner.org_id
    bad = GATE | {"name": "Other", "publisher": given}
    assert run(bad, GATE | {"code": "NEXT"}) == [("error", [problem]), ("added", [])]
    sku.refresh_from_db()
    assert sku.name == "Gateway Standard" and publisher_of(sku) is None


def test_the_command(world: World, sku: Sku) -> None:
    out = io.StringIO()
    call_command("set_sku_publisher", "GATE", world.publisher.org_id, stdout=out)
    assert publisher_of(sku) == world.publisher and str(world.publisher) in out.getvalue()
    call_command("set_sku_publisher", "GATE", stdout=out)
    assert publisher_of(sku) is None
    for words in (["NONE"], ["GATE", "99999999"], ["GATE", world.partner.org_id]):
        with pytest.raises(CommandError):
            call_command("set_sku_publisher", *words)


def test_many_skus_cost_no_more_statements_than_one(world: World, count_queries: Any) -> None:
    counts = []
    for number in (2, 40):
        rows = [GATE | {"code": f"M-{number}-{at}", "publisher": world.publisher.org_id} for at in range(number)]
        with count_queries() as queries:
            run(*rows)
        counts.append(len(queries))
    assert counts[0] == counts[1] and connection.in_atomic_block
