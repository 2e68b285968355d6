"""What a test run starts ends with it, also when it is killed."""

import subprocess
import sys
import time

import psutil
import pytest
from django.conf import settings

pytestmark = pytest.mark.slow  # it waits as long as a server may take to end by itself

RUN = """
import os, signal, subprocess
from tests.guard import Guard
guard = Guard()
children = [subprocess.Popen(["sleep", "600"], start_new_session=True, stdout=subprocess.DEVNULL) for _ in range(2)]
guard.watch(children[0].pid)
{ending}
print(*(child.pid for child in children), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("ending", ["", "guard.stop()"])
def test_a_killed_run_leaves_nothing_that_is_watched(ending: str) -> None:
    command = [sys.executable, "-c", RUN.format(ending=ending)]
    run = subprocess.run(command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True, check=False)
    watched, stranger = map(int, run.stdout.split())
    try:
        deadline = time.monotonic() + (1 if ending else 10)
        while is_alive(watched) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert is_alive(watched) is bool(ending), "what was forgotten may be another's by now"
        assert is_alive(stranger)
    finally:
        for pid in filter(is_alive, (watched, stranger)):
            psutil.Process(pid).kill()
