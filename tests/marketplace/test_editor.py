"""The publisher's editor: the draft of a listing and of plans, and two editors of the same offer."""

import pytest
from django.utils import timezone

from marketplace.actions.offers import publish_offer
from marketplace.models import Market, Offer
from marketplace.queries.offers import get_draft
from tests.marketplace.editing import read_form, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def backup(world):
    return Offer.objects.get(code="backup")


@pytest.fixture
def monitor(world):
    return Offer.objects.get(code="monitor")


def url(offer, page=""):
    return f"/offers/{offer.public_id}/{page}"


def test_every_page_of_an_offer_is_drawn(world, web, backup):
    client = web("publisher.admin")
    for page in ("", "listing/", "plans/", "technical/", "history/", "publish/", "compare/?from=1&to=draft"):
        answer = client.get(url(backup, page))
        assert answer.status_code == 200, page
        assert "Draft qdraftq" in answer.content.decode()


def read_errors(answer):
    page = answer.content.decode()
    return [part.split("</div>")[0] for part in page.split('class="field-error"')[1:]] or page


def test_saving_a_section_unchanged_saves_nothing(world, web, monitor):
    client = web("publisher.admin")
    for page in ("listing/", "plans/"):
        assert send(client, url(monitor, page)).status_code == 302
    assert get_draft(monitor) is None


def test_a_publisher_makes_an_offer_from_nothing_to_live(world, web):
    client = web("publisher.admin")
    start = client.post("/offers/new/", {"code": "vault", "type": "saas", "pricing_model": "per_seat"})
    offer = Offer.objects.get(code="vault")
    assert start.headers["Location"] == url(offer)
    page = client.get(url(offer)).content.decode()
    for anchor in (
        "listing/#id_texts.en.name",
        "listing/#id_categories_0",
        "listing/#id_support.email",
        "plans/#add-plan",
    ):
        assert f'href="{url(offer, anchor)}"' in page
    answer = send(
        client,
        url(offer, "listing/"),
        texts__en__name="Vault",
        texts__en__summary="Keeps things",
        texts__en__description="**All** of it\r\nand more",
        categories=["backup"],
        links__0__title="Docs",
        links__0__url="https://publisher.example/docs",
        support__email="help@publisher.example",
    )
    assert answer.status_code == 302, read_errors(answer)
    added = send(client, url(offer, "plans/"), add_plan="1")
    assert added.status_code == 200
    assert not offer.plans.exists()  # the form alone has grown
    answer = send(
        client,
        url(offer, "plans/"),
        added.content.decode(),
        plans__0__code="basic",
        plans__0__texts__en__name="Basic",
        plans__0__terms=["P1M", "P1Y"],
        plans__0__billing=["P1M"],
        plans__0__min_seats="5",
    )
    assert answer.status_code == 302, read_errors(answer)
    assert "The draft is complete" in client.get(url(offer)).content.decode()
    fields = read_form(client.get(url(offer, "publish/")).content.decode(), "publish")
    assert client.post(url(offer, "publish/"), fields).status_code == 302
    offer.refresh_from_db()
    content = offer.live_version.content
    assert offer.live_version.number == 1
    assert content["texts"] == {
        "en": {"name": "Vault", "summary": "Keeps things", "description": "**All** of it\nand more"}
    }
    assert content["links"] == [{"title": "Docs", "url": "https://publisher.example/docs"}]
    assert [(plan["code"], plan["terms"], plan["min_seats"]) for plan in content["plans"]] == [
        ("basic", ["P1M", "P1Y"], 5)
    ]
    page = client.get(url(offer, "plans/")).content.decode()
    assert "Fixed since version 1." in page
    assert offer.plans.get().is_live


def test_two_editors_meet_side_by_side_and_nothing_is_lost(world, web, backup):
    mine, theirs = web("publisher.admin"), web("publisher.admin")
    page = mine.get(url(backup, "listing/")).content.decode()
    assert send(theirs, url(backup, "listing/"), texts__en__summary="Theirs <b>").status_code == 302
    changes = {"texts__en__summary": "Mine", "texts__fr__name": "À moi"}
    answer = send(mine, url(backup, "listing/"), page, **changes)
    assert answer.status_code == 409
    both = answer.content.decode()
    assert "A colleague has saved this offer since you opened it" in both and "Overwrite with my changes" in both
    assert "Theirs &lt;b&gt;" in both and "<b>" not in both
    fields = read_form(both)
    assert (fields["texts.en.summary"], fields["texts.fr.name"]) == (["Mine"], ["À moi"])
    assert get_draft(backup).content["texts"]["en"]["summary"] == "Theirs <b>"
    assert send(mine, url(backup, "listing/"), both).status_code == 302
    texts = get_draft(backup).content["texts"]
    assert (texts["en"]["summary"], texts["fr"]["name"]) == ("Mine", "À moi")


