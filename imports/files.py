"""The files of imports: what was uploaded, and the results of the runs.

Each attempt of a run writes results of its own, so one that lost its lease cannot spoil those of another one.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import IO

from imports.models import Import
from partnerportal.lib.private_files import (
    StoredFile,
    delete_private_file,
    list_files_by_public_id,
    open_private_file_for_reading,
    open_private_file_for_writing,
)

FOLDER = "imports"  # within the portal's private files
UPLOADED, FILLED = "uploaded", "filled"


def build_results_name(source: Import) -> str:
    """Return the name of the file with the results of the latest run of an import, without the folder."""
    run = "applied" if source.is_latest_run_applying else "checked"
    return f"{source.public_id}.{run}.{source.attempts}"


def build_samples_name(source: Import) -> str:
    """Return the name of the file with the first results of each outcome of the latest run, without the folder."""
    return f"{build_results_name(source)}.first"


def build_upload_name(source: Import) -> str:
    """Return the name of the file that was uploaded, without the folder."""
    return f"{source.public_id}.{UPLOADED}"


def build_filled_name(source: Import) -> str:
    """Return the name of the file with the cells that the dry run of an import has filled in, without the folder.

    It has no number of the attempt: each would write the same, because it comes from the batches that are stored.
    """
    return f"{source.public_id}.{FILLED}"


def open_file_for_writing(name: str) -> AbstractContextManager[IO[bytes]]:
    """Return a context manager that opens a file of an import for writing bytes.

    The file appears only when the block ends, so that nobody reads half of it.
    """
    return open_private_file_for_writing(f"{FOLDER}/{name}")


def open_file_for_reading(name: str) -> IO[bytes]:
    """Open a file of an import for reading bytes. Raises FileNotFoundError if there is none."""
    return open_private_file_for_reading(f"{FOLDER}/{name}")


def delete_file(name: str) -> None:
    """Delete a file of an import, if there is one."""
    delete_private_file(f"{FOLDER}/{name}")


def list_import_files() -> Iterator[tuple[str, StoredFile]]:
    """Yield each stored file of imports, with the public id of its import. Files with other names are left out."""
    return ((public_id, file) for public_id, _rest, file in list_files_by_public_id(FOLDER))
