"""The processes that the bench starts beside itself: servers to measure, and a worker. Their output is thrown away."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tools.stages import PROJECT


def start_silently(arguments: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Start a program in the project's folder with its output thrown away; return its process."""
    silent = subprocess.DEVNULL
    return subprocess.Popen(arguments, cwd=PROJECT, env=environment, stdout=silent, stderr=silent)


@contextmanager
def server(module: str, process: str, **more: str) -> Iterator[int]:
    """Run gunicorn with the project's own configuration and one worker for the length of the block; yield its port.

    `module` holds the WSGI application, `process` names the database role (PORTAL_PROCESS), and `more` are further
    variables of its environment. The block begins when the port is open, or after 20 seconds.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"PORTAL_PROCESS": process, "WEB_CONCURRENCY": "1", "LOG_LEVEL": "WARNING"} | more
    arguments = [sys.executable, "-m", "gunicorn", f"{module}:application", "-b", f"127.0.0.1:{port}"]
    gunicorn = start_silently(arguments, environment)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        gunicorn.terminate()
        gunicorn.wait()
