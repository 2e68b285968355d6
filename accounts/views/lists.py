"""Pages of the saved views of a list, and of its columns and density."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.actions import lists as actions
from accounts.forms.lists import ListDisplayForm, SavedViewForm
from accounts.models import SavedView
from accounts.policies import ROLE_TABLE, AccountPermission, may_share_saved_views
from accounts.queries.lists import get_list_preferences, get_saved_view
from partnerportal.lib.errors import NotFound
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.list_filters import ListFilterForm
from partnerportal.lib.lists import ListDefinition, build_list_url, build_query_string, find_list_definition
from partnerportal.lib.pages import (
    get_posted_data,
    read_next_url,
    redirect_whole_page,
    require_form,
    require_permission,
)
from partnerportal.lib.policies import authorize
from partnerportal.lib.requests import PortalRequest

may_save = require_permission(ROLE_TABLE, AccountPermission.SAVE_VIEWS)


def _visible_list(request: PortalRequest, key: str) -> ListDefinition:
    """Return the list with this key, with the columns that the actor has.

    Raises NotFound for an unknown key, ActionRefused if the actor may not see it.
    """
    definition = find_list_definition(key)
    authorize(request.actor, *definition.rule)
    return definition.for_actor(request.actor)


def _visible_view(request: PortalRequest, view_id: UUID) -> tuple[SavedView, ListDefinition]:
    view = get_saved_view(request.actor, view_id)
    return view, _visible_list(request, view.list_key)


def _saved_view_url(definition: ListDefinition, view: SavedView) -> str:
    return build_list_url(reverse(definition.url_name), {**view.query, "view": view.public_id})


def _posted_query(request: PortalRequest) -> dict[str, str]:
    """Return the query of the list that the form came from."""
    return QueryDict(request.POST.get("query", "")).dict()


@require_form
@may_save
@vary_on_headers("HX-Request")
def saved_view_create(request: PortalRequest, list_key: str) -> HttpResponse:
    """Ask for the name of a new view; on POST save the list's present filters and order under that name."""
    definition = _visible_list(request, list_key)
    may_share = may_share_saved_views(request.actor)
    form = SavedViewForm(request.POST or None, may_share=may_share)
    query = request.POST.get("query", request.GET.urlencode())
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            view = actions.create_saved_view(
                actor=request.actor, list_definition=definition, query=_posted_query(request), **form.entered_values
            )
            if form.cleaned_data["is_default"]:
                actions.set_default_saved_view(actor=request.actor, list_definition=definition, view=view)
            messages.success(request, _("View “%(name)s” saved.") % {"name": view.name})
            return redirect(_saved_view_url(definition, view))
    back = f"{reverse(definition.url_name)}?{query}"
    context = {"form": form, "title": _("Save the view"), "query": query, "may_share": may_share, "back": back}
    return render(request, "accounts/view_form.html", context | {"definition": definition})


@require_form
@may_save
@vary_on_headers("HX-Request")
def saved_view_edit(request: PortalRequest, view_id: UUID) -> HttpResponse:
    """Show the form that renames or shares a saved view; on POST store the change.

    The answer to a POST is 404 for the shared view of a colleague.
    """
    view, definition = _visible_view(request, view_id)
    may_share = may_share_saved_views(request.actor)
    form = SavedViewForm.for_existing_view(view, get_posted_data(request), may_share=may_share)
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            view = actions.change_saved_view(actor=request.actor, view=view, **form.entered_values)
            messages.success(request, _("View “%(name)s” saved.") % {"name": view.name})
            return redirect(_saved_view_url(definition, view))
    context = {"form": form, "title": _("Rename or share the view"), "view": view, "may_share": may_share}
    context |= {"back": _saved_view_url(definition, view), "definition": definition}
    return render(request, "accounts/view_form.html", context)


@require_POST
@may_save
def saved_view_replace_query(request: PortalRequest, view_id: UUID) -> HttpResponse:
    """Replace the filters and the order of a saved view by the present ones of its list."""
    view, definition = _visible_view(request, view_id)
    view = actions.replace_saved_view_query(actor=request.actor, view=view, query=_posted_query(request))
    messages.success(request, _("View “%(name)s” saved.") % {"name": view.name})
    return redirect(_saved_view_url(definition, view))


@require_POST
@may_save
def saved_view_set_default(request: PortalRequest, view_id: UUID) -> HttpResponse:
    """Make a saved view the person's default view of its list, or with `default=no` remove the default view."""
    view, definition = _visible_view(request, view_id)
    wanted = request.POST.get("default") == "yes"
    actions.set_default_saved_view(actor=request.actor, list_definition=definition, view=view if wanted else None)
    if wanted:
        messages.success(request, _("“%(name)s” is now your default view.") % {"name": view.name})
    else:
        messages.success(request, _("You no longer have a default view for this list."))
    return redirect(_saved_view_url(definition, view))


@require_form
@may_save
@vary_on_headers("HX-Request")
def saved_view_delete(request: PortalRequest, view_id: UUID) -> HttpResponse:
    """Ask for confirmation on GET; on POST delete a saved view."""
    view, definition = _visible_view(request, view_id)
    if request.method == "POST":
        actions.delete_saved_view(actor=request.actor, view=view)
        messages.success(request, _("View “%(name)s” deleted.") % {"name": view.name})
        return redirect(definition.url_name)
    context = {"view": view, "back": _saved_view_url(definition, view), "definition": definition}
    return render(request, "accounts/view_delete.html", context)


@require_form
@may_save
@vary_on_headers("HX-Request")
def edit_list_filters(request: PortalRequest, list_key: str) -> HttpResponse:
    """Show the filters of a list that take several values or a range; on POST lead to the list that they narrow.

    The other filters of the query, such as the search, stay. The answer is 404 for a list without such filters.
    """
    definition = _visible_list(request, list_key)
    if not (definition.ranges or definition.several):
        raise NotFound("not_found", "")
    query = _posted_query(request) if request.method == "POST" else request.GET.dict()
    form = ListFilterForm(request.actor, definition.ranges, definition.several, query, get_posted_data(request))
    path = reverse(definition.url_name)
    if request.method == "POST" and form.is_valid():
        kept = {name: value for name, value in query.items() if name not in form.fields and name != "cursor"}
        url = build_list_url(path, {**kept, **form.query} or {"view": "all"})  # without a query a default view opens
        return redirect_whole_page(request, url)
    context = {"form": form, "query": build_query_string(query), "back": build_list_url(path, query)}
    return render(request, "accounts/list_filters.html", context | {"definition": definition})


@require_form
@may_save
@vary_on_headers("HX-Request")
def edit_list_display(request: PortalRequest, list_key: str) -> HttpResponse:
    """Show the form with a list's columns and density; on POST store the choice.

    Moving a column only renders the form again.
    """
    definition = _visible_list(request, list_key)
    data = get_posted_data(request)
    form = ListDisplayForm(definition, get_list_preferences(request.actor, list_key), data)
    back = read_next_url(request, reverse(definition.url_name))
    if data is not None and not form.moved:
        actions.set_list_display(
            actor=request.actor, list_definition=definition, columns=form.chosen_columns, density=form.density
        )
        return redirect_whole_page(request, back)
    context = {"form": form, "definition": definition, "back": back}
    return render(request, "accounts/list_display.html", context)
