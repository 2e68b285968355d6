"""Pages of invitations and connections."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.guards import require_vendor_staff
from accounts.models import Organization
from accounts.organization_frame import render_organization_page
from accounts.policies import ROLE_TABLE as ACCOUNTS
from accounts.policies import AccountPermission
from accounts.queries.organizations import get_managed_organization
from accounts.queries.own_account import sees_customers
from accounts.queries.programs import annotate_qualifications, build_program_badges
from connections import actions, consent, queries, rows
from connections.customer_activity import list_customer_activity
from connections.customers import collect_customer_overview_sections, get_customer_with_tab_counts, render_customer_page
from connections.guards import require_customer_viewing_permission
from connections.lists.activity import ActivityList
from connections.models import Connection
from connections.policies import ROLE_TABLE, ConnectionPermission
from connections.sharing import list_shared_data_counts
from connections.timeline import build_activity_rows, build_log_rows
from notifications.models import EventSeal
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.errors import Conflict, DomainError, InvalidInput, NotFound, StaleVersion, TooManyAttempts
from partnerportal.lib.keyset import KeysetPage, fetch_keyset_page, fetch_keyset_page_or_first
from partnerportal.lib.known_pages import page_url
from partnerportal.lib.pages import read_next_url, render_list_page, require_form, require_permission, require_sign_in
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.scopes import Scope
from partnerportal.lib.visible_rows import get_by_public_id

PAGE_SIZE = 25
EVENTS_A_PAGE = 50
EVENTS_ON_FIRST_PAGE = 5


@require_safe
@require_permission(ACCOUNTS, AccountPermission.VIEW_ACCOUNT)
def account_details_page(request: PortalRequest) -> HttpResponse:
    """Show the account page: ORGID, badges, contact data, active and ended connections (CC-2, CC-3, CC-12, CC-19).

    The two lists of connections are paged separately. Customers that stand in a list of their own are a number here.
    """
    actor = request.actor
    own = Organization.objects.visible_to(actor).filter(pk=request.operator.organization_id)
    organization = annotate_qualifications(own).get()
    context = {
        "organization": organization,
        "distributor": queries.find_distributor_of_partner(actor, organization.pk),
        "country": get_country_name(organization.country),
        "badges": build_program_badges(request.operator.active_programs),
        "may_edit": ACCOUNTS[AccountPermission.EDIT_ACCOUNT].check_actor(actor),
        **_describe_connections(request),
    }
    return render(request, "connections/account_details.html", context)


@require_safe
@require_permission(ROLE_TABLE, ConnectionPermission.VIEW_PARTNERS)
def connected_partners_page(request: PortalRequest) -> HttpResponse:
    """Show a customer its partners: what is shared with each and since when, and those of ended connections (CV-1)."""
    return render(request, "connections/connected_partners.html", _describe_connections(request))


def _describe_connections(request: PortalRequest) -> dict[str, Any]:
    """Return the template context of the two lists of connections, of which the request's URL has the cursors."""
    actor = request.actor
    connections = queries.list_active_connections(actor)
    customers = 0
    if sees_customers(actor):  # each stands in the list of customers
        customers = queries.count_connected_customers(actor)
        connections = connections.filter(customer=actor.organization_id)
    live = _page(request, "connections", connections, "connected_at")
    active_connection_rows = rows.build_active_connection_rows(actor, live)
    history = _page(request, "history", queries.list_ended_connections(actor), "ended_at")
    return {
        "customer_count": customers,
        "live": live,
        "active_connection_rows": active_connection_rows,
        "newly_offered": next((row for row in active_connection_rows if row.new), None),
        "history": history,
        "ended_connection_rows": rows.build_ended_connection_rows(actor, history),
        "may_end": ROLE_TABLE[ConnectionPermission.END].check_actor(actor),
        "may_invite": ROLE_TABLE[ConnectionPermission.SEE_INVITATION_LINK].check_actor(actor),
        "can_be_invited": actor.organization_kind in ROLE_TABLE[ConnectionPermission.ACCEPT].kinds,
    }