def test_a_third_editor_is_not_overwritten_by_save_mine_over_it(world, web, backup):
    client = web("publisher.admin")
    page = client.get(url(backup, "listing/")).content.decode()
    send(client, url(backup, "listing/"), texts__en__summary="Second")
    both = send(client, url(backup, "listing/"), page, texts__en__summary="Mine").content.decode()
    send(client, url(backup, "listing/"), texts__en__summary="Third")
    assert send(client, url(backup, "listing/"), both).status_code == 409
    assert get_draft(backup).content["texts"]["en"]["summary"] == "Third"


def test_editors_of_different_sections_do_not_meet(world, web, backup):
    client = web("publisher.admin")
    page = client.get(url(backup, "listing/")).content.decode()
    assert send(client, url(backup, "plans/"), plans__0__trial_days="14").status_code == 302
    assert send(client, url(backup, "listing/"), page, texts__en__summary="Mine").status_code == 302
    draft = get_draft(backup)
    assert (draft.content["plans"][0]["trial_days"], draft.content["texts"]["en"]["summary"]) == (14, "Mine")


def test_a_form_that_was_only_shown_again_still_knows_what_was_seen(world, web, backup):
    """To add a plan saves nothing, and must not make the editor forget what a colleague saved before that."""
    client = web("publisher.admin")
    page = client.get(url(backup, "plans/")).content.decode()
    send(client, url(backup, "plans/"), plans__0__trial_days="14")
    grown = send(client, url(backup, "plans/"), page, add_plan="1").content.decode()
    assert send(client, url(backup, "plans/"), grown, plans__2__code="new").status_code == 409


def test_a_plan_is_removed_in_the_form_and_a_published_one_has_no_button(world, web, backup):
    client = web("publisher.admin")
    page = client.get(url(backup, "plans/")).content.decode()
    assert 'name="remove_plan" value="1"' in page and 'name="remove_plan" value="0"' not in page
    shorter = send(client, url(backup, "plans/"), page, remove_plan="1").content.decode()
    assert "will be deleted with their prices" not in shorter
    place = {"market": Market.objects.get(code="europe"), "currency": "EUR", "term": "P1M", "billing": "P1M"}
    backup.plans.get(code="pro").prices.create(**place, amount=5, valid_from=timezone.localdate())
    shorter = send(client, url(backup, "plans/"), page, remove_plan="1").content.decode()
    assert "Plans that have never been published will be deleted with their prices: pro." in shorter
    assert backup.plans.filter(code="pro").exists()
    assert send(client, url(backup, "plans/"), shorter).status_code == 302
    assert not backup.plans.filter(code="pro").exists()


def test_a_published_plan_that_is_sent_off_by_hand_stays(world, web, backup):
    answer = send(web("publisher.admin"), url(backup, "plans/"), plans__0__code="other")
    assert answer.status_code == 200
    assert "The code of the plan basic has been fixed since version 1." in answer.content.decode()


def test_published_terms_cannot_be_unticked(world, web, backup):
    client = web("publisher.admin")
    page = client.get(url(backup, "plans/")).content.decode()
    kept = read_form(page)
    assert kept["plans.0.terms"] == ["P1M", "P1Y"]  # hidden fields, beside boxes that cannot be changed
    answer = send(client, url(backup, "plans/"), page, plans__0__terms=["P1M"])
    assert "Published terms and billing frequencies of the plan" in answer.content.decode()


WRONG = {
    "listing/": {"support__email": "nobody", "links__0__url": "javascript:alert(1)", "texts__en__name": "x" * 101},
    "plans/": {"plans__1__code": "\u202eBad", "plans__0__trial_days": "-1", "plans__0__texts__en__name": "x" * 101},
}
PLACES = {  # in the list of errors, where many a label stands more than once
    "listing/": ("Email, Support", "Address, Link 1", "Name, English"),
    "plans/": ("Code, Plan Bad: Use up to 50", "Free trial (days), Plan basic", "Name, Plan basic, English"),
}


