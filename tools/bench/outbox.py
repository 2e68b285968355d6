"""The goal of the outbox: how fast it is drained in batches, against a task in the broker for each event."""

import os
import sys
import time
from collections.abc import Iterator

from django.db import transaction

from connections.events import ConnectionEventKind
from connections.models import Connection
from notifications.actions.outbox import write_due_notices
from notifications.actions.recording import record_event
from notifications.models import Delivery, DeliveryChannel
from partnerportal.lib.actors import Actor
from tools.bench.data import World
from tools.bench.report import GoalLine
from tools.bench.servers import start_silently

EVENTS = 600  # in each measurement
QUEUE = "bench"  # the only queue of the worker


def lines(world: World) -> Iterator[GoalLine]:
    """Measure the goal of the outbox, and yield its line."""
    _record(world)
    begin = time.perf_counter()
    while write_due_notices():
        pass
    drained = EVENTS / (time.perf_counter() - begin)
    yield GoalLine(
        "outbox: events a second, drained in batches, against a task for each",
        drained / _by_tasks(world),
        20,
        at_least=True,
    )


def _record(world: World) -> None:
    """Record events of connections that exist, whose customers have no recent notices of their own.

    None is the small partner's, because its inbox is compared with what it is where that partner is alone.
    """
    waiting = Delivery.objects.filter(channel=DeliveryChannel.FAN_OUT, done_at=None)
    waiting.delete()
    with transaction.atomic():
        others = Connection.objects.exclude(partner=world.small_id)
        for connection in others.select_related("partner").order_by("pk")[:EVENTS]:
            data = {"scopes": connection.shared_scopes.codes}
            partner = connection.partner
            record_event(
                ConnectionEventKind.ESTABLISHED,
                actor=Actor.system(),
                subject=connection,
                counterpart=partner,
                data=data,
            )


def _by_tasks(world: World) -> float:
    """Record the events, and return how many a second one worker handles with a task for each."""
    from tools.bench.tasks import write_notices_for_one_delivery

    _record(world)
    waiting = list(Delivery.objects.filter(channel=DeliveryChannel.FAN_OUT, done_at=None).values_list("pk", flat=True))
    environment = os.environ | {"PORTAL_PROCESS": "job"}
    arguments = [sys.executable, "-m", "celery", "-A", "tools.bench.tasks", "worker", "-c", "1", "-Q", QUEUE]
    worker = start_silently(arguments, environment)
    try:
        write_notices_for_one_delivery.apply_async((waiting[0],), queue=QUEUE)
        _wait(waiting[:1])
        begin = time.perf_counter()
        for pk in waiting[1:]:
            write_notices_for_one_delivery.apply_async((pk,), queue=QUEUE)
        _wait(waiting)
        return (EVENTS - 1) / (time.perf_counter() - begin)
    finally:
        worker.terminate()
        worker.wait()


def _wait(deliveries: list[int]) -> None:
    end = time.monotonic() + 120
    while Delivery.objects.filter(pk__in=deliveries, done_at=None).exists():
        if time.monotonic() > end:
            raise TimeoutError("the worker did not take the tasks")
        time.sleep(0.01)
