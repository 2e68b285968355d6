"""Searching the activity log: a page looks at so many events, says how far, and the next goes on from there."""

import csv
import datetime as dt
import io
from typing import Any

import pytest
from django.utils import timezone

from connections.lists import activity
from notifications.actions.recording import record_event
from notifications.models import Event
from partnerportal.lib.formats import format_date_and_time
from partnerportal.lib.keyset import encode_cursor
from tests.world import World

LOG = "/activity/"
NEEDLES = (0, 1, 17, 18, 19, 38, 41, 42, 59)  # of sixty events, the oldest first
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("looking_at_few")]


@pytest.fixture
def looking_at_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "LOOKED_AT", (2, 5))


@pytest.fixture
def needles(world: World) -> dict[str, Event]:
    """A log of sixty events of all sides, several at the same moment, among which a few are searched for."""
    actor, begin = world.actor("partner.admin"), timezone.now() - dt.timedelta(hours=1)
    sides = (
        {"subject": world.partner},
        {"subject": world.customer, "counterpart": world.partner, "actor": world.actor("customer.admin")},
        {"subject": world.partner, "customer_id": world.partner.pk, "actor": world.actor("vendor.admin")},
    )
    found = {}
    for number in range(60):
        label = f"Needle-{number:02}" if number in NEEDLES else f"Hay-{number:02}"
        values: dict[str, Any] = {"actor": actor, **sides[number % 3]}
        moment = begin + dt.timedelta(seconds=number // 4)
        event = record_event("view.shared", label=label, at=moment, **values)
        if number in NEEDLES:
            found[label] = event
    return found


def walk(client: Any, url: str, way: str) -> tuple[list[str], Any]:
    """Follow the URL that way, "next_url" or "previous_url", to its end; return what was found, and the last page."""
    found: list[str] = []
    for _page in range(60):
        page = client.get(url).context["list"]
        rows = [row.subject for row in page.rows]
        found = found + rows if way == "next_url" else rows + found
        url = getattr(page, way)
        if not url:
            return found, page
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("sort", ["-at", "at"])
def test_every_match_is_found_there_and_back(world: World, web: Any, needles: Any, sort: str) -> None:
    client, oldest_first = web("partner.reader"), sorted(needles)
    wanted = oldest_first if sort == "at" else oldest_first[::-1]
    found, last = walk(client, f"{LOG}?q=needle&sort={sort}", "next_url")
    assert found == wanted
    assert not last.searched_to, "all events of these days have been looked at"
    back, first = walk(client, last.current_url, "previous_url")
    assert back == wanted and not first.searched_to


@pytest.mark.parametrize(("sort", "last"), [("-at", "Needle-00"), ("at", "Needle-59")])
def test_back_from_behind_the_last_match_leads_to_it(
    world: World, web: Any, needles: Any, sort: str, last: str
) -> None:
    """What stood behind it may have been deleted since the cursor was made."""
    row = needles[last]
    cursor = encode_cursor(row.at, row.pk, len(NEEDLES), backwards=False)
    page = web("partner.reader").get(f"{LOG}?q=needle&sort={sort}&cursor={cursor}").context["list"]
    assert page.rows == []
    back = web("partner.reader").get(page.previous_url).context["list"]
    assert last in [row.subject for row in back.rows]


@pytest.mark.parametrize("query", ["q=nothing-like-it", "topic=catalogue", "people=false", "customer={stranger}"])
def test_a_page_without_a_match_says_how_far_it_looked(world: World, web: Any, needles: Any, query: str) -> None:
    """And offers to go on, and the export, which has no such end."""
    url = f"{LOG}?{query.format(stranger=world.stranger.public_id)}&utc=true"
    answer = web("partner.reader").get(url)
    page, shown = answer.context["list"], answer.content.decode()
    assert page.rows == [] and "Nothing found so far" in shown
    assert page.searched_to == f"Searched back to {format_date_and_time(page.page.searched_to)}."
    assert page.searched_to in shown and "Search earlier events" in shown and "/exports/new/" in shown
    assert page.search_on_url == page.next_url != ""


def test_the_last_page_says_that_there_was_nothing_more(world: World, web: Any, needles: Any) -> None:
    client = web("partner.reader")
    _rows, last = walk(client, f"{LOG}?q=nothing-like-it", "next_url")
    said = client.get(last.current_url).content.decode()
    assert "Nothing more was found" in said and "All events in this period have been searched." in said


def test_the_links_say_which_way_they_go(world: World, web: Any, needles: Any) -> None:
    client = web("partner.reader")
    older = client.get(f"{LOG}?q=needle")
    assert "Search earlier events" in older.content.decode() and "Searched back to" in older.content.decode()
    newer = client.get(f"{LOG}?q=needle&sort=at")
    assert "Search later events" in newer.content.decode() and "Searched up to" in newer.content.decode()
    _found, last = walk(client, f"{LOG}?q=needle", "next_url")
    back = client.get(last.previous_url)
    assert back.context["list"].search_on_url == back.context["list"].previous_url
    assert "Search later events" in back.content.decode()


def test_a_full_page_looks_no_further(world: World, web: Any, needles: Any) -> None:
    page = web("partner.reader").get(f"{LOG}?topic=files&size=25").context["list"]
    assert len(page.rows) < 25 and page.searched_to
    activity.LOOKED_AT = (100,)  # the fixture puts it back
    full = web("partner.reader").get(f"{LOG}?topic=files&size=25").context["list"]
    assert len(full.rows) == 25 and full.next_url and not full.searched_to


@pytest.mark.parametrize("query", ["", "?utc=true", "?actor={admin}", "?since=2001-01-01"])
def test_what_an_index_finds_has_no_end_on_the_way(world: World, web: Any, needles: Any, query: str) -> None:
    url = LOG + query.format(admin=world.person("partner.admin").public_id)
    page = web("partner.reader").get(url).context["list"]
    assert len(page.rows) > 5 * 3 and not page.searched_to


def test_of_one_person_only_their_events_are_looked_at(world: World, web: Any, needles: Any) -> None:
    record_event("calendar.made", actor=world.actor("partner.reader"), subject=world.partner, label="Needle of hers")
    reader = world.person("partner.reader").public_id
    page = web("partner.reader").get(f"{LOG}?q=needle&actor={reader}").context["list"]
    assert [row.subject for row in page.rows] == ["Needle of hers"] and not page.searched_to


def test_the_statements_of_a_search_are_counted(world: World, web: Any, needles: Any, count_queries: Any) -> None:
    client = web("partner.reader")
    with count_queries() as plain:
        client.get(LOG)
    with count_queries() as searching:
        client.get(f"{LOG}?q=nothing-like-it")
    assert len(searching) <= len(plain) + 3  # two ends, and the second look


def test_the_export_finds_all_of_them(world: World, web: Any, needles: Any) -> None:
    answer = web("partner.reader").post("/exports/new/", {"list": "activity_log", "query": "q=needle"})
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    assert {row["object"] for row in rows} == set(needles)
