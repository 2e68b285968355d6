"""Pages of the people and devices that hold a licence, for the customer's own Admins and nobody else (CC-32)."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import push_url

from entitlements.actions.releases import request_licence_release, withdraw_release_request
from entitlements.lists.holders import LicenceHolderList
from entitlements.models import LicenseAssignment
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.usage import list_licence_holders
from partnerportal.lib.pages import require_form, require_permission
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.visible_rows import get_by_public_id

may_manage = require_permission(ROLE_TABLE, EntitlementPermission.MANAGE_HOLDERS)


@require_safe
@may_manage
@vary_on_headers("HX-Request")
def licence_holders(request: PortalRequest) -> HttpResponse:
    """Show who holds the organisation's licences. An htmx request gets only the list.

    The answer to it also sets the URL in the browser's address bar.
    """
    holders = LicenceHolderList(request.actor, request.GET)
    if request.htmx:
        response = render(request, "entitlements/licence_holders.html#list", {"list": holders})
        return push_url(response, request.path + holders.current_url)
    return render(request, "entitlements/licence_holders.html", {"list": holders})


@require_form
@may_manage
@vary_on_headers("HX-Request")
def licence_release(request: PortalRequest, assignment_id: UUID) -> HttpResponse:
    """Show the dialog that confirms the release of a licence, naming its holder; on POST ask the vendor to release it.

    The message offers Undo, which works until the vendor has released the licence. The answer is 404 for a licence that
    is not held now, or by another organisation.
    """
    assignment = _assignment(request, assignment_id)
    if request.method == "POST":
        request_licence_release(actor=request.actor, assignment=assignment)
        undo = f"undo={reverse('licence_keep', args=[assignment.public_id])}"
        text = _("You have asked the vendor to release the licence assigned to %(holder)s.") % {
            "holder": assignment.holder
        }
        messages.success(request, text, extra_tags=undo)
        return redirect("licence_holders")
    return render(request, "entitlements/licence_release.html", {"assignment": assignment})


@require_POST
@may_manage
def licence_release_withdraw(request: PortalRequest, assignment_id: UUID) -> HttpResponse:
    """Withdraw the request to release a licence.

    The answer is 404 for a licence that is not held now, or by another organisation.
    """
    assignment = withdraw_release_request(actor=request.actor, assignment=_assignment(request, assignment_id))
    messages.success(request, _("%(holder)s keeps the licence.") % {"holder": assignment.holder})
    return redirect("licence_holders")


def _assignment(request: PortalRequest, assignment_id: UUID) -> LicenseAssignment:
    return get_by_public_id(list_licence_holders(request.actor), assignment_id)
