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
from django_htmx.http import push_url

from partnerportal.lib.errors import Conflict
from partnerportal.lib.known_pages import page_url
from partnerportal.lib.personal_lists import PersonalList
from partnerportal.lib.policies import RoleTable, authorize
from partnerportal.lib.requests import PortalRequest

View = Callable[..., HttpResponse]
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def redirect_to_sign_in(request: PortalRequest) -> HttpResponse:
    """Return a redirect to the sign-in page, which leads back here. An htmx request loads it as a whole page."""
    back = request.get_full_path() if request.method == "GET" else "/"
    url = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': back})}"
    if getattr(request, "htmx", False):
        return redirect_htmx(url, status=401)
    return redirect(url)


def redirect_htmx(url: str, *, status: int = 204) -> HttpResponse:
    """Return an answer that makes htmx load `url` as a whole page. The URL is escaped, as Django escapes `Location`."""
    return HttpResponse(status=status, headers={"HX-Redirect": iri_to_uri(url)})


def is_local_path(request: HttpRequest, url: str) -> bool:
    """Return whether `url` is a path of this site, without control characters, which may not stand in a header."""
    if not url.startswith("/") or _CONTROL.search(url):
        return False
    return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())


def read_next_url(request: PortalRequest, default: str = "/") -> str:
    """Return the path that the form or the address names in `next`, or `default` if it is no path of this site.

    It is checked, because whoever made the link or form chose it.
    """
    url = request.POST.get("next") or request.GET.get("next") or ""
    return url if is_local_path(request, url) else default


def render_list_page(
    request: PortalRequest, listing: PersonalList, *, page: str, part: str, context: dict[str, Any]
) -> HttpResponse:
    """Return the page of a list, by its template `page`, or for htmx only `part`, with the address for the browser.

    An address without a query leads on to the person's default view, if the person has one. Templates find the list as
    `list`.
    """
    if listing.default_view_address and not (request.GET or request.htmx):
        return redirect(listing.default_view_address)
    response = render(request, part if request.htmx else page, context | {"list": listing})
    patch_vary_headers(response, ["HX-Request"])
    return push_url(response, listing.own_address) if request.htmx else response


def require_sign_in(view: View) -> View:
    """Decorate a view to send strangers to the sign-in page. A person who comes in may have no organisation yet."""

    @wraps(view)
    def guarded(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.actor.is_anonymous:
            return redirect_to_sign_in(request)
        return view(request, *args, **kwargs)

    return guarded


def require_permission(table: RoleTable, permission: StrEnum) -> Callable[[View], View]:
    """Decorate a view to let in only people who act for an organisation and have this permission in it.

    Strangers go to the sign-in page, people without an organisation to the page that makes one. Raises Refused, whose
    403 page says why and who can help. Raises Conflict when a form's `acting_for` names another organisation than the
    one acted for, because the person may have switched in another tab; forms that name no row have that field.
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
                    "other_organization", _("You have switched to another organisation since this page was opened.")
                )
            authorize(actor, table, permission)
            return view(request, *args, **kwargs)

        return guarded

    return decorate
