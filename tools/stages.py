"""The paths and the steps that the demo, the tests and the bench share."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
PORTAL = PROJECT / ".portal"
FONT = PROJECT / "partnerportal" / "static" / "fonts" / "inter-latin.woff2"


class StageError(Exception):
    """Raised when a step has failed. The message is for the person at the terminal."""


def base_environment() -> dict[str, str]:
    """Return the variables for our programs. The PATH begins with .venv, so that `python` in the Procfile is ours.

    PORTAL_PROCESS is left out: importing the project package sets it to "job", which must not reach `migrate`. Bytecode
    is kept, whatever is set elsewhere, because pytest takes three times as long to begin when it compiles everything.
    """
    path = f"{PROJECT / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    left_out = ("PORTAL_PROCESS", "PYTHONDONTWRITEBYTECODE")
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    return inherited | {"PATH": path, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(PROJECT)}


def python(name: str, *arguments: str, environment: dict[str, str]) -> None:
    """Run a Python program of ours, with its output on the terminal. Raises StageError, with `name`, if it fails."""
    done = subprocess.run([sys.executable, *arguments], check=False, env=environment, cwd=PROJECT)
    if done.returncode:
        raise StageError(f"{name} failed (python {' '.join(arguments)}).")


def prepare_assets(environment: dict[str, str]) -> None:
    """Make the web font and the compiled translations, where they are missing or old."""
    python("Cutting the web font", "-m", "tools.fonts", environment=environment)
    python("Compiling the translations", "-m", "tools.messages", "--compile", environment=environment)


def changed(name: str, files: Iterable[Path]) -> bool:
    """Return whether the files differ from those seen when `done(name, files)` was last called."""
    return not _mark(name).exists() or _mark(name).read_text() != _fingerprint(files)


def done(name: str, files: Iterable[Path]) -> None:
    """Note that a step has been done with these files as they are now."""
    _mark(name).parent.mkdir(parents=True, exist_ok=True)
    _mark(name).write_text(_fingerprint(files))


def _mark(name: str) -> Path:
    return PORTAL / "done" / name


def _fingerprint(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        state = path.stat()
        digest.update(f"{path}|{state.st_size}|{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()
