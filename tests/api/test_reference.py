"""docs/api.md against the schema: its table has every address, and its list every code."""

import re

from django.conf import settings

from tests.api.schema_values import FIELD_CODES
from tests.house.test_cursors import OPERATIONS

PAGE = (settings.BASE_DIR / "docs/api.md").read_text()
INGEST = "/api/v1/ingest/"  # docs/feed.md has it
ROW = re.compile(r"^\| (`(?:GET|POST|PUT|PATCH|DELETE)\b.*?) \|", re.M)
CELL = re.compile(r"`(?:(GET|POST|PUT|PATCH|DELETE)\b ?)?([^`]*)`")


def read_table() -> set[tuple[str, str]]:
    """The methods and addresses of the table. `…/` stands for what comes before the last part of the address before."""
    found = set()
    for row in ROW.findall(PAGE):
        methods, before = [], ""
        for method, address in CELL.findall(row):
            methods = [*methods, method] if method and not before else [method] if method else methods
            if address:
                parent = before.rstrip("/").rpartition("/")[0]
                before = address.partition("?")[0].replace("…", parent)
                found.update((each, re.sub(r"{\w+}", "{id}", before)) for each in methods)
    return found


def read_schema() -> dict[tuple[str, str], set[str]]:
    """The methods and addresses of the schema, with the codes of each."""
    return {
        (method.upper(), re.sub(r"{\w+}", "{id}", path.removeprefix("/api/v1/"))): {
            code
            for answer in operation["responses"].values()
            for code in re.findall(r"`(\w+)`", answer.get("description", "").partition("Codes: ")[2])
        }
        for path, operations in OPERATIONS.items()
        for method, operation in operations.items()
        if not path.startswith(INGEST)
    }


def test_the_table_has_every_address() -> None:
    assert read_table() ^ read_schema().keys() == set()


def test_the_list_has_every_code() -> None:
    listed = set(re.findall(r"`(\w+)`", PAGE.partition("## Errors")[2]))
    assert set().union(FIELD_CODES, *read_schema().values()) - listed == set()
