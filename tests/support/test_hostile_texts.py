"""What is typed about a request is text in mails, on pages and in files: no header, no markup, no formula."""

from email import message_from_bytes, policy
from typing import Any

import pytest

from support.actions.deciding import ask_for_information, decline_request
from support.actions.submitting import answer_request, submit_request
from support.models import Request
from support.models.request import REASON_LENGTH
from tests.exports.test_views import table
from tests.mail_server import Sink, send_all
from tests.support.asking import FIELDS
from tests.world import World, address

HOSTILE = (
    "No.\r\nBcc: thief@evil.example\r\nX-Evil: 1\r\n\r\n<script>alert(1)</script><img src=x onerror=alert(1)>"
    '\u202eelbisreverri\u202c =HYPERLINK("https://evil.example") {{ 7*7 }} %(number)s '
)
LONGEST = HOSTILE + "é" * (REASON_LENGTH - len(HOSTILE.strip()) - 1)


def test_a_hostile_reason_is_text_in_the_mail(world: World, acts: Any, waiting: Request, sink: Sink) -> None:
    send_all()
    sink.taken.clear()
    acts("vendor.admin", decline_request, request=waiting, reason=LONGEST, revision=1)
    send_all()
    (envelope,) = sink.taken
    assert envelope.rcpt_tos == [address("lapsed.admin")]
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert "Bcc" not in message and "X-Evil" not in message
    assert message["Subject"] == f"Request {waiting.number} (Change of country) was declined"
    assert all(len(line) <= 998 for line in envelope.content.split(b"\r\n"))
    parts = {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}
    assert "<script>alert(1)</script>" in parts["text/plain"] and LONGEST[-50:] in parts["text/plain"]
    assert "{{ 7*7 }} %(number)s" in parts["text/plain"] and "\u202e" not in parts["text/plain"]
    html = parts.get("text/html", "")
    assert "<script" not in html and "<img src=x" not in html


def test_hostile_texts_are_text_on_the_pages(web: Any, acts: Any, draft: Request) -> None:
    fields = FIELDS | {"title": HOSTILE[:200], "justification": HOSTILE, "contact_phone": "=1+1"}
    acts("lapsed.admin", submit_request, request=draft, **fields)
    acts("vendor.admin", ask_for_information, request=draft, message=HOSTILE)
    acts("lapsed.admin", answer_request, request=draft, message=HOSTILE, **fields)
    acts("vendor.admin", decline_request, request=draft, reason=LONGEST, revision=2)
    for who, closed in (("vendor.admin", "/requests/queue/?state=closed"), ("lapsed.admin", "/requests/?state=closed")):
        for page in (closed, f"/requests/{draft.public_id}/", "/inbox/"):
            shown = web(who).get(page).content.decode()
            assert "<script>alert" not in shown and "<img src=x" not in shown, page
            assert "\u202e" not in shown, page  # what turns the direction of a text is taken out of it
    assert "\n" not in Request.objects.get(pk=draft.pk).title


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "＝"])
def test_exported_requests_run_no_formula(acts: Any, api: Any, draft: Request, start: str) -> None:
    formula = f'{start}HYPERLINK("https://evil.example","x")'
    acts("lapsed.admin", submit_request, request=draft, **FIELDS | {"title": f"x{formula}"})
    Request.objects.filter(pk=draft.pk).update(title=formula)
    acts("vendor.admin", decline_request, request=draft, reason=f"{formula}\r\n=2+2", revision=1)
    for who, name in (("lapsed.admin", "own_requests"), ("vendor.admin", "requests")):
        answer = api(who).post("/api/v1/exports/", {"list": name, "filters": {}}, format="json")
        (row,) = [row for row in table(answer) if row["number"] == draft.number]
        assert row["title"].startswith("'") and row["reason"].startswith("'"), (row["title"], row["reason"])
        assert row["reason"].count("=2+2") == 1
