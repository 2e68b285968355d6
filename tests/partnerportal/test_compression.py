"""Pages are compressed for browsers that take it, and what must not be is not."""

import gzip
from typing import Any

import pytest

from marketplace.models import Offer
from tests.exports.test_views import table

GZIP = {"Accept-Encoding": "gzip, br"}


def test_a_page_is_compressed(web: Any) -> None:
    client = web("partner.reader")
    plain = client.get("/customers/")
    packed = client.get("/customers/", headers=GZIP)
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip" and "Accept-Encoding" in packed["Vary"]
    assert len(packed.content) < len(plain.content) / 3
    assert b"</html>" in gzip.decompress(packed.content)


def test_the_list_of_the_api_is_compressed(api: Any) -> None:
    packed = api("partner.reader").get("/api/v1/customers/", headers=GZIP)
    assert packed["Content-Encoding"] == "gzip" and gzip.decompress(packed.content).startswith(b"{")


@pytest.mark.parametrize("path", ["/renewals/calendar/", "/operators/add/"])
def test_no_answer_to_a_form_is_compressed(path: str, web: Any) -> None:
    answer = web("partner.admin").post(path, {}, headers=GZIP)
    assert answer.status_code == 200 and "Content-Encoding" not in answer


def test_no_file_is_compressed(web: Any) -> None:
    answer = web("partner.reader").post("/exports/new/", {"list": "customers", "query": ""}, headers=GZIP, follow=True)
    assert "Content-Encoding" not in answer and table(answer)


def test_an_answer_with_a_tag_for_edits_keeps_it(api: Any) -> None:
    url = f"/api/v1/offers/{Offer.objects.get(code='backup').public_id}/technical/"
    tagged = api("publisher.admin").get(url, headers=GZIP)
    assert tagged["ETag"].startswith('"') and "Content-Encoding" not in tagged
