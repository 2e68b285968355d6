"""The classes of requests: what a request carries for views, and one that is read as UTF-8 whatever it claims."""

from collections.abc import Callable
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.utils.http import parse_header_parameters
from django_htmx.middleware import HtmxDetails

from partnerportal.lib.actors import Actor
from partnerportal.lib.sessions import SessionStore


class PortalRequest(HttpRequest):
    """The type of an HTTP request with the attributes that the portal's middleware adds.

    Only the type checker uses it. Operators are Any, because lib may import no app.
    """

    session: SessionStore
    actor: Actor
    operators: list[Any]  # one for every organisation that the person may act for
    operator: Any  # that of the organisation acted for, or None
    suspended: Any  # the suspended organisation that the person would act for, or None
    unprotected: Any  # the organisation that they would act for, and that requires a second factor of them, or None
    act_for: Callable[[object], None]
    failed: bool  # set by an error, so that the transaction is rolled back
    htmx: HtmxDetails


class Utf8Request(WSGIRequest):
    """An HTTP request that is always read as UTF-8, whatever charset its Content-Type names.

    Django would believe the header. A charset like `hex`, which does not encode text, would then make the query string
    unreadable before any handler could answer.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
