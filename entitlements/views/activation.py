"""Pages of those who send activation links: the lists of pending customers and partners, and what is done to a link."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.queries.own_account import sees_customers
from entitlements.actions.activation import (
    PERMISSIONS,
    authorize_to_send,
    change_activation_link,
    copy_activation_link,
    resend_activation_link,
    revoke_activation_link,
    send_activation_link,
)
from entitlements.actions.activation_confirmation import confirm_activated_partner, decline_activated_partner
from entitlements.activation_imports import RESENDING
from entitlements.forms.activation import ActivationForm, ConfirmPartnerForm, DeclinePartnerForm, RevokeActivationForm
from entitlements.lists.activations import DEFINITIONS, ActivationList
from entitlements.models import ActivationLink
from entitlements.notices.activation import get_pending_url_name
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.activation import get_activation_link
from entitlements.rows.activations import build_activation_row, build_activation_steps
from partnerportal.lib.errors import Conflict, NotFound, TooManyAttempts
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.imports.bulk import list_bulk_buttons
from partnerportal.lib.pages import (
    get_posted_data,
    read_next_url,
    render_list_page,
    require_form,
    require_permission,
    require_sign_in,
)
from partnerportal.lib.policies import authorize
from partnerportal.lib.requests import PortalRequest

Kind = ActivationLink.Kind
KINDS = {"customers": Kind.CUSTOMER, "partners": Kind.PARTNER}  # as URLs name them


@require_safe
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_PENDING_CUSTOMERS)
def pending_customers(request: PortalRequest) -> HttpResponse:
    """Show the customers who were sent an activation link, and how far each has come (CV-10)."""
    return _pending_page(request, Kind.CUSTOMER)


@require_safe
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_PENDING_PARTNERS)
def pending_partners(request: PortalRequest) -> HttpResponse:
    """Show the partners who were sent an activation link, and those that wait for the vendor (CV-11)."""
    return _pending_page(request, Kind.PARTNER)


def _pending_page(request: PortalRequest, kind: Kind) -> HttpResponse:
    context = {
        "kind": kind,
        "may_send": ROLE_TABLE[PERMISSIONS[kind]].check_actor(request.actor),
        "may_confirm": ROLE_TABLE[EntitlementPermission.CONFIRM_PARTNERS].check_actor(request.actor),
        "organization": request.operator.organization,
        "sees_customers": sees_customers(request.actor),
        "bulk_buttons": list_bulk_buttons(request.actor, (RESENDING[kind],)),
    }
    return render_list_page(
        request,
        ActivationList(request.actor, kind, request.GET),
        page_template="entitlements/pending.html",
        list_template="entitlements/pending.html#list",
        context=context,
    )


@require_form
@require_sign_in
@vary_on_headers("HX-Request")
def activation_send(request: PortalRequest, kind: str) -> HttpResponse:
    """Show the form that sends an activation link to a new customer or partner; on POST send it (CV-10, CV-11).

    The form is a dialog, and a page of its own without JavaScript.
    """
    if kind not in KINDS:
        raise NotFound("not_found", "")
    guard = require_permission(ROLE_TABLE, PERMISSIONS[KINDS[kind]])
    return guard(_send)(request, KINDS[kind])


def _send(request: PortalRequest, kind: Kind) -> HttpResponse:
    form = ActivationForm(request.actor, kind, get_posted_data(request))
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            link = send_activation_link(actor=request.actor, kind=kind, **form.values)
            text = _("%(name)s was sent an activation link at %(email)s.")
            messages.success(request, text % {"name": link.name, "email": link.email})
            return redirect(get_pending_url_name(kind))
    return render(request, "entitlements/activation_send.html", {"form": form, "kind": kind, **_describe_page(kind)})


def _describe_page(kind: str) -> dict[str, Any]:
    """Return the label and the URL name of the list that a link's dialogs lead back to."""
    return {"list_label": DEFINITIONS[Kind(kind)].label, "list_url_name": get_pending_url_name(kind)}


@require_safe
@require_sign_in
@vary_on_headers("HX-Request")
def activation_link(request: PortalRequest, link_id: UUID) -> HttpResponse:
    """Show one activation link: its steps with their times, what is wrong, whose turn it is, and whom to ask."""
    link = get_activation_link(request.actor, link_id)
    authorize(request.actor, *DEFINITIONS[Kind(link.kind)].rule)
    context = {
        "link": link,
        "row": build_activation_row(request.actor, link),
        "steps": build_activation_steps(link),
        "may_send": ROLE_TABLE[PERMISSIONS[Kind(link.kind)]].check_actor(request.actor),
        "may_confirm": ROLE_TABLE[EntitlementPermission.CONFIRM_PARTNERS].check_actor(request.actor),
        "organization": request.operator.organization,
    }
    return render(request, "entitlements/activation_link.html", context | _describe_page(link.kind))


