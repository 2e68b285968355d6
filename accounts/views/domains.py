"""Pages of an organisation's domains."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.actions.domains import add_domain, remove_domain, request_domain_check
from accounts.forms.own_account import DomainForm
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.own_account import get_own_domain, list_own_domains
from accounts.rows.domains import build_domain_rows
from accounts.work_addresses import list_accepted_domains
from partnerportal.lib import formats
from partnerportal.lib.domain_names import format_domain_name
from partnerportal.lib.errors import TooManyAttempts
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, require_form, require_permission
from partnerportal.lib.requests import PortalRequest


@require_safe
@require_permission(ROLE_TABLE, AccountPermission.VIEW_DOMAINS)
@vary_on_headers("HX-Request")
def domain_list(request: PortalRequest) -> HttpResponse:
    """Show the organisation's domains, each with its TXT record and what the last check found.

    While a check is waited for, the page polls for changes of its list.
    """
    rows = build_domain_rows(list_own_domains(request.actor))
    accepted = list_accepted_domains(request.operator.organization)
    context = {
        "rows": rows,
        "is_waiting": any(row.is_waiting for row in rows),
        "accepted": formats.join_alternatives(map(format_domain_name, accepted)),
        "may_manage": ROLE_TABLE[AccountPermission.MANAGE_DOMAINS].check_actor(request.actor),
    }
    return render(request, "accounts/domains.html#list" if request.htmx else "accounts/domains.html", context)


@require_form
@require_permission(ROLE_TABLE, AccountPermission.MANAGE_DOMAINS)
@vary_on_headers("HX-Request")
def domain_create(request: PortalRequest) -> HttpResponse:
    """Show a dialog that asks for a domain's name; on POST add the domain, with a new TXT record."""
    form = DomainForm(get_posted_data(request))
    if form.is_valid():
        with show_errors_in_form(form):
            organization = request.operator.organization
            domain = add_domain(actor=request.actor, organization=organization, **form.cleaned_data)
            name = format_domain_name(domain.name)
            messages.success(request, _("%(domain)s added. Now create its TXT record.") % {"domain": name})
            return redirect("domains")
    return render(request, "accounts/domain_new.html", {"form": form})


@require_POST
@require_permission(ROLE_TABLE, AccountPermission.MANAGE_DOMAINS)
def domain_check(request: PortalRequest, domain_id: UUID) -> HttpResponse:
    """Have a worker look for a domain's TXT record now, and go back to the list, which shows how it goes.

    It says so when the check was asked for too soon or too often, and when it can be asked for again.
    """
    domain = get_own_domain(request.actor, domain_id)
    try:
        request_domain_check(actor=request.actor, domain=domain)
    except TooManyAttempts as error:
        messages.warning(request, str(error.message))
    return redirect("domains")


@require_form
@require_permission(ROLE_TABLE, AccountPermission.MANAGE_DOMAINS)
@vary_on_headers("HX-Request")
def domain_remove(request: PortalRequest, domain_id: UUID) -> HttpResponse:
    """Ask for confirmation on GET; on POST take a domain from the list."""
    domain = get_own_domain(request.actor, domain_id)
    name = format_domain_name(domain.name)
    if request.method == "POST":
        remove_domain(actor=request.actor, domain=domain)
        messages.success(request, _("%(domain)s removed.") % {"domain": name})
        return redirect("domains")
    counted = domain.state != domain.State.OPEN or domain.confirmed_at is not None
    return render(request, "accounts/domain_remove.html", {"domain": domain, "name": name, "counted": counted})
