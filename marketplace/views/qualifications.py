"""The vendor's pages of competencies and skills. `kind` of their routes says which of the two."""

from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.actions.qualifications import add_qualification, rename_qualification, retire_qualification
from accounts.models import Competency, Skill
from accounts.policies import ROLE_TABLE as ACCOUNT_ROLES
from accounts.policies import AccountPermission
from accounts.queries.programs import get_catalogue_qualification, list_catalogue_qualifications
from marketplace.catalogue_frame import (
    EntryDialog,
    ask_first,
    edit_entry,
    make_retirement_question,
    render_catalogue_page,
)
from marketplace.forms.catalogue_settings import QualificationForm
from marketplace.policies import ROLE_TABLE, OfferPermission
from partnerportal.lib.pages import get_posted_data, require_form, require_permission
from partnerportal.lib.requests import PortalRequest

MODELS: dict[str, type[Competency | Skill]] = {"competencies": Competency, "skills": Skill}
may_view = require_permission(ROLE_TABLE, OfferPermission.VIEW_CATALOGUE)
may_edit = require_permission(ACCOUNT_ROLES, AccountPermission.EDIT_QUALIFICATIONS)


@require_safe
@may_view
def qualification_list(request: PortalRequest, kind: str) -> HttpResponse:
    """Show the competencies or the skills, with how many partners have each."""
    context = {"rows": list_catalogue_qualifications(request.actor, MODELS[kind]), "kind": kind}
    return render_catalogue_page(request, _tab(kind), "marketplace/catalogue_qualifications.html", context)


@require_form
@may_edit
@vary_on_headers("HX-Request")
def qualification_new(request: PortalRequest, kind: str) -> HttpResponse:
    """Ask for the code and the name of a new competency or skill; on POST add it."""
    form = QualificationForm(get_posted_data(request))
    words = _make_dialog(kind, is_new=True)

    def save() -> Competency | Skill:
        return add_qualification(actor=request.actor, model=MODELS[kind], **form.cleaned_data)

    return edit_entry(request, form, save, words)


@require_form
@may_edit
@vary_on_headers("HX-Request")
def qualification_rename(request: PortalRequest, kind: str, entry_id: UUID) -> HttpResponse:
    """Show the form with the name of a competency or skill; on POST store it."""
    row = get_catalogue_qualification(request.actor, MODELS[kind], entry_id)
    form = QualificationForm(get_posted_data(request), entry=row)

    def save() -> Competency | Skill:
        name = form.cleaned_data["name"]
        return rename_qualification(actor=request.actor, qualification=row, name=name, revision=form.revision)

    return edit_entry(request, form, save, _make_dialog(kind, is_new=False))


@require_form
@may_edit
@vary_on_headers("HX-Request")
def qualification_retire(request: PortalRequest, kind: str, entry_id: UUID) -> HttpResponse:
    """Ask before a competency or skill is retired, or a retired one is offered again; on POST do so."""
    row = get_catalogue_qualification(request.actor, MODELS[kind], entry_id)
    words = make_retirement_question(row, row.name, row.holders, _tab(kind))

    def act(revision: int) -> Competency | Skill:
        is_retired = not row.is_retired
        return retire_qualification(actor=request.actor, qualification=row, is_retired=is_retired, revision=revision)

    return ask_first(request, act, words, row)


def _tab(kind: str) -> str:
    return f"catalogue_{kind}"


def _make_dialog(kind: str, *, is_new: bool) -> EntryDialog:
    """Return the words of the dialog that adds or renames a competency or skill."""
    is_skill = MODELS[kind] is Skill
    add, rename = _("Add a competency"), _("Rename the competency")
    if is_skill:
        add, rename = _("Add a skill"), _("Rename the skill")
    return EntryDialog(
        title=add if is_new else rename,
        button=_(
            "Add",
        )
        if is_new
        else _("Save name"),
        done=_("“%(name)s” was added.") if is_new else _("“%(name)s” saved."),
        back=reverse(_tab(kind)),
        tab=_("Skills") if is_skill else _("Competencies"),
        hint=_("Names are the same in every language."),
    )
