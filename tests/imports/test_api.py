"""Imports by the API: the rules, limits and results of the pages."""

from typing import Any
from uuid import uuid4

import pytest

from imports import files
from imports.actions import runs
from imports.models import Import
from tests.imports.kinds import shelf
from tests.imports.test_views import ROWS, csv_file, rows_of
from tests.world import World

URL = "/api/v1/imports/"

pytestmark = pytest.mark.usefixtures("shelved")


def upload(client: Any, content: bytes = ROWS, **data: Any) -> Any:
    headers = data.pop("headers", {})
    return client.post(URL, {"kind": "shelf", "file": csv_file(content), **data}, format="multipart", headers=headers)


def codes(answer: Any) -> list[tuple[str, str | None]]:
    return [(error["code"], error["attr"]) for error in answer.json()["errors"]]


def test_upload_check_apply_results(api: Any) -> None:
    client = api("partner.admin")
    answer = upload(client)
    url = answer["Location"]
    assert (answer.status_code, answer.json()["state"], answer.json()["results_url"]) == (202, "uploaded", None)
    assert client.get(f"{url}results/").status_code == 409
    assert runs.run_next_import()
    checked = client.get(url).json()
    assert (checked["state"], checked["rows"], checked["rows_done"]) == ("checked", 5, 5)
    assert checked["checked"] == {"new": 2, "unknown": 1, "bad": 1, "duplicate": 1} and shelf() == {}
    applied = client.post(f"{url}apply/", {"mode": "merge"}, format="json")
    assert (applied.status_code, applied.json()["state"], applied.json()["mode"]) == (202, "confirmed", "merge")
    assert runs.run_next_import()
    done = client.get(url).json()
    assert (done["state"], done["applied"]) == ("done", checked["checked"])
    assert len(rows_of(client.get(done["results_url"]))) == 5
    assert [row["row"] for row in rows_of(client.get(f"{done['results_url']}?only=failed"))] == ["3", "5"]
    assert codes(client.get(f"{url}results/?only=some")) == [("invalid_choice", "only")]
    assert client.get(URL).json()["items"][0]["id"] == done["id"]


@pytest.mark.parametrize(
    ("data", "status", "expected"),
    [
        ({"kind": "nothing"}, 404, ("not_found", None)),
        ({"file": ""}, 400, ("invalid", "file")),
        ({"target": "x"}, 400, ("invalid", "target")),
        ({"target": str(uuid4())}, 404, ("not_found", None)),
        ({"more": "x"}, 400, ("unknown_field", "more")),
    ],
)
def test_what_it_does_not_understand_it_refuses(data: Any, status: int, expected: Any, api: Any) -> None:
    answer = upload(api("partner.admin"), **data)
    assert (answer.status_code, codes(answer)) == (status, [expected])


def test_what_is_wrong_with_a_file_is_said_at_once(api: Any) -> None:
    client = api("partner.admin")
    for content, code in ((b"", "empty"), (b"a\n", "no_header"), (b"k" * 20_000_001, "too_large")):
        answer = upload(client, content)
        assert (answer.status_code, codes(answer)) == (400, [(code, "file")])
    assert client.post(URL, {"kind": "shelf"}, format="json").status_code == 415
    assert not list(files.list_import_files())


def test_an_upload_with_a_key_is_done_once(api: Any) -> None:
    client = api("partner.admin")
    first, again = (upload(client, headers={"Idempotency-Key": "one"}) for _time in range(2))
    assert first.json() == again.json() and again["Idempotency-Replayed"] == "true"
    assert again["Location"] == first["Location"] and Import.objects.filter(kind="shelf").count() == 1
    other = upload(client, ROWS + b"z,1\n", headers={"Idempotency-Key": "one"})
    assert (other.status_code, codes(other)) == (422, [("key_reused", None)])
    assert upload(client, target="", headers={"Idempotency-Key": "two"}).status_code in (202, 400)


def test_who_may_not_is_told_so(api: Any) -> None:
    answer = upload(api("partner.reader"))
    assert (answer.status_code, codes(answer)) == (403, [("wrong_role", None)])


def test_anothers_is_not_found(world: World, api: Any) -> None:
    url = upload(api("partner.admin"))["Location"]
    for who in ("partner.reader", "partner2.admin", "vendor.admin", "many@customer"):
        client = api(who)
        assert [client.get(f"{url}{path}").status_code for path in ("", "results/")] == [404, 404]
        asked = [client.post(f"{url}apply/", {"mode": "merge"}), client.post(f"{url}cancel/")]
        assert [answer.status_code for answer in asked] == [404, 404]


HOSTILE_FORMS = {
    "no boundary": ("multipart/form-data", b"x"),
    "a boundary of another kind": ("multipart/form-data; boundary=\xc3\xa9", b"x"),
    "nothing": ("multipart/form-data; boundary=x", b""),
    "no end": ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="kind"\r\n\r\nshelf'),
    "bad base64": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n===\r\n--x--\r\n",
    ),
    "fields without end": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 2000 + b"--x--\r\n",
    ),
    "files without end": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n1\r\n' * 200 + b"--x--\r\n",
    ),
    "a field of 3 MB": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="kind"\r\n\r\n' + b"a" * 3_000_000 + b"\r\n--x--\r\n",
    ),
    "a path for a name": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="../../etc/passwd"\r\n\r\n1\r\n--x--\r\n',
    ),
}


@pytest.mark.parametrize("name", HOSTILE_FORMS)
def test_a_hostile_form_is_the_callers_error(name: str, api: Any, web: Any) -> None:
    content_type, body = HOSTILE_FORMS[name]
    for client, url in ((api("partner.admin"), URL), (web("partner.admin"), "/imports/new/shelf/")):
        answer = client.generic("POST", url, body, content_type=content_type)
        assert 400 <= answer.status_code < 500, (url, answer.status_code)
    assert not list(files.list_import_files())
