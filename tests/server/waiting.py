"""Stands in for the portal: its requests take as long as their addresses say, and its import as long as it is told."""

import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import django

django.setup()  # the server's own answers are translated
drawn: set[int] = set()  # threads that drew a page before the first request came

time.sleep(float(os.environ.get("IMPORT_SECONDS", "0")))
if "REQUEST_SECONDS" in os.environ:  # until a request that does not end is given up
    from partnerportal.server import connections, reading

    connections.SECONDS = reading.RequestParser.seconds = float(os.environ["REQUEST_SECONDS"])


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """`…/wait/2/` answers after two seconds, `/boom/` not at all, anything else at once: with what it knows.

    `/readyz` is 503 while the server leaves.
    """
    parts = environ["PATH_INFO"].strip("/").split("/")
    if parts[0] == "sign-in":
        drawn.add(threading.get_ident())
        if "FIRST_PAGE_FAILS" in os.environ:
            raise RuntimeError("a first page")
    if "wait" in parts:
        time.sleep(float(parts[-1]))
    if parts[0] == "boom":
        raise RuntimeError("boom")
    size = len(environ["wsgi.input"].read())
    said = {name: value for name, value in environ.items() if isinstance(value, str)}
    said |= {"pid": str(os.getpid()), "size": str(size), "drawn": str(len(drawn))}
    body = "".join(f"{name}={value}\n" for name, value in sorted(said.items())).encode()
    status = "503 Leaving" if parts == ["readyz"] and environ["portal.leaves"] else "200 OK"
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
