"""A text is translated when somebody reads it: one that is filled in while its module loads stays English for all."""

import ast
from collections.abc import Iterator

import pytest
from django.conf import settings

from tests.house.ours import OURS, tree_of


def filled_while_loading(node: ast.AST) -> Iterator[ast.BinOp]:
    """Yield what `%` fills outside of functions, but for plain strings."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.BinOp) and isinstance(child.op, ast.Mod) and not isinstance(child.left, ast.Constant):
            yield child
        yield from filled_while_loading(child)


@pytest.mark.parametrize("app", OURS)
def test_no_text_is_filled_in_while_its_module_loads(app: str) -> None:
    paths = (settings.BASE_DIR / app).rglob("*.py")
    found = [f"{path.name}:{node.lineno}" for path in paths for node in filled_while_loading(tree_of(path))]
    assert not found, found


def test_such_a_text_is_found() -> None:
    early = (
        "class Form:\n    field = make(message=REASON % {'most': 5})\n\ndef late():\n    return REASON % {'most': 5}"
    )
    assert [node.lineno for node in filled_while_loading(ast.parse(early))] == [2]
