"""The bench: it builds its data in a database of its own, and prints each goal with what was measured.

`python -m tools.bench [--customers 20000] [--rounds 60]`. Ratios only mean something within one run on one machine.
"""

import argparse
import os
import time

from partnerportal import embedded
from tools import static
from tools.bench.servers import server
from tools.stages import PROJECT

DATA = 6  # version of the data; raise it when other data is written, because earlier runs have left theirs


def main() -> None:
    """Build the data where it is missing, measure every goal, and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000, help="customers of the large partner")
    parser.add_argument("--rounds", type=int, default=60, help="samples of each measurement")
    options = parser.parse_args()
    os.environ |= embedded.environment(PROJECT / ".portal" / f"bench-{options.customers}-{DATA}", durable=False)
    os.environ |= {"DJANGO_SETTINGS_MODULE": "partnerportal.settings.dev", "PORTAL_PROCESS": "owner"}

    static.main(dict(os.environ))

    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    begin = time.monotonic()
    from tools.bench import (
        activity,
        channel,
        consent,
        exports,
        marketplace,
        moves,
        outbox,
        pages,
        queries,
        strangers,
        usage,
    )
    from tools.bench.data import world

    strangers.load()  # first, while the database is empty
    loaded = world(options.customers)
    usage.load()
    channel.load()
    marketplace.load()
    activity.load()
    print(f"{options.customers} customers, ready in {time.monotonic() - begin:.0f} s; {options.rounds} rounds\n")

    rounds = options.rounds
    for lines in (
        queries.lines(loaded, rounds),
        channel.lines(rounds),
        consent.lines(loaded, rounds),
        moves.lines(loaded),
        exports.lines(loaded),
        usage.lines(rounds),
        marketplace.lines(rounds),
        outbox.lines(loaded),
        activity.lines(rounds),
    ):
        for line in lines:
            print(line, flush=True)
    with server("tools.bench.floor", "job") as floor, server("partnerportal.wsgi", "web") as portal:
        for line in pages.lines(loaded, options.rounds, portal=portal, floor=floor):
            print(line, flush=True)
        with server("partnerportal.wsgi", "web", **strangers.urls()) as alone:
            for line in strangers.lines(loaded, rounds, beside=portal, alone=alone):
                print(line, flush=True)


if __name__ == "__main__":
    main()
