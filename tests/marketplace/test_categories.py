"""The vendor's tree of categories: who edits it, what it refuses, and what a retired category means for offers."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from marketplace.actions.categories import add_category, change_category, move_category, retire_category
from marketplace.actions.offers import create_offer, publish_offer, save_draft
from marketplace.content import find_problems
from marketplace.models import Category, Offer, OfferType, PricingModel
from marketplace.queries.catalogue import list_categories, list_filter_categories
from marketplace.queries.categories import CategoryTree, list_category_choices, list_codes_below
from marketplace.queries.offers import get_newest_version
from notifications.models import Event
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput
from tests.world import World
from tests.world_offers import CHANNEL, make_content

pytestmark = pytest.mark.django_db
STAFF, PUBLISHER = "vendor.admin", "publisher.admin"


def category(code: str) -> Category:
    return Category.objects.select_related("parent").get(code=code)


def add(world: World, code: str, name: str = "", *, parent: str = "") -> Category:
    names = {"en": name or code.title()}
    return add_category(actor=world.actor(STAFF), code=code, names=names, parent=category(parent) if parent else None)


def change(
    world: World, code: str, *, parent: str | None = None, revision: int | None = None, **names: str
) -> Category:
    row = category(code)
    above = row.parent if parent is None else category(parent) if parent else None
    return change_category(
        actor=world.actor(STAFF), category=row, names=row.names | names, parent=above, revision=revision
    )


def retire(world: World, code: str, *, is_retired: bool = True) -> Category:
    return retire_category(actor=world.actor(STAFF), category=category(code), is_retired=is_retired, revision=None)


def events() -> list[Event]:
    return list(Event.objects.filter(kind__startswith="category.").order_by("pk"))


def test_a_category_is_added_last_renamed_and_moved(world: World) -> None:
    row = add(world, "video", "Video", parent="collaboration")
    assert CategoryTree().list_children(category("collaboration").pk) == [row]
    change(world, "video", en="Video and voice", ja="ビデオ")
    change(world, "video", parent="security")
    assert [each.code for each in CategoryTree().list_children(category("security").pk)][-1] == "video"
    assert category("video").names == {"en": "Video and voice", "ja": "ビデオ"}
    assert [event.kind for event in events()] == ["category.added", "category.changed", "category.changed"]
    assert events()[1].changes == {"name_en": ["Video", "Video and voice"], "name_ja": ["", "ビデオ"]}
    assert events()[2].changes == {"parent": ["collaboration", "security"]}
    assert category("video").revision == 3
    change(world, "video")
    assert category("video").revision == 3 and len(events()) == 3, "nothing was changed"


@pytest.mark.parametrize("who", ["vendor.reader", "publisher.admin", "partner.admin", "customer.admin"])
def test_nobody_else_edits_categories(world: World, who: str) -> None:
    actor, row, names = world.actor(who), category("backup"), {"en": "Mine"}
    for attempt in (
        lambda: add_category(actor=actor, code="mine", names=names, parent=None),
        lambda: change_category(actor=actor, category=row, names=names, parent=None, revision=None),
        lambda: move_category(actor=actor, category=row, is_up=False, revision=None),
        lambda: retire_category(actor=actor, category=row, is_retired=True, revision=None),
    ):
        with pytest.raises(ActionRefused):
            attempt()
    assert not events()


@pytest.mark.parametrize(
    ("code", "names", "error"),
    [
        ("two words", {"en": "A"}, "malformed_code"),
        ("Ünïcode", {"en": "A"}, "malformed_code"),
        ("", {"en": "A"}, "malformed_code"),
        ("x" * 51, {"en": "A"}, "malformed_code"),
        ("-x", {"en": "A"}, "malformed_code"),
        ("x\n", {"en": "A"}, "malformed_code"),
        ("x", {"en": ""}, "name_missing"),
        ("x", {"fr": "Sans anglais"}, "name_missing"),
        ("x", {"en": "\u202e\u200b"}, "name_missing"),
        ("x", {"en": "x" * 10_000}, "name_too_long"),
        ("x", {"en": "A", "ja": "x" * 121}, "name_too_long"),
        ("x", {"en": "A\0"}, "name_missing"),
    ],
)
def test_bad_codes_and_names_are_refused(world: World, code: str, names: dict[str, str], error: str) -> None:
    with pytest.raises(InvalidInput, match=error):
        add_category(actor=world.actor(STAFF), code=code, names=names, parent=None)
    assert not Category.objects.filter(code=code).exists()


def test_invisible_characters_are_taken_out_of_names(world: World) -> None:
    assert add(world, "x", "Da\u202eta\n\u2066 lake").names == {"en": "Data  lake"}


def test_a_code_and_the_names_of_siblings_are_given_once(world: World) -> None:
    with pytest.raises(Conflict, match="code_taken"):
        add(world, "backup", "Another")
    with pytest.raises(Conflict, match="name_taken"):
        add(world, "x", "sécurity")
    with pytest.raises(Conflict, match="name_taken"):
        change(world, "compute", fr="ANALYTIQUE")
    assert add(world, "x", "Security", parent="finance").pk, "elsewhere in the tree it is another one"
    with pytest.raises(Conflict, match="name_taken"):
        change(world, "x", parent="")


def test_the_tree_has_no_loops_and_three_levels(world: World, as_tenant: Any) -> None:
    with pytest.raises(InvalidInput, match="below_itself"):
        change(world, "security", parent="security")
    with pytest.raises(InvalidInput, match="below_itself"):
        change(world, "security", parent="identity")
    add(world, "passwords", parent="identity")
    with pytest.raises(InvalidInput, match="too_deep"):
        add(world, "rotation", parent="passwords")
    with pytest.raises(InvalidInput, match="too_deep"):
        change(world, "security", parent="finance")
    assert list_codes_below(["security"]) == ["security", "identity", "passwords", "threat-protection"]
    assert "Security › Identity › Passwords" in dict(list_category_choices()).values()
    with (
        pytest.raises(DatabaseError, match="categories are a tree"),
        as_tenant(world.actor(STAFF)),
        transaction.atomic(),
    ):
        Category.objects.filter(code="security").update(parent=category("passwords"))


def test_siblings_are_reordered(world: World) -> None:
    def order() -> list[str]:
        return [row.code for row in CategoryTree().list_children(category("security").pk)]

    def move(code: str, *, is_up: bool, revision: int | None = None) -> None:
        move_category(actor=world.actor(STAFF), category=category(code), is_up=is_up, revision=revision)

    assert order() == ["identity", "threat-protection"]
    move("threat-protection", is_up=True)
    assert order() == ["threat-protection", "identity"]
    move("threat-protection", is_up=True)
    assert order() == ["threat-protection", "identity"] and len(events()) == 1, "it stands first"
    with pytest.raises(Conflict, match="changed_meanwhile"):
        move("threat-protection", is_up=False, revision=1)
    move("threat-protection", is_up=False, revision=2)
    assert order() == ["identity", "threat-protection"]


def test_of_two_tabs_the_second_is_told(world: World) -> None:
    change(world, "backup", en="Backups", revision=1)
    with pytest.raises(Conflict, match="changed_meanwhile"):
        change(world, "backup", en="Archive", revision=1)
    with pytest.raises(Conflict, match="changed_meanwhile"):
        retire_category(actor=world.actor(STAFF), category=category("backup"), is_retired=True, revision=1)
    assert category("backup").names["en"] == "Backups"


def test_a_retired_category_stays_where_it_is_and_is_not_chosen_anew(world: World) -> None:
    """CA-3 lists it by what is live: `backup` has it, a new offer does not get it."""
    actor, live = world.actor(PUBLISHER), Offer.objects.get(code="backup")
    assert live.categories == ["backup"]
    retire(world, "backup")
    assert "backup" not in dict(list_category_choices())
    assert dict(list_category_choices(kept=live.categories))["backup"] == "IT management › Backup (retired)"
    draft = get_newest_version(live)
    save_draft(actor=actor, offer=live, content=draft.content, channel=draft.channel.content, revision=None)
    assert not [each for each in find_problems(live, draft.content, CHANNEL) if each.pointer == "/categories"]

    new = create_offer(actor=actor, code="fresh", type=OfferType.SAAS, pricing_model=PricingModel.FLAT)
    with pytest.raises(InvalidInput, match="retired_category") as refused:
        save_draft(actor=actor, offer=new, content=make_content("F", "a"), channel=CHANNEL, revision=None)
    assert refused.value.field == "/categories"
    retire(world, "backup", is_retired=False)
    save_draft(actor=actor, offer=new, content=make_content("F", "a"), channel=CHANNEL, revision=None)


def test_a_draft_keeps_what_was_retired_since_but_is_not_published_with_it(world: World) -> None:
    actor = world.actor(PUBLISHER)
    new = create_offer(actor=actor, code="fresh", type=OfferType.SAAS, pricing_model=PricingModel.FLAT)
    content = make_content("F", "a")
    save_draft(actor=actor, offer=new, content=content, channel=CHANNEL, revision=None)
    retire(world, "backup")
    draft = save_draft(actor=actor, offer=new, content=content, channel=CHANNEL, revision=None)
    assert [each.code for each in find_problems(new, content, CHANNEL)] == ["retired_category"]
    with pytest.raises(Conflict, match="incomplete"):
        publish_offer(actor=actor, offer=new, revision=draft.revision)


def test_a_category_is_retired_from_the_leaves_up(world: World) -> None:
    with pytest.raises(Conflict, match="has_children"):
        retire(world, "security")
    for code in ("identity", "threat-protection", "security"):
        retire(world, code)
    with pytest.raises(Conflict, match="below_retired"):
        retire(world, "identity", is_retired=False)
    with pytest.raises(InvalidInput, match="below_retired"):
        add(world, "x", parent="security")
    assert retire(world, "security").revision == 2, "it was retired already"


def test_the_catalogue_is_filtered_by_a_retired_category_while_an_offer_has_it(world: World) -> None:
    actor = world.actor("partner.admin")
    retire(world, "backup")
    retire(world, "monitoring")
    codes = [row.code for row in list_filter_categories(actor, list_categories())]
    assert ("monitoring" in codes) is Offer.objects.filter(categories__contains=["monitoring"]).exists()
    assert "backup" in codes and "finance" in codes
    Offer.objects.update(categories=["finance"])
    assert "backup" not in [row.code for row in list_filter_categories(actor, list_categories())]
