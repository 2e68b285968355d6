"""The design system: tags, components, error pages and the dialog contract."""

import ast
import datetime as dt
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import lucide
import pytest
from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.template import engines
from django.template.base import TextNode
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation
from django_cotton.compiler_regex import CottonCompiler
from django_htmx.middleware import HtmxDetails
from jinja2 import FileSystemLoader

from notifications import registry
from partnerportal import finders, icons
from partnerportal.jinja import build_jinja_environment
from partnerportal.lib import usage
from partnerportal.lib.text import make_avatar_initials
from partnerportal.templatetags import components, ui
from tests.house.ours import OURS, tree_of

HOSTILE = '"><script>alert(1)</script>'


def render(source: str, **context: Any) -> str:
    """A string never meets the component loader, so its tags are compiled here."""
    request = context.pop("request", None)
    return engines["django"].from_string(CottonCompiler().process(source)).render(context, request)


def test_an_icon_is_hidden_and_a_reference_into_the_file_of_all() -> None:
    svg = ui.render_icon("bell")
    assert svg == '<svg class="icon" aria-hidden="true"><use href="/static/img/icons.svg#bell"/></svg>'
    assert ui.render_icon("bell") is svg
    with pytest.raises(ValueError, match="no icon 'bel'"):
        ui.render_icon("bel")


def test_a_template_speaks_the_language_of_each_who_asks_for_it() -> None:
    """Its texts are translated when it is read, and it is kept."""
    first = {language: said_in(language) for language in ("fr", "en", "ja")}
    assert first == {language: said_in(language) for language in ("fr", "en", "ja")}
    assert len(set(first.values())) == 3
    assert "Fermer" in first["fr"]
    assert "Close" in first["en"]


def said_in(language: str) -> str:
    with translation.override(language):
        return render_to_string("problem.html", {"title": "-"})


def test_a_part_speaks_the_language_of_each_reader_and_escapes_what_its_words_hold() -> None:
    labels = set()
    for language in ("fr", "en", "ja", "fr"):
        with translation.override(language):
            html = render('<c-code :value="value" />', value=HOSTILE)
        assert "<script>" not in html
        labels.add(html.partition("aria-label=")[2].partition(">")[0])
    assert len(labels) == 3


def test_what_is_the_same_on_every_page_is_drawn_when_the_template_is_read() -> None:
    constant = (
        '{% icon "bell" %}{% static "img/mark.svg" %}{% url "help" %}{% page_url "customers" %}{% translate "Close" %}'
    )
    assert {type(node) for node in nodes_of(constant)} == {TextNode}
    for source in ("{% icon name %}", '{% url "customer" name %}', '{% url "help" as name %}', "{% translate name %}"):
        assert TextNode not in {type(node) for node in nodes_of(source)}
    assert render('{% if gone %}{% url "no_such_page" %}{% endif %}') == ""


def nodes_of(source: str) -> Any:
    return engines["django"].from_string(source).template.nodelist


def test_a_text_is_translated_whatever_the_tag_does_with_it() -> None:
    with translation.override("fr"):
        for source in (
            "{% translate 'Close' %}",
            "{% translate 'Close' as word %}{{ word }}",
            "{% translate word %}",
            "{% translate word|lower|capfirst %}",
            "{% autoescape off %}{% translate 'Close' %}{% endautoescape %}",
        ):
            assert render(source, word="Close") == "Fermer", source
        assert render("{% translate 'Close' noop %}") == "Close"
        assert render("{% translate word %}", word=HOSTILE) == render("{{ word }}", word=HOSTILE)


def made() -> dict[str, str]:
    return {name: storage.open(name).read().decode() for name, storage in finders.GeneratedFilesFinder().list([])}


def test_the_style_sheet_holds_each_part_in_its_layer() -> None:
    whole = made()["css/portal.css"]
    assert "@import" not in whole
    for part in (settings.BASE_DIR / "partnerportal" / "static" / "css").glob("*.css"):
        css = finders.remove_comments(part.read_text())
        assert whole.count(css) == (part.name not in ("portal.css", "fonts.css", "reference.css")), part.name
    assert re.search(r"@layer tokens, base,.*?;\s*@layer tokens {\n.*?@layer base {\n", whole, re.DOTALL)


def test_the_file_of_icons_holds_each_once_and_no_colour_of_its_own() -> None:
    drawn = ElementTree.fromstring(made()["img/icons.svg"])
    assert sorted(symbol.attrib["id"] for symbol in drawn) == sorted(icons.NAMES)
    assert all(len(symbol) > 0 and symbol.attrib.keys() == {"id", "viewBox"} for symbol in drawn)


def names_of_lucide() -> set[str]:
    """Return the names of all icons that the wheel of lucide holds."""
    with ZipFile(Path(lucide.__file__).with_name("lucide.zip")) as file:
        return {Path(name).stem for name in file.namelist()}


def test_the_file_holds_every_icon_that_code_names_and_no_other() -> None:
    """Templates: tests/house/test_components.py. A name of one word may be any word: what a notice has, is an icon."""
    files = [path for app in OURS for path in (settings.BASE_DIR / app).rglob("*.py") if path.name != "icons.py"]
    texts = {node.value for path in files for node in ast.walk(tree_of(path)) if isinstance(node, ast.Constant)}
    named = {text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z]+-[a-z0-9-]+", text)}
    of_notices = {kind.icon for kind in registry.get_notice_kinds().values()}
    assert named & names_of_lucide() | of_notices <= icons.NAMES
    templates = "".join(path.read_text() for path in (settings.BASE_DIR / "templates").rglob("*.*"))
    assert {name for name in icons.NAMES - texts if f'"{name}"' not in templates} == set()


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Umbra Insurance SAS", "UI"),
        ("Kestrel", "KE"),
        ("株式会社青空", "青空"),
        ("医療法人社団 桜会", "桜会"),
        ("さくらクラウド有限会社", "さく"),
        ("株式会社", "株式"),
        ("& Sons Ltd", "SL"),
        ("  ", "?"),
        ("é", "É"),
    ],
)
def test_a_monogram_is_two_letters_of_the_name(name: str, letters: str) -> None:
    assert make_avatar_initials(name) == letters


