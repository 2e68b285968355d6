from collections import Counter
from collections.abc import Callable
from typing import Any

from marketplace.ingest.importing import import_offer_file
from partnerportal.lib.json_lines.commands import JsonLinesCommand
from partnerportal.lib.json_lines.facts import LineOutcome, LineResult
from partnerportal.lib.json_lines.files import DecompressingReader


class Command(JsonLinesCommand):
    help = """Bring in offers and their prices, from a file of JSON Lines (docs/marketplace.md).
Lines that are wrong are reported and left out; the same file may come in again. The exit code is 1 when a line was
left out."""

    def import_lines(
        self, stream: DecompressingReader, report_result: Callable[[LineResult], None], options: dict[str, Any]
    ) -> Counter[LineOutcome]:
        return import_offer_file(actor=self.actor, stream=stream, report_result=report_result)
