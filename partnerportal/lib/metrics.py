"""The counters of this machine's web processes, for Prometheus. Before `start_request_metrics` nothing is counted.

Each process writes into files of its own in one folder, and whichever is asked adds them all up. A process takes the
lowest number that no living one holds, so a restarted process goes on with the files of one that has ended.
"""

import fcntl
import itertools
import logging
import os
from functools import partial
from pathlib import Path
from typing import IO

from prometheus_client import CollectorRegistry, Counter, Histogram, multiprocess, values
from prometheus_client.registry import Collector

log = logging.getLogger(__name__)

FILE_BYTES = 1024**2  # size of each of a process's two files; a hundred views in every status take half of it
SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)  # upper bounds of the buckets of times
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}  # any other counts as "other"

_held: dict[int, tuple[int, IO[str]]] = {}  # by process id: its number, and the locked file that reserves the number
_metrics: "_Metrics | None" = None


class _Metrics:
    def __init__(self, folder: Path) -> None:
        self.folder, unseen = folder, CollectorRegistry()  # never shown: `build_metrics_registry` reads the files
        labels = ["view", "method", "status"]
        self.requests = Histogram(
            "portal_request_seconds", "Time to an answer.", labels, buckets=SECONDS, registry=unseen
        )
        self.queries = Counter("portal_database_queries", "Statements of requests.", ["view"], registry=unseen)
        self.query_seconds = Counter("portal_database_seconds", "Time they took.", ["view"], registry=unseen)
        self.wake_ups = Counter(
            "portal_wakeups_skipped", "Wake-ups that the broker did not take; a sweep does their work.", registry=unseen
        )


def start_request_metrics(folder: Path) -> None:
    """Begin to count requests for Prometheus, in files in this existing folder. Calling this again is harmless.

    Where the disk has no room, that is logged and nothing is counted.
    """
    global _metrics
    if _metrics is None or _metrics.folder != folder:
        os.environ |= {"PROMETHEUS_MULTIPROC_DIR": str(folder)}  # where the library reads it
        _held.clear()
        try:
            values.ValueClass = values.MultiProcessValue(process_identifier=partial(_number_in, folder))
            _metrics = _Metrics(folder)
        except OSError as error:
            log.warning("This process counts nothing for Prometheus: %s", error)


def observe_request_metrics(
    *, view: str, method: str, status: int, seconds: float, queries: int, query_seconds: float
) -> None:
    """Count one answered request: its duration, its number of SQL statements and the time they took, in seconds.

    Does nothing before `start_request_metrics`.
    """
    if _metrics is not None:
        method = method if method in METHODS else "other"
        _metrics.requests.labels(view, method, str(status)).observe(seconds)
        _metrics.queries.labels(view).inc(queries)
        _metrics.query_seconds.labels(view).inc(query_seconds)


def count_lost_worker_wake_up() -> None:
    """Count one message to wake a worker that the message broker did not take.

    Does nothing before `start_request_metrics`.
    """
    if _metrics is not None:
        _metrics.wake_ups.inc()


def build_metrics_registry(*collectors: Collector) -> CollectorRegistry:
    """Return a Prometheus registry with the counts of all web processes of this machine and with `collectors`.

    The counts are left out if this process has not called `start_request_metrics`.
    """
    registry = CollectorRegistry()
    if _metrics is not None:
        multiprocess.MultiProcessCollector(registry, path=str(_metrics.folder))
    for collector in collectors:
        registry.register(collector)
    return registry


def _number_in(folder: Path) -> int:
    """Return the number of this process. However the process ends, the operating system then unlocks the number."""
    process = os.getpid()
    if process not in _held:
        _held.clear()  # after a fork, the parent's number stands here
        _held[process] = _free_number(folder)
    return _held[process][0]


def _free_number(folder: Path) -> tuple[int, IO[str]]:
    for number in itertools.count():
        file = (folder / f"{number}.lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _reserve_room(folder, number)
        except BlockingIOError:
            file.close()
        except OSError:
            file.close()
            raise
        else:
            return number, file
    raise AssertionError("unreachable")


def _reserve_room(folder: Path, number: int) -> None:
    """Fill up the files that the library maps into memory. Raises OSError where there is no room.

    The library leaves holes in them. The first number that is written into a hole while the disk is full ends the
    process by a signal.
    """
    for kind in ("counter", "histogram"):
        with (folder / f"{kind}_{number}.db").open("ab") as file:
            file.write(bytes(max(0, FILE_BYTES - file.tell())))
