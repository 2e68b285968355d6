"""The vendor's pages of the tree of categories."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from marketplace.actions.categories import (
    add_category,
    change_category,
    move_category,
    remove_category,
    retire_category,
)
from marketplace.catalogue_frame import (
    EntryDialog,
    EntryQuestion,
    ask_first,
    edit_entry,
    make_retirement_question,
    render_catalogue_page,
)
from marketplace.forms.catalogue_settings import CategoryForm
from marketplace.models import Category
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.catalogue_settings import count_offers_by_category, get_category
from marketplace.queries.categories import CategoryTree
from marketplace.rows.catalogue_settings import make_category_rows
from partnerportal.lib.errors import Conflict
from partnerportal.lib.pages import get_posted_data, require_form, require_permission
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.revisions import read_posted_revision

TAB = "catalogue_categories"
may_view = require_permission(ROLE_TABLE, OfferPermission.VIEW_CATALOGUE)
may_edit = require_permission(ROLE_TABLE, OfferPermission.EDIT_CATALOGUE)


@require_safe
@may_view
def category_list(request: PortalRequest) -> HttpResponse:
    """Show the tree of categories, with how many published offers have each."""
    rows = make_category_rows(CategoryTree(), count_offers_by_category(request.actor))
    return render_catalogue_page(request, TAB, "marketplace/catalogue_categories.html", {"rows": rows})


@require_form
@may_edit
@vary_on_headers("HX-Request")
def category_new(request: PortalRequest) -> HttpResponse:
    """Ask for the code, the names and the place of a new category; on POST add it."""
    form = CategoryForm(get_posted_data(request), tree=CategoryTree())
    words = EntryDialog(
        title=_("Add a category"),
        button=_("Add category"),
        done=_("The category “%(name)s” was added."),
        back=reverse(TAB),
        tab=_("Categories"),
    )

    def save() -> Category:
        code = form.cleaned_data["code"]
        return add_category(actor=request.actor, code=code, names=form.names, parent=form.parent_category)

    return edit_entry(request, form, save, words)


@require_form
@may_edit
@vary_on_headers("HX-Request")
def category_edit(request: PortalRequest, category_id: UUID) -> HttpResponse:
    """Show the form with the names and the place of a category; on POST store them."""
    row = get_category(category_id)
    form = CategoryForm(get_posted_data(request), tree=CategoryTree(), entry=row)
    words = EntryDialog(
        title=_("Edit the category"),
        button=_("Save category"),
        done=_("“%(name)s” saved."),
        back=reverse(TAB),
        tab=_("Categories"),
        hint=_("Offers will show the new names and parent category immediately."),
    )

    def save() -> Category:
        parent, revision = form.parent_category, form.revision
        return change_category(actor=request.actor, category=row, names=form.names, parent=parent, revision=revision)

    return edit_entry(request, form, save, words)


@require_POST
@may_edit
def category_move(request: PortalRequest, category_id: UUID) -> HttpResponse:
    """Move a category one place up or down among its siblings, as the field `move` says."""
    row = get_category(category_id)
    is_up = request.POST.get("move") == "up"
    try:
        revision = read_posted_revision(request.POST)
        move_category(actor=request.actor, category=row, is_up=is_up, revision=revision)
    except Conflict:
        messages.error(
            request, _("A colleague has changed this category in the meantime, so it was not moved. Try again.")
        )
    return redirect(TAB)


@require_form
@may_edit
@vary_on_headers("HX-Request")
def category_retire(request: PortalRequest, category_id: UUID) -> HttpResponse:
    """Ask before a category is retired, or a retired one is offered again; on POST do so."""
    row = get_category(category_id)
    offers = count_offers_by_category(request.actor).get(row.code, 0)
    words = make_retirement_question(row, row.local_name, offers, TAB)

    def act(revision: int) -> Category:
        return retire_category(actor=request.actor, category=row, is_retired=not row.is_retired, revision=revision)

    return ask_first(request, act, words, row)


@require_form
@may_edit
@vary_on_headers("HX-Request")
def category_remove(request: PortalRequest, category_id: UUID) -> HttpResponse:
    """Ask before a category is removed; on POST remove it, if nothing uses it."""
    row = get_category(category_id)
    words = EntryQuestion(
        title=_("Remove the category “%(name)s”?") % {"name": row.local_name},
        text=_(
            "The category will be removed permanently. This is possible only if it has no subcategories and no offer "
            "has ever used it, not even in a draft."
        ),
        button=_("Remove category"),
        done=_("The category “%(name)s” was removed.") % {"name": row.local_name},
        back=reverse(TAB),
        tab=_("Categories"),
        is_danger=True,
    )

    def act(revision: int) -> None:
        remove_category(actor=request.actor, category=row, revision=revision)

    return ask_first(request, act, words, row)
