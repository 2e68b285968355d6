"""The pages on which the vendor keeps markets, categories, competencies and skills."""

import re
from html import unescape
from typing import Any

import pytest

from accounts.models import Competency, Organization, Person, Skill
from marketplace.actions.categories import add_category, change_category, retire_category
from marketplace.actions.offers import create_offer, save_draft
from marketplace.content import find_problems
from marketplace.models import Category, Market, MarketCountry, Offer, OfferType, PricingModel
from notifications.models import Event
from tests.world import World
from tests.world_offers import CHANNEL, make_content

pytestmark = pytest.mark.django_db
STAFF, READER = "vendor.admin", "vendor.reader"
BASE = "/marketplace/settings/"
TABS = ("", "categories/", "competencies/", "skills/")


def text(answer: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def hidden(answer: Any, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]*)"', answer.content.decode())[1]


def of(row: Any, path: str = "") -> str:
    kind = {Category: "categories", Competency: "competencies", Skill: "skills", Market: "markets"}[type(row)]
    return f"{BASE}{kind}/{row.public_id}/{path}"


def backup() -> Category:
    return Category.objects.get(code="backup")


@pytest.mark.parametrize("tab", TABS)
def test_admins_edit_and_readers_look(web: Any, tab: str) -> None:
    page, readers = web(STAFF).get(BASE + tab), web(READER).get(BASE + tab)
    assert page.status_code == readers.status_code == 200
    assert "…" in text(page) and "Only Admins can do this." in text(readers)
    assert "retire/" not in readers.content.decode() and "/new/" not in readers.content.decode()
    assert "Catalogue settings" in text(web(STAFF).get("/"))
    assert "Catalogue settings" not in text(web("partner.admin").get("/"))


def test_lists_say_what_is_used(world: World, web: Any) -> None:
    page = text(web(STAFF).get(f"{BASE}categories/"))
    offers = Offer.objects.published().filter(categories__contains=["backup"]).count()
    assert offers and f"Backup backup Offered {offers}" in page
    skill = Skill.objects.get(code="migration")
    holders = Organization.objects.filter(skills=skill).count()
    assert holders and f"Migration migration Offered {holders}" in text(web(STAFF).get(f"{BASE}skills/"))
    markets = text(web(STAFF).get(BASE))
    partners = Organization.objects.filter(
        kind__in=["partner", "distributor"],
        country__in=MarketCountry.objects.filter(market__code="europe").values("country"),
    ).count()
    assert f"Europe europe CHF, DKK, EUR, GBP, NOK, SEK 44 {partners}" in markets


def test_names_are_shown_and_missing_ones_said(web: Any) -> None:
    Category.objects.filter(code="backup").update(names={"en": "Backup"})
    assert "Backup backup · no French name · no Japanese name" in text(web(STAFF).get(f"{BASE}categories/"))
    Person.objects.update(language="ja")
    assert "ヨーロッパ" in text(web(STAFF).get(BASE))


@pytest.mark.parametrize("tab", TABS)
def test_the_lists_take_the_same_queries_for_many_rows(world: World, web: Any, count_queries: Any, tab: str) -> None:
    client = web(STAFF)
    client.get(BASE + tab)
    with count_queries() as few:
        client.get(BASE + tab)
    for number in range(20):
        Category.objects.create(code=f"c{number}", names={"en": f"C{number}"}, parent=backup())
        Skill.objects.create(code=f"s{number}", name=f"S{number}")
        Competency.objects.create(code=f"k{number}", name=f"K{number}")
        Market.objects.create(code=f"m{number}", names={"en": f"M{number}"}).currencies.create(currency="EUR")
    with count_queries() as many:
        client.get(BASE + tab)
    assert len(few) == len(many) <= 12


def test_a_market_page_takes_the_same_queries_for_many_countries(web: Any, count_queries: Any) -> None:
    client = web(STAFF)
    europe, india = Market.objects.get(code="europe"), Market.objects.get(code="india")
    client.get(of(europe))
    with count_queries() as one:
        client.get(of(india))
    with count_queries() as many:
        client.get(of(europe))
    assert len(one) == len(many) <= 12


