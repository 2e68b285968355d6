"""Processes known by their number. Numbers are used again, so the name of the program is always checked too."""

import os
import signal
import time

import psutil


def is_running(pid: int, program: str) -> bool:
    """Return whether process `pid` runs, and its program's name begins with `program`."""
    try:
        process = psutil.Process(pid)
        return process.name().startswith(program) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end_process(pid: int, program: str, how: signal.Signals) -> None:
    """Send the signal `how`, wait until the process has ended, and kill it after half a minute.

    Does nothing if process `pid` is not `program`.
    """
    if not is_running(pid, program):
        return
    os.kill(pid, how)
    deadline = time.monotonic() + 30
    while is_running(pid, program):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.05)
