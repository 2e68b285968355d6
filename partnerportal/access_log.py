"""The access log: one line for each request, whatever became of it. Its middleware stands before all others."""

import logging
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import connection
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.models import Person
from partnerportal.lib import logs, metrics

log = logging.getLogger("portal.access")

ASKED_BY_MACHINES = ("/healthz", "/readyz", "/metrics")  # paths that machines ask every few seconds
LONGEST_PATH = 500  # characters of a path that are logged
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class AccessLogMiddleware:
    """Middleware that writes a log line for each request, and gives each request an id.

    The id is returned in `X-Request-ID`. The line holds no query string, referrer, cookie or body, and secrets in the
    path are masked. Its milliseconds end when the answer is handed over, not when a slow client has read it. Static
    files, and what machines ask every few seconds such as `/healthz`, are logged only when they fail.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        queries = QueryCounter()
        with logs.bind_log_fields(request_id=choose_request_id(request)) as fields:
            with connection.execute_wrapper(queries):
                response = self.get_response(request)
            response["X-Request-ID"] = fields["request_id"]
            seconds = time.perf_counter() - started
            if not _is_noise(request, response):
                _write(request, response, seconds=seconds, queries=queries)
            metrics.observe_request_metrics(
                view=_view_name(request), method=str(request.method), status=response.status_code, seconds=seconds,
                queries=queries.count, query_seconds=queries.seconds,
            )  # fmt: skip
        return response


class QueryCounter:
    """A wrapper of database calls that counts a request's SQL statements and the seconds that they take."""

    def __init__(self) -> None:
        self.count, self.seconds = 0, 0.0

    def __call__(self, execute: Callable[..., Any], *statement: Any) -> Any:
        self.count += 1
        began = time.perf_counter()
        try:
            return execute(*statement)
        finally:
            self.seconds += time.perf_counter() - began


@receiver(user_logged_in)
def log_signed_in_person(user: Person, **_signal: Any) -> None:
    """Add the person who just signed in to the log line of the present request.

    The request began without a signed-in person, so its line would otherwise name nobody.
    """
    logs.add_log_fields(person=str(user.public_id))


def choose_request_id(request: HttpRequest) -> str:
    """Return the request's id: what a trusted proxy sent in `X-Request-ID`, or else a new random one."""
    proxy_id = request.headers.get("X-Request-ID", "")
    if settings.ALLAUTH_TRUSTED_PROXY_COUNT and _SANE_ID.fullmatch(proxy_id):
        return proxy_id
    return secrets.token_hex(8)


def get_client_ip_address(request: HttpRequest) -> str:
    """Return the client's IP address, by which rate limits count.

    If a trusted proxy's header is missing or wrong, it is the IP address of the connection.
    """
    try:
        return str(get_adapter(request).get_client_ip(request))
    except (ImproperlyConfigured, PermissionDenied):
        return str(request.META.get("REMOTE_ADDR", ""))


def _is_noise(request: HttpRequest, response: HttpResponseBase) -> bool:
    quiet = request.path in ASKED_BY_MACHINES or request.path.startswith(settings.STATIC_URL)
    return quiet and response.status_code < 400


def _view_name(request: HttpRequest) -> str:
    """Return the name of the view that answers, or "none", so that invented URLs add no names to the metrics."""
    if request.resolver_match:
        return str(request.resolver_match.view_name)
    if request.path in ASKED_BY_MACHINES:
        return request.path.strip("/")
    return "static" if request.path.startswith(settings.STATIC_URL) else "none"


def _write(request: HttpRequest, response: HttpResponseBase, *, seconds: float, queries: QueryCounter) -> None:
    path, milliseconds = request.path[:LONGEST_PATH], round(seconds * 1000)
    size = response.headers.get("Content-Length") if response.streaming else len(response.content)  # type: ignore[attr-defined]
    fields = {
        "client": get_client_ip_address(request),
        "method": request.method,
        "path": path,
        "status": response.status_code,
        "bytes": int(size or 0),
        "milliseconds": milliseconds,
        "queries": queries.count,
    }
    summary = f"{request.method} {path} {response.status_code} {milliseconds} ms"
    log.info("%s", summary, extra={"fields": fields})
