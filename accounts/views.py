"""Pages of organisations, operators and preferences."""

from collections.abc import Callable
from uuid import UUID

from allauth.account import views as account_views
from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts import actions, queries, rows
from accounts.forms import OrganizationForm, PreferencesForm, RolesForm
from accounts.policies import ROLE_TABLE, AccountPermission
from partnerportal.lib.form_errors import into_form
from partnerportal.lib.pages import allowed, next_url, signed_in
from partnerportal.lib.requests import PortalRequest


class MailsWithForm:
    """A form of allauth's whose mail goes out within the request: when it cannot, the form says so, and neither the
    database nor the session keeps anything of it."""

    request: PortalRequest
    form_invalid: Callable[[BaseForm], HttpResponse]

    def form_valid(self, form: BaseForm) -> HttpResponse:
        before = dict(self.request.session.items())
        with into_form(form):
            return super().form_valid(form)  # type: ignore[misc]
        self.request.session.clear()
        self.request.session.update(before)
        return self.form_invalid(form)


class SignupView(MailsWithForm, account_views.SignupView):
    pass


class LoginView(MailsWithForm, account_views.LoginView):
    """Mails a code to who has not verified the address."""


class PasswordResetView(MailsWithForm, account_views.PasswordResetView):
    pass


require_form = require_http_methods(["GET", "HEAD", "POST"])


@require_form
@signed_in
def organization_new(request: PortalRequest) -> HttpResponse:
    """Somebody who signed up creates a customer organisation and acts for it (E2)."""
    form = OrganizationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            organization = actions.found_organization(person=request.user, **form.cleaned_data)  # type: ignore[arg-type]
            request.act_for(organization.public_id)
            messages.success(request, _("%(name)s is set up. You are its Admin.") % {"name": organization.name})
            return redirect(next_url(request))
    return render(request, "accounts/organization_new.html", {"form": form, "next": next_url(request)})


@require_POST
@signed_in
def organization_switch(request: PortalRequest) -> HttpResponse:
    """Act for another of the person's organisations. To the start: the page one was on may not exist there."""
    request.act_for(request.POST.get("organization", ""))
    messages.success(request, _("You now act for %(name)s.") % {"name": request.actor.organization_name})
    return redirect("/")


@require_form
@allowed(ROLE_TABLE, AccountPermission.EDIT_ACCOUNT)
def account_edit(request: PortalRequest) -> HttpResponse:
    organization = request.operator.organization
    form = OrganizationForm(request.POST or None, instance=organization)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            actions.update_contact(actor=request.actor, organization=organization, **form.cleaned_data)
            messages.success(request, _("The contact data is saved."))
            return redirect("account_details")
    return render(request, "accounts/account_edit.html", {"form": form})


@require_safe
@allowed(ROLE_TABLE, AccountPermission.VIEW_OPERATORS)
def operators(request: PortalRequest) -> HttpResponse:
    """Who may act for the organisation, and in which roles (CV-14)."""
    actor = request.actor
    context = {"rows": rows.operator_rows(actor, queries.operators(actor))}
    return render(request, "accounts/operators.html", context)


@require_form
@allowed(ROLE_TABLE, AccountPermission.MANAGE_OPERATORS)
@vary_on_headers("HX-Request")
def operator_roles(request: PortalRequest, operator_id: UUID) -> HttpResponse:
    """Give an operator other roles (CV-17)."""
    operator = queries.operator(request.actor, operator_id)
    form = RolesForm(request.POST) if request.method == "POST" else RolesForm.of(operator)
    if form.is_valid():
        with into_form(form):
            actions.change_roles(actor=request.actor, operator=operator, roles=form.cleaned_data["roles"])
            messages.success(request, _("The roles of %(name)s are changed.") % {"name": operator.person})
            return redirect("operators")
    return render(request, "accounts/operator_roles.html", {"operator": operator, "form": form})


@require_form
@allowed(ROLE_TABLE, AccountPermission.MANAGE_OPERATORS)
@vary_on_headers("HX-Request")
def operator_remove(request: PortalRequest, operator_id: UUID) -> HttpResponse:
    """Ask, then take away a person's access."""
    operator = queries.operator(request.actor, operator_id)
    is_me = operator.person_id == request.actor.person_id
    if request.method == "POST":
        actions.remove_operator(actor=request.actor, operator=operator)
        names = {"name": operator.person, "organization": request.actor.organization_name}
        messages.success(request, _("%(name)s no longer acts for %(organization)s.") % names)
        return redirect("/" if is_me else "operators")
    return render(request, "accounts/operator_remove.html", {"operator": operator, "is_me": is_me})


@require_form
@signed_in
def preferences(request: PortalRequest) -> HttpResponse:
    """Name, language, time zone and appearance, from the next page on."""
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        actions.update_preferences(person=request.user, **form.cleaned_data)  # type: ignore[arg-type]
        with translation.override(form.cleaned_data["language"]):
            messages.success(request, _("Your preferences are saved."))
        return redirect("preferences")
    return render(request, "accounts/preferences.html", {"form": form})
