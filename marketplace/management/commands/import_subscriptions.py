from collections import Counter
from collections.abc import Callable

from entitlements.facts import FeedLineOutcome
from entitlements.ingest.importing import FeedLineResult
from entitlements.ingest.reading import LineReader
from marketplace.ingest.importing import import_subscription_file
from marketplace.management.imports import ImportCommand


class Command(ImportCommand):
    help = """Bring in subscriptions that were sold elsewhere, from a file of JSON Lines (docs/marketplace.md).
Lines that are wrong are reported and left out; the same file may come in again. The exit code is 1 when a line was
left out."""

    def import_file(
        self, stream: LineReader, report_result: Callable[[FeedLineResult], None]
    ) -> Counter[FeedLineOutcome]:
        return import_subscription_file(actor=self.actor, stream=stream, report_result=report_result)
