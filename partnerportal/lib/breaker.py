"""The circuit breaker: nobody waits again and again for a service outside, such as the mail server, that is away."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Lock, Thread
from typing import Any, ClassVar, TypeVar
from weakref import WeakSet

Answer = TypeVar("Answer")


class ServiceUnavailable(ConnectionError):
    """Raised when an outside service did not answer in time, or was not asked because it has just failed."""


class CircuitBreaker:
    """A circuit breaker: it stops calls to an outside service for a while after the service has failed.

    No caller waits for longer than `within` seconds, whatever takes the time: a name lookup, a silent server, or one
    that sends a byte now and then. After a failure all calls are refused for `pause` seconds. Then one caller tries,
    and the others are refused until that call has ended.

    A call that takes too long goes on in a thread of its own, where nobody waits for it. Until it ends all calls are
    refused, so that there are never more stuck threads than callers. `is_failure` tells which exceptions mean that the
    service is unavailable; any other exception is an answer of the service, and only its caller gets it.

    Each process has one breaker for each service, shared by its threads. A breaker that is used by `guard_calls` alone
    needs no `within`.
    """

    every: ClassVar["WeakSet[CircuitBreaker]"] = WeakSet()

    def __init__(
        self,
        name: str,
        *,
        within: float | None = None,
        pause: float = 30.0,
        is_failure: Callable[[BaseException], bool] = lambda error: True,
    ) -> None:
        self.name, self.within, self.pause = name, within, pause
        self._is_failure = is_failure
        self._lock = Lock()
        self.reset()
        self.every.add(self)

    def reset(self) -> None:
        """Forget all failures, so that the next call is made."""
        self._failed_at: float | None = None
        self._trying: Future[Any] | None = None  # the one call that tries after a pause
        self._overdue: set[Future[Any]] = set()  # calls that took too long, so that nobody waits for them any more

    @property
    def is_open(self) -> bool:
        """Whether calls are refused at present."""
        paused = self._failed_at is not None and time.monotonic() < self._failed_at + self.pause
        return paused or self._trying is not None or bool(self._overdue)

    def call(self, function: Callable[[], Answer]) -> Answer:
        """Call `function` in a thread of its own and return what it returns.

        Raises what `function` raises, and ServiceUnavailable when the call was refused or takes too long. It must not
        use the caller's database connection or transaction.
        """
        answer: Future[Answer] = self._begin()
        Thread(target=self._run, args=(function, answer), name=self.name, daemon=True).start()
        try:
            return answer.result(self.within)
        except TimeoutError:
            with self._lock:
                if answer.done():  # the call itself raised a TimeoutError, or it ended at this very moment
                    return answer.result()
                self._overdue.add(answer)
            raise ServiceUnavailable(f"{self.name} has not answered within {self.within} s") from None

    @contextmanager
    def guard_calls(self) -> Iterator[None]:
        """Run the `with` block as a call to the service, in the caller's own thread.

        The block must limit its time itself. Raises what the block raises, or ServiceUnavailable, without running the
        block, when calls are refused.
        """
        answer: Future[None] = self._begin()
        try:
            yield
        except BaseException as error:
            with self._lock:
                self._end(answer, failed=self._is_failure(error))
            raise
        with self._lock:
            self._end(answer, failed=False)

    def _begin(self) -> "Future[Any]":
        answer: Future[Any] = Future()
        with self._lock:
            if self.is_open:
                raise ServiceUnavailable(f"{self.name} has just failed and is left alone for a while")
            if self._failed_at is not None:
                self._trying = answer
        return answer

    def _run(self, ask: Callable[[], Answer], answer: Future[Answer]) -> None:
        try:
            result = ask()
        except BaseException as error:
            with self._lock:
                self._end(answer, failed=self._is_failure(error) or answer in self._overdue)
                answer.set_exception(error)
        else:
            with self._lock:
                self._end(answer, failed=False)
                answer.set_result(result)

    def _end(self, answer: Future[Any], *, failed: bool) -> None:
        self._overdue.discard(answer)
        if self._trying is answer:
            self._trying = None
        self._failed_at = time.monotonic() if failed else None
