"""Pages of requests to join an organisation: a person asks, and an Admin adds or declines."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.actions.joins import ask_to_join, decline_join_request, grant_join_request
from accounts.forms.operators import OperatorRolesForm
from accounts.models import Operator, Role
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.joining import get_open_join_request
from partnerportal.lib.errors import NotFound
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, require_form, require_permission, require_sign_in
from partnerportal.lib.requests import PortalRequest


@require_POST
@require_sign_in
def organization_join(request: PortalRequest) -> HttpResponse:
    """Ask the Admins of an organisation to let the person in, and go back to the page that offered it."""
    try:
        organization_id = UUID(request.POST.get("organization", ""))
    except ValueError:
        raise NotFound("not_found", "") from None
    ask_to_join(person=request.user, organization_id=organization_id)  # type: ignore[arg-type]
    messages.success(request, _("Your request was sent to the Admins. You’ll get an email when they answer."))
    return redirect("organization_new")


@require_form
@require_permission(ROLE_TABLE, AccountPermission.DECIDE_JOIN_REQUESTS)
@vary_on_headers("HX-Request")
def join_request_grant(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Show a dialog with the roles that whoever asks may get; on POST let them in."""
    join_request = get_open_join_request(request.actor, request_id)
    newcomer = Operator(organization=request.operator.organization, person=join_request.person, roles=[Role.READER])
    form = OperatorRolesForm(get_posted_data(request), operator=newcomer)
    if form.is_valid():
        with show_errors_in_form(form):
            grant_join_request(actor=request.actor, join_request=join_request, **form.cleaned_data)
            messages.success(request, _("%(name)s can now act for your organisation.") % {"name": join_request.person})
            return redirect("pending_operators")
    return render(request, "accounts/join_request_grant.html", {"join_request": join_request, "form": form})


@require_form
@require_permission(ROLE_TABLE, AccountPermission.DECIDE_JOIN_REQUESTS)
@vary_on_headers("HX-Request")
def join_request_decline(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Ask for confirmation on GET; on POST decline a person's request to be let in."""
    join_request = get_open_join_request(request.actor, request_id)
    if request.method == "POST":
        decline_join_request(actor=request.actor, join_request=join_request)
        messages.success(request, _("The request from %(name)s was declined.") % {"name": join_request.person})
        return redirect("pending_operators")
    return render(request, "accounts/join_request_decline.html", {"join_request": join_request})
