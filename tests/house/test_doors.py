"""An app is entered from another one by its doors only: what is behind them may change without asking anybody."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.house.ours import APPS, tree_of

# What any app may use of a lower one: its rows, what is asked of them, what may be done, and by whom.
DOORS = {"models", "queries", "actions", "policies", "events"}
# What one app was made for others to build on, each with the reason.
MADE_FOR_OTHERS = {
    "accounts.guards": "who may open the vendor's pages of organisations",
    "accounts.organization_frame": "the frame of the vendor's pages of an organisation",
    "accounts.partner_moves": "registers how many customers a move is told",
    "accounts.notices": "base classes of notices to the vendor and to whoever asked",
    "accounts.personal_data": "registers what is held about a person",
    "accounts.management": "arguments of commands that name a person or an organisation",
    "connections.actors": "who a person is today, for a job",
    "connections.consent": "registers the scopes that a customer can share",
    "connections.customer_activity": "registers what the activity of a customer shows",
    "connections.customers": "the frame of a customer's pages",
    "connections.directory": "whose names an actor may know",
    "connections.guards": "who may open a page about customers",
    "connections.notices": "base classes of news of a customer",
    "connections.sharing": "registers what a connection shares",
    "connections.timeline": "shows events in words on pages about an organisation",
    "support.kinds": "registers the requests of an app",
    "notifications.registry": "registers kinds of notices",
    "notifications.sealing": "what the digest of an event is made of, for its export",
    "notifications.timeline": "registers the words of events",
}
# They gather what each app says of its lists, and of what can be imported.
GATHERED = {"exports/catalogue.py": "exports", "imports/catalogue.py": "imports"}
EXCEPTIONS = {
    ("entitlements/lists/customers.py", "connections.rows"),  # why a row's connection may not be ended
    ("entitlements/views/activation_accept.py", "connections.rows"),  # what a customer consents to, as by an invitation
}

FILES = sorted(
    path
    for app in APPS
    for path in Path(settings.BASE_DIR, app).rglob("*.py")
    if "migrations" not in path.relative_to(settings.BASE_DIR).parts
)


def entered(tree: ast.AST, app: str) -> Iterator[str]:
    """Yield the modules of other apps, as "app.word", that the code imports."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if "." in node.module else [f"{node.module}.{each.name}" for each in node.names]
        elif isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        for name in names:
            other, _dot, rest = name.partition(".")
            if other in APPS and other != app:
                yield f"{other}.{rest.partition('.')[0]}"


def closed(name: str, tree: ast.AST) -> list[str]:
    """Return what the file of that name enters by no door."""
    return [
        module
        for module in entered(tree, name.partition("/")[0])
        if module.partition(".")[2] not in DOORS | {GATHERED.get(name, "")}
        and module not in MADE_FOR_OTHERS
        and (name, module) not in EXCEPTIONS
    ]


def test_other_apps_are_entered_by_their_doors() -> None:
    assert len(FILES) > 200
    names = {str(path.relative_to(settings.BASE_DIR)): path for path in FILES}
    found = {name: closed(name, tree_of(path)) for name, path in names.items()}
    assert {name: modules for name, modules in found.items() if modules} == {}


def test_what_was_made_for_others_is_used_by_others() -> None:
    used = {module for path in FILES for module in entered(tree_of(path), path.relative_to(settings.BASE_DIR).parts[0])}
    assert used >= MADE_FOR_OTHERS.keys() | {module for _name, module in EXCEPTIONS}


HERE = "entitlements/views/usage.py"
BY_NO_DOOR = ("from accounts.forms import OperatorRolesForm", "import connections.views", "from accounts import rows")


@pytest.mark.parametrize("source", BY_NO_DOOR)
def test_the_check_finds_it(source: str) -> None:
    assert closed(HERE, ast.parse(source))


@pytest.mark.parametrize("source", ["from accounts import queries", "from connections.models import Portfolio"])
def test_the_check_lets_doors_pass(source: str) -> None:
    assert not closed(HERE, ast.parse(source))