@pytest.mark.parametrize("page", WRONG)
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(world, web, backup, page):
    changes = WRONG[page]
    answer = send(web("publisher.admin"), url(backup, page), **changes)
    assert answer.status_code == 200
    shown = answer.content.decode()
    for name, value in changes.items():
        name = name.replace("__", ".")
        assert f'id="id_{name}_error"' in shown, name
        assert read_form(shown)[name] == [value]
    summary = shown.split("error-summary")[1].split("</ul>")[0]
    assert [place for place in PLACES[page] if place not in summary] == []
    assert get_draft(backup).revision == 3


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"texts.en.name": "\0"},
        {"plans.99999999.code": "x", "plans.-1.code": "y", "plans.0.code": "\0"},
        {"plans.0.terms": ["P9Y"], "plans.0.code": "basic", "plans.0.min_seats": "9" * 40},
        {"remove_plan": "9" * 40},
        {"add_plan": "1", "plans.0.code": "<script>"},
        {"links.0.url": "http://[", "links.0.title": "\u202e"},
        {"categories": ["nothing", "backup", "\0"]},
    ],
)
@pytest.mark.parametrize("page", ["listing/", "plans/"])
@pytest.mark.slow
def test_nonsense_is_answered(world, web, backup, page, fields):
    client = web("publisher.admin")
    seen = read_form(client.get(url(backup, page)).content.decode())["seen"]
    for sent in (fields, fields | {"seen": seen}):
        answer = client.post(url(backup, page), sent)
        assert answer.status_code in (200, 302, 409)
        assert b"<script>" not in answer.content.split(b"</head>")[-1].split(b"</form>")[0]
    assert backup.plans.filter(code="basic").exists()


def read_codes(page):
    fields = sorted(read_form(page).items())
    return [values[0] for name, values in fields if name.startswith("plans.") and name.endswith(".code")]


def test_plans_are_put_in_another_order_without_a_script(world, web, backup):
    """What was typed meanwhile stays, nothing is saved before Save, and the keyboard goes on from the moved plan."""
    client, path = web("publisher.admin"), url(backup, "plans/")
    assert read_codes(client.get(path).content.decode()) == ["basic", "pro"]
    typed = send(client, path, add_plan="1", plans__1__texts__en__name="Professional").content.decode()
    moved = send(client, path, typed, raise_plan="2", plans__2__code="max").content.decode()
    assert read_codes(moved) == ["basic", "max", "pro"] and 'value="Professional"' in moved
    assert 'name="raise_plan" value="1" autofocus aria-label="Move max up"' in moved
    top = send(client, path, moved, raise_plan="1").content.decode()
    assert read_codes(top) == ["max", "basic", "pro"]
    assert 'name="lower_plan" value="0" autofocus' in top and 'name="raise_plan" value="0" disabled' in top
    down = send(client, path, top, lower_plan="0").content.decode()
    assert read_codes(down) == ["basic", "max", "pro"]
    for nowhere in ({"raise_plan": "0"}, {"lower_plan": "2"}, {"raise_plan": "x"}, {"lower_plan": "9" * 30}):
        assert read_codes(send(client, path, down, **nowhere).content.decode()) == ["basic", "max", "pro"]
    assert [plan["code"] for plan in get_draft(backup).content["plans"]] == ["basic", "pro"]
    saved = send(client, path, down, plans__1__texts__en__name="Max", plans__1__terms="P1M", plans__1__billing="P1M")
    assert saved.status_code == 302
    assert [plan["code"] for plan in get_draft(backup).content["plans"]] == ["basic", "max", "pro"]


def test_buyers_see_plans_in_the_order_of_the_form(world, web, backup):
    client, path = web("publisher.admin"), url(backup, "plans/")
    send(client, path, send(client, path, lower_plan="0").content.decode())
    assert [plan["code"] for plan in get_draft(backup).content["plans"]] == ["pro", "basic"]
    publish_offer(actor=world.actor("publisher.admin"), offer=backup, revision=get_draft(backup).revision)
    page = web("partner.admin").get(f"/marketplace/offers/{backup.public_id}/").content.decode()
    assert page.index('aria-label="Pro"') < page.index('aria-label="Basic"')


def test_markdown_is_previewed_before_it_is_saved(world, web, backup):
    client = web("publisher.admin")
    text = "**bold** <script>alert(1)</script>"
    shown = send(client, url(backup, "listing/"), texts__en__description=text, preview="1").content.decode()
    assert "<strong>bold</strong> &lt;script&gt;" in shown
    assert get_draft(backup).revision == 3


def test_a_reader_looks_and_does_not_change(world, web, backup):
    client = web("publisher.reader")
    page = client.get(url(backup, "listing/")).content.decode()
    assert "<fieldset" in page and " disabled>" in page and "Save draft</span>" not in page
    assert client.post(url(backup, "listing/"), {"texts.en.name": "x"}).status_code == 403


