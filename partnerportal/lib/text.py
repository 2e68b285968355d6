"""Names: without what nobody sees, and folded so that a search ignores case, accents and character width."""

import re
import unicodedata

_LATIN_MARKS = re.compile("[\u0300-\u036f]")  # not U+3099: the voicing mark of kana changes the word

_BREAKS = re.compile("[\x01-\x1f\x7f-\x9f\u2028\u2029]+")  # not NUL, which fields refuse
# Of no width, or turning the direction of what follows: two names that look alike, or one that reads backwards. The
# joiners U+200C and U+200D stay: some scripts, and emoji, need them.
_UNSEEN = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def one_line(text: str) -> str:
    """Without line breaks, other control characters and those that hide or turn text."""
    return _UNSEEN.sub("", _BREAKS.sub(" ", text)).strip()


def fold(text: str) -> str:
    """The search key of a name: NFKC, lower case, no accents, single spaces. 'ＡＢＣ Société' -> 'abc societe'."""
    wide = unicodedata.normalize("NFKC", one_line(text)).casefold()
    bare = _LATIN_MARKS.sub("", unicodedata.normalize("NFD", wide))
    return " ".join(unicodedata.normalize("NFC", bare).split())


def monogram(name: str) -> str:
    """Two letters for a name: the initials of its first two words, else its first two letters."""
    words = [word for word in name.split() if word[0].isalnum()]
    if not words:
        return "?"
    letters = words[0][0] + words[1][0] if len(words) > 1 else words[0][:2]
    return letters.upper()


def printable(text: str) -> str:
    """Foreign text that cannot steer a terminal, nor break what stores it: anything unprintable as its escape."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
