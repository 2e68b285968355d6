"""The program of `make demo`: it prepares everything, runs web, workers and beat, and ends all of it on Ctrl-C."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from partnerportal import embedded
from tools import static
from tools.stages import PORTAL, PROJECT, StageError, base_environment, prepare_assets, python

MARK = "PORTAL_DEMO"  # a variable of every process that the demo starts, by which left-overs are found
READY_SECONDS = 120  # for which `welcome` waits for the portal


def main() -> int:
    """Run the demo until Ctrl-C, or end it for `--stop`. Return the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    if "--stop" in sys.argv:
        return stop()
    try:
        with only_one():
            end_left_overs()
            port = free_port(os.environ.get("PORT") or "8000")
            try:
                return run(prepare(port), port)
            finally:
                embedded.stop_servers()
    except (StageError, embedded.EmbeddedServerError, OSError) as error:
        print(f"\nThe demo stopped. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def prepare(port: int) -> dict[str, str]:
    """Start the databases, and bring all that the demo needs up to date. Return the environment of its processes."""
    started = time.monotonic()
    environment = base_environment() | {
        "DJANGO_SETTINGS_MODULE": "partnerportal.settings.dev",
        "PORTAL_ORIGIN": f"http://localhost:{port}",
        "PORT": str(port),
        "WEB_BIND": f"127.0.0.1:{port}",
        "BEAT_SCHEDULE": str(PORTAL / "beat"),
        "EMAIL_URL": f"filemail:///{PORTAL / 'mail'}",
        MARK: str(PROJECT),
    }
    say("Starting the databases…")
    environment |= embedded.environment()
    say("Preparing fonts, translations and static files…")
    prepare_assets(environment)
    static.main(environment)
    say("Bringing the database up to date…")
    python("Migrating", "manage.py", "migrate", "--verbosity", "0", environment=environment)
    say("Adding sample data where it is missing…")
    customers = os.environ.get("CUSTOMERS")
    size = ["--customers", customers] if customers else []
    python("Adding sample data", "manage.py", "sample_data", *size, environment=environment)
    say(f"Prepared in {time.monotonic() - started:.0f} s. Starting web, workers and beat…")
    return environment


def run(environment: dict[str, str], port: int) -> int:
    """Run all processes until Ctrl-C or `make stop`, and return the exit code 0. Raises StageError if one ends.

    The runner has a session of its own, so that Ctrl-C reaches it once, from here.
    """
    command = [sys.executable, "-m", "honcho", "-e", os.devnull, "-f", "Procfile", "start"]
    runner = subprocess.Popen(command, env=environment, cwd=PROJECT, start_new_session=True)
    threading.Thread(target=welcome, args=(environment, port, runner), daemon=True).start()
    try:
        code = runner.wait()
    except KeyboardInterrupt:
        say("\nStopping…")
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        runner.terminate()
        with suppress(subprocess.TimeoutExpired):
            runner.wait(15)
        end_left_overs()
    if code == 128 + signal.SIGTERM:  # `make stop`
        return 0
    raise StageError(f"One of its processes ended (code {code}); the lines above say why.")


def welcome(environment: dict[str, str], port: int, runner: subprocess.Popen[bytes]) -> None:
    """Print the URL and the accounts as soon as the portal answers."""
    deadline = time.monotonic() + READY_SECONDS
    while not answers(port):
        if runner.poll() is not None or time.monotonic() > deadline:
            return
        time.sleep(0.2)
    accounts = subprocess.run(
        [sys.executable, "manage.py", "sample_data", "--accounts"],
        check=False, env=environment, cwd=PROJECT, capture_output=True, text=True,
    ).stdout.rstrip()  # fmt: skip
    say(
        f"\n  The portal is ready: http://localhost:{port}/\n\n{accounts}\n\n"
        f"  Mails are written to {PORTAL / 'mail'}\n  Ctrl-C stops everything.\n"
    )


def answers(port: int) -> bool:
    """Return whether a portal answers on that port."""
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).status == 200
    except OSError:
        return False


def free_port(text: str) -> int:
    """Return the port that the text names. Raises StageError if it is no port, or another program has it."""
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise StageError(f"PORT={text} is not a port number.")
    port = int(text)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StageError(
                f"Port {port} cannot be used ({error.strerror}). Choose another one: make demo PORT={port % 60000 + 1}"
            ) from error
    return port


@contextmanager
def only_one() -> Iterator[None]:
    """Let one demo run in this folder during the block. Raises StageError if another one does."""
    PORTAL.mkdir(exist_ok=True)
    with (PORTAL / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StageError("It already runs in this folder; `make stop` ends it.") from None
        yield


def end_left_overs() -> None:
    """End every process that this folder's demo started. Nobody else would after the demo itself was killed."""
    mine = [process for process in psutil.process_iter() if _belongs_here(process)]
    for process in mine:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _gone, alive = psutil.wait_procs(mine, timeout=10)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _belongs_here(process: psutil.Process) -> bool:
    try:
        return process.pid != os.getpid() and process.environ().get(MARK) == str(PROJECT)
    except psutil.Error:
        return False


def stop() -> int:
    """End the demo, and the embedded servers of the demo, the tests and the bench. Return the exit code 0."""
    end_left_overs()
    for lock in (*PORTAL.glob("lock"), *PORTAL.glob("*/lock")):  # each root of embedded servers has such a file
        embedded.stop_servers(lock.parent)
        home = embedded.PostgresServer(lock.parent).home
        if home != lock.parent:
            say(f"The database files of this folder are in {home}")
    return 0


def say(text: str) -> None:
    print(text, flush=True)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    Path(PORTAL).mkdir(exist_ok=True)
    sys.exit(main())
