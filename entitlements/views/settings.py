"""Saved views of the customer list, and what it looks like."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from entitlements import actions, queries
from entitlements.columns import NAME
from entitlements.forms import DisplayForm, ViewForm
from entitlements.models import SavedView
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from partnerportal.lib.form_errors import into_form
from partnerportal.lib.pages import allowed, load_page, next_url
from partnerportal.lib.requests import PortalRequest

require_form = require_http_methods(["GET", "HEAD", "POST"])
may_save = allowed(ROLE_TABLE, EntitlementPermission.SAVE_VIEWS)


def _address(view: SavedView) -> str:
    query = QueryDict(mutable=True)
    query.update({**view.query, "view": str(view.public_id)})
    return f"{reverse('customers')}?{query.urlencode()}"


def _query(request: PortalRequest) -> dict[str, str]:
    """Of the list that the form came from."""
    return QueryDict(request.POST.get("query", "")).dict()


def _may_share(request: PortalRequest) -> bool:
    return bool(ROLE_TABLE[EntitlementPermission.SHARE_VIEWS].check(request.actor))


@require_form
@may_save
@vary_on_headers("HX-Request")
def view_new(request: PortalRequest) -> HttpResponse:
    """Keep the filters and the sort that the list has now."""
    may_share = _may_share(request)
    form = ViewForm(request.POST or None, may_share=may_share)
    query = request.POST.get("query", request.GET.urlencode())
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            view = actions.save_view(actor=request.actor, query=_query(request), **form.action_arguments)
            if form.cleaned_data["is_default"]:
                actions.set_default_view(actor=request.actor, view=view)
            messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
            return redirect(_address(view))
    context = {"form": form, "title": _("Save the view"), "query": query, "may_share": may_share}
    return render(request, "entitlements/view_form.html", context | {"back": f"{reverse('customers')}?{query}"})


@require_form
@may_save
@vary_on_headers("HX-Request")
def view_change(request: PortalRequest, view_id: UUID) -> HttpResponse:
    """Rename or share; for a colleague's there is nothing to change."""
    view = queries.saved_view(request.actor, view_id)
    may_share = _may_share(request)
    form = ViewForm.of(view, request.POST if request.method == "POST" else None, may_share=may_share)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            view = actions.change_view(actor=request.actor, view=view, **form.action_arguments)
            messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
            return redirect(_address(view))
    context = {"form": form, "title": _("Rename or share the view"), "view": view, "may_share": may_share}
    return render(request, "entitlements/view_form.html", context | {"back": _address(view)})


@require_POST
@may_save
def view_query(request: PortalRequest, view_id: UUID) -> HttpResponse:
    """What was modified becomes the view."""
    view = queries.saved_view(request.actor, view_id)
    view = actions.save_into_view(actor=request.actor, view=view, query=_query(request))
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
    return redirect(_address(view))


@require_POST
@may_save
def view_default(request: PortalRequest, view_id: UUID) -> HttpResponse:
    """The list opens with it from now on, or no longer."""
    view = queries.saved_view(request.actor, view_id)
    wanted = request.POST.get("default") == "yes"
    actions.set_default_view(actor=request.actor, view=view if wanted else None)
    text = _("The list opens with “%(name)s” now.") if wanted else _("The list opens with all customers now.")
    messages.success(request, text % {"name": view.name} if wanted else text)
    return redirect(_address(view))


@require_form
@may_save
@vary_on_headers("HX-Request")
def view_delete(request: PortalRequest, view_id: UUID) -> HttpResponse:
    view = queries.saved_view(request.actor, view_id)
    if request.method == "POST":
        actions.delete_view(actor=request.actor, view=view)
        messages.success(request, _("The view “%(name)s” is deleted.") % {"name": view.name})
        return redirect("customers")
    return render(request, "entitlements/view_delete.html", {"view": view, "back": _address(view)})


@require_form
@may_save
@vary_on_headers("HX-Request")
def display(request: PortalRequest) -> HttpResponse:
    """Which columns, in which order, how dense. Moving a column only draws the form anew."""
    form = DisplayForm(queries.list_preferences(request.actor), request.POST if request.method == "POST" else None)
    back = next_url(request, reverse("customers"))
    if request.method == "POST" and not form.moved:
        actions.set_display(actor=request.actor, columns=form.columns, density=form.density)
        if request.htmx:
            return load_page(back)
        return redirect(back)
    context = {"form": form, "name_label": NAME.label, "back": back}
    return render(request, "entitlements/display.html", context)
