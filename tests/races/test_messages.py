"""A message that is sent twice at the same moment, as by a double click, is one message."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from marketplace.actions.contact import ask_partner_about_offer, write_to_publisher
from marketplace.actions.files import add_offer_file
from marketplace.actions.health import report_health_issue, update_health_issue
from marketplace.models import HealthIssue, Offer, OfferFile
from notifications.models import Event
from partnerportal.lib.actors import Actor
from support.actions.messages import post_message
from support.models import Request
from tests.races.conftest import Race
from tests.races.test_requests import ask as request_change
from tests.uploads import PDF
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]
ROUNDS = 4  # below the limits of messages within an hour and of open issues


def write(cast: World, number: int) -> tuple[Actor, Callable[[], Any], str]:
    actor, offer = cast.actor("partner.admin"), Offer.objects.get(code="backup")
    do = partial(write_to_publisher, actor=actor, offer=offer, message=f"May we? {number}", reply_to="a@example.com")
    return actor, do, "offer.publisher_contacted"


def ask(cast: World, number: int) -> tuple[Actor, Callable[[], Any], str]:
    actor, offer = cast.actor("customer.admin"), Offer.objects.get(code="backup")
    connection = cast.connection("customer", "partner")
    do = partial(ask_partner_about_offer, actor=actor, offer=offer, connection=connection, message=str(number))
    return actor, do, "offer.partner_asked"


def report(cast: World, number: int) -> tuple[Actor, Callable[[], Any], str]:
    actor, offer = cast.actor("publisher.admin"), Offer.objects.get(code="monitor")
    do = partial(report_health_issue, actor=actor, offer=offer, kind=HealthIssue.Kind.OUTAGE, text=f"Down {number}")
    return actor, do, "health.reported"


def update(cast: World, number: int) -> tuple[Actor, Callable[[], Any], str]:
    actor, issue = cast.actor("publisher.admin"), HealthIssue.objects.filter(offer__code="monitor").earliest("pk")
    return actor, partial(update_health_issue, actor=actor, issue=issue, text=f"Still {number}"), "health.updated"


def say(cast: World, number: int) -> tuple[Actor, Callable[[], Any], str]:
    actor = cast.actor("lapsed.admin")
    open_one = Request.objects.filter(organization=cast.lapsed).open().first() or request_change(cast, number)
    return actor, partial(post_message, actor=actor, request=open_one, body=f"Well? {number}"), "request.commented"


@pytest.mark.parametrize("make", [write, ask, report, update, say])
def test_the_same_message_at_the_same_moment(cast: World, race: Race, make: Any) -> None:
    for number in range(ROUNDS):
        actor, do, kind = make(cast, number)
        before = Event.objects.filter(kind=kind).count()
        assert not [result for result in race.run([(actor, do)] * 8) if isinstance(result, Exception)]
        assert Event.objects.filter(kind=kind).count() == before + 1


def test_the_same_document_at_the_same_moment(cast: World, race: Race, settings: Any, tmp_path: Any) -> None:
    settings.PRIVATE_ROOT = tmp_path
    actor, offer = cast.actor("publisher.admin"), Offer.objects.get(code="backup")

    def add(number: int) -> OfferFile:
        upload = SimpleUploadedFile(f"{number}.pdf", PDF)
        return add_offer_file(actor=actor, offer=offer, kind="sales", upload=upload)

    for number in range(ROUNDS):
        (one,) = set(race.run([(actor, partial(add, number))] * 8))
        assert OfferFile.objects.filter(offer=offer, name=one.name).count() == 1
