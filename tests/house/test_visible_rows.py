"""What shows rows (pages, API, lists, exports) obtains them through `visible_to` only, or from queries.py."""

import ast

import pytest
from django.conf import settings

from tests.house.ours import OURS, tree_of

# Everything that decides which rows a page, a list, a file or an answer shows.
MODULES = (
    "admin", "api", "context", "customer_frame", "customers", "exports", "filters", "start_page", "forms", "guards",
    "ingest/api", "lists", "navigation", "rows", "timeline", "views",
)  # fmt: skip
SHOWN = [pattern for name in MODULES for pattern in (f"{name}.py", f"{name}/*.py")]
MANAGERS = {"objects", "_default_manager", "_base_manager"}
UNFILTERED = {"get_object_or_404", "get_list_or_404", "connection", "connections"}
# Tables without tenants: catalogues, and what a person signs in with.
WITHOUT_TENANTS = {
    "Authenticator",
    "Category",
    "Competency",
    "EmailAddress",
    "Market",
    "MarketCountry",
    "MarketCurrency",
    "Person",
    "Program",
    "Skill",
    "Sku",
    "UserSession",
}
EXCEPTIONS = {
    # sub-selects that narrow rows which are filtered already, or count back from them for the same customer
    ("entitlements/filters.py", "Entitlement.objects.running"),
    ("entitlements/exports/usage.py", "UsageDay.objects.filter"),
    ("marketplace/filters.py", "OfferVersion.objects.filter"),
}

FILES = sorted(p for app in OURS for pattern in SHOWN for p in (settings.BASE_DIR / app).glob(pattern))


def _is_djangos(node: ast.ImportFrom) -> bool:
    return (node.module or "").startswith("django.")


def unfiltered(tree: ast.AST) -> list[str]:
    """What in the code reads rows without saying whose."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in MANAGERS:
            parent = parents[node]
            is_safe = isinstance(parent, ast.Attribute) and parent.attr in {"visible_to", "none"}
            if not is_safe and ast.unparse(node.value) not in WITHOUT_TENANTS:
                found.append(f"line {node.lineno}: {ast.unparse(parent)}")
        if isinstance(node, ast.ImportFrom) and _is_djangos(node) and {alias.name for alias in node.names} & UNFILTERED:
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"raw", "extra"}:
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


def test_there_is_something_to_look_at():
    assert {path.parent.name for path in FILES} >= set(OURS)


def test_rows_come_through_visible_to():
    names = {str(path.relative_to(settings.BASE_DIR)): path for path in FILES}
    found = {(name, line) for name, path in names.items() for line in unfiltered(tree_of(path))}
    assert {(name, line) for name, line in found if (name, line.partition(": ")[2]) not in EXCEPTIONS} == set()


@pytest.mark.parametrize(
    "source",
    [
        "rows = Order.objects.filter(pk=1)",
        "rows = Order.objects.all()",
        "manager = Order.objects",
        "rows = models.Order._default_manager.get(pk=1)",
        "from django.shortcuts import get_object_or_404, render",
        "rows = Order.objects.visible_to(actor).raw('SELECT 1')",
    ],
)
def test_the_check_finds_it(source):
    assert unfiltered(ast.parse(source))


def test_the_check_lets_scoped_rows_pass():
    source = "row = Order.objects.visible_to(actor).filter(pk=1)\nname = Person.objects.get(pk=1)\nOrder.objects.none()"
    assert not unfiltered(ast.parse(source))
