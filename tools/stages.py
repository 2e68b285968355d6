"""Small pieces that the demo and the tests share."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
PORTAL = PROJECT / ".portal"
FONT = PROJECT / "partnerportal" / "static" / "fonts" / "inter.woff2"


class StageError(Exception):
    """A step failed; the message is for the person at the terminal."""


def base_environment() -> dict[str, str]:
    """The environment's programs first, so that `python` in the Procfile is ours.

    Importing the project package names the process a job, which must not reach `migrate`. Bytecode is kept, whatever is
    set elsewhere: to compile everything again for each process takes pytest three times as long to begin.
    """
    path = f"{PROJECT / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    left_out = ("PORTAL_PROCESS", "PYTHONDONTWRITEBYTECODE")
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    return inherited | {"PATH": path, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(PROJECT)}


def python(name: str, *arguments: str, environment: dict[str, str]) -> None:
    """Run a Python program of ours; its output goes to the terminal."""
    done = subprocess.run([sys.executable, *arguments], check=False, env=environment, cwd=PROJECT)
    if done.returncode:
        raise StageError(f"{name} failed (python {' '.join(arguments)}).")


def prepare_assets(environment: dict[str, str]) -> None:
    python("Cutting the web font", "-m", "tools.fonts", environment=environment)
    python("Compiling the translations", "-m", "tools.messages", "--compile", environment=environment)


def changed(name: str, files: Iterable[Path]) -> bool:
    """Whether the files differ from those seen when `done(name, files)` was last called."""
    return not _mark(name).exists() or _mark(name).read_text() != _fingerprint(files)


def done(name: str, files: Iterable[Path]) -> None:
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
