import json
import os
import sys
import time
from argparse import RawDescriptionHelpFormatter
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from io import BufferedReader, BytesIO
from typing import Any, TextIO, cast

from django.core.management.base import CommandError, CommandParser

from entitlements.ingest.adapters import ADAPTERS, MAX_BYTES, AdapterFormatError, convert_file_to_feed_items
from entitlements.ingest.importing import import_feed
from entitlements.ingest.queries import find_org_id_by_tenant_id
from entitlements.ingest.upload_files import DamagedUploadFile, DecompressingUploadReader, PeekableFile
from partnerportal.lib.actors import Actor
from partnerportal.lib.commands import StaffCommand
from partnerportal.lib.json_lines.facts import LineOutcome, LineResult
from partnerportal.lib.text import escape_unprintable

SHOWN = 50  # refused lines that the terminal shows; --report has them all
SECONDS = 5  # between two lines that say how far a long file is


class Command(StaffCommand):
    """The command that imports a file of facts, such as entitlements or days of use."""

    help = """Bring in facts from a file of JSON Lines: SKUs, entitlements, orders, days of use, licences held.
docs/feed.md describes the format, and the files of others that --from understands.

Lines that are wrong are reported and left out; all others are stored, and only where they differ from what is there,
so the same file may come in again. The exit code is 1 when a line was left out."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the feed, UTF-8 or packed by gzip; - reads standard input")
        parser.add_argument("--report", metavar="FILE", help="write the result of every line there, as JSON Lines")
        parser.add_argument("--from", dest="adapter", choices=sorted(ADAPTERS), help="FILE is JSON of this kind")
        parser.add_argument("--customer", default="", metavar="ORGID", help="whose it is, where --from cannot know")
        parser.add_argument("--sku", default="", metavar="CODE", help="our code of it, where --from has another")
        parser.add_argument(
            "--no-events", action="store_true", help="record no events and tell nobody: for a first load"
        )

    def handle(self, *args: object, file: str, report: str | None, no_events: bool, **options: Any) -> None:
        refused = 0

        def tell(result: LineResult) -> None:
            nonlocal refused
            if lines is not None:
                lines.write(format_result_as_json(result) + "\n")
            if result.outcome is LineOutcome.ERROR:
                refused += 1
                if refused <= SHOWN:
                    self.stderr.write(format_result_as_text(result))

        with ExitStack() as files:
            stream = files.enter_context(open_feed_file(file))
            lines = files.enter_context(open_report_file(report)) if report else None
            if options["adapter"]:
                stream = self.convert_to_feed_lines(stream, lines, options)
            try:
                counts = import_feed(
                    actor=Actor.system("feed"),
                    stream=stream,
                    report_result=tell,
                    with_events=not no_events,
                    report_progress=self.make_progress_reporter(stream, file),
                )
            except DamagedUploadFile as damage:
                raise CommandError(
                    f"{file} cannot be read to its end ({damage.code}). What came before is in."
                ) from None
        if refused > SHOWN:
            self.stderr.write(f"… and {refused - SHOWN:,} more." + ("" if report else " --report FILE lists them all."))
        self.stdout.write(
            ", ".join(f"{counts[outcome]:,} {outcome}" for outcome in LineOutcome if outcome != LineOutcome.ERROR)
        )
        if refused:
            raise CommandError(f"{refused:,} of {counts.total():,} lines were left out.")

    def convert_to_feed_lines(
        self, stream: DecompressingUploadReader, report: TextIO | None, options: dict[str, Any]
    ) -> DecompressingUploadReader:
        """Return the content of another system's file, converted to lines of the feed, as a file.

        What an item lacks is named at the terminal, and values for which the feed has no field go to the report.
        """
        try:
            items = convert_file_to_feed_items(
                options["adapter"], stream.read(MAX_BYTES + 1), customer=options["customer"], sku=options["sku"]
            )
        except AdapterFormatError as error:
            raise CommandError(str(error)) from None
        for item in items:
            if report and (item.unknown or item.missing):
                report.write(json.dumps({"item": item.item, "unknown": item.unknown, "missing": item.missing}) + "\n")
            if item.missing:
                self.stderr.write(
                    escape_unprintable(f"Item {item.item} is left out. It lacks: {', '.join(item.missing)}.")
                )
        rows = replace_tenant_ids_by_org_ids([line for item in items for line in item.lines])
        text = "".join(json.dumps(row) + "\n" for row in rows)
        return DecompressingUploadReader(BufferedReader(BytesIO(text.encode())))

    def make_progress_reporter(
        self, stream: DecompressingUploadReader, name: str
    ) -> Callable[[Counter[LineOutcome]], None]:
        """Return a function that says on standard error how far a long file is, every SECONDS."""
        size = os.path.getsize(name) if os.path.isfile(name) else 0
        said_at = time.monotonic()

        def say(counts: Counter[LineOutcome]) -> None:
            nonlocal said_at
            if time.monotonic() - said_at >= SECONDS:
                said_at = time.monotonic()
                share = f", {100 * stream.sent // size} %" if size else ""
                self.stderr.write(f"  {counts.total():,} lines{share}")

        return say


def replace_tenant_ids_by_org_ids(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return lines of the feed with ORGIDs in place of tenant ids, which are all that some adapters know of a customer.

    A tenant id that no organisation has stays as it is.
    """
    tenants = {row["customer"].removeprefix("tenant:") for row in rows if row["customer"].startswith("tenant:")}
    known = {tenant: org_id for tenant in tenants if (org_id := find_org_id_by_tenant_id(tenant))}
    return [row | {"customer": known.get(row["customer"].removeprefix("tenant:"), row["customer"])} for row in rows]


@contextmanager
def open_feed_file(name: str) -> Iterator[DecompressingUploadReader]:
    """Open a file of facts for reading, or standard input for "-". Raises CommandError if that fails."""
    if name == "-":
        yield DecompressingUploadReader(cast(PeekableFile, sys.stdin.buffer))
        return
    try:
        file = open(name, "rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error
    with file:
        yield DecompressingUploadReader(file)


@contextmanager
def open_report_file(name: str) -> Iterator[TextIO]:
    """Open a file for the report of an import, and close it. Raises CommandError if either fails."""
    try:
        stream = open(name, "w", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error
    try:
        yield stream
    finally:
        try:
            stream.close()
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}") from error


def format_result_as_json(result: LineResult) -> str:
    """Return the result of a line as one line of JSON, for the report of an import."""
    row: dict[str, Any] = {"line": result.line, "type": result.type, "key": result.key, "result": result.outcome}
    if result.problems:
        row["errors"] = [asdict(problem) for problem in result.problems]
    return json.dumps(row)


def format_result_as_text(result: LineResult) -> str:
    """Return the result of a refused line as one printable line for the terminal."""
    about = " ".join(filter(None, (result.type, result.key)))
    reasons = "; ".join(
        f"{problem.field + ': ' if problem.field else ''}{problem.reason} [{problem.code}]"
        for problem in result.problems
    )
    text = f"Line {result.line}{f' ({about})' if about else ''}: {reasons}"
    return escape_unprintable(text)
