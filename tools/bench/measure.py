"""Measurements: clocks, quantiles, and a page to be fetched again and again."""

import http.client
import statistics
import time
from collections.abc import Callable, Sequence


def quantile(samples: Sequence[float], percent: int) -> float:
    """Return the value below which `percent` of the samples lie."""
    return statistics.quantiles(samples, n=100, method="inclusive")[percent - 1]


def alternate(works: Sequence[Callable[[], object]], rounds: int, clock: Callable[[], float]) -> list[list[float]]:
    """Return the seconds of each work in each round, by the `clock`.

    The works take turns, so that whatever else the machine does falls on all alike.
    """
    samples: list[list[float]] = [[] for _ in works]
    for work in works:
        work()
    for _ in range(rounds):
        for work, taken in zip(works, samples, strict=True):
            begin = clock()
            work()
            taken.append(clock() - begin)
    return samples


def wall(works: Sequence[Callable[[], object]], rounds: int) -> list[list[float]]:
    """Return the seconds that pass during each work in each round."""
    return alternate(works, rounds, time.perf_counter)


def cpu(works: Sequence[Callable[[], object]], rounds: int) -> list[list[float]]:
    """Return the seconds of CPU that this process uses for each work in each round."""
    return alternate(works, rounds, time.process_time)


class Page:
    """One URL on a connection that is kept alive. Calling it fetches the page; another status than 200 raises."""

    def __init__(self, port: int, path: str, cookie: str = "") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.path = path
        self.headers = {"Cookie": cookie, "Host": "localhost"}

    def __call__(self) -> bytes:
        self.connection.request("GET", self.path, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{self.path} answered {answer.status}")
        return body