@pytest.mark.parametrize("type", ["virtual_machine", "saas"])
def test_byol_is_asked_where_it_can_be(world, web, type):
    client = web("publisher.admin")
    client.post("/offers/new/", {"code": "machine", "type": type, "pricing_model": "flat"})
    offer = Offer.objects.get(code="machine")
    shown = send(client, url(offer, "plans/"), add_plan="1").content.decode()
    assert ("plans.0.is_byol" in shown) is (type == "virtual_machine")
    assert "plans.0.min_seats" not in shown  # a flat rate counts no licences


def test_a_stale_publication_is_refused_and_shows_what_there_is_now(world, web, backup):
    client = web("publisher.admin")
    fields = read_form(client.get(url(backup, "publish/")).content.decode(), "publish")
    send(client, url(backup, "listing/"), texts__en__summary="Later words")
    answer = client.post(url(backup, "publish/"), fields)
    assert answer.status_code == 409
    assert "Later" in answer.content.decode()
    backup.refresh_from_db()
    assert backup.live_version.number == 1


def test_an_incomplete_draft_has_no_way_to_publish(world, web, backup):
    client = web("publisher.admin")
    send(client, url(backup, "listing/"), support__email="")
    page = client.get(url(backup, "publish/")).content.decode()
    assert "Add a support contact for partners and customers." in page
    assert f'href="{url(backup, "listing/#id_support.email")}"' in page
    fields = read_form(page, "publish")
    assert client.post(url(backup, "publish/"), fields).status_code == 409


def test_the_history_says_who_published_and_when(world, web, backup):
    client = web("publisher.reader")
    page = client.get(url(backup, "history/")).content.decode()
    person = world.person("publisher.admin")
    assert "Version 1" in page and (person.name in page or person.email in page)
    compared = client.get(url(backup, "compare/?from=1&to=draft")).content.decode()
    assert "<del>" in compared and "<ins>" in compared


def test_the_technical_configuration_of_two_editors(world, web, backup):
    client = web("publisher.admin")
    page = client.get(url(backup, "technical/")).content.decode()
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    values = {"landing_page_url": "https://a.example/", "webhook_url": "https://b.example/"}
    assert client.post(url(backup, "technical/"), values | {"seen": seen}).status_code == 302
    answer = client.post(url(backup, "technical/"), {"landing_page_url": "https://c.example/", "seen": seen})
    assert answer.status_code == 409
    assert "https://a.example/" in answer.content.decode() and "https://c.example/" in answer.content.decode()


def test_an_offer_without_saas_has_no_technical_tab(world, web):
    client = web("publisher.admin")
    client.post("/offers/new/", {"code": "box", "type": "container", "pricing_model": "flat"})
    offer = Offer.objects.get(code="box")
    assert "technical/" not in client.get(url(offer)).content.decode()
    assert client.get(url(offer, "technical/")).status_code == 404


@pytest.mark.parametrize("reader", ["customer", "partner"])
def test_the_draft_is_previewed_as_others_will_see_it(world, web, backup, reader):
    client = web("publisher.reader")
    page = client.get(url(backup, f"preview/?as={reader}")).content.decode()
    assert "<h1>Draft qdraftq</h1>" in page and "All of <strong>Draft qdraftq</strong>" in page
    assert "This is the draft. Only your organisation can see it." in page
    is_partner = reader == "partner"
    assert ("https://publisher.example/channel/sales" in page) is is_partner
    assert ("€9.90" in page) is is_partner
    backup.refresh_from_db()
    assert backup.live_version.content["texts"]["en"]["name"] == "Backup"  # to look changes nothing


def test_a_partner_sees_prices_of_one_market_in_the_preview(world, web, backup):
    client = web("publisher.reader")
    page = client.get(url(backup, "preview/?as=partner&place=japan.JPY")).content.decode()
    assert "¥1,000" in page and "€9.90" not in page
    assert client.get(url(backup, "preview/?as=partner&place=nowhere")).status_code == 200


@pytest.mark.parametrize("who", ["partner.admin", "customer.admin", "distributor.admin", "vendor.admin"])
def test_no_link_opens_a_preview_to_others(world, web, backup, who):
    for reader in ("customer", "partner"):
        answer = web(who).get(url(backup, f"preview/?as={reader}"))
        assert answer.status_code == 404 and "qdraftq" not in answer.content.decode()
