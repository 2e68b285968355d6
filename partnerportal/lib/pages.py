"""The guards of page views, by sign-in, organisation and permission, and the redirects that they and views need."""

import re
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import push_url

from partnerportal.lib.errors import Conflict
from partnerportal.lib.known_pages import page_url
from partnerportal.lib.personal_lists import PersonalizedList
from partnerportal.lib.policies import RoleTable, authorize
from partnerportal.lib.requests import PortalRequest

View = Callable[..., HttpResponse]
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
require_form = require_http_methods(["GET", "HEAD", "POST"])  # of pages that show a form and take it


def get_posted_data(request: HttpRequest) -> Any:
    """Return the data of a form that was sent, or None if none was. An empty form that is sent counts as sent."""
    return request.POST if request.method == "POST" else None


def redirect_to_sign_in(request: PortalRequest) -> HttpResponse:
    """Return a redirect to the sign-in page, which leads back to the present page afterwards.

    For an htmx request it makes the browser load the whole sign-in page.
    """
    back = request.get_full_path() if request.method == "GET" else "/"
    url = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': back})}"
    if getattr(request, "htmx", False):
        return redirect_htmx(url, status=401)
    return redirect(url)


def redirect_htmx(url: str, *, status: int = 204) -> HttpResponse:
    """Return a response that makes htmx load `url` as a whole page. The URL is escaped like Django's `Location`."""
    return HttpResponse(status=status, headers={"HX-Redirect": iri_to_uri(url)})


def redirect_whole_page(request: PortalRequest, url: str) -> HttpResponse:
    """Return a response that leads the browser to `url`, also when htmx asked for a part of the page."""
    return redirect_htmx(url) if request.htmx else redirect(url)


def is_local_path(request: HttpRequest, url: str) -> bool:
    """Return whether `url` is a path on this site and so a safe target for a redirect.

    A path with control characters is not, because headers may not contain them.
    """
    if not url.startswith("/") or _CONTROL.search(url):
        return False
    return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())


def read_next_url(request: PortalRequest, default: str = "/") -> str:
    """Return the path in the parameter `next` of the form or the URL, or `default` if it is not a path on this site.

    The check is needed because anybody can make a link with another site in it.
    """
    url = request.POST.get("next") or request.GET.get("next") or ""
    return url if is_local_path(request, url) else default


def render_list_page(
    request: PortalRequest,
    listing: PersonalizedList,
    *,
    page_template: str,
    list_template: str,
    context: dict[str, Any],
) -> HttpResponse:
    """Return the page that shows a list, rendered by the `page_template`, or for htmx by the `list_template`.

    Templates find the list as `list`. A URL without a query redirects to the person's default view of the list, if
    there is one. For htmx the response also sets the URL in the browser's address bar.
    """
    if listing.default_view_url and not (request.GET or request.htmx):
        return redirect(listing.default_view_url)
    response = render(request, list_template if request.htmx else page_template, context | {"list": listing})
    patch_vary_headers(response, ["HX-Request"])
    return push_url(response, listing.current_url) if request.htmx else response


def require_sign_in(view: View) -> View:
    """Decorate a view so that visitors who are not signed in go to the sign-in page.

    A signed-in person is let in even without an organisation.
    """

    @wraps(view)
    def guarded(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.actor.is_anonymous:
            return redirect_to_sign_in(request)
        return view(request, *args, **kwargs)

    return guarded


def require_permission(table: RoleTable, permission: StrEnum) -> Callable[[View], View]:
    """Decorate a view so that only people with a permission in the organisation they act for are let in.

    `table` says which roles have which permissions. Visitors who are not signed in go to the sign-in page, and people
    without an organisation to the page that creates one. Raises ActionRefused for the others; its 403 page says why and
    who can help, and types of organisation that never have the permission get a 404.

    Raises Conflict when the form's field `acting_for` names another organisation than the one acted for, because the
    person may have switched in another tab. Forms that do not name a row have this field.
    """

    def decorate(view: View) -> View:
        @require_sign_in
        @wraps(view)
        def guarded(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            actor = request.actor
            if actor.organization_id is None:
                return redirect(page_url("organization_new"))
            if request.POST.get("acting_for", actor.organization_public_id) != actor.organization_public_id:
                raise Conflict(
                    "other_organization",
                    _(
                        "You have switched to another organisation since you opened this page. "
                        "Switch back, then try again."
                    ),
                )
            authorize(actor, table, permission)
            return view(request, *args, **kwargs)

        return guarded

    return decorate
