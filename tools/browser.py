"""A Chromium for the browser journeys: one that is on this machine, or that gets installed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
HOW = """No Chromium was found, and none could be installed. Any one of these helps:
  - install it by the system's package manager (Debian: apt-get install chromium)
  - install Google Chrome
  - set CHROMIUM=/path/to/chromium
  - .venv/bin/python -m playwright install --with-deps chromium
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
        yield playwright.chromium.executable_path


def _starts(program: str) -> bool:
    """Return whether the browser starts. One without its system libraries is there but of no use."""
    try:
        return subprocess.run([program, "--version"], check=False, capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _by_playwright() -> bool:
    try:
        command = [sys.executable, "-m", "playwright", "install", "chromium"]
        return subprocess.run(command, check=False, timeout=300).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _by_apt() -> bool:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=False, env=quiet)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
    return subprocess.run(command, check=False, env=quiet).returncode == 0
