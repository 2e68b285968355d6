"""Folding names so that a search ignores case, accents and character width."""

import re
import unicodedata

_LATIN_MARKS = re.compile("[\u0300-\u036f]")  # not U+3099: the voicing mark of kana changes the word


def fold(text: str) -> str:
    """The search key of a name: NFKC, lower case, no accents, single spaces. 'ＡＢＣ Société' -> 'abc societe'."""
    wide = unicodedata.normalize("NFKC", text).casefold()
    bare = _LATIN_MARKS.sub("", unicodedata.normalize("NFD", wide))
    return " ".join(unicodedata.normalize("NFC", bare).split())
