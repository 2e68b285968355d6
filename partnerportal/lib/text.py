"""Cleaning of texts that people choose: invisible characters, keys for a search, monograms, safety for a terminal."""

import re
import unicodedata

_LATIN_MARKS = re.compile("[\u0300-\u036f]")  # not U+3099: the voicing mark of kana changes the word
# Letters that are no other letter with an accent, so Unicode does not take them apart. ß becomes ss by case folding.
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
# What stands between words or is left out as people please. Points are kept, because domains have them.
_BETWEEN_WORDS = re.compile(
    "[-\u2010-\u2015\u2212'`\u2018\u2019\u02bc\"\u201c\u201d\u00ab\u00bb&/\\\\|,;:()\\[\\]\u30fb]"
)

_BREAKS = re.compile("[\x01-\x1f\x7f-\x9f\u2028\u2029]+")  # without NUL, which fields refuse
_CONTROLS = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
# Characters without width, or that turn the direction of text: by them two names could look alike, or one could read
# backwards. The joiners U+200C and U+200D are not among them, because some scripts, and emoji, need them.
_UNSEEN = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_LEGAL_FORM = re.compile(
    "(?:社会)?医療法人(?:社団|財団)?|(?:株式|有限|合同|合資|合名)会社|(?:一般|公益)(?:社団|財団)法人|学校法人"
)


def make_single_line(text: str) -> str:
    """Return the text as one line: each line break or other control character becomes a space.

    Characters that are invisible or that turn the direction of the text are removed.
    """
    return remove_invisible_characters(_BREAKS.sub(" ", text)).strip()


def make_plain_lines(text: str) -> str:
    """Return the text in its lines: each control character but line breaks and tabs becomes a space.

    Characters that are invisible or that turn the direction of the text are removed.
    """
    return remove_invisible_characters(_CONTROLS.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")))


def remove_invisible_characters(text: str) -> str:
    """Return the text without characters that are invisible or that turn its direction. Line breaks stay."""
    return _UNSEEN.sub("", text)


def make_search_key(text: str) -> str:
    """Return the form of a name by which it is searched: "abc societe lodz" for "ＡＢＣ-Société (Łódź)".

    It ignores case, accents, width of letters, and what stands between words: hyphens, apostrophes, quotation marks,
    brackets, ampersands, slashes and spaces.
    """
    wide = unicodedata.normalize("NFKC", make_single_line(text)).casefold()
    bare = _LATIN_MARKS.sub("", unicodedata.normalize("NFD", wide)).translate(_LETTERS)
    return " ".join(_BETWEEN_WORDS.sub(" ", unicodedata.normalize("NFC", bare)).split())


def has_words(text: str, wanted: str) -> bool:
    """Return whether each word of `wanted` is part of the text, as `make_search_key` compares them."""
    key = make_search_key(text)
    return all(word in key for word in make_search_key(wanted).split())


def make_avatar_initials(name: str) -> str:
    """Return two capital letters that stand for a name in its avatar, or "?" for a name without letters or digits.

    They are the initials of the first two words, or the first two letters of the only word. A Japanese legal form
    beside the name is left out, because so many organisations would share its letters.
    """
    words = [word for word in (_LEGAL_FORM.sub(" ", name).split() or name.split()) if word[0].isalnum()]
    if not words:
        return "?"
    letters = words[0][0] + words[1][0] if len(words) > 1 else words[0][:2]
    return letters.upper()


def escape_unprintable(text: str) -> str:
    """Return the text with every unprintable character escaped.

    Foreign text can then be stored, and cannot control a terminal that shows it.
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
