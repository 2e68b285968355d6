"""Templates under the strict policy: components and icons exist, nothing is inline, nothing passes unescaped."""

import ast
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from partnerportal import icons
from partnerportal.templatetags import ui
from tests.house.ours import OURS, tree_of

ROOT = Path(settings.BASE_DIR)
PAGES = sorted(
    path
    for path in (ROOT / "templates").rglob("*.*")
    if path.suffix in {".html", ".jinja"} and "emails" not in path.parts and "email" not in path.parts
)
COMPONENTS = {path.stem.replace("_", "-"): path for path in (ROOT / "templates" / "ui").glob("*.*")}
BUILT_IN = {"vars", "slot"}
INLINE = re.compile(
    r"<style|\sstyle=|\son[a-z]+=|\shx-on|javascript:|<script(?![^>]*\s(?:src=|type=.application/json))|[\"']js:",
    re.IGNORECASE,
)
OPENING = re.compile(r"<c-([a-z-]+)((?:\s+[^\s=/>]+(?:=(?:\"[^\"]*\"|'[^']*'|[^\s\"'/>]+))?)*)\s*/?>")


@cache
def without_comments(path: Path) -> str:
    return re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", path.read_text(), flags=re.DOTALL)


def inline_code(source: str) -> list[str]:
    return INLINE.findall(source)


def unknown_components_and_icons(source: str) -> list[str]:
    used = set(re.findall(r"<c-([a-z-]+)", source)) - BUILT_IN
    icons = re.findall(r"{% icon \"([^\"]+)\"", source) + re.findall(r"<c-[^>]*\sicon=\"([a-z0-9-]+)\"", source)
    icons += re.findall(r"\bicon\(\"([^\"]+)\"\)", source)  # of Jinja2
    return [*(used - COMPONENTS.keys()), *(name for name in icons if not is_icon(name))]


def is_icon(name: str) -> bool:
    try:
        return bool(ui.render_icon(name))
    except Exception:
        return False


@cache
def declared(component: str) -> set[str]:
    found = re.search(r"<c-vars(.*?)/>|macro draw(\(.*?\)) %}", COMPONENTS[component].read_text(), flags=re.DOTALL)
    names = re.sub(r"\"[^\"]*\"", "", found[1] or found[2]) if found else ""
    return set(re.findall(r"[\s(]:?([a-z_-]+)", names))


def undeclared_dynamic_attributes(source: str) -> list[str]:
    """An undeclared :name="value" passes through {{ attrs }} unescaped; name="{{ value }}" is escaped."""
    return [
        f"<c-{component} :{name}>"
        for component, attributes in OPENING.findall(source)
        if component not in BUILT_IN
        for name in set(re.findall(r"\s:([a-z-]+)=", attributes)) - declared(component)
    ]


def attributes_that_it_has_not(source: str) -> list[str]:
    """A component that Jinja2 draws takes what its macro names, and other attributes only if it shows `kwargs`."""
    return [
        f"<c-{component} {name}>"
        for component, attributes in OPENING.findall(source)
        if component not in BUILT_IN and COMPONENTS[component].suffix == ".jinja"
        if "kwargs" not in COMPONENTS[component].read_text()
        for name in set(re.findall(r"\s:?([a-z-]+)(?:=(?:\"[^\"]*\"|'[^']*'))?", attributes)) - declared(component)
    ]


def is_dynamic(value: str) -> bool:
    """What a :name="…" can hold: a variable, a template or a literal. An expression is silently dropped."""
    if re.fullmatch(r"[\w.]+", value) or "{{" in value or "{%" in value:
        return True
    try:
        ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return False
    return True


def expressions_as_attributes(source: str) -> list[str]:
    return [
        f'<c-{component} :{name}="{value}">'
        for component, attributes in OPENING.findall(source)
        for name, value in re.findall(r"\s:([a-z-]+)=\"([^\"]*)\"", attributes)
        if not is_dynamic(value)
    ]


RULES = (
    inline_code,
    unknown_components_and_icons,
    undeclared_dynamic_attributes,
    attributes_that_it_has_not,
    expressions_as_attributes,
)


@pytest.mark.parametrize("rule", RULES)
def test_each_template_keeps_the_rule(rule: Callable[[str], list[str]]) -> None:
    assert len(PAGES) > 150
    found = {str(path.relative_to(ROOT)): rule(without_comments(path)) for path in PAGES}
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (inline_code, '<p style="color: red">'),
        (inline_code, "<script>1</script>"),
        (unknown_components_and_icons, "<c-nothing />"),
        (unknown_components_and_icons, '{% icon "no-such-icon" %}'),
        (unknown_components_and_icons, '{{ icon("no-such-icon") }}'),
        (undeclared_dynamic_attributes, '<c-button :onclick="value" />'),
        (attributes_that_it_has_not, '<c-stat title="Seats" />'),
        (expressions_as_attributes, '<c-button :label="a + b" />'),
    ],
)
def test_the_rule_finds_it(rule: Callable[[str], list[str]], source: str) -> None:
    assert rule(source)


def test_icons_that_code_names_exist() -> None:
    named = {
        keyword.value.value
        for app in OURS
        for path in (ROOT / app).rglob("*.py")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "icon" and isinstance(keyword.value, ast.Constant)
    }
    assert "file-up" in named
    assert named - {""} - icons.NAMES == set()


def test_a_template_is_read_in_one_view() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in PAGES}
    assert {name: length for name, length in lengths.items() if length > 130} == {}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "partnerportal" / "static" / "css").glob("*.css")), ids=lambda path: path.name
)
def test_a_stylesheet_is_imported_and_short(path: Path) -> None:
    entry = (ROOT / "partnerportal" / "static" / "css" / "portal.css").read_text()
    assert path.name in {"portal.css", "fonts.css", "reference.css"} or f'url("{path.name}")' in entry
    assert len(path.read_text().splitlines()) <= 350
