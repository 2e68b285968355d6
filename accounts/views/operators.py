"""Pages of Settings > Operators: who acts for the organisation, in which roles, and who is invited to."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.actions import invitations
from accounts.actions.operators import change_operator_roles, remove_operator
from accounts.facts import digest_roles
from accounts.forms.operators import OperatorInvitationForm, OperatorRolesForm
from accounts.lists.operators import OperatorList, PendingOperatorList
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.joining import list_open_join_requests
from accounts.queries.operator_invitations import count_pending_operators, get_operator_invitation
from accounts.queries.operators import get_operator
from accounts.rows.operators import build_operator_tabs, list_granted_names
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, render_list_page, require_form, require_permission
from partnerportal.lib.personal_lists import PersonalizedList
from partnerportal.lib.policies import authorize
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.rows import WaitingTime

may_view = require_permission(ROLE_TABLE, AccountPermission.VIEW_OPERATORS)
may_invite = require_permission(ROLE_TABLE, AccountPermission.INVITE_OPERATORS)


@require_safe
@may_view
def operator_list(request: PortalRequest) -> HttpResponse:
    """Show who may act for the organisation, and in which roles (CV-14)."""
    return _render_tab(request, "operators", OperatorList(request.actor, request.GET))


@require_safe
@may_view
def pending_operator_list(request: PortalRequest) -> HttpResponse:
    """Show whom the organisation has invited to act for it, and how far each invitation has come."""
    return _render_tab(request, "pending_operators", PendingOperatorList(request.actor, request.GET))


def _render_tab(request: PortalRequest, name: str, listing: PersonalizedList) -> HttpResponse:
    asking = list_open_join_requests(request.actor) if name == "pending_operators" else ()
    waiting = [(row, WaitingTime.since(row.created_at)) for row in asking]
    return render_list_page(
        request,
        listing,
        page_template=f"accounts/{name}.html",
        list_template=f"accounts/{name}.html#list",
        context={
            "tabs": build_operator_tabs(name, count_pending_operators(request.actor)),
            "join_requests": waiting,
            "may_invite": ROLE_TABLE[AccountPermission.INVITE_OPERATORS].check_actor(request.actor),
        },
    )


@require_form
@may_invite
@vary_on_headers("HX-Request")
def operator_add(request: PortalRequest) -> HttpResponse:
    """Show the dialog that asks for an address and roles; on POST invite that person (CV-18…CV-20)."""
    form = OperatorInvitationForm(get_posted_data(request), kind=request.actor.organization_kind)
    if form.is_valid():
        with show_errors_in_form(form):
            invitation = invitations.invite_operator(actor=request.actor, **form.cleaned_data)
            messages.success(request, _("%(email)s was invited.") % {"email": invitation.email})
            return redirect("pending_operators")
    return render(request, "accounts/operator_add.html", {"form": form})


@require_form
@may_invite
@vary_on_headers("HX-Request")
def operator_invitation_resend(request: PortalRequest, invitation_id: UUID) -> HttpResponse:
    """Ask for confirmation on GET; on POST mail an invitation again, with one more link."""
    invitation = get_operator_invitation(request.actor, invitation_id)
    if request.method == "POST":
        invitation = invitations.resend_operator_invitation(actor=request.actor, invitation=invitation)
        messages.success(request, _("The invitation for %(email)s was sent again.") % {"email": invitation.email})
        return redirect("pending_operators")
    return render(request, "accounts/operator_invitation_resend.html", {"invitation": invitation})


@require_form
@may_invite
@vary_on_headers("HX-Request")
def operator_invitation_link(request: PortalRequest, invitation_id: UUID) -> HttpResponse:
    """Explain on GET what a link is good for; on POST make one and show it, this one time."""
    invitation, link = get_operator_invitation(request.actor, invitation_id), ""
    if request.method == "POST":
        link = invitations.create_operator_invitation_link(actor=request.actor, invitation=invitation)
        invitation.refresh_from_db()
    context = {"invitation": invitation, "link": link}
    return render(request, "accounts/operator_invitation_link.html", context)


@require_form
@may_invite
@vary_on_headers("HX-Request")
def operator_invitation_withdraw(request: PortalRequest, invitation_id: UUID) -> HttpResponse:
    """Ask for confirmation on GET; on POST withdraw an invitation, whose links stop working at once."""
    invitation = get_operator_invitation(request.actor, invitation_id)
    if request.method == "POST":
        invitations.withdraw_operator_invitation(actor=request.actor, invitation=invitation)
        messages.success(request, _("The invitation for %(email)s was withdrawn.") % {"email": invitation.email})
        return redirect("pending_operators")
    return render(request, "accounts/operator_invitation_withdraw.html", {"invitation": invitation})


@require_form
@require_permission(ROLE_TABLE, AccountPermission.CHANGE_ROLES)
@vary_on_headers("HX-Request")
def operator_roles_edit(request: PortalRequest, operator_id: UUID) -> HttpResponse:
    """Show a dialog with an operator's roles; on POST store the new roles (CV-17).

    With the field `review` a POST stores nothing, and shows what the operator would gain and lose. The answer is 404
    for an operator of another organisation, and 403 for the person's own roles.
    """
    operator = get_operator(request.actor, operator_id)
    authorize(request.actor, ROLE_TABLE, AccountPermission.CHANGE_ROLES, on=operator)
    form = OperatorRolesForm(get_posted_data(request), operator=operator)
    change = form.describe_change() if form.is_valid() and "review" in request.POST else None
    if form.is_valid() and change is None:
        with show_errors_in_form(form):
            seen = request.POST.get("seen")
            change_operator_roles(actor=request.actor, operator=operator, seen=seen, **form.cleaned_data)
            messages.success(request, _("Roles saved for %(name)s.") % {"name": operator.person})
            return redirect("operators")
        operator = get_operator(request.actor, operator_id)
    seen = digest_roles(operator)
    is_stale = request.method == "POST" and request.POST.get("seen") != seen
    context = {"operator": operator, "form": form, "change": change, "seen": seen}
    context["stored"] = list_granted_names(operator) if is_stale else []
    return render(request, "accounts/operator_roles.html", context)


@require_form
@require_permission(ROLE_TABLE, AccountPermission.REMOVE_OPERATORS)
@vary_on_headers("HX-Request")
def operator_remove(request: PortalRequest, operator_id: UUID) -> HttpResponse:
    """Ask for confirmation on GET; on POST take away an operator's access to the organisation."""
    operator = get_operator(request.actor, operator_id)
    is_me = operator.person_id == request.actor.person_id
    if request.method == "POST":
        remove_operator(actor=request.actor, operator=operator)
        names = {"name": operator.person, "organization": request.actor.organization_name}
        own, other = _("You no longer act for %(organization)s."), _("%(name)s no longer acts for %(organization)s.")
        messages.success(request, (own if is_me else other) % names)
        return redirect("/" if is_me else "operators")
    return render(request, "accounts/operator_remove.html", {"operator": operator, "is_me": is_me})
