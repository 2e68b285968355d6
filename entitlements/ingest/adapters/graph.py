"""The adapter for Microsoft Graph, `GET /v1.0/subscribedSkus`: what a tenant has subscribed to.

Source: the reference of the resource types subscribedSku and licenseUnitsDetail, learn.microsoft.com/graph/api
(read in 2026). `{"value": [...]}`, a bare list and a single object are all understood. Units in `enabled` and in
`warning` (overdue, still usable) are seats; those `suspended` or `lockedOut` are not. It says nothing of who is active,
so it gives entitlements and no days of use. The SKU's code is the skuPartNumber; `accountId` is the tenant.
"""

from collections.abc import Iterator
from typing import Any

from entitlements.ingest.adapters.base import ConvertedFeedItem, JsonFieldReader

STATES = {
    "Enabled": "active",
    "Warning": "active",
    "Suspended": "expired",
    "LockedOut": "expired",
    "Deleted": "cancelled",
}


def convert_graph_subscriptions(document: Any, *, customer: str, sku: str) -> Iterator[ConvertedFeedItem]:
    """Yield one item, with its lines of the feed, for each subscription in a document of Microsoft Graph.

    `customer` (an ORGID) and `sku` (a code), where given, take the place of the document's own.
    """
    items = document.get("value", [document]) if isinstance(document, dict) else document
    for number, item in enumerate(items if isinstance(items, list) else [items], 1):
        yield _adapt_item(number, item, customer, sku)


def _adapt_item(number: int, item: Any, customer: str, sku: str) -> ConvertedFeedItem:
    reader = JsonFieldReader(item)
    units = {
        name: reader.read_count(f"prepaidUnits.{name}") for name in ("enabled", "suspended", "warning", "lockedOut")
    }
    status = reader.read_text("capabilityStatus")
    if status and status not in STATES:
        reader.missing.append("capabilityStatus")
    line = {
        "type": "entitlement",
        "external_id": f"graph:{reader.read_text('id')}",
        "customer": customer or f"tenant:{reader.read_text('accountId')}",
        "sku": sku or reader.read_text("skuPartNumber"),
        "kind": "production",
        "state": STATES.get(status, ""),
        "quantity": units["enabled"] + units["warning"],
        "assigned": reader.read_count("consumedUnits"),
    }
    if customer:
        reader.read_optional("accountId")
    unknown = reader.collect_unread_values() | {
        f"prepaidUnits.{name}": units[name] for name in ("suspended", "lockedOut")
    }
    return ConvertedFeedItem(number, [] if reader.missing else [line], unknown, reader.missing)
