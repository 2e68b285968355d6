"""Processes known by their number. Numbers are used again, so the name of the program is always checked too."""

import os
import signal
import time

import psutil


def is_process_running(pid: int, program: str) -> bool:
    """Return whether the process with this id runs a program whose name begins with `program`."""
    try:
        process = psutil.Process(pid)
        return process.name().startswith(program) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end_process(pid: int, program: str, how: signal.Signals) -> None:
    """Send the process a signal and wait until it ends. After half a minute, kill it.

    `how` is the signal. Nothing happens if the process with this id runs another program than `program`.
    """
    if not is_process_running(pid, program):
        return
    os.kill(pid, how)
    deadline = time.monotonic() + 30
    while is_process_running(pid, program):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.05)
