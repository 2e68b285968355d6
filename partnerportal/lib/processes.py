"""Processes that are known by number alone. A number is used again, so the program's name is always asked too."""

import os
import signal
import time

import psutil


def is_running(pid: int, program: str) -> bool:
    try:
        process = psutil.Process(pid)
        return process.name().startswith(program) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end(pid: int, program: str, how: signal.Signals) -> None:
    """Asks politely, waits, and insists after half a minute."""
    if not is_running(pid, program):
        return
    os.kill(pid, how)
    deadline = time.monotonic() + 30
    while is_running(pid, program):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.05)