@pytest.mark.parametrize(
    ("used", "limit", "tone", "width"),
    [
        (0, 0, "low", 0),
        (44, 100, "low", 44),
        (45, 100, "", 45),
        (90, 100, "full", 90),
        (100, 100, "full", 100),
        (5, 4, "over", 100),
        (1, 0, "over", 100),
    ],
)
def test_full_is_amber_and_only_more_than_full_is_red(used: int, limit: int, tone: str, width: int) -> None:
    assert usage.choose_usage_bar_tone(used, limit) == tone
    assert usage.compute_usage_bar_percent(used, limit) == width


def test_a_time_carries_the_machine_form_and_the_full_moment() -> None:
    moment = dt.datetime(2026, 11, 20, 14, 5, tzinfo=dt.UTC)
    with translation.override("en"):
        expected = (
            '<time datetime="2026-11-20T14:05:00+00:00" title="20 Nov 2026, 14:05 UTC">20 Nov 2026, 14:05 UTC</time>'
        )
        assert ui.render_date_and_time(moment) == expected
    assert ui.render_relative_date(None) == ""


def test_a_message_may_carry_its_undo() -> None:
    assert ui.find_undo_url(Message(25, "Dismissed", extra_tags="undo=/inbox/7/restore/")) == "/inbox/7/restore/"
    assert ui.find_undo_url(Message(25, "Saved")) == ""


@pytest.mark.parametrize(
    "source",
    [
        '<c-button data-name="{{ value }}">{{ value }}</c-button>',
        '<c-copy-field id="x" label="Link" :value="value" />',
        '<c-copy-field id="x" label="{{ value }}" value="{{ value }}" />',
        '<c-code :value="value" />',
        '<c-panel :title="value">{{ value }}</c-panel>',
        '<c-search-field :label="value" :value="value" />',
        '<c-select name="a" :label="value" :options="pairs" :value="value" />',
        '<c-menu-item :reason="value">{{ value }}</c-menu-item>',
        '<c-button :reason="value">{{ value }}</c-button>',
        '<c-empty :title="value">{{ value }}</c-empty>',
        '<c-page-header :title="value" :purpose="value" :name="value" />',
        '<c-note :title="value">{{ value }}</c-note>',
        '<c-row-menu id="m" :label="value"></c-row-menu>',
    ],
)
def test_components_escape_what_they_are_given(source: str) -> None:
    html = render(source, value=HOSTILE, pairs=[(HOSTILE, HOSTILE)])
    assert "<script" not in html
    assert "alert(1)" in html


def test_a_refused_button_says_why_to_everyone() -> None:
    html = render('<c-button reason="Only an Admin may." variant="primary">Invite</c-button>')
    assert 'aria-disabled="true"' in html
    assert html.count("Only an Admin may.") == 2  # the tip, and the words for screen readers


def test_parent_variables_do_not_leak_into_components() -> None:
    html = render("<c-panel>x</c-panel><c-button>y</c-button>", title="LEAK", href="/leak/", reason="LEAK", tone="LEAK")
    assert "LEAK" not in html
    assert "/leak/" not in html


@pytest.mark.parametrize("page", ["403", "404", "500", "503", "csrf"])
@pytest.mark.parametrize("language", ["en", "fr", "ja"])
def test_error_pages_need_no_context(page: str, language: str) -> None:
    """The 500 page is drawn when nothing else may work: no request, no shell, no database."""
    with translation.override(language):
        html = render_to_string(f"{page}.html")
    assert html.count("<h1>") == 1
    assert f'lang="{language}"' in html


def test_a_dialog_is_a_fragment_for_htmx_and_a_page_without() -> None:
    template = """{% extends request.htmx|yesno:"dialog_fragment.html,dialog_page.html" %}
        {% block dialog_title %}End{% endblock %}
        {% block dialog %}<c-dialog title="End" action="/end/">Sure?</c-dialog>{% endblock %}"""
    page, fragment = RequestFactory().get("/end/"), RequestFactory().get("/end/", headers={"HX-Request": "true"})
    for request in (page, fragment):
        request.htmx = HtmxDetails(request)
    whole, part = (render(template, request=request) for request in (page, fragment))
    assert "<html" in whole and '<h1 id="dialog-title">End</h1>' in whole
    assert "<html" not in part and '<h2 id="dialog-title">End</h2>' in part
    assert 'method="post" action="/end/"' in part


@pytest.mark.parametrize("is_reloaded", [True, False], ids=["in development", "in operation"])
def test_an_edited_component_is_drawn_anew_in_development(
    is_reloaded: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = build_jinja_environment(loader=FileSystemLoader(tmp_path), auto_reload=is_reloaded, autoescape=True)
    monkeypatch.setattr(components, "get_part_environment", lambda _language: environment)
    file = tmp_path / "ui" / f"edited_{is_reloaded}.jinja"
    file.parent.mkdir()

    def write_and_draw(text: str, moment: int) -> str:
        file.write_text("{% macro draw() %}" + text + "{% endmacro %}")
        os.utime(file, (moment, moment))
        draw = components.find_component(file.stem, None)
        assert draw
        return str(draw())

    assert write_and_draw("before", 1_000) == "before"
    assert write_and_draw("after", 2_000) == ("after" if is_reloaded else "before")
