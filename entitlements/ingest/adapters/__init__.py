"""Readers of other systems' files, which turn them into lines of the feed. Files are given to them, never fetched."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from entitlements.ingest.adapters import graph, vendor_licensing
from entitlements.ingest.adapters.base import ConvertedFeedItem

ADAPTERS: dict[str, Callable[..., Iterator[ConvertedFeedItem]]] = {
    "graph": graph.convert_graph_subscriptions,
    "vendor-licensing": vendor_licensing.convert_vendor_licensing_products,
}
MAX_BYTES = 16 * 1024**2  # bytes of a file, which is held as a whole


class AdapterFormatError(ValueError):
    """Raised when a file is not in the format of its adapter. The message is shown in the terminal."""


def convert_file_to_feed_items(
    adapter_name: str, content: bytes, *, customer: str = "", sku: str = ""
) -> list[ConvertedFeedItem]:
    """Convert a file of another system to lines of the feed, by the adapter called `adapter_name`; return its items.

    `customer` (an ORGID) and `sku` (a code) are used where the file names none that the portal knows. Raises
    AdapterFormatError for a file in another format.
    """
    if len(content) > MAX_BYTES:
        raise AdapterFormatError(f"The file is larger than {MAX_BYTES:,} bytes.")
    try:
        document: Any = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise AdapterFormatError("The file is not JSON in UTF-8.") from None
    if not isinstance(document, (dict, list)):
        raise AdapterFormatError("The file holds neither an object nor a list.")
    return list(ADAPTERS[adapter_name](document, customer=customer, sku=sku))
