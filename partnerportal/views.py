"""Pages that belong to no app: errors, help, security.txt and robots.txt."""

import datetime as dt
import sys

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import OrganizationKind, Role
from accounts.policies import ROLE_TABLE as ACCOUNTS
from connections.policies import ROLE_TABLE as CONNECTIONS
from entitlements.policies import ROLE_TABLE as ENTITLEMENTS
from exports.policies import ROLE_TABLE as EXPORTS
from imports.policies import ROLE_TABLE as IMPORTS
from notifications.policies import ROLE_TABLE as NOTIFICATIONS
from partnerportal import errors
from partnerportal.lib import logs
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.known_pages import page_url
from partnerportal.lib.pages import require_sign_in
from partnerportal.lib.policies import PermissionRule
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.roles import SEE_FINANCE
from partnerportal.start_page import list_start_page_blocks_by_area

PLAIN = "text/plain; charset=utf-8"
SECURITY_TXT_VALID = dt.timedelta(days=180)
ROLE_TABLES = {**ACCOUNTS, **CONNECTIONS, **ENTITLEMENTS, **EXPORTS, **IMPORTS, **NOTIFICATIONS}


@require_safe
@require_sign_in
def start_page(request: PortalRequest) -> HttpResponse:
    """Show the start page, made of the blocks that the apps declare in their `start_page` modules.

    A person who acts for no organisation is led to the page that creates one.
    """
    if request.actor.organization_id is None:
        return redirect(page_url("organization_new"))
    context = {"organization": request.operator.organization, "areas": list_start_page_blocks_by_area(request)}
    return render(request, "overview.html", context)


@require_safe
@require_sign_in
def roles_help(request: PortalRequest) -> HttpResponse:
    """Show the help page on roles: a table of who may do what, made from the role tables themselves."""
    rows = [
        {
            "label": rule.label,
            "cells": [_is_for_role(rule, role) for role in Role],
            "kinds": [kind.label for kind in OrganizationKind if kind in rule.kinds] if rule.kinds else [],
            "feature": rule.feature,
        }
        for rule in ROLE_TABLES.values()
    ]
    return render(request, "help/roles.html", {"rows": rows, "roles": list(Role)})


def _is_for_role(rule: PermissionRule, role: Role) -> bool:
    """Return whether the rule lets somebody with this role alone do it, in an organisation of a kind that it names."""
    examples = (
        Actor(
            organization_id=0,
            organization_kind=kind,
            roles=frozenset({role}),
            features=frozenset({rule.feature}),
            sees_finance=role in SEE_FINANCE,
        )
        for kind in rule.kinds or OrganizationKind
        if role in rule.list_permitted_roles(kind)
    )
    return any(rule.check_actor(example) for example in examples)


@require_safe
def security_txt(request: PortalRequest) -> HttpResponse:
    """Answer with security.txt (RFC 9116), a file that says whom to tell of a weakness.

    It is valid for half a year from today. Without SECURITY_CONTACT, the answer is 404.
    """
    contact = settings.SECURITY_CONTACT
    if not contact:
        raise Http404
    lines = {
        "Contact": contact if "://" in contact else f"mailto:{contact}",
        "Expires": f"{today() + SECURITY_TXT_VALID}T00:00:00Z",
        "Preferred-Languages": ", ".join(code for code, _name in settings.LANGUAGES),
        "Canonical": settings.PORTAL_ORIGIN + request.path,
    }
    return HttpResponse("".join(f"{name}: {value}\n" for name, value in lines.items()), content_type=PLAIN)


@require_safe
def robots_txt(request: PortalRequest) -> HttpResponse:
    """Answer with a robots.txt that keeps search engines away from the whole portal."""
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type=PLAIN)


def bad_request(request: PortalRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 400 to a request that could not be read: too large, too many fields, an unknown host name."""
    too_large = isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent)
    message = _("The request is too large.") if too_large else ""
    return render(request, "problem.html", {"message": message}, status=400)


def permission_denied(request: PortalRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 403 to what Django itself refuses.

    The portal's own refusals come from `render_error_page`, with a reason.
    """
    return render(request, "403.html", status=403)


def not_found(request: PortalRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404. What does not exist and what the person may not see get the same page."""
    return render(request, "404.html", status=404)


def server_error(request: PortalRequest) -> HttpResponse:
    """Answer 500 to an unexpected error, or 503 when the error was only that the database is away.

    It works without the database. The page shows the request's id as its reference, by which the request is found in
    the log.
    """
    seconds = errors.choose_retry_after_seconds(sys.exc_info()[1])
    if seconds:
        return errors.build_unavailable_response(request, seconds)
    reference = logs.get_log_fields().get("request_id", "")
    return render(request, "500.html", {"reference": reference, "shell": None}, status=500)


def csrf_failure(request: PortalRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form that was left open too long or that came from elsewhere. Nothing was done."""
    return render(request, "csrf.html", status=403)