def _page(request: PortalRequest, name: str, connections: Any, sort: str) -> KeysetPage[Any]:
    own = request.actor.organization_id
    options = {"sort": sort, "size": PAGE_SIZE, "any_of": (Q(partner=own), Q(customer=own))}
    return fetch_keyset_page_or_first(connections, descending=True, cursor=request.GET.get(name, ""), **options)


@require_safe
@require_permission(ROLE_TABLE, ConnectionPermission.SEE_INVITATION_LINK)
@vary_on_headers("HX-Request")
def invitation_link_dialog(request: PortalRequest) -> HttpResponse:
    """Show a dialog with the partner's invitation link and how many customers have accepted it (CC-39, CC-40)."""
    actor = request.actor
    context = {
        "link": settings.PORTAL_ORIGIN + queries.get_invitation_link(actor).page_path,
        "accepted": queries.count_accepting_customers(actor),
    }
    return render(request, "connections/invite.html", context)


@require_safe
def invitation_page(request: PortalRequest, token: str) -> HttpResponse:
    """Show anybody who has the link which partner invites them and what it will see (CC-41).

    Opening the page changes nothing. An unknown token gets a 404 page.
    """
    try:
        return _invitation_page(request, token, consent.get_all_shareable_scopes())
    except NotFound:
        return _unknown_invitation(request)


def _unknown_invitation(request: PortalRequest) -> HttpResponse:
    return render(request, "connections/invitation_unknown.html", status=404)


def _invitation_page(
    request: PortalRequest, token: str, ticked: Scope, error: DomainError | None = None
) -> HttpResponse:
    """Return the page of an invitation with these scopes ticked, and with the error that sent the form back."""
    actor = request.actor
    invitation = queries.get_invitation(actor, token)
    offer = rows.build_invitation_page_content(actor, request.operators, invitation)
    context = {
        "invitation": invitation,
        "consent": offer,
        "country": get_country_name(invitation.country),
        "scopes": rows.build_consent_scope_rows(invitation.shared if offer.state == "connected" else ticked),
        "wording": consent.get_current_consent_wording(),
        "error": error,
        "code": error.code if error else "",
    }
    return render(request, "connections/invitation.html", context, status=error.status if error else 200)


@require_POST
@require_sign_in
def invitation_accept(request: PortalRequest, token: str) -> HttpResponse:
    """Accept an invitation as the organisation chosen in the form, and act for this organisation from then on.

    People who were connected already are sent to the page that says what is shared. If the person does not belong to
    the organisation, or the token is unknown, the answer is 404. Other errors show the form again, as it was filled in.
    """
    if "organization" in request.POST:
        request.act_for(request.POST["organization"])
    scopes = consent.parse_scope_codes(request.POST.getlist("scopes"))
    wording = consent.parse_consent_wording(request.POST.get("wording", ""))
    options: dict[str, Any] = {"token": token, "scopes": scopes, "wording": wording}
    try:
        connection, is_new = actions.accept_invitation(actor=request.actor, **options)
    except NotFound:
        return _unknown_invitation(request)
    except (InvalidInput, Conflict, StaleVersion, TooManyAttempts) as error:
        return _invitation_page(request, token, scopes, error)
    names = {"partner": connection.partner_name, "customer": connection.customer_name}
    if is_new:
        messages.success(request, _("%(partner)s is now connected to %(customer)s.") % names)
        return redirect("account_details")
    text = _("%(partner)s was already connected to %(customer)s. Nothing has changed. This is what is shared.")
    messages.info(request, text % names)
    return redirect("connection_sharing", connection.public_id)


@require_safe
def invitation_decline(request: PortalRequest, token: str) -> HttpResponse:
    """Show that an invitation was declined. Nothing is stored, and the link goes on working."""
    try:
        invitation = queries.get_invitation(request.actor, token)
    except NotFound:
        return _unknown_invitation(request)
    return render(request, "connections/invitation_declined.html", {"invitation": invitation})


