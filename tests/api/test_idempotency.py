"""A POST that is sent again with its Idempotency-Key is answered as the first time, and not done again."""

import pytest
from django.utils import timezone

from accounts.models import IdempotentRequest
from entitlements.models import Entitlement
from notifications.models import Event
from partnerportal.lib.errors import Conflict
from tests.world import SKU_OF_NOBODY

URL = "/api/v1/trials/"
BODY = {"sku": SKU_OF_NOBODY, "quantity": 5}


@pytest.fixture
def customer(api):
    return api("customer.admin")


def send(client, key, body=BODY, url=URL):
    return client.post(url, body, headers={"Idempotency-Key": key})


def requests_of_trials():
    return Entitlement.objects.filter(sku__code=SKU_OF_NOBODY).count()


def code(response):
    return response.json()["errors"][0]["code"]


def test_a_second_request_is_answered_and_not_done(customer):
    first, again = send(customer, "one"), send(customer, "one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first["Location"] == again["Location"]
    assert (first.has_header("Idempotency-Replayed"), again["Idempotency-Replayed"]) == (False, "true")
    assert requests_of_trials() == 1
    assert Event.objects.filter(kind="trial.requested").count() == 1


def test_the_order_of_names_makes_no_other_request(customer):
    send(customer, "one")
    assert send(customer, "one", dict(reversed(BODY.items()))).status_code == 201


@pytest.mark.parametrize("change", [{"body": BODY | {"quantity": 6}}, {"url": "/api/v1/notices/read-all/"}])
def test_a_key_names_one_request(customer, change):
    send(customer, "one")
    response = send(customer, "one", **change)
    assert (response.status_code, code(response)) == (422, "key_reused")
    assert requests_of_trials() == 1


def test_a_key_is_the_senders_own(api, world):
    assert send(api("customer.admin"), "one").status_code == 201
    other = send(api("customer2.admin"), "one")
    assert (other.status_code, other.has_header("Idempotency-Replayed")) == (201, False)
    assert requests_of_trials() == 2


def test_a_key_is_for_the_organisation_that_a_person_acts_for(api):
    for who in ("many@partner", "many@customer"):
        read = send(api(who), "one", {}, "/api/v1/notices/read-all/")
        assert (read.status_code, read.has_header("Idempotency-Replayed")) == (204, False)
    assert IdempotentRequest.objects.count() == 2


def test_what_was_refused_is_done_when_it_is_sent_again(customer):
    refused = send(customer, "one", {"sku": "no-such-sku"})
    assert refused.status_code == 400
    assert not IdempotentRequest.objects.exists()
    assert send(customer, "one").status_code == 201


def test_what_failed_half_way_leaves_no_row(customer, monkeypatch):
    def fail(**_arguments):
        raise Conflict("state_changed", "")

    monkeypatch.setattr("entitlements.api.trials.request_trial", fail)
    assert send(customer, "one").status_code == 409
    monkeypatch.undo()
    assert send(customer, "one").status_code == 201
    assert requests_of_trials() == 1


@pytest.mark.parametrize("key", ["", " ", "x" * 121, "schlüssel", "two words"])
def test_a_malformed_key_is_refused(customer, key):
    response = send(customer, key)
    assert (response.status_code, code(response)) == (400, "invalid_key")
    assert requests_of_trials() == 0


def test_a_response_lies_encrypted(customer):
    number = send(customer, "one").json()["id"]
    assert number not in IdempotentRequest.objects.get().response


def test_without_a_key_nothing_is_stored(customer):
    assert customer.post(URL, BODY).status_code == 201
    assert not IdempotentRequest.objects.exists()


def test_a_file_is_made_anew(api):
    partner = api("partner.admin")
    first, again = (send(partner, "one", {"list": "customers"}, "/api/v1/exports/") for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert not again.has_header("Idempotency-Replayed")
    assert not IdempotentRequest.objects.exists()


def test_the_database_says_when_it_was(customer):
    before = timezone.now()
    send(customer, "one")
    assert before <= IdempotentRequest.objects.get().created_at <= timezone.now()
