"""Pages of organisations and preferences."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.actions.organizations import create_own_organization, update_organization_contact_data
from accounts.actions.people import (
    hide_first_steps,
    show_first_steps,
    update_appearance,
    update_person_preferences,
)
from accounts.forms.own_account import OrganizationForm
from accounts.forms.people import PersonPreferencesForm
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.joining import list_join_offers
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.known_pages import page_url
from partnerportal.lib.pages import read_next_url, require_form, require_permission, require_sign_in
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.sign_up_purposes import STEPS, describe_sign_up_purpose


@require_form
@require_sign_in
def organization_create(request: PortalRequest) -> HttpResponse:
    """Show the form for a new customer organisation; on POST create it and let the person act for it (E-2)."""
    form = OrganizationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            organization = create_own_organization(person=request.user, **form.cleaned_data)  # type: ignore[arg-type]
            request.act_for(organization.public_id)
            messages.success(request, _("%(name)s has been set up. You are its Admin.") % {"name": organization.name})
            return redirect(read_next_url(request))
    back = read_next_url(request)
    context = {
        "form": form,
        "next": back,
        "offers": list_join_offers(request.user),  # type: ignore[arg-type]
        "purpose": describe_sign_up_purpose(request.actor, back, step=0 if request.operators else STEPS),
    }
    return render(request, "accounts/organization_new.html", context)


@require_POST
@require_sign_in
def organization_switch(request: PortalRequest) -> HttpResponse:
    """Act for another of the person's organisations and go to the start page; 404 if it is not one of theirs.

    The page the person was on may not exist for the other organisation.
    """
    request.act_for(request.POST.get("organization", ""))
    if not (request.suspended or request.unprotected):  # the next page says so of itself
        messages.success(request, _("Switched to %(name)s.") % {"name": request.actor.organization_name})
    return redirect("/")


@require_form
@require_permission(ROLE_TABLE, AccountPermission.EDIT_ACCOUNT)
def account_edit(request: PortalRequest) -> HttpResponse:
    """Show the form with the organisation's contact data; on POST store the data (CC-2)."""
    organization = request.operator.organization
    form = OrganizationForm(request.POST or None, instance=organization)
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            update_organization_contact_data(actor=request.actor, organization=organization, **form.cleaned_data)
            messages.success(request, _("Contact details saved."))
            return redirect(page_url("account"))
    return render(request, "accounts/account_edit.html", {"form": form})


@require_POST
@require_sign_in
def set_preference(request: PortalRequest) -> HttpResponse:
    """Store the theme or the language that was chosen, and return to the page where that was."""
    chosen = {name: request.POST.get(name, "") for name in ("theme", "language")}
    update_appearance(person=request.user, **chosen)  # type: ignore[arg-type]
    return redirect(read_next_url(request))


@require_POST
@require_sign_in
def dismiss_first_steps(request: PortalRequest) -> HttpResponse:
    """Hide the checklist of first steps from the person, in the organisation they act for. It can be undone."""
    if request.operator:
        hide_first_steps(person=request.user, organization_id=request.operator.organization_id)  # type: ignore[arg-type]
        undo = f"undo={reverse('first_steps_restore')}"
        messages.success(request, _("The first steps have been hidden."), extra_tags=undo)
    return redirect("/")


@require_POST
@require_sign_in
def restore_first_steps(request: PortalRequest) -> HttpResponse:
    """Show the person the checklist of first steps again, if any of them is open."""
    if request.operator:
        show_first_steps(person=request.user, organization_id=request.operator.organization_id)  # type: ignore[arg-type]
    return redirect("/")


@require_form
@require_sign_in
def edit_preferences(request: PortalRequest) -> HttpResponse:
    """Show the person's name, language, time zone and appearance; on POST store them for all further pages."""
    form = PersonPreferencesForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        update_person_preferences(person=request.user, **form.cleaned_data)  # type: ignore[arg-type]
        with translation.override(form.cleaned_data["language"]):
            messages.success(request, _("Preferences saved."))
        return redirect("preferences")
    return render(request, "accounts/preferences.html", {"form": form})