@require_form
@require_permission(ROLE_TABLE, ConnectionPermission.END)
@vary_on_headers("HX-Request")
def connection_end(request: PortalRequest, connection_id: UUID) -> HttpResponse:
    """Ask on GET whether to end a connection, and end it on POST, for either side (CC-18…CC-20).

    The question lists what the partner sees now. The answer is 409 if the connection has ended already.
    """
    actor = request.actor
    connection = queries.get_connection(actor, connection_id)
    if connection.state == Connection.State.ENDED:
        raise Conflict("state_changed", _("This connection has already ended. Nothing was changed."))
    is_partner = connection.partner_id == actor.organization_id
    other = connection.customer_name if is_partner else connection.partner_name
    to_customers = is_partner and sees_customers(actor)
    back = page_url("customers") if to_customers else _read_back_url(request)
    if request.method == "POST":
        actions.end_connection(actor=actor, connection=connection)
        messages.success(request, _("The connection with %(name)s has ended.") % {"name": other})
        return redirect(back)
    things = list_shared_data_counts(actor, connection.customer_id)
    context = {"connection": connection, "is_partner": is_partner, "other": other, "things": things}
    context |= {"back": back, "to_customers": to_customers, "to_partners": back == reverse("connected_partners")}
    return render(request, "connections/connection_end.html", context)


@require_form
@require_permission(ROLE_TABLE, ConnectionPermission.VIEW)
@vary_on_headers("HX-Request")
def connection_sharing_page(request: PortalRequest, connection_id: UUID) -> HttpResponse:
    """Show either side what a connection shares; on POST store the customer's new choice.

    A customer also sees all its consents, and may apply the choice to all its partners (E-14). If somebody else has
    changed it meanwhile, the form comes back with 412, as it was filled in.
    """
    actor = request.actor
    connection = queries.get_connection(actor, connection_id)
    if request.method != "POST":
        return _sharing_page(request, connection, connection.shared_scopes)
    scopes = consent.parse_scope_codes(request.POST.getlist("scopes"))
    wording = consent.parse_consent_wording(request.POST.get("wording", ""))
    options: dict[str, Any] = {"actor": actor, "scopes": scopes, "wording": wording}
    try:
        actions.change_connection_sharing(connection=connection, version=request.POST.get("version"), **options)
    except StaleVersion as error:
        return _sharing_page(request, connection, scopes, error)
    if "all" in request.POST:
        count = actions.share_scopes_with_all_partners(**options)
        messages.success(request, rows.format_sharing_saved_message(count))
    else:
        messages.success(request, _("Sharing settings saved for %(partner)s.") % {"partner": connection.partner_name})
    back = reverse("connection_sharing", args=[connection_id])
    return redirect(back if "stay" in request.POST else _read_back_url(request))


def _read_back_url(request: PortalRequest) -> str:
    """Return the page of the connections that a dialog was opened from, else the account page."""
    return read_next_url(request, reverse("account_details"))


def _sharing_page(
    request: PortalRequest, connection: Connection, ticked: Scope, error: DomainError | None = None
) -> HttpResponse:
    """Return the page “What is shared” with these scopes ticked, and with the error that sent the form back."""
    actor = request.actor
    given = list(queries.list_consents(actor, connection)[: queries.CONSENTS_SHOWN])
    new = consent.find_newly_shareable_scopes(given[0].offered) if given else Scope.NONE
    is_partner = connection.partner_id == actor.organization_id
    customer_url = rows.get_customer_url(actor, connection)
    back = customer_url or _read_back_url(request)
    distributor = None if is_partner else queries.find_distributor_of_partner(actor, connection.partner_id)
    context = {
        "connection": connection,
        "to_customer": bool(customer_url),
        "back": back,
        "to_partners": back == reverse("connected_partners"),
        "is_partner": is_partner,
        "refusal": rows.explain_refusal_to_change_sharing(actor, connection),
        "scopes": rows.build_consent_scope_rows(ticked, new),
        "new": rows.format_scope_names(new),
        "version": given[0].version if given else "",
        "wording": consent.get_current_consent_wording(),
        "history": rows.build_consent_history_rows(given),
        "distributor": rows.describe_distributor_access(distributor.name) if distributor else "",
        "partners": 0 if is_partner else queries.count_connected_partners(actor),
        "error": error,
    }
    status = error.status if error else 200
    return render(request, "connections/connection_sharing.html", context, status=status)


