"""One request that is sent sixteen times at once, each with the same key, is done once and answered sixteen times."""

from itertools import count as numbers

import pytest

from accounts.actions.requests import DatabaseIdempotencyStore
from accounts.models import IdempotentRequest
from partnerportal.lib.errors import Conflict
from partnerportal.lib.idempotency import StoredResponse
from tests.counts import count

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]


def test_sixteen_at_once_are_done_once(cast, race):
    actor, store, done = cast.actor("customer.admin"), DatabaseIdempotencyStore(), numbers(1)

    def send(key):
        begun = store.begin_request(actor, key, "the same")
        if isinstance(begun, StoredResponse):
            return begun
        answer = StoredResponse(201, f'{{"number": {next(done)}}}')
        store.store_response(begun, answer)
        return answer

    for number in range(1, count(50) + 1):
        answers = race.run([(actor, lambda key=f"round {number}": send(key))] * 16)
        assert answers == [StoredResponse(201, f'{{"number": {number}}}')] * 16


def test_the_next_in_turn_does_what_the_first_failed_to_do(cast, race):
    actor, store, tried = cast.actor("customer.admin"), DatabaseIdempotencyStore(), numbers(1)

    def send(key):
        begun = store.begin_request(actor, key, "the same")
        if isinstance(begun, StoredResponse):
            return "answered"
        if next(tried) % 4:
            raise Conflict("state_changed", "")
        store.store_response(begun, StoredResponse(200, "{}"))
        return "done"

    for number in range(count(50)):
        results = race.run([(actor, lambda key=f"round {number}": send(key))] * 16)
        refused = [result for result in results if isinstance(result, Conflict)]
        assert len(refused) == 3
        assert sorted(result for result in results if result not in refused) == ["answered"] * 12 + ["done"]
    assert IdempotentRequest.objects.count() == count(50)
