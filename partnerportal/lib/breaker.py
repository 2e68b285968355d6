"""A brake on asking a service outside the portal that does not answer: the broker, the mail server, any other."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Lock, Thread
from typing import Any, ClassVar, TypeVar
from weakref import WeakSet

Answer = TypeVar("Answer")


class Away(ConnectionError):
    """The service was not asked, because it has just failed, or it has not answered in time."""


class Breaker:
    """Calls one service outside, and lets no caller wait for longer than `within` seconds, whatever takes the time:
    the look-up of its name, a server that says nothing, or one that says a byte now and then.

    After a failure nobody asks for `pause` seconds. Then one caller tries, and the others are refused until that call
    has ended. A call that takes too long goes on in its thread without anybody who waits for it; until it ends nobody
    asks either, so no more threads than callers are ever stuck. `is_failure` says which errors mean that the service is
    away; any other is the service's own answer, and goes to the caller alone.

    One for each service in each process; threads may share it. What is asked by `guard` alone needs no `within`.
    """

    every: ClassVar["WeakSet[Breaker]"] = WeakSet()

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
        """Forget every failure: the next call is made."""
        self._failed_at: float | None = None
        self._trying: Future[Any] | None = None  # the one call after a pause
        self._overdue: set[Future[Any]] = set()  # calls that nobody waits for any more

    @property
    def is_open(self) -> bool:
        """Whether a call now would be refused."""
        paused = self._failed_at is not None and time.monotonic() < self._failed_at + self.pause
        return paused or self._trying is not None or bool(self._overdue)

    def call(self, ask: Callable[[], Answer]) -> Answer:
        """Return what `ask` returns, or raise what it raises. Raises Away when it was not asked or takes too long.

        `ask` runs in a thread of its own: it must not use the caller's database connection or transaction.
        """
        answer: Future[Answer] = self._begin()
        Thread(target=self._run, args=(ask, answer), name=self.name, daemon=True).start()
        try:
            return answer.result(self.within)
        except TimeoutError:
            with self._lock:
                if answer.done():  # by an error of that kind, or at this very moment
                    return answer.result()
                self._overdue.add(answer)
            raise Away(f"{self.name} has not answered within {self.within} s") from None

    @contextmanager
    def guard(self) -> Iterator[None]:
        """The same for a block that ends in time by itself, and runs in the caller's own thread. Raises Away before the
        block when the service is left alone, and what the block raises."""
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
                raise Away(f"{self.name} has just failed and is left alone for a while")
            if self._failed_at is not None:
                self._trying = answer
        return answer

    def _run(self, ask: Callable[[], Answer], answer: Future[Answer]) -> None:
        try:
            found = ask()
        except BaseException as error:
            with self._lock:
                self._end(answer, failed=self._is_failure(error) or answer in self._overdue)
                answer.set_exception(error)
        else:
            with self._lock:
                self._end(answer, failed=False)
                answer.set_result(found)

    def _end(self, answer: Future[Any], *, failed: bool) -> None:
        self._overdue.discard(answer)
        if self._trying is answer:
            self._trying = None
        self._failed_at = time.monotonic() if failed else None
