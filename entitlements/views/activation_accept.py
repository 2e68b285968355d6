"""Pages of whoever holds an activation link. Opening one changes nothing: mail scanners open links too."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from connections import consent
from connections.rows import build_consent_scope_rows
from entitlements.actions.activation_accept import accept_activation, open_activation, record_activation_problem
from entitlements.forms.activation_accept import ActivateOrganizationForm
from entitlements.models import ActivationLink
from entitlements.queries.activation import Activation, get_activation, is_addressee
from entitlements.queries.trial_offers import list_skus_by_key
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.errors import Conflict, DomainError, InvalidInput, NotFound, StaleVersion, TooManyAttempts
from partnerportal.lib.pages import require_sign_in
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.scopes import Scope


@require_safe
def activation_page(request: PortalRequest, token: str) -> HttpResponse:
    """Show whoever has the link who invites which organisation, and to what (CV-11).

    It leads on by "Continue", then to sign in, and then to the form that activates the organisation. An unknown token,
    and one that has been used, get a 404 page.
    """
    try:
        activation = get_activation(request.actor, token)
    except NotFound:
        return _unknown(request)
    return _activation_page(request, activation)


def _unknown(request: PortalRequest) -> HttpResponse:
    return render(request, "entitlements/activation_unknown.html", status=404)


def _activation_page(
    request: PortalRequest,
    activation: Activation,
    form: ActivateOrganizationForm | None = None,
    ticked: Scope | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    """Return the page of a link, with the form as it was filled in and the error that sent it back."""
    state = choose_state(request, activation.link)
    if state == "accept" and form is None:
        form = ActivateOrganizationForm(activation.link, request.operators)
    context = {"state": state, "form": form, "error": error, **_describe_activation(activation)}
    context |= _describe_consent(activation, ticked)
    return render(request, "entitlements/activation.html", context, status=error.status if error else 200)


def _describe_activation(activation: Activation) -> dict[str, Any]:
    """Return who invites which organisation, and to what."""
    link = activation.link
    return {
        "activation": activation,
        "link": link,
        "sender_country": get_country_name(activation.sender_country),
        "country": get_country_name(link.country),
        "add_ons": [sku.name for sku in list_skus_by_key(link.add_on_ids)],
    }


def choose_state(request: PortalRequest, link: ActivationLink) -> str:
    """Return what the page asks of its reader: to go on, to sign in, to change the address, or to activate."""
    if link.opened_at is None:
        return "new"
    if request.actor.is_anonymous:
        return "signed_out"
    return "accept" if is_addressee(request.actor, link) else "other_address"


def _describe_consent(activation: Activation, ticked: Scope | None) -> dict[str, Any]:
    """Return what a customer agrees to share with the partner that the link names, as an invitation shows it."""
    if activation.invitation is None:
        return {}
    shared = consent.get_all_shareable_scopes() if ticked is None else ticked
    return {
        "invitation": activation.invitation,
        "scopes": build_consent_scope_rows(shared),
        "wording": consent.get_current_consent_wording(),
    }


@require_POST
def activation_open(request: PortalRequest, token: str) -> HttpResponse:
    """Record that "Continue" was pressed, and show the page again, which then leads to the next step."""
    try:
        open_activation(actor=request.actor, token=token)
    except NotFound:
        return _unknown(request)
    return redirect("activation", token)


@require_POST
@require_sign_in
def activation_accept(request: PortalRequest, token: str) -> HttpResponse:
    """Activate the organisation, and act for it from then on; or show the form again with what is wrong.

    What stands in the way and its sender can mend is recorded, so that the sender sees it in its list.
    """
    try:
        activation = get_activation(request.actor, token)
    except NotFound:
        return _unknown(request)
    if not is_addressee(request.actor, activation.link):
        return _activation_page(request, activation)
    form = ActivateOrganizationForm(activation.link, request.operators, request.POST)
    scopes = consent.parse_scope_codes(request.POST.getlist("scopes"))
    if not form.is_valid():
        return _activation_page(request, activation, form, scopes)
    return _accept(request, activation, form, scopes)


def _accept(
    request: PortalRequest, activation: Activation, form: ActivateOrganizationForm, scopes: Scope
) -> HttpResponse:
    options: dict[str, Any] = {"organization_id": form.organization_id, "scopes": scopes}
    if activation.invitation:
        options["wording"] = consent.parse_consent_wording(request.POST.get("wording", ""))
    if form.organization_id is None:
        options["details"] = form.details
    try:
        link = accept_activation(actor=request.actor, token=activation.token, **options)
    except NotFound:
        return _unknown(request)
    except (InvalidInput, Conflict, StaleVersion, TooManyAttempts) as error:
        record_activation_problem(actor=request.actor, token=activation.token, code=error.code)
        return _activation_page(request, activation, form, scopes, error)
    request.act_for(_get_account_id(link))
    messages.success(request, _("%(name)s is now active.") % {"name": request.actor.organization_name})
    return redirect("/")


def _get_account_id(link: ActivationLink) -> str:
    """Return the public id of the organisation that a link has activated."""
    return str(link.account.public_id) if link.account else ""
