"""Every template compiles, and every template that code names exists."""

import ast

import pytest
from django.conf import settings
from django.template import loader

ROOT = settings.BASE_DIR / "templates"
TEMPLATES = sorted(str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file())
APPS = ("accounts", "connections", "entitlements", "notifications", "partnerportal")


@pytest.mark.parametrize("name", TEMPLATES)
def test_compiles(name):
    assert loader.get_template(name)


def named() -> set[str]:
    """String constants that look like template names, in the code of every app."""
    found = set()
    for app in APPS:
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
