"""Pages of exports (CC-38). The button that asks for one stands on every list; the files are fetched here."""

import json
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from exports import actions, files
from exports.catalogue import find_exported_list
from exports.models import Export
from exports.policies import ROLE_TABLE, ExportPermission
from exports.queries import find_exported_organization, get_export, list_exports, list_stored_exports
from exports.rows import build_export_rows, describe_sent_export, is_export_unfinished
from partnerportal.lib.errors import NotFound
from partnerportal.lib.exports.lists import ExportableList, Query
from partnerportal.lib.exports.selection import read_selection
from partnerportal.lib.keyset import fetch_keyset_page
from partnerportal.lib.pages import read_next_url, redirect_whole_page, require_permission
from partnerportal.lib.private_files import CSV
from partnerportal.lib.requests import PortalRequest

SHOWN = 30  # exports on a page


@require_safe
@require_permission(ROLE_TABLE, ExportPermission.EXPORT)
@vary_on_headers("HX-Request")
def exports_page(request: PortalRequest) -> HttpResponse:
    """Show the page of the person's exports, the latest first.

    While one of them is unfinished, the page polls for changes of its list.
    """
    page = fetch_keyset_page(
        list_exports(request.actor),
        sort="asked_at",
        descending=True,
        size=SHOWN,
        cursor=request.GET.get("cursor", ""),
    )
    rows = build_export_rows(request.actor, page.rows)
    context = {"page": page, "rows": rows, "is_waiting": any(map(is_export_unfinished, page.rows))}
    template = "exports/exports.html#list" if request.htmx else "exports/exports.html"
    return render(request, template, context)


@require_POST
@require_permission(ROLE_TABLE, ExportPermission.EXPORT)
@vary_on_headers("HX-Request")
def export_create(request: PortalRequest) -> HttpResponse:
    """Export a list: answer with the CSV file if it is small, else redirect to the page that shows the progress.

    The file's answer has a toast that says what was exported, which the script exports.js shows.
    """
    form = request.POST
    exported_list = find_exported_list(form.get("list", ""))
    query = read_selection(exported_list, form)
    if query is None:
        messages.error(request, _("Select at least one row."))
        return redirect_whole_page(request, read_next_url(request, reverse("customers")))
    return _export(request, exported_list, query, _customer_id(form.get("customer", "")))


@require_POST
@require_permission(ROLE_TABLE, ExportPermission.EXPORT)
@vary_on_headers("HX-Request")
def export_again(request: PortalRequest, export_id: UUID) -> HttpResponse:
    """Export the same rows of a list as an earlier export did, with what the person sees of them now."""
    earlier = get_export(request.actor, export_id)
    customer_id = None
    if earlier.customer_id and earlier.customer_id != request.actor.organization_id:
        if earlier.customer is None:  # the customer is out of sight
            raise NotFound("not_found", "")
        customer_id = earlier.customer.public_id
    return _export(request, find_exported_list(earlier.list), earlier.query, customer_id)


def _export(
    request: PortalRequest, exported_list: ExportableList, query: Query, customer_id: UUID | None
) -> HttpResponse:
    actor = request.actor
    customer = find_exported_organization(actor, request.operator.organization, exported_list, customer_id)
    export, content = actions.request_export(actor=actor, exported_list=exported_list, query=query, customer=customer)
    if content is not None:
        answer = HttpResponse(content, content_type=CSV, headers=_make_toast_header(describe_sent_export(export)))
        return files.add_download_headers(answer, export)
    request.session["waits_for_exports"] = True
    messages.success(request, _("Export started. You can leave this page; the file will be here when it is ready."))
    return redirect_whole_page(request, reverse("exports"))


def _make_toast_header(text: str, tone: str = "ok") -> dict[str, str]:
    """Return the header of an answer by which the browser shows a toast."""
    return {"HX-Trigger": json.dumps({"toast": {"text": text, "tone": tone}})}


def _customer_id(public_id: str) -> UUID | None:
    """Return the public id of the customer that a form names, or None without one; what is no id names nobody."""
    if not public_id:
        return None
    try:
        return UUID(public_id)
    except ValueError:
        return UUID(int=0)


@require_safe
@require_permission(ROLE_TABLE, ExportPermission.EXPORT)
def export_file_download(request: PortalRequest, export_id: UUID) -> HttpResponse:
    """Send an export's CSV file, after checking again that the person may see its contents.

    The answer is 404 for another person's export, 403 without permission for the list, 409 while there is no file yet,
    and 410 if it was deleted: after a day, because a connection ended, or because a customer shares less.
    """
    return actions.download_export_file(actor=request.actor, export=get_export(request.actor, export_id))


@require_safe
@require_permission(ROLE_TABLE, ExportPermission.EXPORT)
def poll_finished_exports(request: PortalRequest) -> HttpResponse:
    """Tell the browser once, by a toast, that all exports of the person are finished.

    Pages ask this repeatedly while the session waits for an export: 204 means not yet, 286 means stop asking. It is not
    a notice, because notices belong to organisations and an export to one person.
    """
    queryset = list_stored_exports(request.actor).order_by("-asked_at")[: actions.AT_ONCE]
    latest = list(queryset)
    if any(map(is_export_unfinished, latest)):
        return HttpResponse(status=204)
    request.session.pop("waits_for_exports", None)
    is_ready = bool(latest) and latest[0].state == Export.State.READY
    text = _("Your export is ready on the “Exports” page.") if is_ready else _("Your export failed.")
    header = _make_toast_header(text, "ok" if is_ready else "bad")
    return HttpResponse(status=286, headers=header)  # 286 ends htmx's polling