def test_a_category_is_added_edited_and_refused(web: Any) -> None:
    client, new = web(STAFF), f"{BASE}categories/new/"
    filled = {"code": "video", "name_en": "Video", "name_fr": "Vidéo", "name_ja": "", "parent": "security"}
    answer = client.post(new, filled)
    assert answer.status_code == 302 and answer["Location"] == f"{BASE}categories/"
    row = Category.objects.get(code="video")
    assert (row.names, row.parent.code) == ({"en": "Video", "fr": "Vidéo"}, "security")
    for changes, said in (
        ({"code": "Two words"}, "Use up to 50 lower-case letters"),
        ({"code": "video", "name_en": "Other"}, "Another entry has this code."),
        ({"code": "other"}, "Another entry has this name."),
        ({"code": "other", "name_en": "\u202e"}, "This field is required."),
        ({"code": "other", "name_en": "x" * 10_000}, "at most 120 characters"),
        ({"code": "other", "parent": "nowhere"}, "not one of the available choices"),
        ({"code": "o\0"}, "Null characters are not allowed."),
    ):
        answer = client.post(new, filled | changes)
        assert answer.status_code == 200 and said in text(answer), said
    assert Category.objects.filter(parent=row.parent).count() == 3


def test_the_second_of_two_tabs_loses_nothing(world: World, web: Any) -> None:
    client, row = web(STAFF), backup()
    opened = client.get(of(row))
    change_category(
        actor=world.actor(STAFF), category=row, names=row.names | {"en": "Backups"}, parent=row.parent, revision=None
    )
    mine = {"name_en": "Safekeeping", "name_fr": row.names["fr"], "name_ja": row.names["ja"]}
    mine |= {"parent": "it-management", "revision": hidden(opened, "revision")}
    refused = client.post(of(row), mine)
    assert "A colleague has changed this since you opened it." in text(refused)
    assert (
        "Current values Name in English: Backups" in text(refused) and 'value="Safekeeping"' in refused.content.decode()
    )
    assert backup().names["en"] == "Backups"
    again = client.post(of(row), mine | {"revision": hidden(refused, "revision")})
    assert again.status_code == 302 and backup().names["en"] == "Safekeeping"


@pytest.mark.parametrize("revision", [None, "", "x", "-1", "99999999999999999999", "２"])
def test_a_form_without_its_revision_changes_nothing(web: Any, revision: str | None) -> None:
    row, sent = backup(), {} if revision is None else {"revision": revision}
    names = {f"name_{language}": name for language, name in row.names.items()}
    assert "A colleague has changed this" in text(web(STAFF).post(of(row), names | {"name_en": "X"} | sent))
    assert web(STAFF).post(of(row, "retire/"), sent).status_code == 409
    assert web(STAFF).post(of(row, "move/"), sent | {"move": "up"}).status_code == 302
    assert (backup().names, backup().is_retired, backup().revision) == (row.names, False, 1)


def test_a_category_is_retired_and_offered_again(web: Any) -> None:
    client = web(STAFF)
    asked = client.get(of(backup(), "retire/"))
    assert "published offers will keep it." in text(asked)
    Offer.objects.update(categories=[])
    asked = client.get(of(backup(), "retire/"))
    assert "to choose this category. " in text(asked) and "will keep it" not in text(asked)
    client.post(of(backup(), "retire/"), {"revision": hidden(asked, "revision")})
    assert backup().is_retired and "Backup backup Retired" in text(client.get(f"{BASE}categories/"))
    stale = client.post(of(backup(), "retire/"), {"revision": hidden(asked, "revision")})
    assert stale.status_code == 409 and backup().is_retired, "a second click on the same button changes nothing"
    assert "nothing was done" in text(stale) and "current values" not in text(stale), "the question shows no values"
    client.post(of(backup(), "retire/"), {"revision": hidden(stale, "revision")})
    assert not backup().is_retired
    above = Category.objects.get(code="it-management")
    refused = client.post(of(above, "retire/"), {"revision": "1"})
    assert refused.status_code == 409 and "Retire or move its subcategories first." in text(refused)


