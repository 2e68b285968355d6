"""Who may open the pages about other organisations that the vendor's staff have."""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any

from django.http import HttpResponse

from accounts.models import OrganizationKind
from accounts.policies import ROLE_TABLE, AccountPermission
from partnerportal.lib.errors import NotFound
from partnerportal.lib.pages import require_permission, require_sign_in
from partnerportal.lib.requests import PortalRequest

View = Callable[..., HttpResponse]


def require_vendor_staff(permission: StrEnum = AccountPermission.VIEW_ORGANIZATIONS) -> Callable[[View], View]:
    """Return a decorator for views that only the vendor's staff get, those with this permission.

    Whoever acts for another organisation gets the answer of a page that does not exist (CV-7), and a Reader of the
    vendor who may not do it a 403 that says who may.
    """

    def decorate(view: View) -> View:
        permitted = require_permission(ROLE_TABLE, permission)(view)

        @require_sign_in
        @wraps(view)
        def guarded(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.actor.organization_kind not in ("", OrganizationKind.VENDOR):
                raise NotFound("not_found", "")
            return permitted(request, *args, **kwargs)

        return guarded

    return decorate
