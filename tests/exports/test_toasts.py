"""What is said after an export: how many rows of what, and where the script that saves the file is led instead."""

import json
from typing import Any

import pytest
from django.utils import translation

from exports import actions
from exports.catalogue import LISTS
from exports.models import Export
from exports.rows import describe_sent_export
from tests.exports.test_views import NEW, table
from tests.world import World

pytestmark = pytest.mark.usefixtures("private_folder")

BY_SCRIPT = {"HTTP_HX_REQUEST": "true"}
SAID = {
    ("customers", 1): (
        "Exported 1 customer",
        "Export terminé\N{NARROW NO-BREAK SPACE}: 1 client",
        "顧客1社をエクスポートしました",
    ),
    ("customers", 1234): (
        "Exported 1,234 customers",
        "Export terminé\N{NARROW NO-BREAK SPACE}: 1\N{NARROW NO-BREAK SPACE}234 clients",
        "顧客1,234社をエクスポートしました",
    ),
    ("trend", 1): (
        "Exported “Usage trend” (1 row)",
        "Export terminé\N{NARROW NO-BREAK SPACE}: «\N{NARROW NO-BREAK SPACE}Tendance d’utilisation\N{NARROW NO-BREAK SPACE}» (1 ligne)",  # noqa: E501
        "「使用状況の傾向」（1行）をエクスポートしました",
    ),
}


def toast_of(answer: Any) -> Any:
    return json.loads(answer["HX-Trigger"])["toast"]


@pytest.mark.promise("CC-38")
@pytest.mark.parametrize("headers", [{}, BY_SCRIPT])
def test_the_file_says_what_it_holds(headers: dict[str, str], world: World, web: Any) -> None:
    client = web("partner.admin")
    answer = client.post(NEW, {"list": "customers"}, **headers)
    assert len(table(answer)) == 2 and answer["HX-Trigger"].isascii()
    assert toast_of(answer) == {"text": "Exported 2 customers", "tone": "ok"}
    ticked = {"list": "customers", "what": "ticked", "row": [world.customer.org_id]}
    assert toast_of(client.post(NEW, ticked, **headers))["text"] == "Exported 1 customer"
    sent = Export.objects.filter(rows=1).get()
    assert toast_of(client.post(f"/exports/{sent.public_id}/again/", **headers))["text"] == "Exported 1 customer"


@pytest.mark.parametrize(("key", "rows"), SAID)
def test_it_is_said_in_each_language(key: str, rows: int) -> None:
    said = []
    for language in ("en", "fr", "ja"):
        with translation.override(language):
            said.append(describe_sent_export(Export(list=key, rows=rows)))
    assert tuple(said) == SAID[key, rows]


@pytest.mark.parametrize("key", sorted(LISTS))
def test_every_list_has_its_words(key: str) -> None:
    for language in ("en", "fr", "ja"):
        with translation.override(language):
            one, two = (describe_sent_export(Export(list=key, rows=rows)) for rows in (1, 2))
            label = str(LISTS[key].label)
        assert "1" in one and "2" in two and "%" not in one + two
        assert LISTS[key].counted_rows or label in two
        assert language == "ja" or one.replace("1", "2") != two, "the plural is another word"


def test_whatever_is_no_file_leads_the_script_to_a_page(world: World, web: Any, monkeypatch: Any) -> None:
    client = web("partner.admin")
    none = {"list": "customers", "what": "ticked", "next": "/customers/?q=a"}
    answer = client.post(NEW, none, **BY_SCRIPT)
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/customers/?q=a")
    assert client.post(NEW, none).url == "/customers/?q=a"
    monkeypatch.setattr(actions, "SMALL", 1)
    answer = client.post(NEW, {"list": "customers"}, **BY_SCRIPT)
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/exports/")
    assert "HX-Trigger" not in answer and "Export started." in client.get("/exports/").content.decode()
    assert client.post(NEW, {"list": "customers"}).url == "/exports/"
    client.logout()
    assert client.post(NEW, {"list": "customers"}, **BY_SCRIPT)["HX-Redirect"].startswith("/sign-in/login/")
