"""The import of files of JSON Lines by vendor staff: their lines are stored in batches, with a result for each."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial

from marketplace.actions.imported_offers import import_offers
from marketplace.actions.imported_prices import import_prices
from marketplace.actions.subscriptions import import_subscriptions
from marketplace.ingest.lines import OfferLineSerializer, PricesLineSerializer, SubscriptionLineSerializer
from partnerportal.lib.actors import Actor
from partnerportal.lib.json_lines.facts import LineOutcome, LineResult, UnreadableLine, ValidLine
from partnerportal.lib.json_lines.reading import LineReader, LineType, LineTypes, read_typed_lines
from partnerportal.lib.json_lines.storing import SeenKeys, Store, refuse_line, store_in_halves
from partnerportal.lib.policies import authorize_system

BATCH = 500  # lines that are stored in one transaction
SUBSCRIPTIONS: LineTypes = {"subscription": LineType(SubscriptionLineSerializer(), ("external_id",))}
OFFERS: LineTypes = {
    "offer": LineType(OfferLineSerializer(), ("publisher", "code")),
    "prices": LineType(PricesLineSerializer(), ("publisher", "offer", "plan", "term", "billing", "valid_from")),
}
MOST_OFFER_BYTES = 2 * 1024 * 1024  # of a line: a hundred plans, and long texts in three languages
Report = Callable[[LineResult], None]


def import_subscription_file(
    *, actor: Actor, stream: LineReader, report_result: Report = lambda result: None, with_events: bool = True
) -> Counter[LineOutcome]:
    """Import subscriptions (docs/marketplace.md) from `stream`, and return how many lines had each outcome.

    `report_result` is called with the result of each line, in order. Each batch is a transaction of its own, so an
    import that was interrupted is simply run again. Without `with_events` no events are recorded.
    """
    authorize_system(actor)
    store = partial(import_subscriptions, actor=actor, with_events=with_events)
    return import_lines(stream, SUBSCRIPTIONS, {"subscription": store}, report_result)


def import_offer_file(
    *, actor: Actor, stream: LineReader, report_result: Report = lambda result: None
) -> Counter[LineOutcome]:
    """Import offers and prices (docs/marketplace.md) from `stream`, and return how many lines had each outcome.

    `report_result` is called with the result of each line. An offer stands before the lines with its prices.
    """
    authorize_system(actor)
    stores: dict[str, Store] = {
        "offer": partial(import_offers, actor=actor),
        "prices": partial(import_prices, actor=actor),
    }
    return import_lines(stream, OFFERS, stores, report_result, most_bytes=MOST_OFFER_BYTES)


def import_lines(
    stream: LineReader, types: LineTypes, stores: dict[str, Store], report_result: Report, **options: int
) -> Counter[LineOutcome]:
    """Read lines of these types from `stream` and store them, each type of a batch by its function in `stores`.

    In each batch the types are stored in the order of `stores`. Returns how many lines had each outcome; `options` are
    those of `read_typed_lines`.
    """
    counts: Counter[LineOutcome] = Counter()
    with closing(SeenKeys()) as seen:
        for batch in _batches(seen.first_only(read_typed_lines(stream, types, **options))):
            results = [refuse_line(line, line.problems) for line in batch if isinstance(line, UnreadableLine)]
            facts = [line for line in batch if isinstance(line, ValidLine)]
            for name, store in stores.items():
                results += store_in_halves([fact for fact in facts if fact.type == name], store)
            for result in sorted(results, key=lambda result: result.line):
                counts[result.outcome] += 1
                report_result(result)
    return counts


def _batches(
    lines: Iterator[ValidLine | UnreadableLine | None],
) -> Iterator[list[ValidLine | UnreadableLine]]:
    batch: list[ValidLine | UnreadableLine] = []
    for line in lines:
        if line:
            batch.append(line)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
