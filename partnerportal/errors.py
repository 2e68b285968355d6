"""How a DomainError becomes a page or an API problem, and what is answered while the database is away.

Only `lib.form_errors` maps domain errors besides.
"""

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import exception_handler
from drf_standardized_errors.types import ErrorResponse
from rest_framework import exceptions
from rest_framework.exceptions import ErrorDetail
from rest_framework.response import Response

from accounts.models import Organization
from accounts.queries.operators import name_colleagues_to_ask
from partnerportal.lib.errors import (
    ActionRefused,
    DomainError,
    InvalidInput,
    NotFound,
    TemporarilyUnavailable,
    TooManyAttempts,
)
from partnerportal.lib.pages import read_next_url
from partnerportal.lib.policies import WRONG_KIND

RETRY_SECONDS = 60  # Retry-After while something outside is away
BUSY_SECONDS = 5  # Retry-After while the database is only busy
AWAY = {  # SQLSTATE codes of a database that is away
    "57P01",  # it shuts down
    "57P02",  # it has crashed
    "57P03",  # it is starting
    "53100",  # its disk is full
    "53200",  # its memory is exhausted
    "53300",  # it has no connection to spare
}
BUSY = {  # SQLSTATE codes of a statement that may succeed when it is repeated
    "55P03",  # it waited too long for a lock (lock_timeout)
    "40P01",  # it was given up in favour of another: a deadlock
    "57014",  # it took longer than a page may (statement_timeout)
}
TEMPLATES = {ActionRefused: "403.html", NotFound: "404.html", TooManyAttempts: "429.html"}


def hide_from_other_kinds(error: DomainError) -> DomainError:
    """Return NotFound in place of a refusal for the type of the actor's organisation, and any other error as it is.

    What another type of organisation has is not there at all, which says less than a refusal (CV-7). Who lacks a role
    or a badge is told so.
    """
    is_of_other_kinds = isinstance(error, ActionRefused) and error.code == WRONG_KIND
    return NotFound("not_found", "") if is_of_other_kinds else error


def render_error_page(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Return a whole page that tells a person what went wrong and what to do now.

    It shows the error's code, for tests and support, and leads back to where the person came from, such as the list
    of a row that somebody else has decided meanwhile.
    """
    error = hide_from_other_kinds(error)
    template = TEMPLATES.get(type(error), "problem.html")
    back_url = read_next_url(request, "")  # type: ignore[arg-type]
    context: dict[str, Any] = {"code": error.code, "message": error.message, "back_url": back_url}
    if isinstance(error, ActionRefused) and error.roles:
        context["ask"] = name_colleagues_to_ask(request.actor, error.roles)  # type: ignore[attr-defined]
    response = render(request, template, context, status=error.status)
    if isinstance(error, TemporarilyUnavailable):
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def choose_retry_after_seconds(error: BaseException | None) -> int | None:
    """Return after how many seconds to repeat a request that failed because the database is busy or away.

    It is None for every other error, because repeating the request would not help.
    """
    if isinstance(error, InterfaceError):  # raised by statements that follow the loss of the connection
        return RETRY_SECONDS if "connection already closed" in str(error) else None
    if not isinstance(error, OperationalError):
        return None
    code = getattr(error.__cause__, "pgcode", None)
    if code in BUSY:
        return BUSY_SECONDS
    return RETRY_SECONDS if code is None or code in AWAY else None


def build_unavailable_response(request: HttpRequest, seconds: int = RETRY_SECONDS) -> HttpResponse:
    """Return a response with status 503 and Retry-After, as a page or in the API's format.

    It works without the database.
    """
    if request.path.startswith("/api/"):
        detail = _("The portal is not available right now. Everything you saved is safe. Try again in a minute.")
        problem = {"code": "unavailable", "detail": detail, "attr": None}
        response: HttpResponse = JsonResponse({"type": "server_error", "errors": [problem]}, status=503)
    else:
        response = render(request, "503.html", {"shell": None, "messages": []}, status=503)
    response["Retry-After"] = str(seconds)
    response["Cache-Control"] = "no-store"
    return response


def build_suspended_response(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Return a response with status 403 for a person whose organisation is suspended.

    It is a page, or in the API's format for a request to the API.
    """
    if request.path.startswith("/api/"):
        detail = _("Your organisation is suspended. Contact your account manager or the vendor.")
        problem = {"code": "suspended", "detail": detail, "attr": None}
        return JsonResponse({"type": "client_error", "errors": [problem]}, status=403)
    return render(request, "accounts/suspended.html", {"organization": organization}, status=403)


def build_second_factor_response(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Return a response with status 403 for a person whose organisation requires a second factor that they lack.

    It is a page that leads to where they set one up, or in the API's format for a request to the API.
    """
    if request.path.startswith("/api/"):
        detail = _("Your organisation requires two-factor authentication. Set it up in the portal first.")
        problem = {"code": "second_factor_required", "detail": detail, "attr": None}
        return JsonResponse({"type": "client_error", "errors": [problem]}, status=403)
    return render(request, "accounts/second_factor_required.html", {"organization": organization}, status=403)


def api_exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the API's response to an error: `{type, errors: [{code, detail, attr}]}`, with the error's own code.

    It is None when the database is away or busy: then the error is raised again, and handler500 answers as for pages.
    """
    if choose_retry_after_seconds(error):
        return None
    context["request"]._request.failed = True  # so that ActorMiddleware rolls its transaction back
    if isinstance(error, DomainError):
        error = _make_api_error(hide_from_other_kinds(error))
    elif isinstance(error, SuspiciousOperation):
        error = exceptions.ParseError()
    return exception_handler(error, context)  # type: ignore[arg-type]


class ProblemFormatter(ExceptionFormatter):
    """The formatter of an API problem: of every DomainError, `attr` names the field, and `url` leads on."""

    def format_error_response(self, error_response: ErrorResponse) -> Any:
        """Return the body of the response."""
        body = super().format_error_response(error_response)
        cause = self.exc.__cause__
        if isinstance(cause, DomainError) and not isinstance(self.exc, exceptions.ValidationError):
            (problem,) = body["errors"]
            problem["attr"] = cause.field
            if cause.path:
                request: Any = self.context["request"]
                problem["url"] = request.build_absolute_uri(cause.path)
        return body


def _make_api_error(error: DomainError) -> exceptions.APIException:
    """Return REST framework's error for a domain error, which it names as its cause."""
    made = _choose_api_error(error)
    made.__cause__ = error
    return made


def _choose_api_error(error: DomainError) -> exceptions.APIException:
    message = str(error.message) or None
    if isinstance(error, InvalidInput):
        problem = ErrorDetail(message or "", error.code)
        return exceptions.ValidationError({error.field: [problem]} if error.field else [problem])
    if isinstance(error, NotFound):
        return exceptions.NotFound(message, error.code)
    answer = exceptions.APIException(message, error.code)
    answer.status_code = error.status
    if isinstance(error, TemporarilyUnavailable):
        answer.wait = RETRY_SECONDS  # type: ignore[attr-defined]
    return answer