def test_a_form_says_all_that_is_wrong_at_once(web: Any) -> None:
    for page, sent in ((f"{BASE}markets/new/", {"currency": "EUR"}), (f"{BASE}categories/new/", {})):
        answer = text(web(STAFF).post(page, sent | {"code": "Two words"}))
        assert "Use up to 50 lower-case letters" in answer and "This field is required." in answer
    answer = text(web("publisher.admin").post("/offers/new/", {"code": "Two words"}))
    assert "Use up to 50 lower-case letters" in answer and "This field is required." in answer


def test_a_mistyped_category_is_removed(world: World, web: Any) -> None:
    client, names = web(STAFF), {"en": "Vidoe"}
    row = add_category(actor=world.actor(STAFF), code="vidoe", names=names, parent=backup().parent)
    assert of(row, "remove/") in client.get(f"{BASE}categories/").content.decode()
    asked = client.get(of(row, "remove/"))
    assert "Remove the category “Vidoe”?" in text(asked)
    assert client.post(of(row, "remove/"), {"revision": "7"}).status_code == 409
    done = client.post(of(row, "remove/"), {"revision": hidden(asked, "revision")})
    assert done.status_code == 302 and not Category.objects.filter(code="vidoe").exists()
    event = Event.objects.get(kind="category.removed")
    assert (event.subject_id, event.data) == (row.public_id, {"code": "vidoe"})
    assert client.post(of(row, "remove/"), {"revision": "1"}).status_code == 404


def test_a_category_that_something_uses_stays(world: World, web: Any) -> None:
    """A draft that the vendor does not see keeps it too, and the page does not lead to what is refused anyway."""
    client, above = web(STAFF), Category.objects.get(code="it-management")
    page = client.get(f"{BASE}categories/").content.decode()
    for row in (backup(), above):
        assert of(row, "remove/") not in page
        refused = client.post(of(row, "remove/"), {"revision": "1"})
        assert refused.status_code == 409 and "has been used by offers. You can retire it instead." in text(refused)
    row = Category.objects.get(code="finance")
    content = make_content("Vault", "basic", categories=["finance"])
    publisher = world.actor("publisher.admin")
    offer = create_offer(actor=publisher, code="vault", type=OfferType.SAAS, pricing_model=PricingModel.FLAT)
    save_draft(actor=publisher, offer=offer, content=content, channel=CHANNEL, revision=None)
    assert client.post(of(row, "remove/"), {"revision": "1"}).status_code == 409
    assert Category.objects.filter(code__in=("backup", "it-management", "finance")).count() == 3


def test_a_draft_with_a_category_that_is_gone_is_not_published(world: World) -> None:
    """It was saved in the moment in which the category was removed."""
    offer = Offer.objects.get(code="backup")
    content = make_content("Backup", "basic", categories=["backup", "gone"])
    assert [problem.code for problem in find_problems(offer, content, CHANNEL)] == ["retired_category"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=SWED", ["Sweden"]),
        ("q=gg", ["Guernsey"]),  # its code
        ("q=ISLANDS+Åland", ["Åland Islands"]),
        ("q=aland", ["Åland Islands"]),
        ("q=zzz", []),
        ("q=%00", []),
        ("currency=CHF", ["Switzerland"]),
        ("currency=GBP&q=isle", ["Isle of Man"]),
        ("currency=XXX", []),
    ],
)
def test_the_countries_of_a_market_are_searched(web: Any, query: str, found: list[str]) -> None:
    page = web(STAFF).get(f"{of(Market.objects.get(code='europe'))}?{query}").content.decode()
    assert re.findall(r"<strong>([^<]*)</strong>", page.partition('id="countries"')[2]) == found
    assert ("No country matches" in page) is (not found)
    assert "A market can be removed only if it has no countries" in page, "the search does not free the market"


