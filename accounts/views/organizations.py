"""The vendor's pages of organisations: one of any kind with its tabs, what is done with it, and a new one."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.actions.first_admins import invite_first_admin
from accounts.actions.organizations import grant_membership, register_organization
from accounts.facts import digest_standing, list_first_admin_invitations
from accounts.forms.organization_register import RegisterOrganizationForm
from accounts.forms.organizations import StandingForm
from accounts.guards import require_vendor_staff
from accounts.lists.memberships import MembershipList
from accounts.lists.organizations import OrganizationList, PublisherList
from accounts.models import Organization, OrganizationKind
from accounts.organization_actions import (
    ORGANIZATION_ACTIONS,
    OrganizationAction,
)
from accounts.organization_frame import (
    build_organization_list_link,
    collect_organization_overview_parts,
    render_organization_page,
)
from accounts.organization_menu import format_organization_success_message
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.organizations import count_operators_of, get_managed_organization, list_memberships_of
from accounts.rows.organizations import describe_standing, make_membership_rows, make_operator_count_rows
from partnerportal.lib.days import today
from partnerportal.lib.errors import Conflict, InvalidInput, NotFound
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, read_next_url, render_list_page, require_form
from partnerportal.lib.requests import PortalRequest

REGISTER_TITLES = {  # of the dialog, by the kinds of organisations that are registered on pages
    OrganizationKind.DISTRIBUTOR: gettext_lazy("Register a distributor"),
    OrganizationKind.PARTNER: gettext_lazy("Register a partner"),
    OrganizationKind.CUSTOMER: gettext_lazy("Register a customer"),
    OrganizationKind.PUBLISHER: gettext_lazy("Register a publisher"),
}


@require_safe
@require_vendor_staff()
def organization_page(request: PortalRequest, organization_id: UUID) -> HttpResponse:
    """Show the vendor's staff who an organisation is, its badges and their history, and what the apps above add."""
    organization = get_managed_organization(request.actor, organization_id)
    context = {
        "memberships": make_membership_rows(list_memberships_of(request.actor, organization)),
        "operators": make_operator_count_rows(organization, count_operators_of(organization)),
        "parts": collect_organization_overview_parts(request.actor, organization),
    }
    template = "accounts/organization_overview.html"
    return render_organization_page(request, organization, tab="overview", template=template, context=context)


@require_safe
@require_vendor_staff()
def organization_operators(request: PortalRequest, organization_id: UUID) -> HttpResponse:
    """Show the vendor's staff how many people act for an organisation, by role. It names nobody."""
    organization = get_managed_organization(request.actor, organization_id)
    context = {
        "operators": make_operator_count_rows(organization, count_operators_of(organization)),
        "invited": list_first_admin_invitations(organization).first(),
    }
    template = "accounts/organization_operators.html"
    return render_organization_page(request, organization, tab="operators", template=template, context=context)


@require_safe
@require_vendor_staff()
def organization_memberships(request: PortalRequest, organization_id: UUID) -> HttpResponse:
    """Show the vendor's staff every programme membership that an organisation has or had."""
    organization = get_managed_organization(request.actor, organization_id)
    context = {
        "memberships": make_membership_rows(list_memberships_of(request.actor, organization)),
        "may_manage": ROLE_TABLE[AccountPermission.MANAGE_MEMBERSHIPS].check_actor(request.actor),
    }
    template = "accounts/organization_memberships.html"
    return render_organization_page(request, organization, tab="memberships", template=template, context=context)


@require_form
@vary_on_headers("HX-Request")
def organization_action(request: PortalRequest, organization_id: UUID, name: str) -> HttpResponse:
    """Show the dialog of an action on an organisation; on POST do it. `name` is its key in ORGANIZATION_ACTIONS."""
    action = ORGANIZATION_ACTIONS[name]
    return require_vendor_staff(action.permission)(_ask_and_run)(request, action, organization_id)


