"""What one person, or one customer, may do so often in a day."""

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Organization
from accounts.policies import FOUNDED_A_DAY
from connections.models import Connection
from connections.policies import ACCEPTED_A_DAY
from notifications.models import Event
from tests.world import READ

pytestmark = pytest.mark.slow  # each limit is reached
NEW = "/organizations/new/"


def found(client, number):
    return client.post(NEW, {"name": f"Firm {number}", "country": "FR"})


def founded():
    return Organization.objects.filter(name__startswith="Firm ").count()


def accepted_today(world, count):
    """The stranger has accepted and ended so many times."""
    now = timezone.now()
    Connection.objects.bulk_create(
        Connection(
            partner=world.partner, customer=world.stranger, partner_name="P", customer_name="S", state="ended",
            connected_at=now - dt.timedelta(hours=1), ended_at=now, ended_by=world.stranger,
        )
        for _number in range(count)
    )  # fmt: skip


def test_a_person_founds_ten_organisations_a_day(web, world):
    client = web("nobody")
    assert [found(client, number).status_code for number in range(FOUNDED_A_DAY)] == [302] * FOUNDED_A_DAY
    refused = found(client, "one more")
    assert f"{FOUNDED_A_DAY} organisations in 24 hours" in refused.content.decode()
    assert 'value="Firm one more"' in refused.content.decode()  # on the form, with what was typed
    assert found(client, 3).status_code == 302  # sent twice: it is there already
    assert founded() == FOUNDED_A_DAY
    assert found(web("many@customer"), "of another person").status_code == 302
    with time_machine.travel(timezone.now() + dt.timedelta(hours=25)):
        client = web("nobody")
        assert found(client, "tomorrow").status_code == 302


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "10 organisations créées en 24 heures"), ("ja", "24時間に10件まで")]
)
def test_the_limit_is_told_in_the_readers_language(web, world, language, words):
    client = web("nobody")
    person = world.person("nobody")
    person.language = language
    person.save(update_fields=["language"])
    for number in range(FOUNDED_A_DAY):
        found(client, number)
    assert words in found(client, "one more").content.decode()


def test_a_customer_accepts_fifty_invitations_a_day(web, api, world):
    accepted_today(world, ACCEPTED_A_DAY - 1)
    path, token = f"/i/{world.token('partner')}/accept/", world.token("partner")
    assert web("stranger.admin").post(path, READ).status_code == 302
    assert web("stranger.admin").post(path, READ).status_code == 302  # connected already: nothing to count
    before = Event.objects.count()
    refused = web("stranger.admin").post(f"/i/{world.token('partner2')}/accept/", READ)
    assert refused.status_code == 429
    assert f"{ACCEPTED_A_DAY} invitations in 24 hours" in refused.content.decode()
    answer = api("stranger.admin").post(
        "/api/v1/connections/accept/", {"invitation_link": world.token("partner2"), "scopes": []}
    )
    assert (answer.status_code, answer.json()["type"]) == (429, "client_error")
    assert answer.json()["errors"][0]["code"] == "too_many_connections"
    assert Event.objects.count() == before
    again = api("stranger.admin").post("/api/v1/connections/accept/", {"invitation_link": token, "scopes": []})
    assert again.status_code == 200


def test_the_limit_is_the_customers_own_and_ends_with_the_day(web, world):
    accepted_today(world, ACCEPTED_A_DAY)
    path = f"/i/{world.token('partner2')}/accept/"
    assert web("customer.admin").post(path, READ).status_code == 302
    assert web("stranger.admin").post(path, READ).status_code == 429
    with time_machine.travel(timezone.now() + dt.timedelta(hours=25)):
        assert web("stranger.admin").post(path, READ).status_code == 302
