"""Extraction and checks of translations, on a small project in a temporary folder."""

from pathlib import Path

import polib
import pytest

from tools import messages

VIEWS = """
from django.utils.translation import gettext as _, ngettext, pgettext_lazy
# Translators: a verb
TITLE = pgettext_lazy("button", "Order")
def text(count): return ngettext("%(count)d seat", "%(count)d seats", count) + _("Sign in")
"""
PAGE = """{% load i18n %}
    <c-button label="{% translate 'Sign in' %}">it's "odd" `text</c-button>
  {% blocktranslate trimmed with name=organization.name %}
    You are connected
    with {{ name }}.
  {% endblocktranslate %}
{% include "x.html" with title=_("From a filter") %}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "accounts").mkdir()
    (tmp_path / "accounts" / "views.py").write_text(VIEWS)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(PAGE)
    monkeypatch.setattr(messages, "PROJECT", tmp_path)
    monkeypatch.setattr(messages, "LOCALE", tmp_path / "locale")
    return tmp_path


def complaints(language: str = "fr") -> list[str]:
    return list(messages.complaints_about(language, messages.source_messages()))


def translate(language: str, *, plural: list[str], connected: str) -> polib.POFile:
    catalogue = polib.pofile(str(messages.catalogue_path(language)))
    for entry in catalogue:
        if entry.msgid_plural:
            entry.msgstr_plural = dict(enumerate(plural))
        else:
            entry.msgstr = connected if "%(name)s" in entry.msgid else f"T {entry.msgid}"
    catalogue.save()
    return catalogue


def test_texts_are_found_in_python_and_in_templates(project: Path) -> None:
    found = messages.source_messages()
    assert set(found) == {
        ("button", "Order"),
        ("", "%(count)d seat"),
        ("", "Sign in"),
        ("", "You are connected with %(name)s."),
        ("", "From a filter"),
    }
    assert found["", "Sign in"].files == {"accounts/views.py", "templates/page.html"}
    assert found["", "%(count)d seat"].plural == "%(count)d seats"


def test_a_complete_catalogue_passes_and_survives_a_merge(project: Path) -> None:
    messages.merge(messages.source_messages())
    translate("fr", plural=["une place", "%(count)d places"], connected="Avec %(name)s.")
    translate("ja", plural=["%(count)d 席"], connected="%(name)s と接続しました。")
    before = messages.catalogue_path("fr").read_text()
    messages.merge(messages.source_messages())
    assert messages.catalogue_path("fr").read_text() == before
    assert complaints("fr") == complaints("ja") == []


def test_each_kind_of_fault_is_named(project: Path) -> None:
    messages.merge(messages.source_messages())
    assert len(complaints()) == 5 and all("does not translate" in line for line in complaints())
    catalogue = translate("fr", plural=["%(nombre)d place", "places"], connected="Avec %(nom)s.")
    assert [line.split(" of ")[0] for line in sorted(complaints())] == [
        "locale/fr/LC_MESSAGES/django.po changes the placeholders %(count)d, %(nombre)d",
        "locale/fr/LC_MESSAGES/django.po changes the placeholders %(name)s, %(nom)s",
    ]
    translate("fr", plural=["une place", "%(count)d places"], connected="Avec %(name)s.")
    catalogue = polib.pofile(str(messages.catalogue_path("fr")))
    catalogue[0].flags.append("fuzzy")
    catalogue.remove(catalogue[1])
    catalogue.append(polib.POEntry(msgid="Gone", msgstr="Parti"))
    catalogue.save()
    assert sorted(line.split("django.po ")[1].split(" ")[0] for line in complaints()) == ["does", "has", "lacks"]


def test_compiled_catalogues_hold_what_was_translated(project: Path) -> None:
    messages.merge(messages.source_messages())
    translate("fr", plural=["une place", "%(count)d places"], connected="Avec %(name)s.")
    messages.compile_catalogues()
    compiled = polib.mofile(str(messages.catalogue_path("fr").with_suffix(".mo")))
    assert compiled.find("Sign in").msgstr == "T Sign in"
