"""The pages of an offer's files: its pictures and documents, and the address of each."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from marketplace.actions.files import add_offer_file, remove_offer_file
from marketplace.forms.files import DocumentForm, PictureForm
from marketplace.models import Offer, OfferFile
from marketplace.offer_frame import render_offer_page
from marketplace.offer_pages import make_version_files
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.files import get_offer_file, get_own_offer_file
from marketplace.queries.offers import get_newest_version, get_own_offer
from partnerportal.lib.attached_files import serve_attached_file
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import require_form, require_permission, require_sign_in
from partnerportal.lib.policies import authorize
from partnerportal.lib.requests import PortalRequest

may_view = require_permission(ROLE_TABLE, OfferPermission.VIEW_OWN)
may_edit = require_permission(ROLE_TABLE, OfferPermission.EDIT)
FORMS: dict[str, type[Form]] = {"logo": PictureForm, "screenshot": PictureForm, "document": DocumentForm}


@require_form
@may_view
def offer_files(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the pictures and documents of an offer's newest version; on POST add one to the draft.

    The form's field `add` says which of FORMS was sent.
    """
    offer = get_own_offer(request.actor, offer_id)
    forms = {name: form(prefix=name) for name, form in FORMS.items()}
    if request.method == "POST":
        authorize(request.actor, ROLE_TABLE, OfferPermission.EDIT)
        name = request.POST.get("add", "")
        if name in FORMS:
            forms[name] = FORMS[name](request.POST, request.FILES, prefix=name)
            if _add(request, offer, name, forms[name]):
                return redirect("offer_files", offer_id=offer.public_id)
    files = make_version_files(request.actor, get_newest_version(offer))
    context: dict[str, Any] = {"forms": forms, "files": files}
    return render_offer_page(request, offer, tab="files", template="marketplace/offer_files.html", context=context)


def _add(request: PortalRequest, offer: Offer, name: str, form: Form) -> bool:
    """Add the file of a form that was sent, and return whether it was added; if not, the form says why."""
    if not form.is_valid():
        return False
    kind = form.cleaned_data["kind"] if name == "document" else name
    with show_errors_in_form(form):
        file = add_offer_file(actor=request.actor, offer=offer, kind=kind, upload=form.cleaned_data["file"])
        messages.success(request, _("%(name)s was added to the draft.") % {"name": file.name})
    return not form.errors


@require_POST
@may_edit
def offer_file_remove(request: PortalRequest, offer_id: UUID, file_id: UUID) -> HttpResponse:
    """Take a file off the draft of an offer."""
    offer = get_own_offer(request.actor, offer_id)
    file = get_own_offer_file(request.actor, offer, file_id)
    remove_offer_file(actor=request.actor, offer=offer, file=file)
    messages.success(request, _("%(name)s was removed from the draft.") % {"name": file.name})
    return redirect("offer_files", offer_id=offer.public_id)


@require_safe
@require_sign_in
def offer_file(request: PortalRequest, file_id: UUID) -> HttpResponse:
    """Send a file of an offer to whoever may see it: pictures to show them, documents to save them (CA-30)."""
    file = get_offer_file(request.actor, file_id)
    return serve_attached_file(file, inline=file.kind in OfferFile.PICTURES)  # type: ignore[return-value]
