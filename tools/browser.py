"""A Chromium for the browser journeys: one that is on this machine, or that gets installed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# The shell first: the same browser without windows. One that draws windows nobody sees takes four times as long.
NAMES = (
    "chromium-headless-shell", "chrome-headless-shell",
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
)  # fmt: skip
PACKAGES = ("chromium-headless-shell", "chromium")  # of Debian; older releases have the second alone
HOW = """No Chromium was found, and none could be installed. Any one of these helps:
  - install it by the system's package manager (Debian: apt-get install chromium-headless-shell)
  - install Google Chrome
  - set CHROMIUM=/path/to/chromium
  - .venv/bin/python -m playwright install --with-deps --only-shell chromium
Or leave the browser journeys out: make test BROWSER=none"""


def find() -> str | None:
    """Return the program of a browser that starts on this machine, else None. If CHROMIUM is set, only that counts."""
    if named := os.environ.get("CHROMIUM"):
        return named if _starts(named) else None
    return next((path for path in _candidates() if _starts(path)), None)


def ensure() -> str | None:
    """Return what `find` does, and try to install a browser first where it finds none."""
    program = find()
    if program is None and not os.environ.get("CHROMIUM"):
        print("No Chromium on this machine; trying to install one…", flush=True)
        program = next((path for install in (_by_playwright, _by_apt) if install() and (path := find())), None)
    return program


def _candidates() -> Iterator[str]:
    yield from (path for name in NAMES if (path := shutil.which(name)))
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        program = Path(playwright.chromium.executable_path)  # with windows: the shell lies in a folder beside its own
    folder = next((parent.parent for parent in program.parents if parent.name.startswith("chromium-")), program.parent)
    yield from map(str, sorted(folder.glob("chromium_headless_shell-*/*/*headless*shell"), reverse=True))
    yield str(program)


def _starts(program: str) -> bool:
    """Return whether the browser starts. One without its system libraries is there but of no use."""
    try:
        return subprocess.run([program, "--version"], check=False, capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _by_playwright() -> bool:
    try:
        command = [sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"]
        return subprocess.run(command, check=False, timeout=300).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _by_apt() -> bool:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=False, env=quiet)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
    return any(subprocess.run([*command, package], check=False, env=quiet).returncode == 0 for package in PACKAGES)
