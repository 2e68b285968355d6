"""People at work while something fails: they ask for each action until it is acknowledged. And what must come of it."""

import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from typing import Any

from django.conf import settings

from accounts.models import Operator, Organization, OrganizationKind, Person, Role
from notifications.models import Delivery, DeliveryChannel, Event, Notice
from tests.conftest import PageClient, sign_in
from tests.faults.plant import NO_ANSWER, Plant, Visitor, until
from tests.threads import join_all
from tests.world import READ, World, free_org_ids

SECONDS = float(os.environ.get("FAULT_SECONDS") or "3")  # how long a fault lasts
IS_ALONE = SECONDS >= 60  # then nothing else is at work on this machine, and times are the portal's own
BACK = 10.0  # seconds after which every form is acknowledged again
CUSTOMERS = 150
Action = tuple[str, dict[str, str]]  # the address of a form, and what is filled in


def cookies_of(who: str) -> dict[str, str]:
    client = PageClient()
    sign_in(client, who)
    return {settings.SESSION_COOKIE_NAME: client.session.cookie_key, settings.CSRF_COOKIE_NAME: "a" * 32}


def edits() -> Iterator[Action]:
    """Each changes the same account, and done a second time changes nothing."""
    for number in itertools.count():
        yield "/account/edit/", {"street": f"Street {number}", "country": "DE"}


def acceptances(who: str) -> Iterator[Action]:
    """Each by a customer of its own that the person acts for; accepted a second time, nothing changes."""
    rows = [
        Organization(kind=OrganizationKind.CUSTOMER, name=f"C {n}", name_folded=f"c {n}", org_id=org_id, country="DE")
        for n, org_id in enumerate(free_org_ids(CUSTOMERS))
    ]
    customers, person = Organization.objects.bulk_create(rows), World().person(who)
    Operator.objects.bulk_create(Operator(organization=row, person=person, roles=[Role.ADMIN]) for row in customers)
    path = f"/i/{World().token('partner')}/accept/"
    return iter([(path, {"organization": str(row.public_id)} | READ) for row in customers])


class AtWork(Visitor):
    """Does one action after the other, and looks at the page it leads to. `done` are those that were acknowledged,
    `repeats` the answers that were none."""

    PATIENCE = 120  # longer than anything is away: nobody leaves a form that is being worked on

    def __init__(self, port: int, who: str, actions: Iterator[Action], pause: float = 0.25) -> None:
        super().__init__(port, cookies_of(who))
        self.actions, self.pause = actions, pause
        self.done = self.repeats = 0
        self.gives_up = False  # after a failure nobody waits for what will not come

    def run(self) -> None:
        for path, form in self.actions:
            while self._ask("POST", path, **form, csrfmiddlewaretoken=self.cookies["portal-csrf"]) != "/account/":
                self.repeats += 1
                if self.gives_up:
                    return
                time.sleep(self.pause)
            self.done += 1
            self._ask("GET", "/account/")
            if self.leave.wait(self.pause):
                return


class Probe(threading.Thread):
    """Asks one address of health twice a second, as what watches the portal does."""

    def __init__(self, port: int, path: str) -> None:
        super().__init__(daemon=True)
        self.port, self.path, self.leave = port, path, threading.Event()
        self.answers: list[tuple[int, float]] = []  # status, seconds

    def run(self) -> None:
        while not self.leave.wait(0.5):
            started, status = time.monotonic(), NO_ANSWER
            link = HTTPConnection("127.0.0.1", self.port, timeout=15)
            try:
                link.request("GET", self.path)
                status = link.getresponse().status
            except (OSError, HTTPException):
                pass
            finally:
                link.close()
            self.answers.append((status, time.monotonic() - started))

    @property
    def said(self) -> Counter[int]:
        return Counter(status for status, _seconds in self.answers)

    def __str__(self) -> str:
        return f"{dict(self.said)} within {max(seconds for _status, seconds in self.answers):.1f} s"

    def close(self) -> None:
        self.leave.set()
        join_all([self])


@contextmanager
def at_work(*threads: Any) -> Iterator[None]:
    """Visitors and probes go on while the block runs."""
    for thread in threads:
        thread.start()
    try:
        yield
    except BaseException:
        for thread in threads:
            thread.gives_up = True
        raise
    finally:
        for thread in threads:
            thread.close()


def wait_until_back(people: Sequence[AtWork], since: float) -> float:
    """Until each of them has one more action done. Returns the seconds since then, which are few on a machine that does
    nothing else."""
    before = [person.done for person in people]
    until(lambda: all(person.done > done for person, done in zip(people, before, strict=True)))
    seconds = time.monotonic() - since
    assert seconds < BACK or not IS_ALONE
    return seconds


def settle(plant: Plant, earlier: set[int]) -> float:
    """Play beat until all that has happened since is told. Returns the seconds."""
    began = time.monotonic()
    due = Delivery.objects.exclude(event__in=earlier).filter(done_at=None)
    until(lambda: not due.exists(), plant.sweep)
    return time.monotonic() - began


def nothing_lost_nothing_twice(plant: Plant, people: Sequence[AtWork], earlier: set[int]) -> None:
    """Each action that was acknowledged has written one event, and each event is told once. A mail comes twice only
    where the first try got no answer from the mail server."""
    events = Event.objects.exclude(pk__in=earlier)
    assert events.count() == sum(person.done for person in people) > 0
    deliveries = Delivery.objects.filter(event__in=events)
    assert not deliveries.filter(done_at=None).exists() and not deliveries.exclude(dead_at=None).exists()
    assert deliveries.filter(channel=DeliveryChannel.FAN_OUT).count() == events.count()
    accepted = events.filter(kind="connection.established")
    told = Notice.objects.filter(event__in=accepted, recipient_id=World().partner.pk)
    assert sorted(told.values_list("event", flat=True)) == sorted(accepted.values_list("pk", flat=True))
    assert len(set(Notice.objects.values_list("event", "kind", "recipient_id"))) == Notice.objects.count()
    mails = {message(delivery): delivery.attempts for delivery in deliveries.filter(channel=DeliveryChannel.EMAIL)}
    assert set(plant.mails.taken) == set(mails) and len(mails) >= accepted.count()
    twice = plant.mails.taken - Counter(mails.keys())
    assert all(mails[mail] > 1 for mail in twice)


def message(delivery: Delivery) -> tuple[str, str]:
    """Message-ID and address."""
    return (
        f"<{delivery.notice.public_id}.{delivery.person_id}@127.0.0.1>",
        Person.objects.values_list("email", flat=True).get(pk=delivery.person_id),
    )
