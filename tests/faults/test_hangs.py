"""Something outside hangs while people work: no action waits for it, nothing is lost, and nothing is told twice."""

import http.client
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction

from notifications.models import Delivery, DeliveryChannel, Event, SecretMail
from tests.databases import count_waiting_for
from tests.faults.people import cookies_of
from tests.faults.plant import Plant, Visitor, until
from tests.faults.relay import Relay, relay_to
from tests.world import World

pytestmark = [pytest.mark.slow]
LONGEST = 5.0  # seconds that a form may take on a busy machine; without the brake a broker that hangs took thirty
FORM = "POST /account/edit/"


@pytest.fixture
def cast(own_database: dict[str, str]) -> World:
    return World()


@pytest.fixture
def plant(own_database: dict[str, str], tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(own_database | {"PRIVATE_ROOT": str(tmp_path / "private")}, tmp_path)
    yield plant
    plant.stop()


@pytest.fixture
def visitor(plant: Plant, cast: World) -> Iterator[Callable[[], Visitor]]:
    """Comes when it is called, and leaves in the end."""
    visitors: list[Visitor] = []

    def come() -> Visitor:
        visitors.append(Visitor(plant.port, cookies_of("partner.admin")))
        visitors[-1].start()
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.close()


def forms(visitor: Visitor) -> list[float]:
    return [seconds for what, _status, seconds in list(visitor.answers) if what == FORM]


@pytest.fixture
def link(plant: Plant) -> Iterator[Relay]:
    """Between the broker and everything that is started from now on."""
    link, plant.environment["REDIS_URL"] = relay_to(plant.redis_url)
    yield link
    link.close()


@contextmanager
def stopped(plant: Plant, link: Relay) -> Iterator[None]:
    """By a signal: its kernel still takes connections, and what is sent."""
    pid = int(plant.redis._state()["pid"])
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def full(plant: Plant, link: Relay) -> Iterator[None]:
    with redis.Redis.from_url(plant.redis_url) as client:
        client.config_set("maxmemory", 1)
        yield
        client.config_set("maxmemory", 0)


@contextmanager
def cut_off(plant: Plant, link: Relay) -> Iterator[None]:
    with link.stalled():
        yield


@pytest.mark.promise("S-2")
@pytest.mark.parametrize("fault", [stopped, full, cut_off])
def test_no_form_waits_for_a_broker_that_hangs(
    plant: Plant, link: Relay, visitor: Callable[[], Visitor], fault: Any
) -> None:
    plant.start_web()
    plant.start_worker("worker")
    earlier = set(Event.objects.values_list("pk", flat=True))
    someone = visitor()
    plant.wait_for_worker("worker")
    until(lambda: forms(someone))
    with fault(plant, link):
        before = len(forms(someone))
        until(lambda: len(forms(someone)) >= before + 3)
    someone.close()
    assert [answer for answer in someone.answers if answer[1] >= 400] == []
    assert max(forms(someone)) < LONGEST
    told = Delivery.objects.filter(channel=DeliveryChannel.FAN_OUT).exclude(event__in=earlier)
    until(lambda: not told.filter(done_at=None).exists(), plant.sweep)
    assert told.count() == Event.objects.exclude(pk__in=earlier).count() == len(forms(someone))


def test_a_worker_goes_on_after_an_acknowledgement_that_got_no_answer(plant: Plant, link: Relay) -> None:
    """It counted the message as in hand for ever, took no other, and answered every ping."""
    plant.start_worker("worker")
    log = plant.folder / "worker.log"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK notifications_delivery")
        plant.sweep()
        # Nobody asks the worker anything before, not even whether it has started: it repeats an answer that hangs
        # until the broker is back, and acknowledges nothing meanwhile.
        until(lambda: count_waiting_for("notifications_delivery", cursor))
        link.stall()
    until(lambda: "broker lost" in log.read_text() or "Couldn't ack" in log.read_text())
    link.resume()
    due = Delivery.objects.filter(channel=DeliveryChannel.FAN_OUT)
    due.update(done_at=None)
    until(lambda: not due.filter(done_at=None).exists(), plant.sweep)


@pytest.fixture
def mail_link(plant: Plant) -> Iterator[Relay]:
    link, plant.environment["EMAIL_URL"] = relay_to(plant.environment["EMAIL_URL"])
    yield link
    link.close()


def sign_up(plant: Plant, email: str) -> str:
    """From a browser that was never here. Returns the page it leads to."""
    form = {"name": "Maya New", "email": email, "password1": "seven violet otters", "csrfmiddlewaretoken": "a" * 32}
    headers = {
        "Cookie": f"{settings.CSRF_COOKIE_NAME}={'a' * 32}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    with closing(http.client.HTTPConnection("127.0.0.1", plant.port, timeout=60)) as link:
        link.request("POST", "/sign-in/signup/", urlencode(form), headers)
        return link.getresponse().headers.get("Location", "")


def test_nobody_waits_for_a_mute_mail_server_and_every_code_arrives(
    plant: Plant, cast: World, mail_link: Relay
) -> None:
    """Each sign-up is counted for its network: those beside one that waited were told that they asked too often."""
    plant.start_web()
    plant.start_worker("worker")
    plant.wait_for_worker("worker")
    mail_link.stall()
    new = [f"maya{number}@fresh.example" for number in range(8)]
    with ThreadPoolExecutor(4) as browsers:
        assert set(browsers.map(partial(sign_up, plant), new)) == {"/sign-in/confirm-email/"}
    sweep = partial(plant.beat.send_task, "notifications.tasks.send_emails")  # as beat does each minute
    until(lambda: "has not answered" in (plant.folder / "worker.log").read_text(), sweep)
    assert SecretMail.objects.count() == 8 and not plant.mails.taken
    mail_link.resume()
    until(lambda: not SecretMail.objects.exists(), sweep)
    assert {address for _id, address in plant.mails.taken} == set(new)
