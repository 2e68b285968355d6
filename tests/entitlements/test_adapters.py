"""Files of others, in the shapes that their makers document."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from entitlements.ingest.adapters import ADAPTERS, AdapterFormatError, convert_file_to_feed_items
from entitlements.models import Entitlement, Sku, UsageDay
from tests.counts import count
from tests.world import World

CURRENT = {
    "customerId": "acme48867",
    "totalUsageCount": 3,
    "userLicenseUsage": {"totalUsageCount": 3, "releasedCount": 0},
    "deviceLicenseUsage": {"totalUsageCount": 2, "releasedCount": 1},
    "totalAvailableLicenseCount": 25,
    "remainingLicenseCount": 22,
    "timeStamp": "2026-02-19T02:56:22.0215469Z",
    "productName": "XenDesktop",
    "nextExpiredLicenses": {"nextExpiredTime": "2097-05-10T00:00:00.0000000Z", "totalCount": 25, "daysToExpire": 507},
    "nextActivatingLicense": None,
    "productEdition": "XAXDFull",
}


def subscribed(**changes: Any) -> dict[str, Any]:
    return {
        "accountId": "f97aeefc-af85-414d-8ae4-b457f90efc40", "accountName": "acme", "appliesTo": "User",
        "capabilityStatus": "Enabled", "consumedUnits": 14, "id": "48a80680_c7df2760",
        "prepaidUnits": {"enabled": 25, "suspended": 1, "warning": 2, "lockedOut": 0},
        "servicePlans": [{"servicePlanName": "RMS_S_ENTERPRISE"}], "skuId": "c7df2760",
        "skuPartNumber": "ENTERPRISEPREMIUM",
    } | changes  # fmt: skip


def ingest(tmp_path: Path, document: Any, *options: str) -> tuple[str, list[dict[str, Any]]]:
    file, report, err = tmp_path / "file.json", tmp_path / "report", io.StringIO()
    file.write_text(json.dumps(document))
    try:
        call_command("ingest", str(file), "--report", str(report), *options, stdout=io.StringIO(), stderr=err)
    except CommandError as error:
        err.write(str(error))
    return err.getvalue(), [json.loads(line) for line in report.read_text().splitlines()]


def test_current_usage_of_the_vendors_licensing(world: World, tmp_path: Path) -> None:
    Sku.objects.create(code="XenDesktop-XAXDFull", service="DaaS", name="DaaS")
    err, report = ingest(tmp_path, CURRENT, "--from", "vendor-licensing", "--customer", world.customer.org_id)
    assert err == ""
    row = Entitlement.objects.get(external_id="licensing:acme48867:XenDesktop-XAXDFull")
    assert (row.customer, row.quantity, row.assigned, str(row.ends_on)) == (world.customer, 25, 3, "2097-05-10")
    day = UsageDay.objects.get(sku__code="XenDesktop-XAXDFull")
    assert (str(day.day), day.purchased, day.assigned, day.monthly_users, day.monthly_devices) == (
        "2026-02-19", 25, 3, 3, 2
    )  # fmt: skip
    assert report[0]["unknown"]["deviceLicenseUsage.releasedCount"] == 1
    assert report[0]["unknown"]["nextExpiredLicenses.daysToExpire"] == 507
    assert [line["result"] for line in report[1:]] == ["added", "added"]


def test_subscribed_skus_of_graph_find_the_customer_by_its_tenant(world: World, tmp_path: Path) -> None:
    Sku.objects.create(code="ENTERPRISEPREMIUM", service="Office", name="E5")
    tenant = str(world.customer.tenant_id)
    skus = [
        subscribed(accountId=tenant),
        subscribed(accountId=tenant, id="2", capabilityStatus="Suspended"),
        subscribed(accountId=tenant, id="3", capabilityStatus="Deleted"),
        subscribed(id="4"),
    ]
    err, report = ingest(tmp_path, {"@odata.context": "…", "value": skus}, "--from", "graph")
    found = Entitlement.objects.filter(external_id__startswith="graph:").order_by("external_id")
    assert [(row.external_id, row.state, row.quantity, row.assigned) for row in found] == [
        ("graph:2", "expired", 27, 14), ("graph:3", "cancelled", 27, 14), ("graph:48a80680_c7df2760", "active", 27, 14),
    ]  # fmt: skip
    assert "1 of 4 lines were left out" in err
    assert report[0]["unknown"]["servicePlans"] == [{"servicePlanName": "RMS_S_ENTERPRISE"}]
    assert report[0]["unknown"]["prepaidUnits.suspended"] == 1


@pytest.mark.parametrize(
    "name", ["consumedUnits", "prepaidUnits", "skuPartNumber", "capabilityStatus", "id", "accountId"]
)
def test_what_is_missing_is_named_and_the_others_come_in(name: str) -> None:
    bad = {key: value for key, value in subscribed().items() if key != name}
    first, second = convert_file_to_feed_items("graph", json.dumps([bad, subscribed()]).encode())
    assert first.lines == []
    assert first.missing[0].partition(".")[0] == name
    assert second.missing == [] and len(second.lines) == 1


def test_without_a_customer_nothing_is_guessed() -> None:
    (item,) = convert_file_to_feed_items("vendor-licensing", json.dumps(CURRENT).encode())
    assert (item.lines, item.missing) == ([], ["--customer"])
    (item,) = convert_file_to_feed_items(
        "vendor-licensing", json.dumps(CURRENT | {"nextExpiredLicenses": None}).encode(), customer="10000001"
    )
    assert item.lines[0]["ends_on"] is None


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe{}", b"7", b'"text"', b"[" * 100_000, b" " * 20_000_000])
@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_what_is_not_such_a_file_is_said(name: str, raw: bytes) -> None:
    with pytest.raises(AdapterFormatError):
        convert_file_to_feed_items(name, raw)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*CURRENT, *subscribed()]), inner),
)


@pytest.mark.slow
@pytest.mark.no_cover
@settings(max_examples=count(1000))
@given(st.dictionaries(st.sampled_from([*CURRENT, *subscribed()]), ANYTHING) | st.lists(ANYTHING, max_size=3))
def test_no_shape_breaks_an_adapter(document: Any) -> None:
    for name in ADAPTERS:
        for item in convert_file_to_feed_items(name, json.dumps(document).encode(), customer="10000001"):
            assert item.missing or item.lines
