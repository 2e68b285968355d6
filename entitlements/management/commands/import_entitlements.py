import json
import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import Any, BinaryIO, TextIO

from django.core.management.base import CommandError, CommandParser

from entitlements.actions import Result, import_feed
from entitlements.actions.facts import Outcome
from partnerportal.lib.actors import Actor
from partnerportal.lib.commands import StaffCommand

SHOWN = 50  # refused lines at the terminal; --report has them all


class Command(StaffCommand):
    help = """Import SKUs, entitlements and orders from a file of JSON Lines. docs/feed.md describes the format.

Lines that are wrong are reported and left out; all others are stored, and only where they differ from what is there,
so the same file may be imported again. The exit code is 1 when a line was left out."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the feed, UTF-8; - reads standard input")
        parser.add_argument("--report", metavar="FILE", help="write the result of every line there, as JSON Lines")
        parser.add_argument(
            "--no-events", action="store_true", help="record no events and tell nobody: for a first load"
        )

    def handle(self, *args: object, file: str, report: str | None, no_events: bool, **options: object) -> None:
        refused = 0

        def tell(result: Result) -> None:
            nonlocal refused
            if lines is not None:
                lines.write(as_json(result) + "\n")
            if result.outcome is Outcome.ERROR:
                refused += 1
                if refused <= SHOWN:
                    self.stderr.write(as_text(result))

        with ExitStack() as files:
            stream = files.enter_context(source(file))
            lines = files.enter_context(target(report)) if report else None
            counts = import_feed(actor=Actor.system("feed"), stream=stream, report=tell, with_events=not no_events)
        if refused > SHOWN:
            self.stderr.write(f"… and {refused - SHOWN:,} more." + ("" if report else " --report FILE lists them all."))
        self.stdout.write(
            ", ".join(f"{counts[outcome]:,} {outcome}" for outcome in Outcome if outcome != Outcome.ERROR)
        )
        if refused:
            raise CommandError(f"{refused:,} of {counts.total():,} lines were left out.")


@contextmanager
def source(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = open(name, "rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error
    with stream:
        yield stream


@contextmanager
def target(name: str) -> Iterator[TextIO]:
    try:
        stream = open(name, "w", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error
    with stream:
        yield stream


def as_json(result: Result) -> str:
    row: dict[str, Any] = {"line": result.line, "type": result.type, "key": result.key, "result": result.outcome}
    if result.problems:
        row["errors"] = [asdict(problem) for problem in result.problems]
    return json.dumps(row)


def as_text(result: Result) -> str:
    """One line at the terminal; what the feed put into it cannot steer the terminal."""
    about = " ".join(filter(None, (result.type, result.key)))
    reasons = "; ".join(
        f"{problem.field + ': ' if problem.field else ''}{problem.reason} [{problem.code}]"
        for problem in result.problems
    )
    text = f"Line {result.line}{f' ({about})' if about else ''}: {reasons}"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
