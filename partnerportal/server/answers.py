"""The answers that a connection writes: the application's, and the server's own when it refuses a request."""

import json
import time
from typing import Any

from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext as _
from waitress.task import ErrorTask, WSGITask

from partnerportal.access_log import LONGEST_PATH, get_client_ip_address, log
from partnerportal.errors import RETRY_SECONDS


class ApplicationResponseTask(WSGITask):
    """A task that writes the application's answer to a connection.

    An answer to HEAD has no body. While the process leaves, the connection is closed after it.
    """

    chunked_response: bool

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        if self.request.command == "HEAD":
            environ.pop("wsgi.file_wrapper", None)  # with it, waitress would send the file
        environ["portal.leaves"] = self.channel.server.is_leaving
        return environ

    def write(self, data: bytes) -> None:
        is_head = self.request.command == "HEAD"
        super().write(b"" if is_head else data)
        self.chunked_response = self.chunked_response and not is_head

    def build_response_header(self) -> bytes:
        if self.channel.server.is_leaving or self.channel.server.leaves_at:
            self.set_close_on_finish()
        header: bytes = super().build_response_header()
        return header


class ErrorResponseTask(ErrorTask):
    """A task that writes the server's own answer to a request that it refuses.

    The answer is JSON in the API's format, or elsewhere one sentence.
    """

    def execute(self) -> None:
        """Write the refusal in the client's language, log it, and end the connection."""
        request, error = self.request, self.request.error
        self.channel.refused = True
        django_request = build_minimal_django_request(request, self.channel.addr[0])
        with translation.override(translation.get_language_from_request(django_request)):
            code, detail = choose_error_code_and_text(error.code, is_upload=request.is_upload)
        if request.path.startswith("/api/"):
            kind = "client_error" if error.code < 500 else "server_error"
            content_type, body = (
                "application/json",
                json.dumps(
                    {"type": kind, "errors": [{"code": code, "detail": detail, "attr": None}]}, ensure_ascii=False
                ),
            )
        else:
            content_type, body = "text/plain; charset=utf-8", f"{detail}\n"
        content = body.encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers += [
            ("Content-Type", content_type),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if error.code == 401:
            self.response_headers.append(("WWW-Authenticate", "Bearer"))
        if error.code == 503:
            self.response_headers.append(("Retry-After", str(RETRY_SECONDS)))
        self.set_close_on_finish()
        self.content_length = len(content)
        self.write(content)
        self.log_refused_request(get_client_ip_address(django_request))

    def log_refused_request(self, client: str) -> None:
        """Write the access log's line for the refused request, which the application has never seen."""
        method, path, status = self.request.command, self.request.path[:LONGEST_PATH], self.request.error.code
        milliseconds = round((time.time() - self.channel.since) * 1000)
        fields = {"client": client, "method": method, "path": path, "status": status, "milliseconds": milliseconds}
        log.info("%s", f"{method} {path} {status} {milliseconds} ms", extra={"fields": fields})


def build_minimal_django_request(request: Any, client_address: str) -> HttpRequest:
    """Return a Django request with the client's language and address, and nothing else.

    A refused request may not have been read to its end.
    """
    django_request = HttpRequest()
    django_request.META = {"REMOTE_ADDR": client_address}
    for name in ("ACCEPT_LANGUAGE", "X_FORWARDED_FOR"):
        if name in request.headers:
            django_request.META[f"HTTP_{name}"] = request.headers[name]
    return django_request


def choose_error_code_and_text(status: int, *, is_upload: bool) -> tuple[str, str]:
    """Return the error code and the sentence with which the server answers this HTTP status."""
    if status == 413 and is_upload:
        return "too_large", _("The upload is too large. Split it into smaller ones.")
    if status == 401 and not is_upload:
        return "authentication_failed", _("Sign in, and send the file again.")
    if status == 408 and is_upload:
        return "too_slow", _("The upload took longer than ten minutes. Split it into smaller ones.")
    return {
        400: ("bad_request", _("The request is not valid HTTP.")),
        401: ("authentication_failed", _("This token is unknown or has been revoked.")),
        408: ("too_slow", _("The request took too long to arrive. Send it again.")),
        411: ("length_required", _("State the size of the content in the Content-Length header.")),
        413: ("too_large", _("The request is too large.")),
        431: ("headers_too_large", _("The address and headers of the request are too long.")),
        501: ("not_supported", _("The request is encoded in a way that is not supported.")),
        503: ("no_space", _("There is no space for the file at the moment. Try again later.")),
    }.get(status, ("error", _("The problem is on our side and has been recorded. Everything you saved is safe.")))
