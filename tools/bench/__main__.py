"""Builds its data in a database of its own and prints each goal with what was measured.

`python -m tools.bench [--customers 20000] [--rounds 60]`. Ratios only mean something within one run on one machine.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from partnerportal import embedded
from tools import static

ROOT = Path(__file__).resolve().parents[2]
DATA = 3  # raise it when the data that is written changes: an earlier run has left another


@dataclass(frozen=True)
class Line:
    """One goal. `value` and `target` in the same unit; smaller is better unless `at_least`."""

    goal: str
    value: float
    target: float
    unit: str = "x"
    at_least: bool = False

    def __str__(self) -> str:
        met = self.value >= self.target if self.at_least else self.value <= self.target
        sign = "≥" if self.at_least else "≤"
        value, target = (f"{number:,.2f}{self.unit}" for number in (self.value, self.target))
        return f"{'pass      ' if met else 'FALL SHORT'}  {value:>12}  {sign} {target:<10}  {self.goal}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000, help="customers of the large partner")
    parser.add_argument("--rounds", type=int, default=60, help="samples of each measurement")
    options = parser.parse_args()
    os.environ |= embedded.environment(ROOT / ".portal" / f"bench-{options.customers}-{DATA}", durable=False)
    os.environ |= {"DJANGO_SETTINGS_MODULE": "partnerportal.settings.dev", "PORTAL_PROCESS": "owner"}

    static.main(dict(os.environ))

    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    begin = time.monotonic()
    from tools.bench import exports, outbox, pages, queries, strangers, usage
    from tools.bench.data import world

    strangers.load()  # first, while there are none
    loaded = world(options.customers)
    usage.load()
    print(f"{options.customers} customers, ready in {time.monotonic() - begin:.0f} s; {options.rounds} rounds\n")

    rounds = options.rounds
    for lines in (queries.lines(loaded, rounds), exports.lines(loaded), usage.lines(rounds), outbox.lines(loaded)):
        for line in lines:
            print(line, flush=True)
    with server("tools.bench.floor", "job") as floor, server("partnerportal.wsgi", "web") as portal:
        for line in pages.lines(loaded, options.rounds, portal=portal, floor=floor):
            print(line, flush=True)
        with server("partnerportal.wsgi", "web", **strangers.urls()) as alone:
            for line in strangers.lines(loaded, rounds, beside=portal, alone=alone):
                print(line, flush=True)


def quietly(arguments: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    silent = subprocess.DEVNULL
    return subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=silent, stderr=silent)


@contextmanager
def server(module: str, process: str, **more: str) -> Iterator[int]:
    """gunicorn with the project's own configuration and one worker, on a free port, as that process's database role."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"PORTAL_PROCESS": process, "WEB_CONCURRENCY": "1", "LOG_LEVEL": "WARNING"} | more
    arguments = [sys.executable, "-m", "gunicorn", f"{module}:application", "-b", f"127.0.0.1:{port}"]
    gunicorn = quietly(arguments, environment)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        gunicorn.terminate()
        gunicorn.wait()


if __name__ == "__main__":
    main()
