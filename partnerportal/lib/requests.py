"""Requests: what they carry for views, and that they are read as UTF-8, whatever charset they claim."""

from collections.abc import Callable
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.utils.http import parse_header_parameters
from django_htmx.middleware import HtmxDetails

from partnerportal.lib.actors import Actor
from partnerportal.lib.sessions import SessionStore


class PortalRequest(HttpRequest):
    """What the middleware puts on a request, for the type checker. lib knows no app, hence Any for operators."""

    session: SessionStore
    actor: Actor
    operators: list[Any]  # every organisation the person may act for
    operator: Any  # the one acted for, or None
    act_for: Callable[[object], None]
    failed: bool
    htmx: HtmxDetails


class Utf8Request(WSGIRequest):
    """Django takes the charset from the Content-Type, also one like `hex`, which is a codec but not for text: reading
    the query string then fails before any handler could answer."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
