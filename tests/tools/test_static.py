"""Static files are never missing: not while they are collected, and not for pages of the release before."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.threads import PATIENCE, join_all
from tools import static
from tools.stages import PROJECT, base_environment

pytestmark = pytest.mark.slow


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    settings = {"DJANGO_SETTINGS_MODULE": "tests.tools.uncompressed", "STATIC_ROOT": str(tmp_path / "static")}
    return base_environment() | settings


def hashed(root: Path, name: str) -> Path:
    """The present file of that name."""
    (found,) = (path for path in static.named_in(root / static.MANIFEST) if unhashed(path) == name)
    return root / found


def unhashed(path: str) -> str:
    return re.sub(r"\.[0-9a-f]{12}(?=\.\w+$)", "", path)


def release(new: Path, *names: str) -> None:
    """What collecting would have put into a folder, for a release with those files."""
    new.mkdir()
    for name in names:
        (new / name).write_text(name)
    (new / f"{names[0]}.gz").write_text("packed")
    paths = ", ".join(f'"{unhashed(name)}": "{name}"' for name in names)
    (new / static.MANIFEST).write_text(f'{{"paths": {{{paths}}}, "version": "1.1"}}')


def test_files_go_where_the_settings_say_also_when_they_lie_elsewhere(environment: dict[str, str]) -> None:
    """It looked whether `staticfiles` beside the code was there, and then did nothing."""
    root = Path(environment["STATIC_ROOT"])
    subprocess.run([sys.executable, "-m", "tools.static"], check=True, cwd=PROJECT, env=environment, timeout=PATIENCE)
    assert hashed(root, "css/portal.css").exists()
    assert {path.name for path in root.iterdir() if path.name.startswith(".")} == set(), "what it worked in is gone"


@pytest.mark.promise("O-9")
def test_no_file_is_missing_while_they_are_collected_again(environment: dict[str, str]) -> None:
    root = Path(environment["STATIC_ROOT"])
    static.collect(environment=environment)
    files = {path for path in root.rglob("*") if path.is_file()}
    missing: set[Path] = set()
    with watched(files, missing):
        static.collect(environment=environment)
    assert len(files) > 20 and missing == set()
    assert {path for path in root.rglob("*") if path.is_file()} == files, "the same release is no former one"


@contextmanager
def watched(files: set[Path], missing: set[Path]) -> Iterator[None]:
    """A block during which the files are looked for all the time."""
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            missing.update(path for path in files if not path.exists())

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        join_all([thread])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "served"
    root.mkdir()
    return root


def test_the_files_of_the_former_release_stay_and_those_before_it_go(tmp_path: Path, root: Path) -> None:
    for name in ("a.000000000000.css", "a.111111111111.css", "a.222222222222.css"):
        release(tmp_path / name, name, "same.999999999999.js")
        static.publish(tmp_path / name, root)
    kept = {f"a.{digit * 12}.css{ending}" for digit in "12" for ending in ("", ".gz")}
    assert {path.name for path in root.iterdir()} == {*kept, "same.999999999999.js", static.MANIFEST, static.FORMER}


def test_collecting_the_same_release_twice_keeps_the_former_one(tmp_path: Path, root: Path) -> None:
    for folder, name in (("1", "a.000000000000.css"), ("2", "a.111111111111.css"), ("3", "a.111111111111.css")):
        release(tmp_path / folder, name)
        static.publish(tmp_path / folder, root)
    assert (root / "a.000000000000.css").exists() and (root / "a.111111111111.css.gz").exists()
