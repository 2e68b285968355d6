"""How many users are not billed: an optional number of the feed, never persons (CC-32)."""

import datetime as dt
import json
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import ListSettings
from connections.models import Connection
from entitlements.models import CustomerUsage, UsageDay
from partnerportal.lib.days import today
from partnerportal.lib.scopes import ALL, Scope
from tests.entitlements.test_usage import line, org_ids, send  # noqa: F401
from tests.entitlements.test_views import text_of
from tests.exports.test_views import NEW, table
from tests.world import World

LIST = "/usage/customers/"
DAY = dt.timedelta(days=1)


def told(org_id: str) -> int | None:
    return CustomerUsage.objects.get(customer__org_id=org_id).free_users


@pytest.mark.promise("G-25")
def test_the_latest_report_of_each_sku_counts(org_ids: list[str]) -> None:  # noqa: F811
    mine, other = org_ids
    send([line(mine, today() - DAY, free_users=4), line(mine, today(), free_users=3), line(other, today())])
    assert (told(mine), told(other)) == (3, None)
    send([line(mine, today() - 2 * DAY, "U-TWO", free_users=7), line(mine, today() - 9 * DAY, "U-PEAK", free_users=9)])
    assert told(mine) == 10, "a report lasts for seven days"
    send([line(mine, today())])
    assert told(mine) == 7, "a later line about the day does not say it any more"
    assert send([line(mine, today(), free_users=0)]) == ["changed"] and told(mine) == 7
    assert send([line(mine, today(), free_users=0)]) == ["unchanged"]
    call_command("rebuild_usage", "--check")


@pytest.mark.parametrize(
    ("value", "outcome"),
    [(None, "added"), (0, "added"), (-1, "free_users:min_value"), ("x", "free_users:invalid"), (True, None)],
)
def test_what_the_feed_may_say(value: Any, outcome: str | None, org_ids: list[str]) -> None:  # noqa: F811
    (answer,) = send([line(org_ids[0], today()) | {"free_users": value}])
    assert answer == outcome or (outcome is None and answer.startswith("free_users:"))
    stored = UsageDay.objects.filter(day=today()).values_list("free_users", flat=True)
    assert list(stored) == ([value] if outcome == "added" else [])


@pytest.mark.promise("G-25", "CC-32")
def test_list_file_and_api_show_it_where_usage_is_shared(
    world: World,
    web: Any,
    api: Any,
    org_ids: list[str],  # noqa: F811
    private_folder: Any,
) -> None:
    send([line(world.customer.org_id, today(), free_users=4321)])
    client, usage = web("partner.admin"), f"/api/v1/customers/{world.customer.public_id}/usage/"
    assert "Free users" not in text_of(client.get(LIST)).split("Columns")[0], "whoever wants the column adds it"
    columns = ["name", "share", "free", "active"]
    person = world.person("partner.admin")
    shown = {"person_id": person.pk, "organization": world.partner, "list_key": "customer_usage"}
    ListSettings.objects.create(**shown, columns=columns)
    assert "4,321" in text_of(client.get(LIST))
    rows = table(client.post(NEW, {"list": "usage"}))
    assert [row["free_users"] for row in rows if row["org_id"] == world.customer.org_id] == ["4321"]
    assert api("partner.admin").get(usage).json()["free_users"] == 4321
    assert api("customer.admin").get("/api/v1/usage/").json()["free_users"] == 4321
    Connection.objects.filter(customer=world.customer).update(scopes=ALL & ~Scope.USAGE)
    assert "4,321" not in text_of(client.get(LIST))
    assert "4321" not in json.dumps(table(client.post(NEW, {"list": "usage"})))
    assert api("partner.admin").get(usage).status_code == 403
