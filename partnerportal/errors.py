"""DomainError -> page or API problem: the only mapping beside `lib.form_errors`. And words for a lost database."""

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from drf_standardized_errors.handler import exception_handler
from rest_framework import exceptions
from rest_framework.exceptions import ErrorDetail
from rest_framework.response import Response

from partnerportal.lib.errors import DomainError, Invalid, NotFound, Refused, TooMany

RETRY_SECONDS = 60
# The server shuts down, has crashed, is starting, or has no connection to spare.
UNAVAILABLE = {"57P01", "57P02", "57P03", "53300"}
TEMPLATES = {Refused: "403.html", NotFound: "404.html", TooMany: "429.html"}


def page(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A whole page that says what happened and what is safe; `code` lets tests and support name it."""
    template = TEMPLATES.get(type(error), "problem.html")
    return render(request, template, {"code": error.code, "message": error.message}, status=error.status)


def database_is_away(error: BaseException | None) -> bool:
    """Whether the connection was refused or lost. What a living server refuses, with a code, is a mistake of ours."""
    if isinstance(error, InterfaceError):  # the next question after the loss
        return "connection already closed" in str(error)
    code = getattr(error.__cause__, "pgcode", None) if error else None
    return isinstance(error, OperationalError) and (code is None or code in UNAVAILABLE)


def unavailable(request: HttpRequest) -> HttpResponse:
    """Asks nothing of the database, and says when to come back."""
    if request.path.startswith("/api/"):
        detail = _("The portal cannot answer right now. Nothing is lost; try again in a minute.")
        problem = {"code": "unavailable", "detail": detail, "attr": None}
        response: HttpResponse = JsonResponse({"type": "server_error", "errors": [problem]}, status=503)
    else:
        response = render(request, "503.html", {"shell": None, "messages": []}, status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    response["Cache-Control"] = "no-store"
    return response


def api_exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """The standardized shape `{type, errors: [{code, detail, attr}]}`, with the domain error's own code."""
    if database_is_away(error):
        return None  # raised again, and answered by handler500 as everywhere else
    transaction.set_rollback(True)
    if isinstance(error, DomainError):
        error = _api_error(error)
    elif isinstance(error, SuspiciousOperation):
        error = exceptions.ParseError()
    return exception_handler(error, context)  # type: ignore[arg-type]


def _api_error(error: DomainError) -> exceptions.APIException:
    message = str(error.message) or None
    if isinstance(error, Invalid):
        problem = ErrorDetail(message or "", error.code)
        return exceptions.ValidationError({error.field: [problem]} if error.field else [problem])
    if isinstance(error, NotFound):
        return exceptions.NotFound(message, error.code)
    answer = exceptions.APIException(message, error.code)
    answer.status_code = error.status
    return answer
