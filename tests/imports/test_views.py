"""Pages of imports, in the transaction of a test: the runs are called where a worker would begin them."""

import csv
import io
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from imports import files
from imports.actions import requests, runs
from imports.models import Import
from notifications.models import Event
from tests.house.answers import ACTORS
from tests.imports.kinds import shelf
from tests.states import put
from tests.world import World

NEW = "/imports/new/shelf/"
ROWS = b"key,note\na,1\nunknown b,=2\nc,3\n,4\na,5\n"

pytestmark = pytest.mark.usefixtures("shelved")


def csv_file(content: bytes = ROWS) -> SimpleUploadedFile:
    return SimpleUploadedFile("any name.csv", content, "application/vnd.ms-excel")


def post(client: Any, content: bytes = ROWS, url: str = NEW) -> Any:
    return client.post(url, {"file": csv_file(content)})


def uploaded(client: Any, content: bytes = ROWS, url: str = NEW) -> str:
    """Upload a file, have it checked, and return the URL of its page."""
    answer = post(client, content, url)
    assert answer.status_code == 302, answer.content.decode()
    assert runs.run_next_import()
    return str(answer["Location"])


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", answer.content.decode()))


def rows_of(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_from_the_upload_to_the_results(web: Any) -> None:
    client = web("partner.admin")
    page = text_of(client.get(NEW))
    assert "at most 100,000 rows and 20 MB" in page and "What it is called." in page
    answer = post(client)
    url = answer["Location"]
    waiting = client.get(url)
    assert b"every 2s" in waiting.content and "Nothing has been changed yet" in text_of(waiting)
    assert runs.run_next_import()
    checked = client.get(url, headers={"HX-Request": "true"})
    assert b"every 2s" not in checked.content and b"<html" not in checked.content
    text = text_of(checked)
    assert "Unknown 1" in text and "New 2" in text and "Nobody knows this key." in text
    assert "“key” is empty." in text and "Import 2 rows" in text and "0 keys are not in the file." in text
    assert shelf() == {}
    assert client.post(f"{url}apply/", {"mode": "merge"}).status_code == 302
    assert runs.run_next_import()
    assert "The import is done" in text_of(client.get(url))
    assert shelf() == {"a": 1, "c": 1}
    assert [row["outcome"] for row in rows_of(client.get(f"{url}results/"))] == [
        "new",
        "unknown",
        "new",
        "bad",
        "duplicate",
    ]
    assert "Done" in text_of(client.get("/imports/"))


def test_failed_rows_are_mended_and_uploaded_again(web: Any) -> None:
    client = web("partner.admin")
    url = uploaded(client)
    errors = client.get(f"{url}results/?only=failed")
    assert errors["Content-Disposition"].startswith('attachment; filename="shelf-errors-')
    assert errors["Cache-Control"] == "private, no-store"
    content = b"".join(errors.streaming_content)
    assert content.decode("utf-8-sig").splitlines() == [
        '"row","outcome","message","key","note"',
        '"3","unknown","Nobody knows this key.","unknown b","\'=2"',
        '"5","bad","“key” is empty.","","4"',
    ]
    mended = content.replace(b"unknown b", b"b").replace(b'"","4"', b'"d","4"')
    uploaded(client, mended)
    assert Import.objects.latest("pk").checked == {"new": 2}


def test_the_template_is_sent(web: Any) -> None:
    answer = web("partner.admin").get(f"{NEW}template/")
    assert answer.content.decode() == '\ufeff"key","note"\n"A-1","\'=1+1"\n'
    assert answer["X-Content-Type-Options"] == "nosniff" and "shelf-template" in answer["Content-Disposition"]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "empty"),
        (b"PK\x03\x04", "workbook"),
        (b"a;b\n", "must name the columns"),
        (b"key,colour\na,b\n", "“colour” is unknown"),
        (b"key\n" + b"x" * 20_000_000, "larger than 20 MB"),
    ],
)
def test_what_is_wrong_with_a_file_stands_at_its_field(content: bytes, part: str, web: Any) -> None:
    before = Import.objects.count()
    answer = post(web("partner.admin"), content)
    assert answer.status_code == 400 and part in text_of(answer)
    assert Import.objects.count() == before and not list(files.list_import_files())


def test_no_file_at_all(web: Any) -> None:
    client = web("partner.admin")
    for form in ({}, {"file": "a text"}):
        answer = client.post(NEW, form)
        assert answer.status_code == 400 and "Choose a file." in text_of(answer)


def test_names_in_a_file_are_only_text(web: Any) -> None:
    client = web("partner.admin")
    url = uploaded(client, "key,note\n<script>alert(1)</script>,<b>\n\u202eabc,{{ 1 }}\n".encode())
    page = client.get(url).content
    assert b"<script>alert" not in page and b"&lt;script&gt;" in page and b"<td><bdi>" in page


@pytest.mark.parametrize("state", [state for state in Import.State if state != Import.State.CHECKED])
def test_only_what_was_checked_is_applied(state: str, web: Any) -> None:
    client = web("partner.admin")
    url = uploaded(client)
    put(Import.objects.filter(kind="shelf"), state=state)
    assert client.post(f"{url}apply/", {"mode": "merge"}).status_code == 409
    assert client.get(url).status_code == 200


