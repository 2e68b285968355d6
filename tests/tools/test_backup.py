"""deploy/backup: what people attached stands beside the dump of its rows, and old ones of both go."""

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.operations.page import PROJECT

COMMANDS = {
    "pg_dump": 'for word; do case "$word" in --file=*) echo dump > "${word#--file=}";; esac; done',
    "pg_restore": 'echo "1; 0 1 TABLE DATA public django_migrations portal_owner"',
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Those of a machine without containers, with PostgreSQL's programs only pretended."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, script in COMMANDS.items():
        (commands / name).write_text(f"#!/bin/sh\n{script}\n")
        (commands / name).chmod(0o755)
    return {
        "PATH": f"{commands}:{os.environ['PATH']}",
        "DATABASE_OWNER_URL": "postgres://portal_owner@localhost/portal",
        "PRIVATE_ROOT": str(tmp_path / "private"),
    }


def back_up(environment: dict[str, str], folder: Path) -> Path:
    """The path of the dump, without its ending."""
    command = [str(PROJECT / "deploy" / "backup"), str(folder)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return Path(done.stdout.strip().removesuffix(".dump"))


def test_attached_files_are_in_the_backup_and_no_other(environment: dict[str, str], tmp_path: Path) -> None:
    for name in ("attached/marketplace.document/a", "exports/b", "uploads/c"):
        path = tmp_path / "private" / name
        path.parent.mkdir(parents=True)
        path.write_text(name)
    made = back_up(environment, tmp_path / "backups")
    with tarfile.open(f"{made}.files.tar.gz") as archive:
        assert [entry.name for entry in archive if entry.isfile()] == ["attached/marketplace.document/a"]
    left = {path.name.removeprefix(made.name) for path in (tmp_path / "backups").iterdir()}
    assert left == {".dump", ".files.tar.gz"}
    assert (tmp_path / "backups" / f"{made.name}.files.tar.gz").stat().st_mode & 0o77 == 0


def test_where_nobody_attached_anything_the_dump_is_all(environment: dict[str, str], tmp_path: Path) -> None:
    made = back_up(environment, tmp_path / "backups")
    assert [path.name for path in (tmp_path / "backups").iterdir()] == [f"{made.name}.dump"]


def test_old_files_go_as_old_dumps_do(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "private" / "attached").mkdir(parents=True)
    folder = tmp_path / "backups"
    folder.mkdir()
    for year in (2001, 2002, 2003):
        for ending in ("dump", "files.tar.gz"):
            (folder / f"portal-{year}-01-01T000000Z.{ending}").touch()
    made = back_up(environment | {"KEEP": "2"}, folder)
    kept = {
        f"{stem}.{ending}" for stem in (made.name, "portal-2003-01-01T000000Z") for ending in ("dump", "files.tar.gz")
    }
    assert {path.name for path in folder.iterdir()} == kept
