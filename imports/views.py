"""Pages of imports: the upload of a file, its dry run, the import and the results."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from imports import rows
from imports.actions.bulk import start_bulk_action
from imports.actions.requests import cancel_import, confirm_import, upload_import
from imports.actions.results import KEPT, download_results, get_results_deadline
from imports.catalogue import KINDS, find_bulk_action, find_uploadable_kind, list_available_kinds
from imports.forms import UploadForm
from imports.models import Import
from imports.policies import ROLE_TABLE, ImportPermission
from imports.queries import authorize_bulk_action, find_authorized_target, get_import, list_imports
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import DomainError, InvalidInput, Message, NotFound
from partnerportal.lib.exports.lists import Query
from partnerportal.lib.exports.selection import read_selection
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.imports.bulk import BulkAction
from partnerportal.lib.imports.kinds import ImportKind
from partnerportal.lib.pages import read_next_url, require_form, require_permission
from partnerportal.lib.policies import authorize
from partnerportal.lib.private_files import CSV, add_csv_download_headers
from partnerportal.lib.requests import PortalRequest

SHOWN = 30  # latest imports of a person that the page lists


@require_safe
@require_permission(ROLE_TABLE, ImportPermission.IMPORT)
@vary_on_headers("HX-Request")
def imports_page(request: PortalRequest) -> HttpResponse:
    """Show the page of the person's latest imports, at most SHOWN.

    While one of them is unfinished, the page polls for changes of its list.
    """
    latest = list(list_imports(request.actor).order_by("-asked_at", "-pk")[:SHOWN])
    context = {
        "rows": rows.build_import_list_rows(request.actor, latest),
        "is_waiting": any(map(rows.is_import_unfinished, latest)),
        "kinds": [kind for kind in list_available_kinds(request.actor) if rows.is_uploaded_anywhere(kind)],
        "kept_days": KEPT.days,
    }
    return render(request, "imports/imports.html#list" if request.htmx else "imports/imports.html", context)


@require_form
@require_permission(ROLE_TABLE, ImportPermission.IMPORT)
def import_create(request: PortalRequest, kind_code: str) -> HttpResponse:
    """Show what a file of this kind must look like, and take one; its `target` is a public id in the URL."""
    kind = find_uploadable_kind(kind_code)
    target_id = _read_target_id(request)
    target = find_authorized_target(request.actor, kind, target_id)
    given = (request.POST, request.FILES) if request.method == "POST" else ()
    form = UploadForm(*given, help_text=rows.describe_limits(kind))
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        with show_errors_in_form(form):
            source = upload_import(actor=request.actor, kind=kind, target_id=target_id, file=file.file, size=file.size)
        if form.is_valid():
            return redirect("import", source.public_id)
    context = {"form": form, "kind": kind, "columns": kind.columns, **_describe_target(kind, target)}
    return render(request, "imports/new.html", context, status=400 if form.errors else 200)


def _read_target_id(request: PortalRequest) -> UUID | None:
    """Return the public id in the parameter `target`, or None without one. Raises NotFound if it is none."""
    try:
        return UUID(request.GET["target"]) if request.GET.get("target") else None
    except ValueError:
        raise NotFound("not_found", "") from None


def _describe_target(kind: ImportKind, target: Any) -> dict[str, str]:
    """Return the name and the page of what is imported into, for a template."""
    if target is None:
        return {"target": "", "target_url": ""}
    url = kind.get_target_url(target) if kind.get_target_url else ""
    return {"target": kind.describe_target(target), "target_url": url}


@require_POST
@require_permission(ROLE_TABLE, ImportPermission.IMPORT)
def bulk_action_start(request: PortalRequest, action_code: str) -> HttpResponse:
    """Begin the dry run of a bulk action on the rows that are selected in its list, or first ask what it needs.

    The form that asks sends the selection along, and `is_chosen`. What is wrong with the selection is said in the list.
    """
    action = find_bulk_action(action_code)
    authorize_bulk_action(request.actor, action)
    query = read_selection(action.source, request.POST)
    if query is None:
        return _go_back_to_list(request, action, _("Select at least one row."))
    form = _make_bulk_form(request, action)
    if form is None or form.is_valid():
        return _start_bulk_action(request, action, query, form.cleaned_data if form else {})
    context = {"form": form, "action": action, "selection": rows.list_selection_fields(request.POST)}
    return render(request, "imports/bulk_action.html", context, status=400 if form.errors else 200)


def _make_bulk_form(request: PortalRequest, action: BulkAction) -> forms.Form | None:
    """Return the form of a bulk action, with what was posted if it was sent; None for one that asks for nothing."""
    is_sent = "is_chosen" in request.POST
    return action.make_form(request.actor, request.POST if is_sent else None) if action.make_form else None


def _start_bulk_action(
    request: PortalRequest, action: BulkAction, query: Query, chosen: Mapping[str, Any]
) -> HttpResponse:
    try:
        source = start_bulk_action(actor=request.actor, action=action, query=query, chosen=chosen)
    except InvalidInput as error:
        return _go_back_to_list(request, action, error.message)
    return redirect("import", source.public_id)


def _go_back_to_list(request: PortalRequest, action: BulkAction, message: Message) -> HttpResponse:
    """Show the list again, as it was when the rows were selected, with what is wrong with the selection."""
    messages.error(request, str(message))
    return redirect(read_next_url(request, reverse(action.list_url_name)))


@require_safe
@require_permission(ROLE_TABLE, ImportPermission.IMPORT)
def import_template(request: PortalRequest, kind_code: str) -> HttpResponse:
    """Send a CSV file to begin with: its head, and a row of examples."""
    kind = find_uploadable_kind(kind_code)
    authorize(request.actor, *kind.rule)
    response = HttpResponse(kind.build_template(), content_type=CSV)
    return add_csv_download_headers(response, f"{kind.code}-template")


@require_safe
@require_permission(ROLE_TABLE, ImportPermission.IMPORT)
@vary_on_headers("HX-Request")
def import_page(request: PortalRequest, import_id: UUID) -> HttpResponse:
    """Show an import: its progress, which the page polls, and the results of its dry run or of the import."""
    source = get_import(request.actor, import_id)
    context = _describe_import(request.actor, source)
    return render(request, "imports/import.html#import" if request.htmx else "imports/import.html", context)


def _describe_import(actor: Actor, source: Import) -> dict[str, Any]:
    kind = KINDS.get(source.kind)
    choices = rows.build_mode_choices(source, kind) if kind else []
    return {
        "source": source,
        "label": rows.describe_kind(source),
        "words": rows.choose_run_words(source),
        "cancellation": rows.describe_cancellation(source),
        "state": rows.describe_state(source),
        "tone": rows.get_tone(source),
        "progress": rows.describe_progress(source),
        "done": rows.get_percent_done(source),
        "is_waiting": rows.is_import_unfinished(source),
        "is_checking": source.state in (Import.State.UPLOADED, Import.State.CHECKING),
        "can_cancel": source.state in rows.CANCELLABLE and not source.is_stop_asked,
        "outcomes": rows.build_outcome_counts(source) if rows.has_results(source) or source.applied else [],
        "columns": list(rows.list_shown_columns(source).values()),
        "is_file": not isinstance(kind, BulkAction),  # whose rows have numbers and whose columns have codes
        "is_danger": isinstance(kind, BulkAction) and kind.is_danger,
        "failed": rows.count_failed_rows(source),
        "confirmation": rows.describe_confirmation(source),
        "choices": choices,
        "remarks": source.remarks.get(source.mode, []) if source.state == Import.State.DONE else [],
        "until": get_results_deadline(source),
        **_find_target_for_page(actor, source, kind),
    }


def _find_target_for_page(actor: Actor, source: Import, kind: ImportKind | None) -> dict[str, Message]:
    """Return the name and the page of the target, where another file is uploaded, and the list where people go on.

    Without the right it is nothing.
    """
    nothing: dict[str, Message] = dict.fromkeys(("target", "target_url", "again_url", "list_url"), "")
    try:
        target = find_authorized_target(actor, kind, source.target_id) if kind else None
    except DomainError:
        return nothing
    if kind is None:
        return nothing
    links: dict[str, Message] = {"again_url": rows.build_upload_url(source, kind)}
    if kind.list_url_name:
        label = kind.source.label if isinstance(kind, BulkAction) else kind.list_label
        links |= {"list_url": reverse(kind.list_url_name), "list_label": label}
    return {**_describe_target(kind, target), **links}


@require_POST
@require_permission(ROLE_TABLE, ImportPermission.IMPORT)
def import_apply(request: PortalRequest, import_id: UUID) -> HttpResponse:
    """Confirm an import after its dry run, in the mode that was chosen, and go back to its page."""
    source = get_import(request.actor, import_id)
    confirm_import(actor=request.actor, source=source, mode=request.POST.get("mode", ""))
    return redirect("import", import_id)


@require_POST
@require_permission(ROLE_TABLE, ImportPermission.IMPORT)
def import_cancel(request: PortalRequest, import_id: UUID) -> HttpResponse:
    """Cancel an import, and go to the list of imports, or, if something of it was applied, back to its page."""
    source = cancel_import(actor=request.actor, source=get_import(request.actor, import_id))
    return redirect("import", import_id) if source.mode else redirect("imports")


@require_safe
@require_permission(ROLE_TABLE, ImportPermission.IMPORT)
def import_results(request: PortalRequest, import_id: UUID) -> HttpResponse:
    """Send the results of an import's latest run as a CSV file; with `only=failed` those of the rows that failed."""
    source = get_import(request.actor, import_id)
    return download_results(actor=request.actor, source=source, only_failed=request.GET.get("only") == "failed")