@require_form
@require_sign_in
@vary_on_headers("HX-Request")
def activation_change(request: PortalRequest, link_id: UUID) -> HttpResponse:
    """Show the form that corrects an activation link, such as its address; on POST store it and send the link again."""
    link = get_activation_link(request.actor, link_id)
    authorize_to_send(request.actor, link.kind)
    form = ActivationForm(request.actor, link.kind, get_posted_data(request), link=link)
    back = read_next_url(request, _pending_url(link))
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            link = change_activation_link(actor=request.actor, activationlink=link, **form.values)
            text = _("The activation link was sent again to %(email)s.")
            messages.success(request, text % {"email": link.email})
            return redirect(back)
    context = {"form": form, "kind": link.kind, "link": link, "back": back, **_describe_page(link.kind)}
    return render(request, "entitlements/activation_send.html", context)


@require_form
@require_sign_in
@vary_on_headers("HX-Request")
def activation_resend(request: PortalRequest, link_id: UUID) -> HttpResponse:
    """Ask on GET whether to mail an activation link again; on POST do it."""
    link = get_activation_link(request.actor, link_id)
    authorize_to_send(request.actor, link.kind)
    back, refused = read_next_url(request, _pending_url(link)), None
    if request.method == "POST":
        try:
            resend_activation_link(actor=request.actor, activationlink=link)
        except (Conflict, TooManyAttempts) as error:
            refused = error
        else:
            text = _("The activation link was sent again to %(email)s.")
            messages.success(request, text % {"email": link.email})
            return redirect(back)
    context = {"link": link, "back": back, "refused": refused, **_describe_page(link.kind)}
    return render(request, "entitlements/activation_resend.html", context, status=refused.status if refused else 200)


def _pending_url(link: ActivationLink) -> str:
    return reverse(get_pending_url_name(link.kind))


@require_form
@require_sign_in
@vary_on_headers("HX-Request")
def activation_revoke(request: PortalRequest, link_id: UUID) -> HttpResponse:
    """Ask on GET whether to withdraw an activation link, and why; on POST withdraw it."""
    link = get_activation_link(request.actor, link_id)
    authorize_to_send(request.actor, link.kind)
    back = read_next_url(request, _pending_url(link))
    form = RevokeActivationForm(get_posted_data(request))
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            revoke_activation_link(actor=request.actor, activationlink=link, **form.cleaned_data)
            messages.success(request, _("The activation link for %(name)s was withdrawn.") % {"name": link.name})
            return redirect(back)
    context = {"form": form, "link": link, "back": back, **_describe_page(link.kind)}
    return render(request, "entitlements/activation_revoke.html", context)


@require_form
@require_sign_in
@vary_on_headers("HX-Request")
def activation_copy(request: PortalRequest, link_id: UUID) -> HttpResponse:
    """Say on GET what a copied link is; on POST make one more URL of an activation link, and show it once."""
    link = get_activation_link(request.actor, link_id)
    authorize_to_send(request.actor, link.kind)
    back, url, refused = read_next_url(request, _pending_url(link)), "", None
    if request.method == "POST":
        try:
            url = copy_activation_link(actor=request.actor, activationlink=link)
        except Conflict as error:
            refused = error
    context = {"link": link, "url": url, "refused": refused, "back": back, **_describe_page(link.kind)}
    response = render(request, "entitlements/activation_copy.html", context, status=409 if refused else 200)
    response["Cache-Control"] = "no-store"
    return response


@require_form
@require_permission(ROLE_TABLE, EntitlementPermission.CONFIRM_PARTNERS)
@vary_on_headers("HX-Request")
def partner_confirm(request: PortalRequest, link_id: UUID) -> HttpResponse:
    """Ask vendor staff on GET whether to confirm a new partner; on POST its programme membership begins."""
    link = get_activation_link(request.actor, link_id)
    back = read_next_url(request, _pending_url(link))
    form = ConfirmPartnerForm(get_posted_data(request), link=link)
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            confirm_activated_partner(actor=request.actor, activationlink=link, **form.cleaned_data)
            messages.success(request, _("The membership of %(name)s has begun.") % {"name": link.name})
            return redirect(back)
    context = {"form": form, "link": link, "back": back, **_describe_page(link.kind)}
    return render(request, "entitlements/partner_confirm.html", context)


@require_form
@require_permission(ROLE_TABLE, EntitlementPermission.CONFIRM_PARTNERS)
@vary_on_headers("HX-Request")
def partner_decline(request: PortalRequest, link_id: UUID) -> HttpResponse:
    """Ask vendor staff on GET why they decline a new partner; on POST it no longer waits, and reads the reason."""
    link = get_activation_link(request.actor, link_id)
    back = read_next_url(request, _pending_url(link))
    form = DeclinePartnerForm(get_posted_data(request))
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            decline_activated_partner(actor=request.actor, activationlink=link, **form.cleaned_data)
            messages.success(request, _("%(name)s was declined.") % {"name": link.name})
            return redirect(back)
    context = {"form": form, "link": link, "back": back, **_describe_page(link.kind)}
    return render(request, "entitlements/partner_decline.html", context)
