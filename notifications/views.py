"""The inbox. Opening marks as read, so it is a POST; everything works without script."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import push_url

from notifications import actions, queries, registry
from notifications.forms import InboxFilterForm
from notifications.models import Notice
from notifications.policies import ROLE_TABLE, NoticePermission
from notifications.rows import notice_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.pages import allowed, way_on
from partnerportal.lib.paging import Page, keyset
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.scoping import by_public_id

PAGE_SIZE = 50


@require_safe
@allowed(ROLE_TABLE, NoticePermission.VIEW)
@vary_on_headers("HX-Request")
def inbox(request: PortalRequest) -> HttpResponse:
    actor = request.actor
    chosen = InboxFilterForm(request.GET).values()
    page = _page(actor, chosen, request.GET.get("cursor", ""))
    url = reverse("inbox")
    context = {
        "rows": notice_rows(actor, page.rows),
        "chosen": chosen,
        "chosen_tab": chosen.get("tab", ""),
        "is_filtered": "kind" in chosen or "customer" in chosen,
        "kinds": sorted(registry.kind_choices(), key=lambda choice: choice[1]),
        "customers": queries.customers_in_news(actor),
        "tab_urls": {tab: _address(url, chosen | {"tab": tab}) for tab in ("", "unread", "dismissed")},
        "clear_url": _address(url, {"tab": chosen.get("tab", "")}),
        "newer_url": page.previous_cursor and _address(url, chosen | {"cursor": page.previous_cursor}),
        "older_url": page.next_cursor and _address(url, chosen | {"cursor": page.next_cursor}),
        "here": request.get_full_path(),
        "dismissing": ROLE_TABLE[NoticePermission.DISMISS].check(actor),
    }
    htmx = request.htmx
    response = render(request, "notifications/inbox.html#list" if htmx else "notifications/inbox.html", context)
    return push_url(response, _address(url, chosen)) if htmx else response


def _page(actor: Actor, chosen: dict[str, object], cursor: str) -> Page[Notice]:
    rows = queries.inbox(actor)
    rows = rows.filter(dismissed_at__isnull=chosen.get("tab") != "dismissed")
    if chosen.get("tab") == "unread":
        rows = rows.filter(is_unread=True)
    if "kind" in chosen:
        rows = rows.filter(kind=chosen["kind"])
    if "customer" in chosen:
        rows = rows.about_customer(chosen["customer"])
    return keyset(rows, sort="at", descending=True, size=PAGE_SIZE, cursor=cursor)


def _address(url: str, values: dict[str, object]) -> str:
    given = {name: str(value) for name, value in values.items() if value}
    return f"{url}?{urlencode(given)}" if given else url


def _notice(request: PortalRequest, notice_id: UUID) -> Notice:
    return by_public_id(Notice.objects.visible_to(request.actor), notice_id)


def _back(request: PortalRequest) -> HttpResponse:
    """To the page the form was on."""
    return redirect(way_on(request, "inbox"))


@require_POST
@allowed(ROLE_TABLE, NoticePermission.VIEW)
def open_notice(request: PortalRequest, notice_id: UUID) -> HttpResponse:
    notice = _notice(request, notice_id)
    actions.mark_read(actor=request.actor, notice=notice)
    kind = registry.kinds().get(notice.kind)
    path = kind.path(notice) if kind else ""
    return redirect(path) if path else _back(request)


@require_POST
@allowed(ROLE_TABLE, NoticePermission.DISMISS)
def dismiss(request: PortalRequest, notice_id: UUID) -> HttpResponse:
    """CC-56…CC-58, with Undo in the toast."""
    notice = _notice(request, notice_id)
    actions.dismiss(actor=request.actor, notice=notice)
    undo = f"undo={reverse('notice_restore', args=[notice.public_id])}"
    messages.success(request, _("Notice dismissed"), extra_tags=undo)
    return _back(request)


@require_POST
@allowed(ROLE_TABLE, NoticePermission.DISMISS)
def restore(request: PortalRequest, notice_id: UUID) -> HttpResponse:
    actions.restore(actor=request.actor, notice=_notice(request, notice_id))
    messages.success(request, _("Notice restored"))
    return _back(request)


@require_POST
@allowed(ROLE_TABLE, NoticePermission.VIEW)
def read_all(request: PortalRequest) -> HttpResponse:
    actions.mark_all_read(actor=request.actor)
    messages.success(request, _("All notices are marked as read"))
    return _back(request)
