"""Hostile and clumsy input to the pages and the API of the marketplace: refused by its place, and nothing half done."""

import json
import uuid
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.db import connection

from marketplace.models import HealthIssue, Offer, Plan
from marketplace.queries.audience import PASTED
from tests.house.test_xss import MARK, Reader
from tests.marketplace.editing import read_form
from tests.world import World
from tests.world_offers import CHANNEL, make_content

pytestmark = [pytest.mark.django_db, pytest.mark.slow]  # every wrong value at every place
ADMIN = "publisher.admin"
SURROGATE, NUL, LONG = "\ud800", "\x00", "x" * 100_000
NOBODY = "00000000-0000-0000-0000-000000000000"


def count_rows() -> dict[str, int]:
    """How many rows each table of these apps has, and how many events there are."""
    models = [model for app in ("marketplace", "support", "imports") for model in apps.get_app_config(app).get_models()]
    tables = [*(model._meta.db_table for model in models), "notifications_event", "notifications_notice"]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables))
        return dict(cursor.fetchall())


def deep(levels: int) -> Any:
    nested: Any = "x"
    for _level in range(levels):
        nested = [nested]
    return nested


def make_tree() -> dict[str, Any]:
    links = [{"title": "Manual", "url": "https://publisher.example/manual"}]
    tree: dict[str, Any] = json.loads(json.dumps({**make_content("Vault", "basic"), "channel": CHANNEL}))
    return tree | {"links": links}


def change(tree: Any, pointer: str, value: Any) -> Any:
    """Put a value into a tree at a JSON pointer, and return the tree."""
    *way, last = [int(step) if step.isdigit() else step for step in pointer.split("/")[1:]]
    place = tree
    for step in way:
        place = place[step]
    place[last] = value
    return tree


NAME, PLAN = "/texts/en/name", "/plans/0"
# Where in the tree of an offer what stands, and where the error points if not there.
TREE: list[tuple[str, Any] | tuple[str, Any, str]] = [
    *((pointer, value) for pointer in ("/texts", "/texts/en", "/support", "/channel", "/channel/contact", PLAN)
      for value in (1, "x", [], None)),
    *((pointer, value) for pointer in ("/plans", "/links", "/categories", f"{PLAN}/terms") for value in ("x", {}, 7)),
    *((pointer, value) for pointer in (NAME, "/links/0/title", f"{PLAN}/texts/en/name", f"{PLAN}/code", "/support/name")
      for value in ([], {"a": 1}, None, True, LONG, f"a{NUL}", SURROGATE)),
    *((pointer, url) for pointer in ("/links/0/url", "/support/url", "/channel/marketing_url", "/channel/contact/url")
      for url in ("javascript:alert(1)", "data:text/html,<script>1</script>", "//x.example", " java\nscript:1", "x")),
    *((f"{PLAN}/code", code) for code in ("../x", "A", "", "a b", "é", "-", "a" * 51, "a\u202eb", "０")),
    *((f"{PLAN}/min_seats", number) for number in (0, -1, 1.5, 10**30, 1e300, "x", [], "1e3", 1_000_001)),
    *((f"{PLAN}/trial_days", number) for number in (-1, 181, None, "1 day")),
    *((f"{PLAN}/is_byol", value) for value in (None, "perhaps", 2, [], {})),
    *((pointer, value, f"{pointer}/0") for pointer in (f"{PLAN}/terms", f"{PLAN}/billing")
      for value in (["P1D"], [None], [[]], [{}], ["p1m"], [NUL])),
    ("/categories", ["atlantis"]), ("/categories", [SURROGATE], "/categories/0"),
    ("/categories", [deep(9)], "/categories/0"),
    ("/categories", ["backup"] * 4), ("/links", [{"title": "x", "url": "https://a.example"}] * 11),
    ("/plans", [{"code": f"p{at}"} for at in range(101)]), ("/plans", [{"code": "basic"}, {"code": "basic"}]),
    ("/plans", [{}], "/plans/0/code"), ("/plans", [[]], PLAN), ("/plans", [None], PLAN),
    ("/texts", {"en": {"name": "x"}, "de": {"name": "x"}}, "/texts/de"), ("/texts/en/description", "x" * 20_001),
    ("/texts/en/title", "x"), (f"{PLAN}/price", 1), ("/support/email", "a@b"),
    ("/support/email", "a@x.example\nBcc: b@x.example"), ("/support/phone", "1" * 41), ("/is_admin", True),
    ("/a~b", 1, "/a~0b"), ("/publisher", NOBODY), ("/live_version", 1), ("/audience", "any"),
]  # fmt: skip


