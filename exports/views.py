"""Exports (CC-38): asked for on every list, fetched here."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.models import Organization
from connections.queries import sees_customers
from entitlements.queries import customer_with_account
from exports import actions, files
from exports.catalogue import list_of
from exports.models import Export
from exports.policies import ROLE_TABLE, ExportPermission, authorize_list
from exports.rows import export_rows, is_unfinished
from partnerportal.lib.days import today
from partnerportal.lib.errors import Conflict, Gone
from partnerportal.lib.exports.lists import List, Query, Subject
from partnerportal.lib.pages import allowed, is_own_path
from partnerportal.lib.policies import authorize
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.scoping import by_public_id

SHOWN = 30
GONE = gettext_lazy(
    "This file is gone. Exports are kept for a day, and not beyond the end of a connection. Export the list again."
)


@require_safe
@allowed(ROLE_TABLE, ExportPermission.EXPORT)
@vary_on_headers("HX-Request")
def exports(request: PortalRequest) -> HttpResponse:
    """The person's own. While one is being made, the list asks for itself again."""
    latest = Export.objects.visible_to(request.actor).select_related("customer").order_by("-asked_at", "-pk")[:SHOWN]
    found = list(latest)
    context = {"rows": export_rows(found), "is_waiting": any(map(is_unfinished, found))}
    template = "exports/exports.html#list" if request.htmx else "exports/exports.html"
    return render(request, template, context)


@require_POST
@allowed(ROLE_TABLE, ExportPermission.EXPORT)
def export_new(request: PortalRequest) -> HttpResponse:
    """The file itself when it is small, else the page that says how far it is."""
    actor, asked = request.actor, request.POST
    chosen = list_of(asked.get("list", ""))
    customer = _customer(request, chosen, asked.get("customer", ""))
    query = _query(chosen, asked)
    if query is None:
        messages.error(request, _("Choose at least one customer."))
        return redirect(asked["back"] if is_own_path(request, asked.get("back", "")) else "customers")
    made, content = actions.export(actor=actor, chosen=chosen, query=query, customer=customer)
    if content is not None:
        return _attached(HttpResponse(content, content_type=files.CSV), made)
    request.session["waits_for_exports"] = True
    messages.success(request, _("The export has begun. You may leave this page; the file will wait for you here."))
    return redirect("exports")


def _customer(request: PortalRequest, chosen: List, public_id: str) -> Organization | None:
    """One within reach, or the actor's own organisation; None of a list that is of all customers."""
    is_of_all = chosen.subject == Subject.OWN_OR_ALL and sees_customers(request.actor)
    if chosen.subject == Subject.ALL or is_of_all:
        return None
    if chosen.subject == Subject.OWN_OR_ALL or not public_id:
        own: Organization = request.operator.organization
        return own
    authorize(request.actor, *chosen.rule)
    try:
        wanted = UUID(public_id)
    except ValueError:
        wanted = UUID(int=0)
    return customer_with_account(request.actor, wanted).customer


def _query(chosen: List, asked: QueryDict) -> Query | None:
    """What the button says: `all`, what the page's address shows, or the rows that are ticked; None when none are."""
    query = {} if asked.get("what") == "all" else chosen.query(QueryDict(asked.get("query", "")).dict())
    if asked.get("what") != "ticked":
        return query
    ticked = [number for number in asked.getlist("row") if number.isascii() and number.isalnum()]
    return {**query, "ids": ticked} if ticked else None


@require_safe
@allowed(ROLE_TABLE, ExportPermission.EXPORT)
def export_file(request: PortalRequest, export_id: UUID) -> HttpResponse:
    """Asked anew at each download: whose it is, whether they may still see the list, whether the file may be seen."""
    actor = request.actor
    wanted = by_public_id(Export.objects.visible_to(actor), export_id)
    authorize_list(actor, list_of(wanted.list), wanted.customer_id)
    if wanted.state in (Export.State.QUEUED, Export.State.RUNNING, Export.State.FAILED):
        raise Conflict("export_not_ready", _("There is no file yet. The page “Exports” says how far it is."))
    over = wanted.finished_at is None or wanted.finished_at < timezone.now() - actions.KEPT
    if wanted.state == Export.State.GONE or over:
        raise Gone("export_gone", GONE)
    try:
        return _attached(files.answer_with_export(wanted), wanted)
    except FileNotFoundError:
        raise Gone("export_gone", GONE) from None


def _attached(response: Any, export: Export) -> HttpResponse:
    """Nobody stores it, and no browser runs it."""
    name = f"{export.list.replace('_', '-')}-{today().isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_safe
@allowed(ROLE_TABLE, ExportPermission.EXPORT)
def exports_news(request: PortalRequest) -> HttpResponse:
    """Asked by every page of a browser that waits for a file: says once, as a toast, when none is being made any more.

    Notices belong to organisations, and this file to one person: hence a word to their browser, and the page.
    """
    latest = Export.objects.visible_to(request.actor).order_by("-asked_at")[: actions.AT_ONCE]
    found = list(latest)
    if any(map(is_unfinished, found)):
        return HttpResponse(status=204)
    request.session.pop("waits_for_exports", None)
    ready = bool(found) and found[0].state == Export.State.READY
    text = _("Your export is ready, on the page “Exports”.") if ready else _("Your export could not be made.")
    toast = {"text": text, "tone": "ok" if ready else "bad"}
    return HttpResponse(status=286, headers={"HX-Trigger": json.dumps({"toast": toast})})  # 286: stop asking