def test_a_mode_is_one_of_the_kind(web: Any) -> None:
    client = web("partner.admin")
    url = uploaded(client)
    for mode in ("", "wipe", "\0"):
        assert client.post(f"{url}apply/", {"mode": mode}).status_code == 400
    assert Import.objects.get(kind="shelf").state == "checked"


def test_a_file_without_a_good_row_is_not_applied(web: Any) -> None:
    client = web("partner.admin")
    url = uploaded(client, b"key\nunknown a\n")
    assert "None of the rows in this file can be imported" in text_of(client.get(url))
    assert client.post(f"{url}apply/", {"mode": "merge"}).status_code == 409
    assert Import.objects.get(kind="shelf").state == "checked"


def test_a_cancelled_one_is_not_applied_and_its_results_are_gone(web: Any) -> None:
    client = web("partner.admin")
    url = uploaded(client)
    assert client.post(f"{url}cancel/").status_code == 302
    assert "Nothing was changed." in text_of(client.get(url))
    assert [client.post(f"{url}{path}/", {"mode": "merge"}).status_code for path in ("apply", "cancel")] == [409, 409]
    assert client.get(f"{url}results/").status_code == 410


def test_what_was_confirmed_is_cancelled_by_its_worker(web: Any) -> None:
    client = web("partner.admin")
    url = uploaded(client)
    client.post(f"{url}apply/", {"mode": "merge"})
    assert client.post(f"{url}cancel/")["Location"] == url
    page = text_of(client.get(url))
    assert "Being cancelled" in page and "Cancel the import" not in page
    assert client.get(f"{url}results/").status_code == 409
    assert runs.run_next_import()
    assert "Nothing was changed." in text_of(client.get(url)) and shelf() == {}
    assert {row["outcome"] for row in rows_of(client.get(f"{url}results/"))} == {"not_reached"}
    assert client.post(f"{url}cancel/").status_code == 302  # a second press comes late, and is no error


def test_results_are_kept_for_a_week(web: Any) -> None:
    client = web("partner.admin")
    url = uploaded(client)
    Import.objects.filter(kind="shelf").update(finished_at=timezone.now() - timezone.timedelta(days=7, hours=1))
    assert client.get(f"{url}results/").status_code == 410 and client.get(url).status_code == 200


def test_an_import_is_its_persons_alone(web: Any) -> None:
    url = uploaded(web("partner.admin"))
    for who in set(ACTORS) - {"partner.admin", "anonymous", "nobody"}:
        client = web(who)
        assert {client.get(url).status_code, client.get(f"{url}results/").status_code} == {404}, who
        answers = {client.post(f"{url}{path}/", {"mode": "merge"}).status_code for path in ("apply", "cancel")}
        assert answers == {404}, who
        assert url not in client.get("/imports/").content.decode(), who
        assert Import.objects.get(kind="shelf").state == "checked", who


def test_only_who_may_do_it_by_hand_uploads(web: Any) -> None:
    for who, status in (("partner.reader", 403), ("partner.sales_agent", 403), ("customer.admin", 302)):
        assert post(web(who)).status_code == status
    assert web("partner.reader").get(NEW).status_code == 403


def test_a_target_is_one_that_is_seen(world: World, web: Any) -> None:
    client, url = web("partner.admin"), "/imports/new/shelf_of/?target="
    for target in ("", "x", world.stranger.public_id, "00000000-0000-0000-0000-000000000000"):
        assert client.get(f"{url}{target}").status_code == post(client, url=f"{url}{target}").status_code == 404
    assert post(client, url=f"{NEW}?target={world.customer.public_id}").status_code == 404
    page = uploaded(client, url=f"{url}{world.customer.public_id}")
    assert world.customer.name in text_of(client.get(page))


def test_three_at_once_and_a_hundred_a_day(web: Any, monkeypatch: Any) -> None:
    client = web("partner.admin")
    for _number in range(3):
        assert post(client).status_code == 302
    answer = post(client)
    assert answer.status_code == 400 and "Three of your imports" in text_of(answer)
    while runs.run_next_import():
        pass
    monkeypatch.setattr(requests, "PER_DAY", 3)  # the one of the world may be older
    assert "a hundred imports" in text_of(post(client))


def test_each_step_is_in_the_log(world: World, web: Any) -> None:
    client = web("partner.admin")
    url = uploaded(client)
    client.post(f"{url}apply/", {"mode": "replace"})
    client.post(f"{uploaded(client)}cancel/") if runs.run_next_import() else None
    events = Event.objects.filter(kind__startswith="import.", organization_id=world.partner.pk).order_by("pk")
    assert [event.kind for event in events] == [
        "import.uploaded", "import.confirmed", "import.uploaded", "import.cancelled",
    ]  # fmt: skip
    assert events[1].data == {"kind": "shelf", "mode": "replace", "rows": 5}


def test_the_menu_has_the_page_for_those_who_may_import_something(web: Any) -> None:
    assert b'href="/imports/"' in web("partner.admin").get("/exports/").content
    assert b'href="/imports/"' not in web("partner.reader").get("/exports/").content


def test_pages_ask_as_often_whatever_they_hold(web: Any, count_queries: Any) -> None:
    client, counts = web("partner.admin"), []
    client.get("/imports/")
    for _number in range(2):
        with count_queries() as queries:
            client.get("/imports/")
        counts.append(len(queries))
        uploaded(client)
    assert counts[0] == counts[1] <= 6
