"""Hostile texts of publishers, partners and customers: in mails, in exported files, in uploads and as Markdown."""

import csv
import gzip
import io
from email.message import EmailMessage
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Organization
from connections.models import Connection
from marketplace.models import Market, Offer, Price
from notifications.actions.outbox import send_due_emails, write_due_notices
from partnerportal.lib.days import today
from tests.house.test_xss import Reader
from tests.marketplace.test_bad_input import ADMIN, HOSTILE, NUL, change, count_rows, make_tree, send
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.slow]  # every hostile text at every place
INJECTED = "Vault\r\nBcc: thief@x.example\r\n\r\n<script>qzx()</script>"
BAD_HEADERS = {"bcc", "cc", "x-evil"}


@pytest.fixture
def publish(api: Any, world: World) -> Any:
    """Return a function that publishes the offer of the cast with something else at some JSON pointers."""

    def make(**changes: Any) -> Offer:
        offer, tree = Offer.objects.get(code="backup"), make_tree()
        for pointer, value in changes.items():
            tree = change(tree, "/" + pointer.replace("__", "/"), value)
        client, url = api(ADMIN), f"offers/{offer.public_id}/"
        saved = send(client, "put", url, tree, headers={"If-Match": "*"})
        assert saved.status_code == 200, saved.json()
        assert send(client, "post", f"{url}publish/", {}, headers={"If-Match": "*"}).status_code == 200
        return Offer.objects.get(pk=offer.pk)

    return make


def deliver() -> list[Any]:
    while write_due_notices():
        pass
    while send_due_emails():
        pass
    return mail.outbox


TYPED = f"\u202e{HOSTILE}\r\n.\r\nX-Evil: 1\r\n\r\nFrom me\x0b\x1b[2J"


def test_no_text_becomes_a_header_or_markup_of_a_mail(world: World, web: Any, publish: Any) -> None:
    """The name of an offer stands in subjects; what partners, customers, publisher and vendor type, in bodies."""
    offer = publish(texts__en__name=INJECTED)
    said = {"message": TYPED, "reply_to": "a@x.example"}
    assert web("partner.admin").post(f"/marketplace/offers/{offer.public_id}/contact/", said).status_code == 302
    connection = Connection.objects.get(customer=world.customer, partner=world.partner)
    asked = {"connection": connection.public_id, "message": TYPED}
    assert web("customer.admin").post(f"/marketplace/{offer.public_id}/ask/", asked).status_code == 302
    assert web(ADMIN).post(f"/offers/{offer.public_id}/health/", {"kind": "outage", "text": TYPED}).status_code == 302
    assert web("vendor.admin").post(f"/offers/{offer.public_id}/stops/new/", {"reason": TYPED}).status_code == 302
    letters = [letter for letter in deliver() if "Vault" in letter.subject]
    assert len(letters) >= 4
    for letter in letters:
        message: EmailMessage = letter.message()
        assert not {name.casefold() for name in message} & BAD_HEADERS, message.items()
        assert "\n" not in letter.subject and "\u202e" not in letter.subject
        assert message["To"] and "thief" not in f"{message['To']}{message['From']}{message['Reply-To']}"
        assert "\x1b" not in letter.body and "\x0b" not in letter.body
        for content, kind in letter.alternatives:
            assert kind == "text/html"
            found = Reader(content)
            assert not found.found, found.found
            assert "<script>qzx" not in content
    assert any("qzx()" in letter.body for letter in letters)


@pytest.mark.parametrize(
    "address", ["a@x.example\r\nBcc: b@x.example", "a@x.example, b@x.example", f"a{NUL}@x.example", "x"]
)
def test_an_address_for_the_answer_is_one_address(world: World, web: Any, address: str) -> None:
    offer, before = Offer.objects.get(code="backup"), count_rows()
    said = {"message": "May we?", "reply_to": address}
    answer = web("partner.admin").post(f"/marketplace/offers/{offer.public_id}/contact/", said)
    assert answer.status_code == 200 and "field-error" in answer.content.decode()
    assert count_rows() == before


