"""The adapter for the vendor's cloud licensing API, current usage of a user/device product:
`GET /licensing/license/enterprise/cloud/cvad/ud/current`.

Source: the example in Citrix' own developer documentation of the licensing APIs (read in 2026). One object, or a list.
`customerId` there is not an ORGID: --customer says whose it is. The SKU's code is `productName-productEdition`. It
counts who holds a licence: users and devices are taken for those of the month, the nearest that it tells; of daily use
it tells nothing. `nextExpiredLicenses` may be null: no end.
"""

from collections.abc import Iterator
from typing import Any

from entitlements.ingest.adapters.base import Adapted, Reader


def read(document: Any, *, customer: str, sku: str) -> Iterator[Adapted]:
    """Yield each product of a document as lines of the feed. `sku` replaces the document's; `customer` is an ORGID."""
    for number, item in enumerate(document if isinstance(document, list) else [document], 1):
        yield _adapt_item(number, item, customer, sku)


def _adapt_item(number: int, item: Any, customer: str, sku: str) -> Adapted:
    reader = Reader(item)
    if not customer:
        reader.missing.append("--customer")
    key = reader.text("customerId")
    product = f"{reader.text('productName')}-{reader.text('productEdition')}"
    seats = {"purchased": reader.count("totalAvailableLicenseCount"), "assigned": reader.count("totalUsageCount")}
    users, devices = (
        reader.count("userLicenseUsage.totalUsageCount"),
        reader.count("deviceLicenseUsage.totalUsageCount"),
    )
    day = reader.text("timeStamp")[:10]
    ends = reader.maybe("nextExpiredLicenses.nextExpiredTime")
    reader.maybe("remainingLicenseCount")  # follows from the others
    about = {"customer": customer, "sku": sku or product}
    entitlement = {
        "type": "entitlement", "external_id": f"licensing:{key}:{product}", **about, "kind": "production",
        "state": "active", "quantity": seats["purchased"], "assigned": seats["assigned"],
        "ends_on": ends[:10] if isinstance(ends, str) else None,
    }  # fmt: skip
    usage = {"type": "usage", **about, "day": day, **seats, "monthly_users": users, "monthly_devices": devices}
    return Adapted(number, [] if reader.missing else [entitlement, usage], reader.unknown(), reader.missing)