def test_categories_are_moved_by_the_menu(web: Any) -> None:
    monitoring = Category.objects.get(code="monitoring")
    web(STAFF).post(of(monitoring, "move/"), {"move": "up", "revision": "1"})
    page = text(web(STAFF).get(f"{BASE}categories/"))
    assert page.index("Monitoring monitoring") < page.index("Backup backup")


def test_the_editor_no_longer_offers_what_is_retired(world: World, web: Any) -> None:
    for code in ("finance", "backup"):
        row = Category.objects.get(code=code)
        retire_category(actor=world.actor(STAFF), category=row, is_retired=True, revision=None)
    editor = f"/offers/{Offer.objects.get(code='backup').public_id}/listing/"
    page = web("publisher.admin").get(editor).content.decode()
    assert 'value="finance"' not in page and 'value="analytics"' in page
    assert 'value="backup"' in page and "Backup (retired)" in page, "it has it and keeps it"
    fields = dict(re.findall(r'<input type="(?:text|hidden|url|email|tel)" name="([^"]+)" value="([^"]*)"', page))
    answer = web("publisher.admin").post(editor, fields | {"seen": hidden_seen(page), "categories": ["finance"]})
    assert answer.status_code == 200 and "The vendor has retired a category that you chose." in text(answer)


def hidden_seen(page: str) -> str:
    return re.search(r'name="seen" value="([^"]*)"', page)[1]


@pytest.mark.parametrize(("kind", "model"), [("competencies", Competency), ("skills", Skill)])
def test_competencies_and_skills_are_kept(web: Any, kind: str, model: Any) -> None:
    client = web(STAFF)
    assert client.post(f"{BASE}{kind}/new/", {"code": "quantum", "name": "Quantum"}).status_code == 302
    row = model.objects.get(code="quantum")
    assert "Another entry has this name." in text(client.post(f"{BASE}{kind}/new/", {"code": "q", "name": "QUANTUM"}))
    assert client.post(of(row), {"name": "Quanta", "revision": "1"}).status_code == 302
    stale = client.post(of(row), {"name": "Quark", "revision": "1"})
    assert "Current values Name: Quanta" in text(stale)
    asked = text(client.get(of(row, "retire/")))
    assert "no longer be available to assign or to filter by." in asked and "will keep it" not in asked
    client.post(of(row, "retire/"), {"revision": "2"})
    row.refresh_from_db()
    assert (row.name, row.is_retired) == ("Quanta", True)
    other = "skills" if kind == "competencies" else "competencies"
    assert client.get(f"{BASE}{other}/{row.public_id}/").status_code == 404


def test_a_market_with_its_currencies(web: Any) -> None:
    client = web(STAFF)
    new = {"code": "moon", "name_en": "Moon", "name_fr": "", "name_ja": "", "currency": "eur"}
    assert client.post(f"{BASE}markets/new/", new).status_code == 302
    moon = Market.objects.get(code="moon")
    assert "No countries yet" in text(client.get(of(moon)))
    assert "A market needs at least one currency." in text(client.get(of(moon)))
    assert client.post(of(moon, "currencies/add/"), {"currency": "chf"}).status_code == 302
    assert "The market already has this currency." in text(
        client.post(of(moon, "currencies/add/"), {"currency": "CHF"})
    )
    assert "This is not an ISO 4217" in text(client.post(of(moon, "currencies/add/"), {"currency": "XXL"}))
    assert client.post(of(moon, "currencies/EUR/remove/")).status_code == 302
    assert client.post(of(moon, "currencies/EUR/remove/")).status_code == 404
    assert [row.currency for row in moon.currencies.all()] == ["CHF"]
    assert client.post(of(moon, "rename/"), {"name_en": "Luna", "revision": "1"}).status_code == 302
    assert "The market will be removed permanently." in text(client.get(of(moon, "remove/")))
    assert client.post(of(moon, "remove/")).status_code == 302
    refused = client.post(of(Market.objects.get(code="japan"), "remove/"))
    assert refused.status_code == 409 and "so it can’t be removed" in text(refused)


