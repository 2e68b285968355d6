"""The page of an operator's invitation, to which the mailed link leads: continue, sign in, accept.

Opening it changes nothing, because mail scanners follow links. It is for whoever has the link, signed in or not.
"""

from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.actions.invitations import accept_operator_invitation, open_operator_invitation
from accounts.queries.operator_invitations import get_operator_invitation_of_token
from accounts.rows.operators import build_invitation_page_content
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.errors import ActionRefused, Conflict, DomainError, InvalidInput, NotFound
from partnerportal.lib.pages import require_sign_in
from partnerportal.lib.requests import PortalRequest


@require_safe
def operator_invitation_page(request: PortalRequest, token: str) -> HttpResponse:
    """Show who invites whom, with which roles, and the next step. A token that leads nowhere gets a 404 page."""
    return _invitation_page(request, token)


def _invitation_page(request: PortalRequest, token: str, error: DomainError | None = None) -> HttpResponse:
    """Return the page of an invitation, with the error that its acceptance met."""
    try:
        invitation, organization = get_operator_invitation_of_token(request.actor, token)
    except NotFound:
        return _unknown_invitation(request)
    context = {
        "token": token,
        "organization": organization,
        "country": get_country_name(organization.country),
        "offer": build_invitation_page_content(request.actor, request.operators, invitation, organization),
        "sign_in": urlencode({"next": reverse("operator_invitation", args=[token])}),
        "email": urlencode({"email": invitation.email}),
        "error": error,
        "code": error.code if error else "",
    }
    return render(request, "accounts/operator_invitation.html", context, status=error.status if error else 200)


def _unknown_invitation(request: PortalRequest) -> HttpResponse:
    return render(request, "accounts/operator_invitation_unknown.html", status=404)


@require_POST
def operator_invitation_open(request: PortalRequest, token: str) -> HttpResponse:
    """Record that somebody went on from the page of an invitation, and show the next step."""
    try:
        open_operator_invitation(actor=request.actor, token=token)
    except NotFound:
        return _unknown_invitation(request)
    return redirect("operator_invitation", token)


@require_POST
@require_sign_in
def operator_invitation_accept(request: PortalRequest, token: str) -> HttpResponse:
    """Accept an invitation, and act for its organisation from then on. Errors show the page again, in words."""
    try:
        operator = accept_operator_invitation(actor=request.actor, token=token)
    except NotFound:
        return _unknown_invitation(request)
    except (InvalidInput, Conflict, ActionRefused) as error:
        return _invitation_page(request, token, error)
    request.act_for(operator.organization.public_id)
    messages.success(request, _("You now act for %(name)s.") % {"name": operator.organization})
    return redirect("/")


@require_POST
def operator_invitation_leave(request: PortalRequest, token: str) -> HttpResponse:
    """Sign out a person for whom the invitation is not, and lead to the sign-in and back to the invitation."""
    get_adapter().logout(request)
    here = reverse("operator_invitation", args=[token])
    return redirect(f"{reverse('account_login')}?{urlencode({'next': here})}")
