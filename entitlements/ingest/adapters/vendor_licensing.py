"""The adapter for the vendor's cloud licensing API, current usage of a user/device product:
`GET /licensing/license/enterprise/cloud/cvad/ud/current`.

Source: the example in Citrix' own developer documentation of the licensing APIs (read in 2026). One object, or a list.
`customerId` there is not an ORGID: --customer says whose it is. The SKU's code is `productName-productEdition`. It
counts who holds a licence: users and devices are taken for those of the month, the nearest that it tells; of daily use
it tells nothing. `nextExpiredLicenses` may be null: no end.
"""

from collections.abc import Iterator
from typing import Any

from entitlements.ingest.adapters.base import ConvertedFeedItem, JsonFieldReader


def convert_vendor_licensing_products(document: Any, *, customer: str, sku: str) -> Iterator[ConvertedFeedItem]:
    """Yield one item, with its lines of the feed, for each product that a document lists.

    `customer` is the ORGID that the lines name; without it each item notes that it is missing. `sku`, where given,
    takes the place of the document's product.
    """
    for number, item in enumerate(document if isinstance(document, list) else [document], 1):
        yield _adapt_item(number, item, customer, sku)


def _adapt_item(number: int, item: Any, customer: str, sku: str) -> ConvertedFeedItem:
    reader = JsonFieldReader(item)
    if not customer:
        reader.missing.append("--customer")
    key = reader.read_text("customerId")
    product = f"{reader.read_text('productName')}-{reader.read_text('productEdition')}"
    seats = {
        "purchased": reader.read_count("totalAvailableLicenseCount"),
        "assigned": reader.read_count("totalUsageCount"),
    }
    users, devices = (
        reader.read_count("userLicenseUsage.totalUsageCount"),
        reader.read_count("deviceLicenseUsage.totalUsageCount"),
    )
    day = reader.read_text("timeStamp")[:10]
    ends = reader.read_optional("nextExpiredLicenses.nextExpiredTime")
    reader.read_optional("remainingLicenseCount")  # follows from the others
    about = {"customer": customer, "sku": sku or product}
    entitlement = {
        "type": "entitlement", "external_id": f"licensing:{key}:{product}", **about, "kind": "production",
        "state": "active", "quantity": seats["purchased"], "assigned": seats["assigned"],
        "ends_on": ends[:10] if isinstance(ends, str) else None,
    }  # fmt: skip
    usage = {"type": "usage", **about, "day": day, **seats, "monthly_users": users, "monthly_devices": devices}
    return ConvertedFeedItem(
        number, [] if reader.missing else [entitlement, usage], reader.collect_unread_values(), reader.missing
    )
