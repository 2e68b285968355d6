"""Who may open the pages about other organisations that the vendor's staff have."""

from collections.abc import Callable
from enum import StrEnum

from django.http import HttpResponse

from accounts.policies import ROLE_TABLE, AccountPermission
from partnerportal.lib.pages import require_permission

View = Callable[..., HttpResponse]


def require_vendor_staff(permission: StrEnum = AccountPermission.VIEW_ORGANIZATIONS) -> Callable[[View], View]:
    """Return a decorator for views that only the vendor's staff get, those with this permission.

    A Reader of the vendor who may not do it gets a 403 that says who may.
    """
    return require_permission(ROLE_TABLE, permission)
