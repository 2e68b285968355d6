import json
import os
import time
from argparse import RawDescriptionHelpFormatter
from collections import Counter
from collections.abc import Callable
from io import BufferedReader, BytesIO
from typing import Any, TextIO

from django.core.management.base import CommandError, CommandParser

from entitlements.ingest.adapters import ADAPTERS, MAX_BYTES, AdapterFormatError, convert_file_to_feed_items
from entitlements.ingest.importing import import_feed
from entitlements.ingest.queries import find_org_id_by_tenant_id
from partnerportal.lib.actors import Actor
from partnerportal.lib.json_lines.commands import JsonLinesCommand
from partnerportal.lib.json_lines.facts import LineOutcome, LineResult
from partnerportal.lib.json_lines.files import DecompressingReader
from partnerportal.lib.text import escape_unprintable

SECONDS = 5  # between two lines that say how far a long file is


class Command(JsonLinesCommand):
    """The command that imports a file of facts, such as entitlements or days of use."""

    help = """Bring in facts from a file of JSON Lines: SKUs, entitlements, orders, days of use, licences held.
docs/feed.md describes the format, and the files of others that --from understands.

Lines that are wrong are reported and left out; all others are stored, and only where they differ from what is there,
so the same file may come in again. The exit code is 1 when a line was left out."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--from", dest="adapter", choices=sorted(ADAPTERS), help="FILE is JSON of this kind")
        parser.add_argument("--customer", default="", metavar="ORGID", help="whose it is, where --from cannot know")
        parser.add_argument("--sku", default="", metavar="CODE", help="our code of it, where --from has another")
        parser.add_argument(
            "--no-events", action="store_true", help="record no events and tell nobody: for a first load"
        )

    def import_lines(
        self, stream: DecompressingReader, report_result: Callable[[LineResult], None], options: dict[str, Any]
    ) -> Counter[LineOutcome]:
        return import_feed(
            actor=Actor.system("feed"),
            stream=stream,
            report_result=report_result,
            with_events=not options["no_events"],
            report_progress=self.make_progress_reporter(stream, options["file"]),
        )

    def read_lines(
        self, stream: DecompressingReader, report: TextIO | None, options: dict[str, Any]
    ) -> DecompressingReader:
        """Return the lines of the feed, converted from the content of another system's file where --from names it.

        What an item lacks is named at the terminal, and values for which the feed has no field go to the report.
        """
        if not options["adapter"]:
            return stream
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
        return DecompressingReader(BufferedReader(BytesIO(text.encode())))

    def make_progress_reporter(self, stream: DecompressingReader, name: str) -> Callable[[Counter[LineOutcome]], None]:
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
