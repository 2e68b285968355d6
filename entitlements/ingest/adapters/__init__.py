"""Files of others, turned into lines of our feed. They are read, never fetched."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from entitlements.ingest.adapters import graph, vendor_licensing
from entitlements.ingest.adapters.base import Adapted

ADAPTERS: dict[str, Callable[..., Iterator[Adapted]]] = {
    "graph": graph.read,
    "vendor-licensing": vendor_licensing.read,
}
MAX_BYTES = 16 * 1024**2


class NotReadable(ValueError):
    """The message is for the person at the terminal."""


def adapt(name: str, raw: bytes, *, customer: str = "", sku: str = "") -> list[Adapted]:
    if len(raw) > MAX_BYTES:
        raise NotReadable(f"The file is larger than {MAX_BYTES:,} bytes.")
    try:
        document: Any = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise NotReadable("The file is not JSON in UTF-8.") from None
    if not isinstance(document, (dict, list)):
        raise NotReadable("The file holds neither an object nor a list.")
    return list(ADAPTERS[name](document, customer=customer, sku=sku))


__all__ = ["ADAPTERS", "MAX_BYTES", "Adapted", "NotReadable", "adapt"]
