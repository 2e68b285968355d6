"""A service that hangs costs its callers a bounded time once, and nothing while it is left alone."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from partnerportal.lib import breaker as module
from partnerportal.lib.breaker import CircuitBreaker, ServiceUnavailable
from tests.threads import join_all


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


class Service:
    """`hang()` does not answer before it is told to `recover`."""

    def __init__(self) -> None:
        self.asked = 0
        self.recover = threading.Event()
        self.ended = threading.Event()

    def answer(self) -> str:
        self.asked += 1
        return "here"

    def refuse(self) -> str:
        self.asked += 1
        raise TimeoutError("of its own")

    def hang(self) -> str:
        self.asked += 1
        assert self.recover.wait(60)
        return "late"


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.recover.set()


def eventually(answer: Any) -> None:
    deadline = time.monotonic() + 60
    while not answer():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_service_that_answers(service: Service) -> None:
    breaker = CircuitBreaker("It", within=60)
    assert [breaker.call(service.answer), breaker.call(service.answer)] == ["here", "here"]
    assert not breaker.is_open


def test_after_a_failure_nobody_asks_for_a_while_and_then_one(service: Service, clock: Clock) -> None:
    breaker = CircuitBreaker("It", within=60, pause=30)
    with pytest.raises(TimeoutError, match="of its own"):
        breaker.call(service.refuse)
    clock.now += 29
    with pytest.raises(ServiceUnavailable):
        breaker.call(service.answer)
    assert (service.asked, breaker.is_open) == (1, True)
    clock.now += 2
    with pytest.raises(TimeoutError):
        breaker.call(service.refuse)
    with pytest.raises(ServiceUnavailable):
        breaker.call(service.answer)
    clock.now += 31
    assert breaker.call(service.answer) == "here"
    assert breaker.call(service.answer) == "here"
    assert service.asked == 4
    other = threading.Thread(target=breaker.call, args=(service.hang,), daemon=True)
    other.start()
    eventually(lambda: service.asked == 5)
    assert breaker.call(service.answer) == "here", "it is well again: any number may ask at once"
    service.recover.set()
    join_all([other])


def test_while_one_tries_the_others_are_refused(service: Service, clock: Clock) -> None:
    breaker = CircuitBreaker("It", within=60, pause=30)
    with pytest.raises(TimeoutError):
        breaker.call(service.refuse)
    clock.now += 31
    trying = threading.Thread(target=breaker.call, args=(service.hang,), daemon=True)
    trying.start()
    eventually(lambda: service.asked == 2)
    with pytest.raises(ServiceUnavailable):
        breaker.call(service.answer)
    service.recover.set()
    join_all([trying])
    assert breaker.call(service.answer) == "here"


def test_nobody_waits_for_one_that_hangs_and_no_second_thread_is_stuck(service: Service) -> None:
    breaker = CircuitBreaker("It", within=0.05, pause=600)
    with pytest.raises(ServiceUnavailable, match="not answered"):
        breaker.call(service.hang)
    assert {thread.daemon for thread in threading.enumerate() if thread.name == "It"} == {True}, (
        "no process stays for it"
    )
    for _time in range(20):
        with pytest.raises(ServiceUnavailable, match="left alone"):
            breaker.call(service.hang)
    assert service.asked == 1
    service.recover.set()
    eventually(lambda: not breaker.is_open)  # it did answer in the end
    assert breaker.call(service.answer) == "here"


def test_a_call_that_took_too_long_and_failed_has_failed(service: Service, clock: Clock) -> None:
    """Whatever it says then: the error of a connection that was waited for too long is no answer."""

    def hang_and_break() -> None:
        service.hang()
        service.ended.set()
        raise ValueError

    breaker = CircuitBreaker("It", within=0.05, pause=30, is_failure=lambda error: False)
    with pytest.raises(ServiceUnavailable):
        breaker.call(hang_and_break)
    service.recover.set()
    eventually(lambda: not breaker._overdue)
    assert breaker.is_open
    clock.now += 31
    assert not breaker.is_open


def test_what_a_service_says_of_one_thing_is_its_answer(service: Service, clock: Clock) -> None:
    def refuse_this_one() -> None:
        raise ValueError("no such address")

    breaker = CircuitBreaker("It", within=60, is_failure=lambda error: isinstance(error, OSError))
    with pytest.raises(ValueError, match="no such address"):
        breaker.call(refuse_this_one)
    assert breaker.call(service.answer) == "here"
    with pytest.raises(TimeoutError):
        breaker.call(service.refuse)
    clock.now += 31
    with pytest.raises(ValueError, match="no such address"):
        breaker.call(refuse_this_one)
    assert not breaker.is_open  # it speaks again


def test_many_callers_of_one_that_hangs_wait_once_each_at_most(service: Service) -> None:
    breaker = CircuitBreaker("It", within=0.2, pause=60)
    refused: list[ServiceUnavailable] = []

    def ask() -> None:
        with pytest.raises(ServiceUnavailable) as caught:
            breaker.call(service.hang)
        refused.append(caught.value)

    threads = [threading.Thread(target=ask, daemon=True) for _number in range(8)]
    for thread in threads:
        thread.start()
    join_all(threads)
    stuck = service.asked
    for _number in range(50):
        ask()
    assert (len(refused), service.asked) == (58, stuck)
    assert stuck <= 8


def test_a_block_in_the_callers_thread_is_left_out_as_a_call_is(clock: Clock, service: Service) -> None:
    breaker = CircuitBreaker("Somebody")
    with pytest.raises(TimeoutError), breaker.guard_calls():
        service.refuse()
    with pytest.raises(ServiceUnavailable), breaker.guard_calls():
        service.answer()
    assert service.asked == 1
    clock.now += 30
    with breaker.guard_calls():
        assert breaker.is_open, "one tries, the others are refused"
        service.answer()
    assert not breaker.is_open
    with breaker.guard_calls():
        assert not breaker.is_open
