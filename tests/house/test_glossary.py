"""The texts on screen, in mails and in refusals keep to docs/glossary.md, and to the typography of their language."""

import re
from functools import cache
from pathlib import Path

import polib
import pytest
from django.conf import settings

from tools.messages import PLACEHOLDER, PLURALS, catalogue_path, source_messages

GLOSSARY = Path(settings.BASE_DIR, "docs", "glossary.md")
LANGUAGES = {"en": "English", "fr": "French", "ja": "Japanese"}
# A refused word that one text may have, by language and the beginning of the English text, each with the reason.
EXCEPTIONS = {
    (
        "ja",
        "貴組織",
        "Hello, %(name)s would like",
    ): "a letter from one company to another, which the portal does not say",
    ("ja", "リスト", "Breadcrumb"): "パンくずリスト, the name of that element",
    ("en", "reseller", "CSP reseller audience"): "the name of that module",
    ("fr", "revendeur", "CSP reseller audience"): "the name of that module",
    ("fr", "tenant", "Reader, Admin, Admin agent or"): "Tenant admin, as the old portal calls that role in its file",
    ("ja", "リセラー", "CSP reseller audience"): "the name of that module",
}
KANA = "ぁ-ヿ"
JAPANESE = f"{KANA}一-鿿々"
TYPOGRAPHY = {
    "en": {
        "a straight quote or apostrophe": r"['\"]",
        "three points for an ellipsis": r"\.\.\.",
        "two spaces": r"  ",
    },
    "fr": {
        "a straight quote or apostrophe": r"['\"“”]",
        "three points for an ellipsis": r"\.\.\.",
        "no narrow no-break space before : ; ? ! or inside « »": r"[^\u202f](?:[;?!»]|:(?!//))|«[^\u202f]",
    },
    "ja": {
        "half-width punctuation": rf"[{JAPANESE}][?!:;,()]|[?!:;,()][{JAPANESE}]|\.\.\.",
        "a space beside a Japanese letter": rf"[{JAPANESE}、。：？（）「」] | [{JAPANESE}、。：？（）「」]",
    },
}


@cache
def refused_words(language: str) -> list[str]:
    """Return the words that the glossary refuses in a language, as its table lists them."""
    section = GLOSSARY.read_text().split("## Words not to use")[1].split(f"### {LANGUAGES[language]}\n")[1]
    rows = [line.split("|")[1] for line in section.split("\n###")[0].splitlines() if line.startswith("| ")]
    return [word.strip() for row in rows[1:] for word in re.split("[,、]", row) if word.strip()]


@cache
def pattern_of(word: str, language: str) -> re.Pattern[str]:
    """Return what finds a word as a whole; in Japanese, katakana inside a longer katakana word is another word."""
    if language == "ja":
        return re.compile(rf"(?<![ァ-ヿ]){word}(?![ァ-ヿ])" if re.fullmatch("[ァ-ヿ]+", word) else re.escape(word))
    return re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])", re.IGNORECASE)


@cache
def texts(language: str) -> list[tuple[str, str]]:
    """Return each English text with its form in the language, without placeholders and tags; plurals give several."""
    if language == "en":
        pairs = [(m.text, form) for m in source_messages().values() for form in (m.text, m.plural) if form]
    else:
        catalogue = polib.pofile(str(catalogue_path(language)))
        pairs = [(e.msgid, form) for e in catalogue for form in (e.msgstr, *e.msgstr_plural.values()) if form]
    return [(english, re.sub(r"<[^>]+>", "", PLACEHOLDER.sub("0", form))) for english, form in pairs]


def refused_in(text: str, language: str) -> list[str]:
    """Return the refused words of a text."""
    return [word for word in refused_words(language) if pattern_of(word, language).search(text)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_keep_to_the_glossary(language: str) -> None:
    found = [(word, english, form) for english, form in texts(language) for word in refused_in(form, language)]
    allowed = {(word, start) for of, word, start in EXCEPTIONS if of == language}
    used = {key for key in allowed for word, english, _ in found if word == key[0] and english.startswith(key[1])}
    assert [(w, e, f) for w, e, f in found if not any(w == word and e.startswith(start) for word, start in used)] == []
    assert used == allowed, "exceptions that nothing needs"


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_keep_to_the_typography_of_their_language(language: str) -> None:
    assert [
        (fault, form)
        for english, form in texts(language)
        for fault, pattern in TYPOGRAPHY[language].items()
        if re.search(pattern, form)
    ] == []


def test_every_language_of_the_portal_has_its_words() -> None:
    assert LANGUAGES.keys() - {"en"} == PLURALS.keys()
    assert all(refused_words(language) for language in LANGUAGES)


@pytest.mark.parametrize(
    ("language", "text", "word"),
    [
        ("en", "Seats assigned", "seats"),
        ("en", "Call us by E-mail.", "e-mail"),
        ("fr", "Sièges attribués", "sièges"),
        ("ja", "現在の利用状況です。", "利用状況"),
        ("ja", "ユーザ名", "ユーザ"),
    ],
)
def test_a_refused_word_is_found(language: str, text: str, word: str) -> None:
    assert refused_in(text, language) == [word]


@pytest.mark.parametrize(
    ("language", "text"), [("en", "Licences of every unkind customer"), ("fr", "Clientèle"), ("ja", "ユーザー")]
)
def test_a_part_of_another_word_is_not_found(language: str, text: str) -> None:
    assert refused_in(text, language) == []