def _ask_and_run(request: PortalRequest, action: OrganizationAction, organization_id: UUID) -> HttpResponse:
    organization = get_managed_organization(request.actor, organization_id)
    action.ensure_possible(organization)
    back = read_next_url(request, reverse("organization", args=[organization.public_id]))
    form = action.make_form(request.actor, organization, get_posted_data(request), request.GET.get("program", ""))
    preview = action.preview(organization, form) if form.is_valid() else None
    if form.is_valid() and not (preview and request.POST.get("previewed") != preview.choice):
        if _run(request, action, organization, form):
            messages.success(request, format_organization_success_message(action, organization))
            return redirect(back)
        organization = get_managed_organization(request.actor, organization_id)
    context = {"form": form, "action": action, "question": action.question(organization), "preview": preview}
    seen = digest_standing(organization, action.aspect)
    is_stale = request.method == "POST" and request.POST.get("seen", "") != seen
    context |= {"organization": organization, "back": back, "seen": seen}
    context["stored"] = describe_standing(organization, action.aspect) if is_stale else []
    return render(request, "accounts/organization_action.html", context)


def _run(request: PortalRequest, action: OrganizationAction, organization: Organization, form: StandingForm) -> bool:
    """Do the action with what the form holds. If it cannot be done, put the errors into the form and return False."""
    values = {"organization": organization, "seen": request.POST.get("seen", ""), **form.cleaned_data}
    try:
        with show_errors_in_form(form):
            action.run(actor=request.actor, **values)
            return True
    except ValidationError as error:  # of the model: a number that another organisation has
        for field, problems in error.message_dict.items():
            form.add_error(field if field in form.fields else None, problems)
    return False


@require_form
@require_vendor_staff(AccountPermission.REGISTER_ORGANIZATIONS)
@vary_on_headers("HX-Request")
def organization_register(request: PortalRequest, kind: str) -> HttpResponse:
    """Show the form of a new organisation of this kind; on POST register it, with its memberships from today."""
    wanted = next((each for each in REGISTER_TITLES if each == kind), None)
    if wanted is None:
        raise NotFound("not_found", "")
    form = RegisterOrganizationForm(get_posted_data(request), actor=request.actor, kind=wanted)
    if form.is_valid() and (organization := _register(request, form, wanted)):
        messages.success(request, _("%(name)s was registered.") % {"name": organization.name})
        return redirect("organization", organization.public_id)
    list_label, list_url = build_organization_list_link(wanted)
    context = {"form": form, "title": REGISTER_TITLES[wanted], "back": read_next_url(request, list_url)}
    context |= {"list_label": list_label, "list_url": list_url}
    return render(request, "accounts/organization_register.html", context)


def _register(request: PortalRequest, form: RegisterOrganizationForm, kind: OrganizationKind) -> Organization | None:
    """Register an organisation and its memberships. If it cannot be done, put the errors into the form; return None."""
    values = {name: form.cleaned_data[name] for name in ("name", "country")} | form.details
    try:
        with show_errors_in_form(form):
            row = register_organization(
                actor=request.actor, kind=kind, parent=form.cleaned_data.get("parent"), **values
            )
            for program in form.cleaned_data.get("programs", ()):
                grant_membership(actor=request.actor, organization=row, program=program, starts_on=today())
            _invite_admin(request, form, row)
            return row
    except ValidationError as error:
        for field, problems in error.message_dict.items():
            form.add_error(field if field in form.fields else None, problems)
    return None


def _invite_admin(request: PortalRequest, form: RegisterOrganizationForm, organization: Organization) -> None:
    """Invite the first Admin of a new organisation, if the form names one and it was not sent before."""
    email = form.cleaned_data["admin_email"]
    if email and not list_first_admin_invitations(organization).exists():
        try:
            invite_first_admin(
                actor=request.actor, organization=organization, email=email, language=get_language() or "en"
            )
        except (InvalidInput, Conflict) as error:
            raise InvalidInput(error.code, error.message, field="admin_email") from None


@require_safe
@require_vendor_staff()
def publisher_list(request: PortalRequest) -> HttpResponse:
    """Show the vendor's staff all publishers."""
    return _render_list(request, PublisherList(request.actor, request.GET))


def _render_list(request: PortalRequest, organizations: OrganizationList) -> HttpResponse:
    return render_list_page(
        request,
        organizations,
        page_template="accounts/organizations.html",
        list_template="accounts/organizations.html#list",
        context={"may_register": ROLE_TABLE[AccountPermission.REGISTER_ORGANIZATIONS].check_actor(request.actor)},
    )


@require_safe
@require_vendor_staff()
def membership_list(request: PortalRequest) -> HttpResponse:
    """Show the vendor's staff who is or was a member of which programme, and until when."""
    return render_list_page(
        request,
        MembershipList(request.actor, request.GET),
        page_template="accounts/memberships.html",
        list_template="accounts/memberships.html#list",
        context={},
    )
