"""What the vendor's staff are asked to release."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from entitlements import queries, rows
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from partnerportal.lib.pages import allowed
from partnerportal.lib.paging import keyset_or_first
from partnerportal.lib.requests import PortalRequest

SIZE = 50


@require_safe
@allowed(ROLE_TABLE, EntitlementPermission.VIEW_RELEASES)
def releases(request: PortalRequest) -> HttpResponse:
    """Those that wait longest first."""
    cursor = request.GET.get("cursor", "")
    page = keyset_or_first(queries.releases(request.actor), sort="asked_at", descending=False, size=SIZE, cursor=cursor)
    return render(request, "entitlements/releases.html", {"page": page, "rows": rows.release_rows(page.rows)})
