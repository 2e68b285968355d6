"""Pages that belong to no app: errors, help, security.txt and robots.txt."""

import datetime as dt
import sys

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import OrganizationKind
from partnerportal import errors
from partnerportal.context import PageShell
from partnerportal.glossary import GLOSSARY
from partnerportal.lib import logs
from partnerportal.lib.days import today
from partnerportal.lib.known_pages import page_url
from partnerportal.lib.lists import ListTab
from partnerportal.lib.pages import require_sign_in
from partnerportal.lib.policies import list_permission_rules
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.roles import list_roles_for_kind
from partnerportal.news import list_news
from partnerportal.search import find_everything
from partnerportal.start_page import has_hidden_first_steps, list_start_page_blocks_by_area

PLAIN = "text/plain; charset=utf-8"
SECURITY_TXT_VALID = dt.timedelta(days=180)


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
def search_page(request: PortalRequest) -> HttpResponse:
    """Show what the parameter `q` finds in the whole portal: as a page, or for htmx as the list of the palette."""
    text = request.GET.get("q", "")
    context = {"text": text, "groups": find_everything(PageShell(request), text), "next": _find_page_beneath(request)}
    response = render(request, "shell/found.html" if request.htmx else "search.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _find_page_beneath(request: PortalRequest) -> str:
    """Return the path of the page on which the palette is open, to which a changed preference returns."""
    return request.htmx.current_url_abs_path or request.get_full_path()


@require_safe
@require_sign_in
def help_page(request: PortalRequest) -> HttpResponse:
    """Show the glossary, what is new, where to read more, whom to ask, and how to bring back hidden first steps."""
    context = {
        "glossary": GLOSSARY,
        "news": list_news(request.actor),
        "has_hidden_steps": has_hidden_first_steps(request),
    }
    return render(request, "help/help.html", context)


@require_safe
@require_sign_in
def roles_help(request: PortalRequest) -> HttpResponse:
    """Show the help page on roles: who may do what in one kind of organisation, made from the role tables themselves.

    The kind is that of the organisation acted for, or the one that the parameter `kind` names.
    """
    asked = request.GET.get("kind", request.actor.organization_kind)
    kind = OrganizationKind(asked) if asked in OrganizationKind.values else OrganizationKind.CUSTOMER
    roles = list_roles_for_kind(kind)
    rows = [
        {
            "label": rule.label,
            "cells": [rule.admits_roles(kind, frozenset({role})) for role in roles],
            "feature": rule.feature,
        }
        for rule in list_permission_rules(kind)
    ]
    tabs = [ListTab(str(each.label), f"?kind={each.value}", None, each == kind) for each in OrganizationKind]
    return render(request, "help/roles.html", {"rows": rows, "roles": roles, "tabs": tabs, "kind": kind})


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