@pytest.mark.parametrize("field", ["message", "reason", "text", "question"])
@pytest.mark.parametrize(
    "typed", [f"a{NUL}b", "\ud800", "x" * 100_000, "\u200b\u202e"], ids=["NUL", "half", "long", "unseen"]
)
def test_no_message_is_an_error_of_ours(world: World, web: Any, field: str, typed: str) -> None:
    offer, before = Offer.objects.get(code="monitor"), count_rows()
    who, path, more = {
        "message": ("partner.admin", f"/marketplace/offers/{offer.public_id}/contact/", {"reply_to": "a@x.example"}),
        "reason": ("vendor.admin", f"/offers/{offer.public_id}/stops/new/", {}),
        "text": (ADMIN, f"/offers/{offer.public_id}/health/", {"kind": "outage"}),
        "question": ("customer.admin", f"/marketplace/{offer.public_id}/ask/", {"connection": "x"}),
    }[field]
    name = "message" if field == "question" else field
    body = "&".join(f"{key}={value}" for key, value in more.items()) + f"&{name}="
    raw = body.encode() + typed.encode("utf-8", "surrogatepass")
    answer = web(who).generic("POST", path, raw, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (200, 302, 400), answer.status_code
    if answer.status_code != 302:
        assert count_rows() == before


FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "＝1+1",
    '=HYPERLINK("https://x.example";"a")',
    "=cmd|' /C calc'!A0",
)


@pytest.mark.parametrize("name", FORMULAS)
def test_no_name_becomes_a_formula_of_an_exported_file(world: World, web: Any, publish: Any, name: str) -> None:
    """Of an offer and a plan in the price list, of a partner in an audience."""
    offer = publish(texts__en__name=name, plans__0__texts__en__name=name)
    Organization.objects.filter(pk=world.partner.pk).update(name=name, country="DE")
    Price.objects.create(
        plan=offer.plans.get(code="basic"), market=Market.objects.get(code="europe"), currency="EUR", term="P1Y",
        billing="P1M", valid_from=today(), amount=5,
    )  # fmt: skip
    monitor = Offer.objects.get(code="monitor")
    for who, key, query in (
        ("partner.admin", "price_list", ""),
        (ADMIN, "audience", f"offer={monitor.public_id}"),
        (ADMIN, "prices", f"offer={offer.public_id}"),
    ):
        answer = web(who).post("/exports/new/", {"list": key, "query": query})
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
        assert len(rows) > 1, key
        cells = [cell for row in rows for cell in row]
        assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@", "＝", "\t"))], key
        assert any(name.strip() in cell for cell in cells) or key == "prices"


def test_no_text_of_an_exported_file_is_written_backwards(world: World, web: Any, publish: Any) -> None:
    publish(texts__en__name="Va\u202eult\u2066x\u200f")
    text = web("partner.admin").post("/exports/new/", {"list": "price_list", "query": ""}).content.decode()
    assert "Vault" in text and not {"\u202e", "\u2066"} & set(text)


