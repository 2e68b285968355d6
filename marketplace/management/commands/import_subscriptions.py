from collections import Counter
from collections.abc import Callable

from marketplace.ingest.importing import import_subscription_file
from marketplace.management.imports import ImportCommand
from partnerportal.lib.json_lines.facts import LineOutcome, LineResult
from partnerportal.lib.json_lines.reading import LineReader


class Command(ImportCommand):
    help = """Bring in subscriptions that were sold elsewhere, from a file of JSON Lines (docs/marketplace.md).
Lines that are wrong are reported and left out; the same file may come in again. The exit code is 1 when a line was
left out."""

    def import_file(self, stream: LineReader, report_result: Callable[[LineResult], None]) -> Counter[LineOutcome]:
        return import_subscription_file(actor=self.actor, stream=stream, report_result=report_result)
