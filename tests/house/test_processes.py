"""The web process keeps to its role, and waits for nobody."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress

import pytest
from django.conf import settings

from tests.threads import PATIENCE, join_all

pytestmark = pytest.mark.slow  # each starts a process

WAKE_UP = """import django, time; django.setup()
from partnerportal.lib.waking import wake_worker
started = time.monotonic()
for _number in range(40): wake_worker('notifications.tasks.write_notices')
print(time.monotonic() - started)"""


def start(url: str) -> subprocess.CompletedProcess:
    return web("import partnerportal.wsgi; print('serves')", DATABASE_URL=url)


def web(code: str, **variables: str) -> subprocess.CompletedProcess:
    names = {"DJANGO_SETTINGS_MODULE": "partnerportal.settings.dev", "PORTAL_PROCESS": "web"}
    environment = os.environ | names | variables
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, check=False, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )


@pytest.mark.parametrize("role", ["DATABASE_JOB_URL", "DATABASE_OWNER_URL"])
def test_refuses_a_role_above_the_policies(role):
    started = start(os.environ[role])
    assert started.returncode != 0
    assert "bypasses row-level security" in started.stderr


def test_starts_with_the_web_role():
    started = start(os.environ["DATABASE_URL"])
    assert (started.returncode, started.stdout) == (0, "serves\n"), started.stderr


def test_a_command_of_staff_says_where_its_role_is_known():
    command = "import sys, manage; sys.argv = ['manage.py', 'trials', 'list']; manage.main()"
    refused = web(command, DATABASE_URL=os.environ["DATABASE_URL"])
    assert refused.returncode != 0
    assert "docker compose exec worker python manage.py" in refused.stderr and "PORTAL_PROCESS=job" in refused.stderr


def test_does_not_wait_for_a_broker_that_is_away():
    """It tries again after 2 and 4 seconds by default, which every write would spend."""
    woken = web(WAKE_UP, REDIS_URL="redis://127.0.0.1:1/0")
    assert woken.stderr.count("did not take the wake-up") == 40
    assert float(woken.stdout) < 2


@pytest.mark.promise("S-2")
def test_waits_once_and_shortly_for_a_broker_that_hangs():
    """One that is stopped or swaps: its kernel still takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        woken = web(WAKE_UP, REDIS_URL=f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
    assert woken.stderr.count("did not take the wake-up") == 40
    assert float(woken.stdout) < 2


def test_waits_as_shortly_for_a_broker_that_says_a_byte_now_and_then():
    """No time limit of a socket ends that, for each byte begins it anew."""
    over = threading.Event()

    def trickle(server):
        link, _address = server.accept()
        with link, suppress(OSError):
            while not over.wait(0.1):
                link.sendall(b"+")

    with socket.create_server(("127.0.0.1", 0)) as server:
        speaker = threading.Thread(target=trickle, args=(server,), daemon=True)
        speaker.start()
        woken = web(WAKE_UP, REDIS_URL=f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        over.set()
        join_all([speaker])
    assert woken.stderr.count("did not take the wake-up") == 40
    assert float(woken.stdout) < 2


@pytest.mark.promise("O-19")
def test_a_command_says_in_one_line_that_the_broker_is_away(own_database):
    """A traceback of a hundred lines hid what the command had to say; it does its work all the same."""
    command = ["manage.py", "create_organization", "--kind", "vendor", "--name", "V", "--country", "DE"]
    names = {"DJANGO_SETTINGS_MODULE": "partnerportal.settings.dev", "PORTAL_PROCESS": "job"}
    environment = os.environ | names | own_database | {"REDIS_URL": "redis://127.0.0.1:1/0"}
    done = subprocess.run(
        [sys.executable, *command],
        check=False, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0 and done.stdout.strip()
    assert len(done.stderr.splitlines()) == 1 and "the sweep will find the work" in done.stderr
