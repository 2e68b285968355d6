"""Authentication of API callers who are signed in on the pages.

It stands in a module of its own, because REST framework imports it from the settings.
"""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request


class PortalSessionAuthentication(SessionAuthentication):
    """REST framework authentication by the session of the portal's pages.

    A request that changes something must carry the CSRF token.
    """

    def authenticate_header(self, request: Request) -> str:
        """Return the value of `WWW-Authenticate`. Because of it, a stranger is answered 401 rather than 403."""
        return "Session"

    def enforce_csrf(self, request: Any) -> None:
        """Raise PermissionDenied with the code `csrf_failed` if the CSRF token is missing or wrong."""
        try:
            super().enforce_csrf(request)
        except PermissionDenied:
            raise PermissionDenied(
                _("The CSRF token is missing or wrong. Send it in the X-CSRFToken header."), "csrf_failed"
            ) from None
