"""Readers of other systems' files, which turn them into lines of the feed. Files are given to them, never fetched."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from entitlements.ingest.adapters import graph, vendor_licensing
from entitlements.ingest.adapters.base import ConvertedItem

ADAPTERS: dict[str, Callable[..., Iterator[ConvertedItem]]] = {
    "graph": graph.convert_document,
    "vendor-licensing": vendor_licensing.convert_document,
}
MAX_BYTES = 16 * 1024**2  # bytes of a file, which is held as a whole


class UnreadableFile(ValueError):
    """Raised when a file is not in the format of its adapter. The message is shown in the terminal."""


def convert_file(name: str, raw: bytes, *, customer: str = "", sku: str = "") -> list[ConvertedItem]:
    """Convert a file of another system to lines of the feed, by the adapter called `name`; return its items.

    `customer` (an ORGID) and `sku` (a code) are used where the file names none that the portal knows. Raises
    UnreadableFile for a file in another format.
    """
    if len(raw) > MAX_BYTES:
        raise UnreadableFile(f"The file is larger than {MAX_BYTES:,} bytes.")
    try:
        document: Any = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise UnreadableFile("The file is not JSON in UTF-8.") from None
    if not isinstance(document, (dict, list)):
        raise UnreadableFile("The file holds neither an object nor a list.")
    return list(ADAPTERS[name](document, customer=customer, sku=sku))
