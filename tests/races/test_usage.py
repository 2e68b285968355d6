"""Two feeds for the same day at once, and eight of them: the trend is what the days say."""

import datetime as dt
import io
import json
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from entitlements.actions.usage_check import find_wrong_usage_totals, rebuild_usage_totals
from entitlements.ingest.importing import import_feed
from entitlements.models import Sku, UsageDay, UsageMonth
from partnerportal.lib.actors import Actor
from tests.races.conftest import Race
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]
SYSTEM = Actor.system("race")


def feed(rows: list[dict[str, Any]]) -> None:
    import_feed(actor=SYSTEM, stream=io.BytesIO("\n".join(map(json.dumps, rows)).encode()))


def row(org_id: str, sku: str, day: dt.date, assigned: int) -> dict[str, Any]:
    return {
        "type": "usage", "customer": org_id, "sku": sku, "day": str(day), "purchased": 50, "assigned": assigned,
        "daily_users": assigned, "daily_devices": 60, "monthly_users": assigned, "monthly_devices": 60,
    }  # fmt: skip


def test_feeds_for_the_same_days_at_once(cast: World, race: Race) -> None:
    """Half of them bring the same days in another order with other numbers, half bring days of their own."""
    rebuild_usage_totals(actor=SYSTEM)
    codes = [Sku.objects.create(code=f"RACE-{n}", service="S", name="N").code for n in range(2)]
    start = timezone.now().date() - dt.timedelta(days=100)
    orgs = [cast.customer.org_id, cast.customer2.org_id]
    for turn in range(4):
        feeds = []
        for n in range(8):
            days = range(turn * 20, turn * 20 + 20) if n % 2 else range(turn * 20 + n, turn * 20 + n + 3)
            rows = [row(org, sku, start + dt.timedelta(day), n + 1) for day in days for org in orgs for sku in codes]
            feeds.append(rows[::-1] if n % 4 == 1 else rows)
        race.run([(SYSTEM, partial(feed, rows)) for rows in feeds])
        assert find_wrong_usage_totals() == []
    stored = UsageDay.objects.filter(sku__code__in=codes)
    assert stored.count() == 4 * 20 * 2 * 2
    for month in UsageMonth.objects.filter(sku__code__in=codes):
        last = stored.get(customer=month.customer_id, sku=month.sku_id, day=month.last_day)
        assert (month.assigned, month.monthly_active) == (last.assigned, last.monthly_users)


def test_two_uploads_with_one_key_at_once_are_one(cast: World, race: Race, settings: Any, tmp_path: Any) -> None:
    from entitlements.ingest.uploads import receive_upload
    from entitlements.models import IngestToken, IngestUpload

    settings.PRIVATE_ROOT = tmp_path
    token = IngestToken.objects.create(name="Race", digest="0" * 64, prefix="race")
    action = partial(receive_upload, token=token, kind="usage", idempotency_key="once", length=2, is_gzip=False)
    got = race.run([(SYSTEM, lambda: action(stream=io.BytesIO(b"{}"))) for _ in range(16)])
    assert len({upload.pk for upload in got}) == 1
    assert IngestUpload.objects.filter(idempotency_key="once").count() == 1
    assert [path.name for path in (tmp_path / "uploads").iterdir()] == [str(got[0].public_id)]
