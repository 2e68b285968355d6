"""Templates under the strict policy: components and icons exist, nothing is inline, nothing passes unescaped."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

from partnerportal.templatetags import ui

ROOT = Path(settings.BASE_DIR)
PAGES = sorted(
    path for path in (ROOT / "templates").rglob("*.html") if "emails" not in path.parts and "email" not in path.parts
)
COMPONENTS = {path.stem.replace("_", "-"): path for path in (ROOT / "templates" / "ui").glob("*.html")}
BUILT_IN = {"vars", "slot"}
INLINE = re.compile(
    r"<style|\sstyle=|\son[a-z]+=|\shx-on|javascript:|<script(?![^>]*\s(?:src=|type=.application/json))|[\"']js:",
    re.IGNORECASE,
)
OPENING = re.compile(r"<c-([a-z-]+)((?:\s+[^\s=/>]+(?:=(?:\"[^\"]*\"|'[^']*'|[^\s\"'/>]+))?)*)\s*/?>")


def without_comments(path: Path) -> str:
    return re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", path.read_text(), flags=re.DOTALL)


def nothing_is_inline(path: Path) -> None:
    assert INLINE.findall(without_comments(path)) == []


def components_and_icons_exist(path: Path) -> None:
    source = without_comments(path)
    used = set(re.findall(r"<c-([a-z-]+)", source)) - BUILT_IN
    assert used - COMPONENTS.keys() == set()
    for name in re.findall(r"{% icon \"([^\"]+)\"", source) + re.findall(r"<c-[^>]*\sicon=\"([a-z0-9-]+)\"", source):
        ui.icon(name)


def declared(component: str) -> set[str]:
    found = re.search(r"<c-vars(.*?)/>", COMPONENTS[component].read_text(), flags=re.DOTALL)
    return set(re.findall(r"\s:?([a-z-]+)", re.sub(r"\"[^\"]*\"", "", found[1]))) if found else set()


def dynamic_attributes_are_declared_by_their_component(path: Path) -> None:
    """An undeclared :name="value" passes through {{ attrs }} unescaped; name="{{ value }}" is escaped."""
    for component, attributes in OPENING.findall(without_comments(path)):
        if component not in BUILT_IN:
            assert set(re.findall(r"\s:([a-z-]+)=", attributes)) - declared(component) == set(), component


def is_dynamic(value: str) -> bool:
    """What a :name="…" can hold: a variable, a template or a literal. An expression is silently dropped."""
    if re.fullmatch(r"[\w.]+", value) or "{{" in value or "{%" in value:
        return True
    try:
        ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return False
    return True


def dynamic_attributes_are_not_expressions(path: Path) -> None:
    for component, attributes in OPENING.findall(without_comments(path)):
        for name, value in re.findall(r"\s:([a-z-]+)=\"([^\"]*)\"", attributes):
            assert is_dynamic(value), f'<c-{component} :{name}="{value}">'


def a_template_is_read_in_one_view(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 130


RULES = (
    nothing_is_inline,
    components_and_icons_exist,
    dynamic_attributes_are_declared_by_their_component,
    dynamic_attributes_are_not_expressions,
    a_template_is_read_in_one_view,
)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_keeps_the_rules(path: Path) -> None:
    for rule in RULES:
        rule(path)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "partnerportal" / "static" / "css").glob("*.css")), ids=lambda path: path.name
)
def test_a_stylesheet_is_imported_and_short(path: Path) -> None:
    entry = (ROOT / "partnerportal" / "static" / "css" / "portal.css").read_text()
    assert path.name in {"portal.css", "fonts.css"} or f'url("{path.name}")' in entry
    assert len(path.read_text().splitlines()) <= 350
