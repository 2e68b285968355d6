"""Arrows that are no import point down, too: an app's templates, url names, tables and foreign keys.

They are its own or those of an app below it; a migration's triggers, policies and views name no table from above.

What is above registers itself (known_pages.py, connections/customers.py) or is gathered (navigation.py, start_page.py).
"""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.urls import URLPattern, get_resolver

from tests.house.ours import APPS, OURS, tree_of

ROOT = settings.BASE_DIR
COMPOSITION, LIB = "partnerportal", "partnerportal.lib"
# Templates of other people's apps that ours restyle, and whose pages they are.
RESTYLED = {"account": "accounts", "allauth": "accounts", "mfa": "accounts", "usersessions": "accounts"}
SHARED = {"ui": LIB, "shell": LIB}  # components, and the parts of the frame that every page stands in
USED_TEMPLATE = re.compile(r"{% (?:include|extends|jinja) [\"']([\w./-]+)[\"']")
USED_URL = re.compile(r"{% url [\"']([\w:]+)[\"']")
# The database itself fills in who did it and for whom, so that no caller writes an event in another's name. Whoever
# adds an entry says why the trigger cannot stand in the app above.
NAMED_FROM_ABOVE = {"notifications/migrations/0002_policies.py": {"accounts_organization", "accounts_person"}}
CALLS = {"reverse", "reverse_lazy", "redirect", "resolve_url"}


def levels() -> dict[str, int]:
    """How high each app stands in the stack that import-linter checks."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = [re.split(r"[:|]", layer) for layer in reversed(contracts[0]["layers"])]
    names = ((name.strip(), height) for height, layer in enumerate(layers) for name in layer)
    return {name if name == LIB else name.partition(".")[0]: height for name, height in names}


LEVELS = levels()


def is_above(other: str, app: str) -> bool:
    """Whether the app may not use what the other one owns: it is above, or beside. What is nobody's is below all."""
    return other != app and other in LEVELS and LEVELS[other] >= LEVELS[app]


@cache
def owners() -> dict[str, str]:
    """Each url name, with its namespace, and the app that has its view."""

    def walk(patterns: Any, namespace: str) -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            if not isinstance(pattern, URLPattern):
                inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
                yield from walk(pattern.url_patterns, inner)
            elif pattern.name:
                view = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
                yield namespace + pattern.name, (view or pattern.callback).__module__.partition(".")[0]

    return dict(walk(get_resolver().url_patterns, ""))


def owner_of_template(name: str) -> str:
    """A template without a folder is a frame of whole pages, which everybody extends."""
    folder, _slash, rest = name.partition("/")
    return SHARED.get(folder) or RESTYLED.get(folder) or (folder if folder in APPS else COMPOSITION if rest else LIB)


def app_of(path: Path) -> str:
    """Whose file it is."""
    parts = path.relative_to(ROOT).parts
    if parts[0] != "templates":
        return LIB if parts[:2] == (COMPOSITION, "lib") else parts[0]
    frame_or_part = len(parts) == 2 or parts[1] == "shell"  # drawn by the composition, for all
    return COMPOSITION if frame_or_part else owner_of_template("/".join(parts[1:]))


def used_in_template(source: str) -> Iterator[tuple[str, str]]:
    """What a template uses, as (url or template, name)."""
    yield from (("template", name) for name in USED_TEMPLATE.findall(source))
    yield from (("url", name) for name in USED_URL.findall(source))