def test_a_country_moves_in_two_steps(world: World, web: Any) -> None:
    client, country = web(STAFF), world.partner.country
    chosen = {"country": country, "market": "japan", "currency": "JPY"}
    opened = client.get(f"{BASE}countries/?country={country}")
    assert f'value="{country}" selected' in opened.content.decode()
    shown = client.post(f"{BASE}countries/", chosen)
    assert MarketCountry.objects.get(country=country).market.code == "europe"
    partners = Organization.objects.filter(country=country, kind__in=["partner", "distributor"]).count()
    assert f"After this change, {partners} partners in this country will be able to sell only in Japan" in text(shown)
    assert "Existing sales, prices, audiences and connections won’t change." in text(shown)
    confirmed = chosen | {"confirm": "1", "seen": hidden(shown, "seen")}
    Organization.objects.filter(pk=world.partner2.pk).update(
        country="ZW" if world.partner2.country == country else country
    )
    overtaken = client.post(f"{BASE}countries/", confirmed)
    assert overtaken.status_code == 200 and "Check the new numbers and confirm again." in text(overtaken)
    back = client.post(f"{BASE}countries/", chosen | {"edit": "1"})
    assert "Show what will change" in text(back) and f'value="{country}" selected' in back.content.decode()
    done = client.post(f"{BASE}countries/", confirmed | {"seen": hidden(overtaken, "seen")})
    assert done.status_code == 302 and MarketCountry.objects.get(country=country).market.code == "japan"
    assert client.get(done["Location"]).status_code == 200


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"currency": "EUR"}, "Japan doesn’t use EUR. Add the currency to the market first."),
        ({"country": "FR", "market": "europe", "currency": "EUR"}, "The country is already in this market"),
        ({"country": "ZZ"}, "not one of the available choices"),
        ({"market": ""}, "This field is required."),
        ({"market": "x" * 10_000}, "not one of the available choices"),
        ({"country": "F\0"}, "not one of the available choices"),
    ],
)
def test_a_country_that_cannot_move(web: Any, changes: dict[str, str], said: str) -> None:
    chosen = {"country": "FR", "market": "japan", "currency": "JPY"} | changes
    answer = web(STAFF).post(f"{BASE}countries/", chosen)
    assert answer.status_code == 200 and said in text(answer) and "Move country" not in text(answer)


def test_countries_of_no_market_are_named_with_who_is_there(world: World, web: Any) -> None:
    assert "Countries not in any market" not in text(web(STAFF).get(BASE))
    MarketCountry.objects.filter(country=world.partner.country).delete()
    page = text(web(STAFF).get(BASE))
    assert "Countries not in any market" in page and "Nobody can sell from or into these countries" in page


@pytest.mark.parametrize("path", ["markets/{}/", "categories/{}/", "skills/{}/retire/", "competencies/{}/"])
def test_foreign_ids_are_not_found(world: World, web: Any, path: str) -> None:
    assert web(STAFF).get(BASE + path.format(world.partner.public_id)).status_code == 404


def test_publishers_no_longer_filter_partners_by_what_is_retired(world: World, web: Any) -> None:
    offer = Offer.objects.get(code="monitor")
    picker = f"/offers/{offer.public_id}/audience/select/"
    before = web("publisher.admin").get(picker).content.decode()
    assert 'value="enterprise_mobility"' in before and 'value="licensing"' in before
    Competency.objects.filter(code="enterprise_mobility").update(is_retired=True)
    Skill.objects.filter(code="licensing").update(is_retired=True)
    after = web("publisher.admin").get(picker).content.decode()
    assert 'value="enterprise_mobility"' not in after and 'value="licensing"' not in after
    assert web("publisher.admin").get(f"{picker}?skill=licensing").status_code == 200
