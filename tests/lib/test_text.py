"""Names lose what nobody sees; a name that is too long when unfolded is still a name."""

import pytest

from accounts.models import Organization
from partnerportal.lib.fields import OneLineFormField
from partnerportal.lib.text import has_words, make_plain_lines, make_search_key, make_single_line


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Acme\r\nBcc: everybody@example.com", "Acme Bcc: everybody@example.com"),
        ("A\tB\x0bC\x85D\u2028E", "A B C D E"),
        ("Ac\u200bme\u00ad\ufeff\u2060", "Acme"),
        ("\u202eemcA\u202c \u2066x\u2069", "emcA x"),
        ("株式会社\u3000山田", "株式会社\u3000山田"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d💻", "👩\u200d💻"),
    ],
)
def test_one_line(typed, kept):
    assert make_single_line(typed) == kept


def test_look_alikes_are_found_by_the_same_search():
    assert make_search_key("Ac\u200bme\u202e") == make_search_key("ACME") == "acme"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("ＡＢＣ  Société", "abc societe"),
        ("Saint-Éloi d’Anjou", "saint eloi d anjou"),
        ("Ashdown & Pryce / Sons, Inc.", "ashdown pryce sons inc."),
        ("Łódź Ørsted Straße Æther Đà", "lodz orsted strasse aether da"),
        ("ｷﾀﾑﾗ製作所", "キタムラ製作所"),
        ("株式会社サクラ・データー", "株式会社サクラ データー"),
        ("aldermoor.example", "aldermoor.example"),
    ],
)
def test_a_search_key_folds_what_people_leave_out(name: str, key: str) -> None:
    assert make_search_key(name) == key == make_search_key(key)


def test_words_are_found_in_any_order_and_each_must_be_there() -> None:
    assert has_words("Ashdown & Pryce", "pryce-ash")
    assert has_words("Ashdown & Pryce", " & ")
    assert not has_words("Ashdown & Pryce", "ashdown prices")


def test_a_field_of_invisible_characters_is_empty():
    assert OneLineFormField().clean(" Acme\n") == "Acme"
    with pytest.raises(Exception, match="required"):
        OneLineFormField().clean("\u200b\u202e")


def test_every_way_into_the_database_cleans(db):
    row = Organization.objects.create(kind="customer", name="Ac\u200bme\n", country="FR", street="1\r\n2")
    row.refresh_from_db()
    assert (row.name, row.street) == ("Acme", "1 2")
    row.name = "\ufdfa" * 200  # a ligature of eighteen characters
    row.save()
    assert len(row.name_folded) == 400


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\r\nb\rc\n\td", "a\nb\nc\n\td"),
        ("a\x0b\x1b[2J\x7f\x9fb\u2028c", "a  [2J  b c"),
        ("\u202ea\u200b\u2066b\ufeff", "ab"),
        ("नम\u200dस्ते 🙂\u200d", "नम\u200dस्ते 🙂\u200d"),
    ],
)
def test_lines_keep_their_breaks_and_nothing_that_acts(typed: str, kept: str) -> None:
    assert make_plain_lines(typed) == kept
