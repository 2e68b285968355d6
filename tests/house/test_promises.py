"""docs/promises.md and the marks of the tests agree, and every id that the house cites is promised there."""

from pathlib import Path

import pytest

from tools.promises import ID, PAGE, TESTS, MarkedTest, find_faults, read_page, read_tests, write_tests
from tools.stages import PROJECT

CITING = ("*.py", "*.html", "*.jinja", "*.md", "*.js", "*.css")
HERE = Path(__file__)


def test_what_is_built_is_shown_and_the_page_names_what_shows_it() -> None:
    assert find_faults(read_page(PAGE.read_text()), read_tests()) == []


def test_no_mark_is_missed() -> None:
    """A mark is a decorator of a function of a module, one for each test: others are not read."""
    marked = [test.name.partition("::")[0] for test in read_tests() if test.shows]
    for path in TESTS.rglob("*.py"):
        if path != HERE:
            assert path.read_text().count("mark.promise(") == marked.count(path.relative_to(TESTS).as_posix()), path


def test_every_id_that_is_cited_is_promised() -> None:
    known = {promise.id for promise in read_page(PAGE.read_text())}
    folders = [path for path in PROJECT.iterdir() if path.is_dir() and not path.name.startswith(".")]
    files = [path for folder in folders for pattern in CITING for path in folder.rglob(pattern) if path != HERE]
    files += PROJECT.glob("*.md")
    cited = {(id, path) for path in files for id in ID.findall(path.read_text())}
    assert {f"{path.relative_to(PROJECT)} cites {id}" for id, path in cited if id not in known} == set()


SHOWN = "- [x] **CC-1** An account has an ORGID.\n  - `a/test_a.py::test_one`\n"
OPEN = "- [ ] **CC-2** It is shown.\n"
TWO = [MarkedTest("a/test_a.py::test_one", ["CC-1"]), MarkedTest("a/test_a.py::test_two", [])]


@pytest.mark.parametrize(
    ("page", "shows", "fault"),
    [
        (SHOWN + OPEN, ["CC-3"], "a/test_a.py::test_two shows CC-3, which nothing defines"),
        (SHOWN + OPEN.replace("[ ]", "[x]"), [], "CC-2 is built, and no test shows it"),
        (SHOWN + OPEN, ["CC-2"], "CC-2 does not name the tests that are marked with it; run: make promises"),
        (SHOWN.replace("_one", "_gone"), [], "CC-1 names a/test_a.py::test_gone, which does not exist"),
        (SHOWN.replace("_one", "_two"), [], "CC-1 does not name the tests that are marked with it; run: make promises"),
        (SHOWN, ["CC-1"], "CC-1 does not name the tests that are marked with it; run: make promises"),
        (SHOWN + SHOWN, [], "CC-1 stands twice"),
    ],
)
def test_the_check_finds(page: str, shows: list[str], fault: str) -> None:
    tests = [TWO[0], MarkedTest(TWO[1].name, shows)]
    assert fault in find_faults(read_page(page), tests)


def test_the_check_lets_pass_what_agrees() -> None:
    assert find_faults(read_page(SHOWN + OPEN), TWO) == []


@pytest.mark.parametrize("line", ["- [y] **CC-3** A box of another kind.", "- **CC-3** Without a box.", "  - test_one"])
def test_what_is_neither_a_promise_nor_a_test_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="neither a promise nor a test"):
        read_page(SHOWN + line)


def test_the_marks_are_written_into_the_page_and_nothing_else_is_changed() -> None:
    head = "# Page\n\nWords.\n\n## Customers\n"
    assert write_tests(head + SHOWN.replace("_one", "_gone") + OPEN, TWO) == head + SHOWN + OPEN


def test_marks_are_read_from_decorators(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "test_b.py").write_text(
        "import pytest\n\n@pytest.mark.slow\n@pytest.mark.promise('CC-1', 'E-2')\n"
        "def test_one(): ...\n\ndef test_two(): ...\n\ndef helper(): ...\n"
    )
    assert read_tests(tmp_path) == [
        MarkedTest("b/test_b.py::test_one", ["CC-1", "E-2"]),
        MarkedTest("b/test_b.py::test_two", []),
    ]