BIG = 20_000_000
HEADS = {"audience": b"tenant_id", "prices": b"plan,market,currency,term,billing,amount,valid_from"}
BOMBS = {  # with the head of the kind for H
    "20 MB in one line": (b"x" * (BIG - 10), {"too_long", "too_large"}),
    "a million columns": (b"H" + b",a" * 1_000_000, {"too_long", "too_large"}),
    "columns in a short line": (b"H" + b",row" * 49_000 + b"\na\n", {"duplicate_column"}),
    "more than 20 MB": (b"H\n" + b"a\n" * (BIG // 2), {"too_large"}),
    "NULs": (b"\0" * 1_000_000, {"binary", "too_long"}),
    "a NUL in the head": (b"H\0\na\n", {"binary"}),
    "UTF-16": ("tenant_id\na\n".encode("utf-16"), {"not_utf8"}),
    "UTF-16 without its mark": ("tenant_id\na\n".encode("utf-16-le"), {"binary"}),
    "gzip": (gzip.compress(b"tenant_id\n" + b"a\n" * 1_000_000), {"archive"}),
    "a quote without end in the head": (b'H,"' + b"x\n" * 100_000, {"bad_quotes"}),
    "nothing": (b"", {"empty"}),
}


@pytest.mark.parametrize("what", BOMBS)
@pytest.mark.parametrize("kind", HEADS)
def test_a_file_that_is_a_bomb_is_refused_at_once(world: World, web: Any, api: Any, kind: str, what: str) -> None:
    """By page and API: a sentence beside the field, and neither a row nor a file is stored."""
    content, codes = BOMBS[what]
    content = HEADS[kind] + content[1:] if content.startswith(b"H") else content
    target, before = str(Offer.objects.get(code="monitor").public_id), count_rows()
    sent = {"kind": kind, "target": target, "file": SimpleUploadedFile("a.csv", content, "text/csv")}
    answer = api(ADMIN).post("/api/v1/imports/", sent, format="multipart")
    assert answer.status_code == 400, answer.content[:300]
    (error,) = answer.json()["errors"]
    assert error["code"] in codes and error["attr"] == "file" and len(error["detail"]) < 300, error
    sent = {"target": target, "file": SimpleUploadedFile("a.csv", content, "text/csv")}
    page = web(ADMIN).post(f"/imports/new/{kind}/?target={target}", sent)
    assert page.status_code == 400 and "field-error" in page.content.decode()
    assert count_rows() == before


MOST = 20_000
MARKDOWN = {
    "quotes 10,000 deep": "> " * (MOST // 2),
    "lists 10,000 deep": "- " * (MOST // 2),
    "brackets 10,000 deep": "[" * (MOST // 2) + "](x)" * 10,
    "stars without end": "*a" * (MOST // 2),
    "a huge table": "|a" * 5_000 + "|\n" + "|-" * 4_000 + "|\n",
    "rows of a table": "|a|b|\n|-|-|\n" + "|a|b|\n" * 3_000,
    "a link that acts": "[a](javascript:qzx()) [b](  JaVaScRiPt:qzx()) [c](data:text/html,qzx) [d](vbscript:qzx)",
    "a link that acts, by entities": "[a](&#106;avascript:qzx()) <javascript:qzx()> [b](java\tscript:qzx())",
    "pictures": "![a](https://x.example/track.png) ![b](data:image/svg+xml,<svg/onload=qzx()>)",
    "markup": "<script>qzx()</script><img src=x onerror=qzx()><style>*{display:none}</style>",
    "text that turns": "\u202e" * 1000 + "abc\u2066",
    "references": "[a]: javascript:qzx()\n\n[a] [a][a]\n" * 100,
}


def find_harm(page: str) -> list[Any]:
    """Return what of a page acts or leads away, but for links to where the publisher says."""
    known = ("https://publisher.example/", "https://x.example/")
    return [what for what in Reader(page).found if not str(what[-1]).startswith(known)]


@pytest.mark.parametrize("what", MARKDOWN)
def test_no_description_harms_a_page(world: World, web: Any, publish: Any, what: str) -> None:
    offer = publish(texts__en__description=MARKDOWN[what][:MOST])
    for who, path in (
        ("partner.admin", f"/marketplace/offers/{offer.public_id}/"),
        ("customer.admin", f"/marketplace/{offer.public_id}/"),
        ("vendor.admin", f"/marketplace/all/{offer.public_id}/"),
        (ADMIN, f"/offers/{offer.public_id}/preview/?as=distributor"),
        (ADMIN, f"/offers/{offer.public_id}/compare/?from=1&to=2"),
    ):
        answer = web(who).get(path)
        assert answer.status_code == 200, path
        assert not find_harm(answer.content.decode()), path
        prose = answer.content.decode().partition('class="prose"')[2].partition("</section>")[0]
        assert "<img" not in prose and prose.count("<blockquote>") <= 20


@pytest.mark.parametrize("what", ["quotes 10,000 deep", "a huge table", "markup", "a link that acts"])
def test_no_description_harms_the_preview_of_its_form(world: World, web: Any, what: str) -> None:
    from tests.marketplace.editing import send as send_form

    offer, client = Offer.objects.get(code="backup"), web(ADMIN)
    url = f"/offers/{offer.public_id}/listing/"
    answer = send_form(client, url, texts__en__description=MARKDOWN[what][:MOST], preview="1")
    assert answer.status_code == 200 and not find_harm(answer.content.decode())
