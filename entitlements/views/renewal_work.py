"""The dialog in which people note what they do about the end of a customer's entitlement."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from connections.policies import ROLE_TABLE as CONNECTIONS
from connections.policies import ConnectionPermission
from entitlements.actions.renewal_work import change_renewal_work, undo_renewal_work
from entitlements.forms.renewal_work import RenewalWorkForm
from entitlements.models import Entitlement, RenewalWork
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.renewal_work import find_renewal_work, get_upcoming_renewal
from entitlements.rows.renewal_work import list_renewal_history
from partnerportal.lib import formats
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, read_next_url, require_form, require_permission
from partnerportal.lib.policies import authorize
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.revisions import read_revision


@require_form
@require_permission(CONNECTIONS, ConnectionPermission.VIEW_CUSTOMERS)
@vary_on_headers("HX-Request")
def renewal_work(request: PortalRequest, entitlement_id: UUID) -> HttpResponse:
    """Show the state, owner, note and history of an end of a customer's entitlement; on POST store the first three.

    Whoever may only read sees them without a form. The answer is 404 for what does not end within 90 days, and for what
    the actor does not see.
    """
    actor = request.actor
    may_change = ROLE_TABLE[EntitlementPermission.WORK_ON_RENEWALS].check_actor(actor)
    if request.method == "POST":
        authorize(actor, ROLE_TABLE, EntitlementPermission.WORK_ON_RENEWALS)
    entitlement = get_upcoming_renewal(actor, entitlement_id)
    work = find_renewal_work(actor, entitlement)
    form = RenewalWorkForm(actor, work, get_posted_data(request)) if may_change else None
    back = read_next_url(request, reverse("renewals"))
    if form and request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            stored = change_renewal_work(actor=actor, entitlement=entitlement, **form.values)
            _confirm(request, entitlement, work, stored, back)
            return redirect(back)
    context = {
        "form": form,
        "may_change": may_change,
        "entitlement": entitlement,
        "work": work,
        "history": list_renewal_history(actor, entitlement),
        "last_day": formats.format_date(entitlement.ends_on) if entitlement.ends_on else "",
        "back": back,
    }
    return render(request, "entitlements/renewal_work.html", context)


def _confirm(
    request: PortalRequest, entitlement: Entitlement, before: RenewalWork, after: RenewalWork, back: str
) -> None:
    """Say what was stored. Undo, which leads back too, is offered where only state and note changed: nobody is told."""
    if after.revision == before.revision:
        return
    names = {"service": entitlement.sku.name, "customer": entitlement.customer.name}
    undo = ""
    if after.owner_id == before.owner_id:
        query = urlencode({"revision": after.revision, "next": back})
        undo = f"undo={reverse('renewal_work_undo', args=[entitlement.public_id])}?{query}"
    text = _("Saved. The renewal of %(service)s at %(customer)s is marked “%(state)s”.")
    messages.success(request, text % (names | {"state": after.get_state_display()}), extra_tags=undo)


@require_POST
@require_permission(ROLE_TABLE, EntitlementPermission.WORK_ON_RENEWALS)
def renewal_work_undo(request: PortalRequest, entitlement_id: UUID) -> HttpResponse:
    """Set state and note of an end back, and return to the list. The URL names the revision that is undone."""
    entitlement = get_upcoming_renewal(request.actor, entitlement_id)
    revision = read_revision(request.GET.get("revision", ""))
    work = undo_renewal_work(actor=request.actor, entitlement=entitlement, revision=revision)
    names = {"service": entitlement.sku.name, "customer": entitlement.customer.name}
    text = _("Undone. The renewal of %(service)s at %(customer)s is marked “%(state)s” again.")
    messages.success(request, text % (names | {"state": work.get_state_display()}))
    return redirect(read_next_url(request, reverse("renewals")))
