"""The page of an organisation's security rules."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.actions.security import NONE_YOURSELF, change_second_factor_rule
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.operators import count_operators_without_second_factor
from partnerportal.lib.pages import require_permission
from partnerportal.lib.policies import ActionDenied
from partnerportal.lib.requests import PortalRequest


@require_safe
@require_permission(ROLE_TABLE, AccountPermission.VIEW_SECURITY)
def organization_security(request: PortalRequest) -> HttpResponse:
    """Show whether the organisation requires a second factor, and of how many operators it would be news."""
    answer = ROLE_TABLE[AccountPermission.CHANGE_SECURITY].check_actor(request.actor)
    operator = request.operator
    is_required = operator.organization.requires_second_factor
    refusal = answer.message if isinstance(answer, ActionDenied) else ""
    if not is_required and not operator.has_second_factor:
        refusal = refusal or NONE_YOURSELF
    context = {
        "is_required": is_required,
        "refusal": refusal,
        "has_second_factor": operator.has_second_factor,
        "without": count_operators_without_second_factor(request.actor),
    }
    return render(request, "accounts/security.html", context)


@require_POST
@require_permission(ROLE_TABLE, AccountPermission.CHANGE_SECURITY)
def second_factor_rule_change(request: PortalRequest) -> HttpResponse:
    """Store whether the organisation requires a second factor, and go back to the page of its security rules."""
    is_required = request.POST.get("required") == "true"
    organization = request.operator.organization
    change_second_factor_rule(actor=request.actor, organization=organization, is_required=is_required)
    if is_required:
        messages.success(request, _("Two-factor authentication is now required for everyone."))
    else:
        messages.success(request, _("Two-factor authentication is no longer required."))
    return redirect("organization_security")
