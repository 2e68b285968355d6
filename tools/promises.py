"""The program behind `make promises`: what docs/promises.md promises, against the tests marked to show it.

The sentences of the page and its boxes are written by hand. Which tests show a promise is said by their marks alone;
this program writes them into the page, under each promise, and prints what is promised, shown and not yet built.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tools.stages import PROJECT

PAGE = PROJECT / "docs" / "promises.md"
TESTS = PROJECT / "tests"
ID = re.compile(r"\b(?:CC|CV|MM|CA|E|G|S|O)-\d{1,2}b?\b")  # as it is cited anywhere in the house
_PROMISE = re.compile(rf"- \[(?P<box>[ x])\] \*\*(?P<id>{ID.pattern})\*\* (?P<text>\S.*)")
_TEST = re.compile(r"  - `(?P<test>[^`]+)`")


@dataclass
class Promise:
    """One promise of the page, with the tests that the page names under it."""

    id: str
    text: str
    is_built: bool
    tests: list[str] = field(default_factory=list)


@dataclass
class MarkedTest:
    """A test, named by its file below tests/ and its function, and the ids of the promises that it is marked with."""

    name: str
    shows: list[str]


def read_page(text: str) -> list[Promise]:
    """Return the promises of the page in their order. Raises ValueError for an item of a list that is none."""
    promises: list[Promise] = []
    for line in text.splitlines():
        if found := _PROMISE.fullmatch(line):
            promises.append(Promise(found["id"], found["text"], found["box"] == "x"))
        elif promises and (found := _TEST.fullmatch(line)):
            promises[-1].tests.append(found["test"])
        elif line.lstrip().startswith("- "):
            raise ValueError(f"neither a promise nor a test of one: {line}")
    return promises


@cache
def read_tests(folder: Path = TESTS) -> list[MarkedTest]:
    """Return every test below the folder, in the order of files and lines, with its marks. Nothing is imported."""
    return [
        MarkedTest(f"{path.relative_to(folder).as_posix()}::{function.name}", list(_marks(function)))
        for path in sorted(folder.rglob("test_*.py"))
        for function in ast.parse(path.read_text()).body
        if isinstance(function, ast.FunctionDef) and function.name.startswith("test_")
    ]


def _marks(function: ast.FunctionDef) -> Iterator[str]:
    """Yield the ids of a test's decorators `pytest.mark.promise(…)`."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.promise":
            yield from map(ast.literal_eval, decorator.args)


def find_faults(promises: list[Promise], tests: list[MarkedTest]) -> list[str]:
    """Return in what the page and the marks do not agree, a sentence each."""
    known, named = {promise.id: promise for promise in promises}, {test.name for test in tests}
    faults = [
        f"{test.name} shows {id}, which nothing defines" for test in tests for id in test.shows if id not in known
    ]
    for number, promise in enumerate(promises):
        shown = tests_of(promise, tests)
        if promise.id in (earlier.id for earlier in promises[:number]):
            faults.append(f"{promise.id} stands twice")
        if promise.is_built and not shown:
            faults.append(f"{promise.id} is built, and no test shows it")
        faults += [f"{promise.id} names {test}, which does not exist" for test in promise.tests if test not in named]
        if promise.tests != shown and named.issuperset(promise.tests):
            faults.append(f"{promise.id} does not name the tests that are marked with it; run: make promises")
    return faults


def tests_of(promise: Promise, tests: Iterable[MarkedTest]) -> list[str]:
    """Return the names of the tests that are marked to show a promise."""
    return [test.name for test in tests if promise.id in test.shows]


def write_tests(text: str, tests: list[MarkedTest]) -> str:
    """Return the page with the tests that the marks say under each promise, in place of those that it names."""
    lines: list[str] = []
    for line in text.splitlines():
        if not _TEST.fullmatch(line):
            lines.append(line)
        if found := _PROMISE.fullmatch(line):
            promise = Promise(found["id"], found["text"], is_built=True)
            lines += [f"  - `{test}`" for test in tests_of(promise, tests)]
    return "\n".join(lines) + "\n"


def report(promises: list[Promise], tests: list[MarkedTest]) -> str:
    """Return a line for each promise, first those that are built and by how many tests shown, and the sums."""
    built = [promise for promise in promises if promise.is_built]
    open_ones = [promise for promise in promises if not promise.is_built]
    lines = ["Shown, by so many tests:"]
    lines += [f"  {promise.id:7}{len(tests_of(promise, tests)):3}  {promise.text}" for promise in built]
    lines += ["", "Not yet built, or in part, which so many tests show:"]
    lines += [f"  {promise.id:7}{len(tests_of(promise, tests)) or '':3}  {promise.text}" for promise in open_ones]
    showing = sum(bool(test.shows) for test in tests)
    lines += ["", f"{len(promises)} promises: {len(built)} shown by {showing} tests, {len(open_ones)} not yet built."]
    return "\n".join(lines)


def main() -> int:
    """Write the tests into the page and print the report. Return 1, with each fault, when page and marks disagree."""
    tests = read_tests()
    PAGE.write_text(write_tests(PAGE.read_text(), tests))
    promises = read_page(PAGE.read_text())
    print(report(promises, tests))
    faults = find_faults(promises, tests)
    print("\n".join(["", *faults]) if faults else "", end="\n" if faults else "", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
