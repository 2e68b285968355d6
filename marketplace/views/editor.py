"""The pages on which a publisher edits the draft of an offer: its listing and its plans.

A page shows a section of the draft, or of the live version while there is no draft. To save it makes a draft.
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from marketplace.actions.offers import save_draft
from marketplace.comparison import compare_versions
from marketplace.content import Problem, read_draft
from marketplace.forms.editor import SectionForm
from marketplace.forms.listing import ListingForm
from marketplace.forms.plans import MOVES, NEW_PLAN, PlansForm
from marketplace.models import Offer
from marketplace.offer_frame import render_offer_page
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.categories import list_category_names
from marketplace.queries.offers import get_newest_version, get_own_offer, make_tree
from marketplace.rows.checklist import make_checklist
from partnerportal.lib.errors import Conflict, InvalidInput, StaleVersion
from partnerportal.lib.pages import require_form, require_permission
from partnerportal.lib.policies import authorize
from partnerportal.lib.requests import PortalRequest

may_view = require_permission(ROLE_TABLE, OfferPermission.VIEW_OWN)


@dataclass(frozen=True)
class Edit:
    """An edit of a section: the offer, the stored tree and its revision, and the form with what the person typed."""

    offer: Offer
    tree: dict[str, Any]
    revision: int
    form: SectionForm
    is_unsaved: bool = False
    overtaken_by: dict[str, Any] | None = None  # the tree that a colleague has saved meanwhile

    @property
    def stored(self) -> str:
        """The digest of the section as it is stored."""
        return self.form.make_digest(self.tree)


@require_form
@may_view
def offer_listing(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the form of an offer's listing; on POST save it in the draft."""
    return _edit_section(request, offer_id, ListingForm)


@require_form
@may_view
def offer_plans(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the form of an offer's plans; on POST add or remove a plan in the form, or save all in the draft."""
    return _edit_section(request, offer_id, PlansForm)


def _edit_section(request: PortalRequest, offer_id: UUID, section: type[SectionForm]) -> HttpResponse:
    offer = get_own_offer(request.actor, offer_id)
    newest = get_newest_version(offer)
    tree = make_tree(newest)
    if request.method != "POST":
        return _render(request, Edit(offer, tree, newest.revision, section(offer, tree)))
    authorize(request.actor, ROLE_TABLE, OfferPermission.EDIT)
    typed = section.parse(request.POST)
    is_only_shown = _change_plans(typed, request.POST) or "preview" in request.POST
    edit = Edit(offer, tree, newest.revision, section(offer, typed), is_unsaved=True)
    if isinstance(edit.form, ListingForm):
        edit.form.shows_preview = "preview" in request.POST
    if isinstance(edit.form, PlansForm):
        edit.form.moved = next(((name, request.POST[name]) for name in MOVES if name in request.POST), None)
    return _render(request, edit) if is_only_shown else _save(request, edit)


def _save(request: PortalRequest, edit: Edit) -> HttpResponse:
    """Save an edit, or show it again with what is wrong, or beside what a colleague has saved meanwhile."""
    content, channel, problems = read_draft(edit.form.merge_into(edit.tree))
    if problems:
        edit.form.add_problems(problems)
        return _render(request, edit)
    if request.POST.get("seen", "") != edit.stored:
        return _render(request, replace(edit, overtaken_by=edit.tree), status=409)
    if not compare_versions(edit.tree, {**content, "channel": channel}, {}):
        messages.info(request, _("You made no changes, so nothing was saved."))
        return redirect(edit.form.url_name, offer_id=edit.offer.public_id)
    try:
        save_draft(
            actor=request.actor,
            offer=edit.offer,
            content=content,
            channel=channel,
            revision=edit.revision,
            renamed=edit.form.renamed,
        )
    except StaleVersion:  # a colleague was faster by a moment
        newest = get_newest_version(edit.offer)
        tree = make_tree(newest)
        return _render(request, replace(edit, tree=tree, revision=newest.revision, overtaken_by=tree), status=409)
    except Conflict as error:
        edit.form.add_error(None, str(error.message))
        return _render(request, edit)
    except InvalidInput as error:
        edit.form.add_problems([Problem(error.field or "", error.code, error.message)])
        return _render(request, edit)
    messages.success(request, _("Draft saved."))
    return redirect(edit.form.url_name, offer_id=edit.offer.public_id)


def _change_plans(tree: dict[str, Any], data: QueryDict) -> bool:
    """Add, remove or move a plan as the pressed button says, and return whether one of them was pressed."""
    plans = tree.get("plans", [])
    if "add_plan" in data:
        plans.append(dict(NEW_PLAN))
        return True
    pressed = next((name for name in ("remove_plan", *MOVES) if name in data), "")
    place = data.get(pressed, "")
    if place.isascii() and place.isdigit() and (at := int(place[:5])) < len(plans):
        plan = plans.pop(at)
        if pressed in MOVES:
            plans.insert(max(0, at + MOVES[pressed]), plan)
    return bool(pressed)


def _render(request: PortalRequest, edit: Edit, *, status: int = 200) -> HttpResponse:
    theirs = edit.overtaken_by
    categories = dict(list_category_names())
    context = {
        "form": edit.form,
        "seen": edit.stored if theirs or request.method != "POST" else request.POST.get("seen", ""),
        "is_unsaved": edit.is_unsaved,
        "checklist": make_checklist(edit.offer, edit.tree),
        "differences": compare_versions(edit.form.tree, edit.form.pick_parts(theirs), categories) if theirs else None,
    }
    return render_offer_page(
        request, edit.offer, tab=edit.form.tab, template=edit.form.template, context=context, status=status
    )
