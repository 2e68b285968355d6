"""Where finished files lie: out of reach of the web server's own paths, under a name that nobody can guess."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from uuid import UUID

from partnerportal.lib.private_files import private_folder


def folder() -> Path:
    return private_folder("exports")


def finished(public_id: UUID) -> Path:
    return folder() / str(public_id)


def begin(public_id: UUID, attempt: int) -> tuple[Path, IO[bytes]]:
    """A file of its own for each attempt: one that lost its lease writes into nobody else's."""
    path = folder() / f"{public_id}.{attempt}.part"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    return path, os.fdopen(descriptor, "wb")


def finish(part: Path, public_id: UUID) -> None:
    os.replace(part, finished(public_id))


def lying() -> Iterator[tuple[str, int, Path]]:
    """Every file: of which export, of which attempt (0: the finished one)."""
    for path in folder().iterdir():
        name, _dot, rest = path.name.partition(".")
        yield name, int(rest.partition(".")[0] or 0), path