@pytest.mark.parametrize("case", TREE, ids=lambda case: f"{case}"[:50])
def test_a_tree_is_refused_by_a_json_pointer(world: World, api: Any, case: Any) -> None:
    pointer, value, place = (*case, case[0])[:3]
    offer, before = Offer.objects.get(code="backup"), count_rows()
    body = json.dumps(change(make_tree(), pointer, value))
    answer = send(api(ADMIN), "put", f"offers/{offer.public_id}/", body, headers={"If-Match": "*"})
    assert answer.status_code == 400, answer.content[:300]
    errors = answer.json()["errors"]
    assert {error["attr"] for error in errors} == {place} and all(error["detail"] for error in errors)
    assert count_rows() == before and offer.versions.get(number=None).content["texts"]["en"]["name"] == "Draft qdraftq"


def send(client: Any, method: str, path: str, body: Any = None, **options: Any) -> Any:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.generic(method.upper(), f"/api/v1/{path}", text, content_type="application/json", **options)


# Method, path and body of what is not even an object of the endpoint; status and code of the answer.
BROKEN: list[tuple[str, int, str]] = [
    ("", 400, "required"), ("{", 400, "parse_error"), ('{"code": NaN}', 400, "parse_error"),
    ('{"code": Infinity}', 400, "parse_error"), ("[" * 100_000, 413, "too_large"), ("[" * 50_000, 400, "parse_error"),
    (json.dumps({"code": deep(30)}), 400, "parse_error"), ('{"code": "a", "code": "b"}', 400, "parse_error"),
    ('{"type": {"a": 1, "a": 1}}', 400, "parse_error"), ('{"\\ud800": 1}', 400, "parse_error"),
    ('{"code": {"\\udfff": 1}}', 400, "parse_error"), ('{"code": 1' + "0" * 5000 + "}", 400, "parse_error"),
    ("[]", 400, "invalid"), ("null", 400, "null"), ('"x"', 400, "invalid"), ("1", 400, "invalid"),
    (json.dumps({"code": LONG}), 413, "too_large"), ('{"code": "x", "publisher": 1}', 400, "unknown_field"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status", "code"), BROKEN, ids=lambda value: f"{value}"[:30])
def test_a_body_that_is_none_of_ours(world: World, api: Any, body: str, status: int, code: str) -> None:
    before = count_rows()
    answer = send(api(ADMIN), "post", "offers/", body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code), answer.json()
    assert count_rows() == before


def test_a_key_that_is_given_twice_is_named(world: World, api: Any) -> None:
    answer = send(api(ADMIN), "post", "offers/", '{"code": "a", "type": "saas", "code": "b"}')
    assert "“code”" in answer.json()["errors"][0]["detail"]


def test_bytes_that_are_no_utf_8(world: World, api: Any) -> None:
    assert send(api(ADMIN), "post", "offers/", b'{"code": "\xff"}').status_code == 400


# Path below the offer, body, and the field that the error names; the status is 400 unless given.
REFUSED: list[tuple[str, str, str, Any, str | None, int]] = [
    *(("post", ADMIN, "/", {"code": code, "type": "saas", "pricing_model": "flat"}, "code", 400)
      for code in ("", "A", "a b", "x" * 51, "\u202ea", NUL, SURROGATE, None, [], {}, True, "<script>", "../x", "é")),
    *(("post", ADMIN, "/", {"code": "ok", "type": kind, "pricing_model": "flat"}, "type", 400)
      for kind in ("nothing", "", None, [], {}, NUL, 1)),
    ("post", ADMIN, "/", {"code": "backup", "type": "saas", "pricing_model": "flat"}, None, 409),
    *(("put", ADMIN, "audience/", {"audience": "specific", "tenant_ids": ids}, "tenant_ids", 400)
      for ids in ("x", None, {}, 1)),
    *(("put", ADMIN, "audience/", {"audience": "specific", "tenant_ids": [bad]}, "tenant_ids.0", 400)
      for bad in ("x", None, [], {}, NUL, SURROGATE, 10**40, -1)),
    ("put", ADMIN, "audience/", {"audience": NUL}, "audience", 400),
    ("put", ADMIN, "audience/", {"audience": {"any": 1}}, "audience", 400),
    *(("put", ADMIN, "technical/", {"landing_page_url": url, "webhook_url": ""}, "landing_page_url", 400)
      for url in ("javascript:1", "data:,x", "x" * 501, NUL, SURROGATE, [], None, "https://x y")),
    *(("post", ADMIN, "stops/", {"plan": plan}, "plan", 400) for plan in ("gold", NUL, SURROGATE, [], {}, "x" * 51)),
    *(("post", ADMIN, "stops/", {"plan": "basic", "market": market}, "market", 400) for market in ("x", NUL, [], 1.5)),
    ("post", ADMIN, "stops/", {"reason": "x" * 501}, "reason", 400),
    ("post", ADMIN, "stops/", {"reason": NUL}, "reason", 400),
    ("post", "vendor.admin", "stops/", {"reason": " \u2003\n"}, "reason", 400),
    ("post", ADMIN, "sales/", {}, None, 404),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case[2]} {case[3]}"[:50])
def test_the_api_names_the_field_and_does_nothing(world: World, api: Any, case: Any) -> None:
    method, who, path, body, field, status = case
    offer, before = Offer.objects.get(code="backup"), count_rows()
    path = "offers/" if path == "/" else f"offers/{offer.public_id}/{path}"
    answer = send(api(who), method, path, body, headers={"If-Match": "*"})
    assert answer.status_code == status, answer.content[:300]
    if field is not None:
        assert {error["attr"] for error in answer.json()["errors"]} == {field}
    assert count_rows() == before


@pytest.mark.parametrize(
    "seen",
    ['"0"', '"²"', '"99999999999999999999"', 'W/"3"', '"3", "4"', '"-1"', '"' + "9" * 5000 + '"', "x", '"\u0663"'],
)
@pytest.mark.parametrize("path", ["", "audience/", "technical/"])
def test_another_if_match_matches_nothing(world: World, api: Any, path: str, seen: str) -> None:
    offer, before = Offer.objects.get(code="backup"), count_rows()
    technical = {"landing_page_url": "https://x.example", "webhook_url": ""}
    body = {"": make_tree(), "audience/": {"audience": "none"}, "technical/": technical}[path]
    answer = send(api(ADMIN), "put", f"offers/{offer.public_id}/{path}", body, headers={"If-Match": seen})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (412, "changed_meanwhile")
    assert count_rows() == before


QUERIES = (
    NUL, f"a{NUL}b", "x" * 3000, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "-1", "9" * 5000, "²",
    "\u202e", "' OR 1=1 --", "1e400", "[]", "../../x", "%00", NOBODY,
)  # fmt: skip
PARTIES = "partner=V&partner_q=V&customer=V&customer_q=V"
CATALOGUE = "q=V&type=V&category=V&publisher=V&sellable=V&sort=V&cursor=V"
READ: list[tuple[str, str]] = [
    (ADMIN, "/offers/?q=V&state=V&type=V&sort=V&cursor=V"), (ADMIN, "/offers/O/compare/?from=V&to=V"),
    (ADMIN, "/offers/O/audience/?q=V&country=V&market=V&kind=V&cursor=V&sort=V&competency=V&skill=V"),
    (ADMIN, "/offers/O/audience/select/?q=V&country=V&market=V&kind=V&cursor=V&competency=V&skill=V"),
    (ADMIN, "/offers/O/preview/?as=partner&place=V"), (ADMIN, "/offers/O/prices/?q=V&market=V&page=V"),
    (ADMIN, f"/marketplace/simulator/?plan=V&plan_q=V&country=V&{PARTIES}"), (ADMIN, "/requests/?state=V&kind=V&q=V"),
    (ADMIN, "/imports/new/audience/?target=V"), ("partner.admin", f"/marketplace/offers/?{CATALOGUE}&customer=V"),
    ("partner.admin", f"/marketplace/offers/choose/?{PARTIES}"),
    ("distributor.admin", f"/marketplace/simulator/?{PARTIES}"),
    ("partner.admin", "/marketplace/offers/O/?customer=V&partner=V"), ("customer.admin", f"/marketplace/?{CATALOGUE}"),
    ("vendor.admin", f"/marketplace/all/?{CATALOGUE}"), ("vendor.admin", f"/marketplace/simulator/?plan_q=V&{PARTIES}"),
    ("vendor.admin", "/requests/queue/?state=V&kind=V&q=V&severity=V&assignee=V&cursor=V&sort=V"),
    (ADMIN, "/api/v1/offers/?q=V"), (ADMIN, "/api/v1/offers/?cursor=V"), (ADMIN, "/api/v1/offers/O/?target=V"),
    (ADMIN, "/api/v1/offers/O/compare/?from=V&to=draft"), (ADMIN, "/api/v1/offers/O/prices/?plan=V"),
    (ADMIN, "/api/v1/offers/O/prices/?state=V"), (ADMIN, "/api/v1/offers/O/prices/?currency=V"),
    (ADMIN, "/api/v1/offers/O/audience/partners/?q=V"), (ADMIN, "/api/v1/eligibility/?plan=V"),
    ("partner.admin", "/api/v1/catalogue/?q=V"), ("partner.admin", "/api/v1/catalogue/?for_customer=V"),
    ("partner.admin", "/api/v1/catalogue/price-list/?changed_since=V"),
    ("partner.admin", "/api/v1/catalogue/price-list/?for_partner=V"),
    ("partner.admin", "/api/v1/eligibility/?plan=P&country=V"), ("vendor.admin", "/api/v1/requests/?state=V"),
    ("vendor.admin", "/api/v1/requests/?kind=V"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "address"), READ, ids=lambda value: value[:40])
def test_no_parameter_of_an_address_is_an_error_of_ours(world: World, web: Any, who: str, address: str) -> None:
    """Each alone: with others the check of one might come before what another does."""
    plan = Plan.objects.select_related("offer").get(offer__code="backup", code="basic")
    path, _mark, query = address.partition("?")
    path = path.replace("/O/", f"/{plan.offer.public_id}/")
    query = query.replace("=P", f"={plan.public_id}")
    client = web(who)
    parts = {part: (f"a{NUL}b", "9" * 5000) for part in query.split("&") if "=V" in part}
    for part, values in parts.items() if len(parts) > 1 else [(query, QUERIES)]:
        for value in values:
            answer = client.get(f"{path}?{part.replace('=V', '=' + quote(value))}")
            assert answer.status_code < 500 and answer.status_code not in (401, 403), (part, value)


HOSTILE = "\"'><svg onload=qzx()></title><script>qzx()</script>{{ 90271836|add:5 }}"
MARKDOWN = f"# Head {HOSTILE}\n\n[a](javascript:qzx()) ![b](https://x.example/qzx.png) [c](data:text/html,qzx) "
MARKDOWN += "<img src=x onerror=qzx()>"


def make_hostile_tree() -> dict[str, Any]:
    """A tree that can be published, with something hostile in every text that takes it."""
    short = HOSTILE[:95]
    texts = {"name": short, "summary": f"\u202e{HOSTILE}", "description": MARKDOWN}
    contact = {
        "name": short,
        "email": "a@publisher.example",
        "phone": HOSTILE[:40],
        "url": 'https://x.example/"onx=qzx',
    }
    tree = make_tree() | {"texts": dict.fromkeys(("en", "fr", "ja"), texts), "support": contact}
    tree["links"] = [{"title": f"\u200b{short}", "url": "https://x.example/'><script>qzx()</script>"}]
    tree["plans"][0]["texts"] = {"en": {"name": short, "description": HOSTILE}}
    tree["channel"] = dict.fromkeys(("marketing_url", "sales_url", "support_url"), 'https://x.example/?"qzx')
    tree["channel"]["contact"] = contact
    return tree


@pytest.fixture
def hostile(world: World, api: Any) -> Offer:
    """The offer of the cast, published with a hostile tree, stopped, with an issue, requests and messages."""
    offer, client = Offer.objects.get(code="backup"), api(ADMIN)
    saved = send(client, "put", f"offers/{offer.public_id}/", make_hostile_tree(), headers={"If-Match": "*"})
    assert saved.status_code == 200, saved.json()
    stopped = send(client, "post", f"offers/{offer.public_id}/stops/", {"plan": "basic", "reason": HOSTILE})
    assert stopped.status_code == 201, stopped.json()
    live = send(client, "post", f"offers/{offer.public_id}/publish/", {}, headers={"If-Match": "*"})
    assert live.status_code == 200, live.json()
    return Offer.objects.get(pk=offer.pk)


def test_every_page_shows_hostile_texts_as_text(world: World, web: Any, hostile: Offer) -> None:
    client = web(ADMIN)
    reported = client.post(f"/offers/{hostile.public_id}/health/", {"kind": "outage", "text": HOSTILE})
    assert reported.status_code == 302 and HealthIssue.objects.filter(offer=hostile).exists()
    tabs = ("", "listing/", "plans/", "audience/", "prices/", "health/", "history/", "preview/", "technical/")
    pages = {
        ADMIN: [f"/offers/{hostile.public_id}/{tab}" for tab in tabs] + [
            "/offers/", "/offers/?q=svg", f"/offers/{hostile.public_id}/compare/?from=1&to=2",
            f"/offers/{hostile.public_id}/preview/?as=partner", f"/offers/{hostile.public_id}/prices/basic/change/",
            f"/offers/{hostile.public_id}/prices/basic/history/", "/marketplace/simulator/", "/inbox/", "/",
        ],
        "partner.admin": [
            "/marketplace/offers/", f"/marketplace/offers/{hostile.public_id}/",
            f"/marketplace/offers/{hostile.public_id}/contact/", "/marketplace/simulator/?plan_q=svg", "/",
        ],
        "customer.admin": [
            "/marketplace/", f"/marketplace/{hostile.public_id}/", f"/marketplace/{hostile.public_id}/ask/", "/",
        ],
        "vendor.admin": ["/marketplace/all/", f"/marketplace/all/{hostile.public_id}/", "/marketplace/simulator/"],
    }  # fmt: skip
    shown = 0
    for who, paths in pages.items():
        reader = web(who)
        for path in paths:
            answer = reader.get(path)
            found = Reader(answer.content.decode())
            harm = [what for what in found.found if not str(what[-1]).startswith("https://x.example/")]
            assert not harm and "90271841" not in "".join(found.text), (who, path, harm)
            assert answer.status_code in (200, 404), (who, path, answer.status_code)
            shown += MARK in "".join(found.text)
    assert shown > 15


def test_a_name_is_one_line_without_what_nobody_sees(world: World, api: Any) -> None:
    """Two names could look alike otherwise, or one could read backwards; and a line break ends a mail's subject."""
    offer, client = Offer.objects.get(code="backup"), api(ADMIN)
    tree = change(make_tree(), NAME, "Va\u202eult\r\nBcc: a@x.example\u200b")
    tree = change(tree, f"{PLAN}/texts/en/name", "\u200bBasic\u2028plan")
    saved = send(client, "put", f"offers/{offer.public_id}/", tree, headers={"If-Match": "*"}).json()
    assert saved["tree"]["texts"]["en"]["name"] == "Vault Bcc: a@x.example"
    assert saved["tree"]["plans"][0]["texts"]["en"]["name"] == "Basic plan"


def test_an_unseen_name_is_none(world: World, api: Any) -> None:
    offer, client = Offer.objects.get(code="backup"), api(ADMIN)
    tree = change(make_tree(), NAME, "\u200b\u202e\ufeff")
    saved = send(client, "put", f"offers/{offer.public_id}/", tree, headers={"If-Match": "*"}).json()
    assert [problem["pointer"] for problem in saved["problems"]] == [NAME]
    tree = change(make_tree(), "/links/0/title", "\u200b")
    refused = send(client, "put", f"offers/{offer.public_id}/", tree, headers={"If-Match": "*"}).json()
    assert [error["attr"] for error in refused["errors"]] == ["/links/0/title"]


def test_a_pasted_list_is_looked_up_whole_or_refused(world: World, web: Any) -> None:
    """Nothing is left out unsaid: a list that is too long adds nobody, not even the partner in its first line."""
    offer, before = Offer.objects.get(code="monitor"), count_rows()
    url = f"/offers/{offer.public_id}/audience/paste/"
    unknown = "\n".join(f"n{number}" for number in range(PASTED))
    page = web(ADMIN).post(url, {"entries": f"{world.lapsed.name}\n{unknown}"}).content.decode()
    assert "at most 1,000 names or tenant IDs" in page and "n999" in page  # what was pasted is still there
    ten_thousand = "\n".join(str(uuid.uuid4()) for _line in range(10_000))
    assert web(ADMIN).post(url, {"entries": ten_thousand}).status_code == 200
    assert web(ADMIN).post(url, {"entries": f"a{NUL}b"}).status_code == 200
    assert count_rows() == before
    page = web(ADMIN).post(url, {"entries": unknown}).content.decode()
    assert "n999" in page and "at most" not in page


@pytest.mark.parametrize("revision", ["9" * 5000, "²", "-1", "", NUL, "1e3", str(2**31)])
def test_a_revision_that_no_page_has_shown_publishes_nothing(world: World, web: Any, revision: str) -> None:
    offer, before = Offer.objects.get(code="backup"), count_rows()
    answer = web(ADMIN).post(f"/offers/{offer.public_id}/publish/", {"revision": revision})
    assert answer.status_code == 409 and count_rows() == before


VALUES = ("9" * 5000, NUL, "\u202e<script>", "0001-01-01", "9999-12-31", "-1", "1e400", "NaN", "", "x" * 20_001)
FORMS = {
    "new/": ("code", "type", "pricing_model"), "O/audience/": ("audience", "revision"),
    "O/audience/sync/": ("revision",),
    "O/audience/select/": ("row",), "O/audience/remove/": ("row",), "O/technical/": ("landing_page_url", "webhook_url"),
    "O/health/": ("kind", "began_at", "text"), "O/stops/new/": ("plan", "market", "reason"),
    "O/prices/basic/change/": ("valid_from", "step", "amount.europe.EUR.P1M.P1M", "replaces.europe.EUR.P1M.P1M"),
}  # fmt: skip


@pytest.mark.parametrize("path", FORMS)
def test_no_field_of_a_form_is_an_error_of_ours(world: World, web: Any, path: str) -> None:
    offer, client = Offer.objects.get(code="backup"), web(ADMIN)
    url = f"/offers/{path.replace('O/', f'{offer.public_id}/')}"
    offers, prices = Offer.objects.count(), Plan.objects.get(offer=offer, code="basic").prices.count()
    good = read_form(client.get(url).content.decode())
    for field in FORMS[path]:
        for value in VALUES:
            answer = client.post(url, {**good, field: value})
            assert answer.status_code < 500, (field, value)
    assert Offer.objects.count() == offers
    assert Plan.objects.get(offer=offer, code="basic").prices.count() == prices
