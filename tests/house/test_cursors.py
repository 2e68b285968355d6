"""Every list in pages: a cursor that is JSON, and not one of ours, shows the first page, and is refused by the API."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from marketplace.models import Offer
from tests.api.schema_values import ACTORS, find
from tests.house.ours import APPS

pytestmark = pytest.mark.slow  # every list is asked for with every value

VALUES = ["null", "1.5", "1e400", "NaN", "[]", "{}", '["x"]', "true", "-1", str(2**70), '""', '"x"', '"0001-01-01"']
VALUES += [r'"a\u0000"', r'"\ud800"']  # which PostgreSQL cannot hold
PLACES = [
    *(f"[{value}, 1, 1, false]" for value in VALUES),
    *(f"[1, {value}, 1, false]" for value in ("null", "1.5", "true", "[]", "-1", str(2**63))),
    *("[1, 1, null, false]", "[1, 1, 1, null]", '[1, 1, 1, "x"]', "[1, 1, 1, {}]"),
    *(f"[{json.dumps(day)}, 1, 1, true]" for day in ("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00")),
]
# Each module that turns pages, with the addresses that reach it: who asks, where, and the name of the cursor.
PAGES = {
    "accounts/lists/memberships.py": [("vendor.admin", "/programmes/", "cursor")],
    "accounts/lists/operators.py": [
        ("partner.admin", "/operators/", "cursor"),
        ("partner.admin", "/operators/pending/", "cursor"),
    ],
    "accounts/lists/organizations.py": [("vendor.admin", "/publishers/", "cursor")],
    "connections/views.py": [("lapsed.admin", "/account/", "connections"), ("partner.admin", "/account/", "history")],
    "connections/lists/activity.py": [
        ("partner.admin", "/activity/", "cursor"),
        ("customer.admin", "/activity/?sort=at", "cursor"),
    ],
    "entitlements/lists/activations.py": [
        ("vendor.admin", "/customers/pending/", "cursor"),
        ("vendor.admin", "/partners/pending/?state=ended", "cursor"),
    ],
    "entitlements/lists/customers.py": [
        ("partner.admin", f"/customers/?sort={sort}", "cursor") for sort in ("name", "-assigned", "expires")
    ],
    "entitlements/lists/holders.py": [("customer.admin", "/usage/licences/", "cursor")],
    "entitlements/lists/partners.py": [
        ("vendor.admin", f"/partners/?sort={sort}", "cursor") for sort in ("name", "-customers", "expires")
    ],
    "entitlements/lists/releases.py": [
        ("vendor.admin", "/releases/", "cursor"),
        ("vendor.admin", "/releases/?state=released", "cursor"),
    ],
    "entitlements/lists/renewals.py": [("partner.admin", "/renewals/", "cursor")],
    "entitlements/lists/uploads.py": [("vendor.admin", "/feeds/", "cursor")],
    "entitlements/queries/releases.py": [("vendor.admin", "/", "cursor")],
    "entitlements/lists/trials.py": [
        ("vendor.admin", f"/trials/?view={view}", "cursor") for view in ("waiting", "running", "ended")
    ],
    "entitlements/views/customers.py": [
        ("partner.admin", "/customers/{customer}/orders/", "cursor"),
        ("partner.admin", "/customers/{customer}/activity/", "cursor"),
        ("customer.admin", "/orders/", "cursor"),
    ],
    "exports/views.py": [("partner.admin", "/exports/", "cursor")],
    "marketplace/lists/audience.py": [
        ("publisher.admin", f"/offers/{{offer}}/audience/{page}", "cursor") for page in ("", "select/")
    ],
    "marketplace/lists/offers.py": [("publisher.admin", "/offers/", "cursor")],
    "marketplace/lists/products.py": [("publisher.admin", "/products/", "cursor")],
    "marketplace/lists/catalogue.py": [("partner.admin", "/marketplace/offers/", "cursor")],
    "marketplace/lists/storefront.py": [
        ("customer.admin", "/marketplace/", "cursor"),
        ("vendor.admin", "/marketplace/all/?sort=published", "cursor"),
    ],
    "notifications/lists/inbox.py": [("partner.admin", "/inbox/", "cursor")],
    "support/lists/own.py": [
        ("publisher.admin", "/requests/", "cursor"),
        ("vendor.admin", "/requests/queue/", "cursor"),
    ],
    "entitlements/searches.py": [("partner.admin", "/search/?q=nq", "cursor")],  # which asks for first pages alone
}
OPERATIONS = yaml.load((settings.BASE_DIR / "docs/openapi.yaml").read_text(), yaml.CSafeLoader)["paths"]
API = sorted(
    path
    for path, operations in OPERATIONS.items()
    if any(parameter["name"] == "cursor" for parameter in operations.get("get", {}).get("parameters", []))
)


def cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_every_module_that_turns_pages_is_listed() -> None:
    sources = [path for app in APPS for path in Path(settings.BASE_DIR, app).rglob("*.py")]
    turning = {path for path in sources if re.search(r"\bfetch_keyset_page(_or_first)?\(", path.read_text())}
    assert {str(path.relative_to(settings.BASE_DIR)) for path in turning} == set(PAGES)


@pytest.mark.promise("S-5")
@pytest.mark.parametrize(("who", "address", "name"), [page for pages in PAGES.values() for page in pages])
def test_a_page_passes_over_a_cursor_of_other_json(web: Any, world: Any, who: str, address: str, name: str) -> None:
    offer = Offer.objects.get(code="monitor").public_id
    client, address = web(who), address.format(customer=world.customer.public_id, offer=offer)
    separator = "&" if "?" in address else "?"
    assert client.get(address).status_code == 200
    for text in PLACES:
        assert client.get(f"{address}{separator}{name}={cursor(text)}").status_code == 200, text


@pytest.mark.promise("S-5")
@pytest.mark.parametrize("path", API)
def test_the_api_refuses_a_cursor_of_other_json(api: Any, world: Any, path: str) -> None:
    client = api(find(ACTORS, f"GET {path}"))
    ids = {"customer_id": world.customer, "offer_id": Offer.objects.get(code="monitor")}
    path = path.format(**{name: row.public_id for name, row in ids.items()})
    assert client.get(path).status_code == 200
    for text in (
        "[null, 1, 1, false]",
        "[1.5, 1, 1, false]",
        "[[], 1, 1, false]",
        "[{}, 1, 1, false]",
        "[1, null, 1, 1]",
        "[1, true, 1, false]",
        f"[1, {2**63}, 1, false]",
        f"[1, 1, {2**31}, false]",
        "[1, 1, -1, false]",
    ):
        answer = client.get(path, {"cursor": cursor(text)})
        codes = [(error["code"], error["attr"]) for error in answer.json()["errors"]]
        assert (answer.status_code, codes) == (400, [("invalid_cursor", "cursor")]), text
    for text in PLACES:
        assert client.get(path, {"cursor": cursor(text)}).status_code in (200, 400), text
