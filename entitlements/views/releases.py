"""Pages of the licences that the vendor's staff are asked to release."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from entitlements.actions.releases import mark_licence_released, reopen_licence_release
from entitlements.lists.releases import LicenceReleaseList
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from partnerportal.lib.pages import read_next_url, render_list_page, require_permission
from partnerportal.lib.requests import PortalRequest

may_mark = require_permission(ROLE_TABLE, EntitlementPermission.MARK_RELEASES)


@require_safe
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_RELEASES)
def licence_release_list(request: PortalRequest) -> HttpResponse:
    """Show the vendor's staff the licences that wait for their release, or those that were released.

    Those that wait come oldest first.
    """
    return render_list_page(
        request,
        LicenceReleaseList(request.actor, request.GET),
        page_template="entitlements/releases.html",
        list_template="entitlements/releases.html#list",
        context={"may_mark": ROLE_TABLE[EntitlementPermission.MARK_RELEASES].check_actor(request.actor)},
    )


@require_POST
@may_mark
def mark_release_done(request: PortalRequest) -> HttpResponse:
    """Mark a licence as released, and redirect to the list with a message that offers Undo.

    The query parameter `key` names the licence, because keys may have characters that a path cannot.
    """
    key = request.GET.get("key", "")
    marked = mark_licence_released(actor=request.actor, assignment_key=key)
    back = read_next_url(request, reverse("releases"))
    undo = f"undo={reverse('release_reopen')}?{urlencode({'key': key, 'next': back})}"
    names = {"key": key, "customer": marked.customer.name}
    text = _("Licence %(key)s for %(customer)s has been marked as released.")
    messages.success(request, text % names, extra_tags=undo)
    return redirect(back)


@require_POST
@may_mark
def reopen_release_request(request: PortalRequest) -> HttpResponse:
    """Reopen the request for a licence release that was marked as done; the licence waits for its release again.

    The query parameter `key` names the licence. The answer is a redirect to the list.
    """
    key = request.GET.get("key", "")
    reopened = reopen_licence_release(actor=request.actor, assignment_key=key)
    names = {"key": key, "customer": reopened.customer.name}
    messages.success(request, _("Licence %(key)s for %(customer)s is once again waiting to be released.") % names)
    return redirect(read_next_url(request, reverse("releases")))
