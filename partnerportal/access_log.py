"""The access log: one line for each request, whatever became of it. Stands first among the middleware."""

import logging
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from partnerportal.lib import logs

log = logging.getLogger("portal.access")

HEALTH = ("/healthz", "/readyz")
LONGEST_PATH = 500  # characters
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class AccessLogMiddleware:
    """Gives the request its id, answers it in `X-Request-ID`, and writes a line when the answer is ready.

    The line holds no query string, referrer, cookie or body, and addresses are masked. Milliseconds count until the
    answer is handed over, not until a slow client has read it. Health checks that succeed and static files that were
    there are left out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        queries = Queries()
        with logs.fields(request_id=request_id_of(request)) as fields:
            with connection.execute_wrapper(queries):
                response = self.get_response(request)
            response["X-Request-ID"] = fields["request_id"]
            if not _is_noise(request, response):
                _write(request, response, milliseconds=round((time.perf_counter() - started) * 1000), queries=queries)
        return response


class Queries:
    """Counts the statements of a request that Django sends to the database."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Callable[..., Any], *statement: Any) -> Any:
        self.count += 1
        return execute(*statement)


def request_id_of(request: HttpRequest) -> str:
    """Return the id that a trusted proxy gave the request, else a new one."""
    given = request.headers.get("X-Request-ID", "")
    if settings.ALLAUTH_TRUSTED_PROXY_COUNT and _SANE_ID.fullmatch(given):
        return given
    return secrets.token_hex(8)


def client_address(request: HttpRequest) -> str:
    """Return the address that rate limits count by, or that of whoever connected where a proxy's header is amiss."""
    try:
        return str(get_adapter(request).get_client_ip(request))
    except (ImproperlyConfigured, PermissionDenied):
        return str(request.META.get("REMOTE_ADDR", ""))


def _is_noise(request: HttpRequest, response: HttpResponseBase) -> bool:
    quiet = request.path in HEALTH or request.path.startswith(settings.STATIC_URL)
    return quiet and response.status_code < 400


def _write(request: HttpRequest, response: HttpResponseBase, *, milliseconds: int, queries: Queries) -> None:
    path = request.path[:LONGEST_PATH]
    size = response.headers.get("Content-Length") if response.streaming else len(response.content)  # type: ignore[attr-defined]
    fields = {
        "client": client_address(request),
        "method": request.method,
        "path": path,
        "status": response.status_code,
        "bytes": int(size or 0),
        "milliseconds": milliseconds,
        "queries": queries.count,
    }
    summary = f"{request.method} {path} {response.status_code} {milliseconds} ms"
    log.info("%s", summary, extra={"fields": fields})
