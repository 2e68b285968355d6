"""DomainError -> page or API problem: the only mapping, beside `lib.form_errors`."""

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_standardized_errors.handler import exception_handler
from rest_framework import exceptions
from rest_framework.exceptions import ErrorDetail
from rest_framework.response import Response

from partnerportal.lib.errors import DomainError, Invalid, NotFound, Refused

TEMPLATES = {Refused: "403.html", NotFound: "404.html"}


def page(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A whole page that says what happened and what is safe; `code` lets tests and support name it."""
    template = TEMPLATES.get(type(error), "problem.html")
    return render(request, template, {"code": error.code, "message": error.message}, status=error.status)


def api_exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """The standardized shape `{type, errors: [{code, detail, attr}]}`, with the domain error's own code."""
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
