"""Every template compiles, and every template that code names exists."""

import ast
import re

import pytest
from django.conf import settings
from django.template import loader

from partnerportal.lib import known_pages
from tests.house.ours import OURS

ROOT = settings.BASE_DIR / "templates"
TEMPLATES = sorted(str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file())


@pytest.mark.parametrize("name", TEMPLATES)
def test_compiles(name):
    assert loader.get_template(name, using="jinja" if name.endswith(".jinja") else "django")


def named() -> set[str]:
    """String constants that look like template names, in the code of every app."""
    found = set()
    for app in OURS:
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    name = node.value.partition("#")[0]
                    if name.endswith((".html", ".txt")) and " " not in name and name[0] not in "./%":
                        found.add(name)
    return found


def test_named_templates_exist():
    names = named()
    assert "404.html" in names
    missing = {name for name in names if not (ROOT / name).exists()}
    assert not missing


KNOWN_PAGE = re.compile(r"(?:page_url\(|{% page_url )[\"'](\w+)[\"']")


def test_known_pages_are_registered_and_asked_for():
    sources = [path for app in OURS for path in (settings.BASE_DIR / app).rglob("*.py")] + [ROOT / t for t in TEMPLATES]
    asked = {page for path in sources for page in KNOWN_PAGE.findall(path.read_text())}
    assert asked == set(known_pages._url_names)
    assert all(known_pages.page_url(page).startswith("/") for page in asked)


WHOLE = re.compile(r"{% blocktranslate.*?endblocktranslate %}|{% translate .*?%}|{{.*?}}", re.DOTALL)
BRANCH = re.compile(r"{% (?:if|elif|else|endif).*?%}")


@pytest.mark.parametrize("name", [name for name in TEMPLATES if not name.startswith("uikit/")])
def test_a_label_is_one_text_for_the_translator(name):
    """`{{ verb }}: {{ name }}` has the colon, and the order of words, of one language."""
    for label in re.findall(r'aria-label="((?:{%.*?%}|{{.*?}}|[^"])*)"', (ROOT / name).read_text(), re.DOTALL):
        assert all(part in ("", "T") for part in BRANCH.split(WHOLE.sub("T", label))), label
