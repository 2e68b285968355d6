"""What differs between two versions, in words."""

import copy
import time

import pytest

from marketplace.comparison import MOST_WORDS, compare_versions, compare_words
from tests.world_offers import CHANNEL, make_content

BASE = {**make_content("Backup", "basic", "pro"), "channel": CHANNEL}


def change(**parts):
    return copy.deepcopy(BASE) | parts


def told(before, after, **names):
    return [
        (row.fact.pointer, row.before.text if row.before else None, row.after.text if row.after else None)
        for row in compare_versions(before, after, names)
    ]


def test_the_same_says_nothing():
    assert told(BASE, change()) == []


def test_what_is_empty_is_the_same_as_what_is_missing():
    assert told({}, {"texts": {"en": {"name": "", "summary": ""}}, "support": {"email": ""}, "plans": []}) == []


def test_texts_categories_links_and_contacts_are_told():
    after = change(
        texts={"en": BASE["texts"]["en"] | {"name": "Backup+"}, "fr": {"name": "Sauvegarde"}},
        categories=["backup", "other"],
        links=[{"title": "Docs", "url": "https://a.example"}],
        support={"email": "new@publisher.example"},
        channel=CHANNEL | {"contact": {"phone": "1"}},
    )
    assert told(BASE, after, backup="Backup and recovery") == [
        ("/texts/en/name", "Backup", "Backup+"),
        ("/texts/fr/name", "", "Sauvegarde"),
        ("/categories", "Backup and recovery", "Backup and recovery, other"),
        ("/links", "", "Docs: https://a.example"),
        ("/support/email", "help@publisher.example", "new@publisher.example"),
        ("/channel/contact/email", "channel@publisher.example", ""),
        ("/channel/contact/phone", "", "1"),
    ]


def test_plans_are_the_same_by_their_code():
    """A plan that was moved says so once, and not that each plan is another."""
    basic, pro = copy.deepcopy(BASE["plans"])
    pro |= {"terms": ["P1M", "P1Y", "P3Y"], "trial_days": 30, "is_byol": True}
    assert told(BASE, change(plans=[pro, basic])) == [
        ("/plans", "basic, pro", "pro, basic"),
        ("/plans/0/terms", "1 month, 1 year", "1 month, 1 year, 3 years"),
        ("/plans/0/trial_days", "", "30"),
        ("/plans/0/is_byol", "", "Yes"),
    ]


def test_a_plan_that_came_and_one_that_went():
    (basic, _pro), new = (
        BASE["plans"],
        {"code": "new", "texts": {"ja": {"name": "新"}}, "terms": ["P1M"], "billing": []},
    )
    rows = told(BASE, change(plans=[basic, new]))
    assert ("/plans", "basic, pro", "basic, new") in rows
    assert ("/plans/1/texts/ja/name", None, "新") in rows
    assert ("/plans/1/terms", "1 month, 1 year", None) in rows  # of the plan that went, where it stood


def test_words_that_went_and_came():
    pieces = [(piece.kind, piece.text) for piece in compare_words("Keeps all copies.", "Keeps most copies.")]
    assert pieces == [("same", "Keeps "), ("out", "all "), ("in", "most "), ("same", "copies.")]


@pytest.mark.parametrize("text", ["a b " * 5000, "。" * 20_000, "word " * (MOST_WORDS // 2), "\n" * 20_000])
def test_no_text_takes_long(text):
    begun = time.monotonic()
    pieces = compare_words(text, text[::-1] + "x")
    assert time.monotonic() - begun < 2
    assert "".join(piece.text for piece in pieces if piece.kind != "in") == text
