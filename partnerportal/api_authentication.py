"""How a caller of the API is known, in a module of its own: REST framework imports it from the settings."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request


class PortalSession(SessionAuthentication):
    """The session of the pages. A request that changes something carries the CSRF token."""

    def authenticate_header(self, request: Request) -> str:
        """Makes the answer to a stranger 401 rather than 403."""
        return "Session"

    def enforce_csrf(self, request: Any) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied:
            raise PermissionDenied(
                _("The CSRF token is missing or wrong. Send it in the header X-CSRFToken."), "csrf_failed"
            ) from None