@require_customer_viewing_permission
def customer_overview_page(request: PortalRequest, customer_id: UUID) -> HttpResponse:
    """Show the overview page of a customer: account data (CC-26), what needs attention, and the latest activity.

    Other apps add sections by `register_customer_overview_section`.
    """
    actor = request.actor
    customer = get_customer_with_tab_counts(actor, customer_id)
    sections = collect_customer_overview_sections(actor, customer)
    moments = list_customer_activity(actor, customer.organization.pk).order_by("-at", "-pk")[:EVENTS_ON_FIRST_PAGE]
    context = {
        "lead": [part for section in sections for part in section.lead],
        "attention": [item for section in sections for item in section.attention],
        "calm": " ".join(str(section.calm) for section in sections if section.calm),
        "parts": [part for section in sections for part in section.parts],
        "moments": build_activity_rows(actor, moments),
    }
    template = "connections/customer_overview.html"
    return render_customer_page(request, customer, tab="overview", template=template, context=context)


@require_customer_viewing_permission
def customer_activity_page(request: PortalRequest, customer_id: UUID) -> HttpResponse:
    """Show a customer's activity page: what it did, what concerns it, and what its data says, newest first."""
    actor = request.actor
    customer = get_customer_with_tab_counts(actor, customer_id)
    moments = list_customer_activity(actor, customer.organization.pk)
    cursor = request.GET.get("cursor", "")
    page = fetch_keyset_page(moments, sort="at", descending=True, size=EVENTS_A_PAGE, cursor=cursor)
    context = {"moments": build_activity_rows(actor, page.rows), "page": page}
    context["shares_news"] = customer.shares_scope(Scope.NOTIFICATIONS)
    template = "connections/customer_activity.html"
    return render_customer_page(request, customer, tab="activity", template=template, context=context)


@require_safe
@require_permission(ROLE_TABLE, ConnectionPermission.VIEW_ACTIVITY)
def activity_log_page(request: PortalRequest) -> HttpResponse:
    """Show the activity log of the acting organisation, or for htmx only its list."""
    return render_list_page(
        request,
        ActivityList(request.actor, request.GET),
        page_template="connections/activity_log.html",
        list_template="connections/activity_log.html#list",
        context={},
    )


@require_safe
@require_permission(ROLE_TABLE, ConnectionPermission.VIEW_ACTIVITY)
def activity_event_page(request: PortalRequest, event_id: UUID) -> HttpResponse:
    """Show one event of the activity log, with its seal."""
    event = get_by_public_id(queries.list_own_activity(request.actor), event_id)
    (row,) = build_log_rows(request.actor, [event])
    seal = EventSeal.objects.visible_to(request.actor).filter(event_id=event.pk).first()
    context = {"row": row, "seal": seal, "seal_digest": bytes(seal.digest).hex() if seal else ""}
    return render(request, "connections/activity_event.html", context)


@require_safe
@require_vendor_staff()
def organization_activity_page(request: PortalRequest, organization_id: UUID) -> HttpResponse:
    """Show the vendor's staff what was done with an organisation, as far as they may read it, newest first."""
    organization = get_managed_organization(request.actor, organization_id)
    events = queries.list_customer_activity_events(request.actor, organization.pk)
    cursor = request.GET.get("cursor", "")
    page = fetch_keyset_page(events, sort="id", descending=True, size=EVENTS_A_PAGE, cursor=cursor)
    context = {"moments": build_activity_rows(request.actor, page.rows), "page": page}
    template = "connections/organization_activity.html"
    return render_organization_page(request, organization, tab="activity", template=template, context=context)
