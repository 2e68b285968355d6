"""Who may open the pages about partners and distributors."""

from collections.abc import Callable

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from entitlements.policies import ROLE_TABLE, EntitlementPermission
from partnerportal.lib.pages import require_permission

View = Callable[..., HttpResponse]


def require_partner_viewing_permission(permission: EntitlementPermission) -> Callable[[View], View]:
    """Decorate a view so that only actors with this permission get it; for all other organisations it is not there.

    They get a 404 and no refusal, because a page for the level above is none of theirs (CV-7). Visitors who are not
    signed in go to the sign-in page, and people without an organisation to the page that creates one.
    """
    guarded = require_permission(ROLE_TABLE, permission, hidden_from_other_kinds=True)
    return lambda view: require_safe(guarded(view))