def used_in_code(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The same of Python: what is given to `reverse` and its like, what is called a url_name, and templates by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in CALLS:
                yield from (("url", value) for value in constants(node.args[:1]) if "/" not in value)
            yield from (("url", v) for k in node.keywords if is_url_name(k.arg) for v in constants([k.value]))
        if isinstance(node, ast.Assign) and any(is_url_name(getattr(target, "id", "")) for target in node.targets):
            yield from (("url", value) for value in constants([node.value]))
        yield from (("template", value) for value in constants([node]) if re.fullmatch(r"[\w/-]+\.(html|jinja)", value))


def is_url_name(name: str | None) -> bool:
    return bool(name) and str(name).endswith("url_name")


def constants(nodes: list[Any]) -> Iterator[str]:
    return (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def upward(app: str, used: Iterator[tuple[str, str]]) -> list[str]:
    """What of it belongs to an app above, or to nobody."""
    found = []
    for kind, name in used:
        if kind == "url" and name not in owners():
            found.append(f"no page is called {name}")
        elif is_above(owners()[name] if kind == "url" else owner_of_template(name), app):
            found.append(f"{kind} {name}")
    return found


FILES = sorted(
    path
    for folder in ("templates", *OURS)
    for pattern in ("*.html", "*.jinja", "*.txt", "*.py")
    for path in (ROOT / folder).rglob(pattern)
    if app_of(path) != COMPOSITION and "migrations" not in path.parts
)


def own_tables() -> dict[str, str]:
    """Each table of ours and the app that has it."""
    models = (model for model in apps.get_models() if model._meta.app_label in LEVELS)
    return {model._meta.db_table: model._meta.app_label for model in models}


def tables_from_above(app: str, sql: Iterable[str]) -> list[str]:
    """The tables that SQL of the app names and that stand above it."""
    named = {name for text in sql for name in re.findall(r"\b[a-z]+_[a-z_]+\b", text)}
    return sorted(table for table, owner in own_tables().items() if table in named and is_above(owner, app))


def test_the_stack_has_every_app():
    assert set(LEVELS) == {*OURS, LIB}
    assert LEVELS[LIB] < min(LEVELS[app] for app in APPS) and LEVELS[COMPOSITION] > max(LEVELS[app] for app in APPS)


def test_what_each_file_uses_is_its_own_or_below():
    assert len(FILES) > 300
    used = {path: used_in_code(tree_of(path)) for path in FILES if path.suffix == ".py"}
    used |= {path: used_in_template(path.read_text()) for path in FILES if path.suffix != ".py"}
    found = {str(path.relative_to(ROOT)): upward(app_of(path), names) for path, names in used.items()}
    assert {name: what for name, what in found.items() if what} == {}


def test_tables_of_migrations_are_its_own_or_below():
    """Triggers, policies, views and functions, and so what one table's change does to another."""
    files = [path for app in APPS for path in (ROOT / app / "migrations").glob("*.py")]
    assert len(files) >= 2 * len(APPS) - 1
    sql = {path: list(constants(list(ast.walk(tree_of(path))))) for path in files}
    found = {str(path.relative_to(ROOT)): tables_from_above(app_of(path), texts) for path, texts in sql.items()}
    assert {name: set(what) for name, what in found.items() if what} == NAMED_FROM_ABOVE


def test_foreign_keys_point_down():
    keys = [field for model in apps.get_models() for field in model._meta.get_fields() if field.many_to_one]
    pairs = {(f.model._meta.app_label, f.related_model._meta.app_label) for f in keys if f.related_model}
    assert {(app, other) for app, other in pairs if app in LEVELS and is_above(other, app)} == set()


def test_the_check_finds_it_in_sql():
    trigger = "CREATE TRIGGER t AFTER INSERT ON entitlements_order FOR EACH ROW EXECUTE FUNCTION f()"
    assert tables_from_above("connections", [trigger]) == ["entitlements_order"]
    assert not tables_from_above("exports", [trigger])


@pytest.mark.parametrize(
    ("app", "source"),
    [
        ("connections", "{% include 'entitlements/parts/orders.html' %}"),
        ("connections", '{% jinja "entitlements/parts/customer_rows.jinja" list=list %}'),
        ("accounts", '{% extends "connections/customer.html" %}'),
        ("notifications", "<a href=\"{% url 'preferences' %}\">"),
        ("entitlements", '<form action="{% url "export_new" %}">'),
        (LIB, "{% url 'inbox' %}"),
    ],
)
def test_the_check_finds_it_in_templates(app, source):
    assert upward(app, used_in_template(source))


@pytest.mark.parametrize(
    ("app", "source"),
    [
        ("connections", "url = reverse('customer_orders', args=[pk])"),
        ("connections", "url = urls.reverse('customers')"),
        ("accounts", "answer = redirect('account_details')"),
        ("accounts", "tab = Item(url_name='customers')"),
        ("connections", "class Kind:\n    own_url_name = 'services'"),
        ("notifications", "page = render(request, 'connections/invite.html')"),
        ("exports", "url = reverse('no_such_page')"),
    ],
)
def test_the_check_finds_it_in_code(app, source):
    assert upward(app, used_in_code(ast.parse(source)))


def test_the_check_lets_pass_what_is_below():
    assert not upward(
        "entitlements", used_in_template("{% include 'connections/parts/moments.html' %}{% url 'inbox' %}")
    )
    assert not upward(
        "accounts", used_in_code(ast.parse("redirect('account_login'); reverse('mfa_index'); redirect('/')"))
    )
