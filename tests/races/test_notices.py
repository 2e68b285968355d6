"""A notice that is written while its reach changes is shown or hidden as the change turns out."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from django.db import connection, transaction
from django.utils import timezone

from connections.actions import accept_invitation, change_connection_sharing, end_connection
from connections.models import Connection
from entitlements.actions.releases import request_licence_release, withdraw_release_request
from entitlements.actions.trials import make_entitlement_event
from entitlements.events import EntitlementEventKind
from entitlements.models import LicenseAssignment
from notifications.actions import outbox
from notifications.actions.outbox import write_due_notices
from notifications.actions.preferences import set_notice_choices
from notifications.actions.recording import record_events
from notifications.models import Delivery, DeliveryChannel, MailMode, Notice, NoticeDeliveryChoice, NoticePreference
from partnerportal.lib.actors import Actor
from partnerportal.lib.scopes import ALL, Scope
from tests.counts import count
from tests.portfolio import differences
from tests.races.conftest import Race
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]


@contextmanager
def undecided(action: Callable[[], object], *, commits: bool) -> Iterator[None]:
    """The action is done in a transaction of another thread, which ends after the block."""
    done, go_on = threading.Event(), threading.Event()

    def in_a_thread() -> None:
        try:
            with transaction.atomic():
                action()
                done.set()
                go_on.wait(60)
                transaction.set_rollback(not commits)
        finally:
            connection.close()

    other = threading.Thread(target=in_a_thread, daemon=True)
    other.start()
    try:
        assert done.wait(60)
        yield
    finally:
        go_on.set()
        other.join(60)


def accept(world: World) -> Connection:
    return accept_invitation(actor=world.actor("stranger.admin"), token=world.token("partner"), scopes=ALL)[0]


def told(world: World) -> bool:
    """The partner sees that the stranger connected."""
    seen = Notice.objects.visible_to(world.actor("partner.admin"))
    return seen.filter(about_id=world.stranger.pk, kind="customer_connected").exists()


def refused() -> str:
    """Why an event has not been told yet."""
    return Delivery.objects.filter(channel=DeliveryChannel.FAN_OUT, done_at=None).exclude(error="").latest("pk").error


def try_again() -> None:
    Delivery.objects.filter(done_at=None).update(next_at=timezone.now())
    while write_due_notices():
        pass


def test_workers_tell_of_a_customers_releases_once(cast: World, race: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has taken another of its requests."""
    monkeypatch.setitem(outbox.BATCH, DeliveryChannel.FAN_OUT, 1)
    actor = cast.actor("customer.admin")
    for held in LicenseAssignment.objects.filter(customer=cast.customer):
        for action in (request_licence_release, withdraw_release_request, request_licence_release):
            action(actor=actor, assignment=held)
    assert Delivery.objects.filter(channel=DeliveryChannel.FAN_OUT, done_at=None).count() == 6
    assert race.run([(Actor.system(), write_due_notices)] * 6) == [1] * 6
    told = cast.notices("vendor").filter(kind__startswith="release_").values_list("kind", flat=True)
    assert sorted(told) == ["release_asked", "release_withdrawn"]


def test_choices_saved_at_once_are_kept_as_one_of_them(cast: World, race: Race) -> None:
    """Of two pages of the same person, or of one sent twice; never some of the one and some of the other."""
    actor = cast.actor("stranger.admin")
    first = {
        "ends_soon": NoticeDeliveryChoice(MailMode.OFF, inbox=False),
        "trial_approved": NoticeDeliveryChoice(MailMode.DIGEST),
    }
    second = {
        "entitlement_added": NoticeDeliveryChoice(MailMode.OFF, inbox=False),
        "trial_approved": NoticeDeliveryChoice(MailMode.OFF, inbox=False),
    }
    for _ in range(count(5)):
        race.run(
            [(actor, partial(set_notice_choices, actor=actor, choices=choices)) for choices in [first, second] * 4]
        )
        mine = NoticePreference.objects.filter(person_id=actor.person_id)
        assert set(mine.values_list("kind", flat=True)) in (set(first), set(second))


@pytest.mark.parametrize("commits", [False, True], ids=["rolled back", "committed"])
def test_an_end(cast: World, commits: bool) -> None:
    """Hidden for good, it was, when the end was rolled back."""
    accepted = accept(cast)
    with undecided(lambda: end_connection(actor=cast.actor("stranger.admin"), connection=accepted), commits=commits):
        write_due_notices()
        assert "could not obtain lock" in refused(), "it waits for nothing: the end waits for it"
        assert differences() == []
    try_again()
    assert told(cast) is not commits
    assert differences() == []


@pytest.mark.parametrize("commits", [False, True], ids=["rolled back", "committed"])
def test_a_new_connection(cast: World, commits: bool) -> None:
    """News of the first connection, which has ended, comes while the second is being made."""
    end_connection(actor=cast.actor("stranger.admin"), connection=accept(cast))
    with undecided(lambda: accept(cast), commits=commits):
        write_due_notices()
        assert "is being changed" in refused()
        assert differences() == []
    try_again()
    assert told(cast) is commits
    assert differences() == []


@pytest.mark.promise("E-14")
@pytest.mark.parametrize("commits", [False, True], ids=["rolled back", "committed"])
def test_sharing_less(cast: World, commits: bool) -> None:
    """News of a service comes while the customer keeps its services back."""
    connected = cast.connection("customer", "partner")
    customer, kept = cast.actor("customer.admin"), ALL & ~Scope.ENTITLEMENTS
    service = cast.customer.entitlements.first()
    record_events([make_entitlement_event(EntitlementEventKind.CHANGED, Actor.system("feed"), service)])
    with undecided(
        lambda: change_connection_sharing(actor=customer, connection=connected, scopes=kept), commits=commits
    ):
        write_due_notices()
        assert "could not obtain lock" in refused()
        assert differences() == []
    try_again()
    news = Notice.objects.visible_to(cast.actor("partner.admin"))
    assert news.filter(about_id=cast.customer.pk, kind="entitlement_changed").exists() is not commits
    assert differences() == []
