"""Pages of what ends soon, and the calendar that programs read at a secret URL."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.queries.own_account import sees_customers
from entitlements.actions.renewals import create_calendar_feed, record_calendar_feed_read, revoke_calendar_feed
from entitlements.lists.renewals import RenewalList
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.renewals import (
    count_customers_not_sharing_services,
    find_calendar_feed,
    get_own_calendar_feed,
    list_calendar_feed_renewals,
)
from entitlements.renewal_imports import RENEWAL_IMPORTS
from entitlements.rows.renewals import describe_customers_not_sharing_services, make_calendar_events
from partnerportal.lib import tenancy
from partnerportal.lib.icalendar import CONTENT_TYPE, build_icalendar_file
from partnerportal.lib.imports.bulk import list_bulk_buttons
from partnerportal.lib.limits import enforce_hourly_limit
from partnerportal.lib.pages import render_list_page, require_form, require_permission
from partnerportal.lib.requests import PortalRequest

READINGS_AN_HOUR = 60  # how often a calendar may be read; more is answered 429


@require_safe
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_RENEWALS)
def renewal_list(request: PortalRequest) -> HttpResponse:
    """Show the entitlements that end soon, as a list by weeks or as the calendar of a month (CC-28, section G 5).

    People with the customer dashboard see those of their customers, everybody else those of their own organisation.
    """
    return render_list_page(
        request,
        RenewalList(request.actor, request.GET),
        page_template="entitlements/renewals.html",
        list_template="entitlements/renewals.html#list",
        context={"bulk_buttons": list_bulk_buttons(request.actor, RENEWAL_IMPORTS)},
    )


@require_form
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_RENEWALS)
def calendar_feed(request: PortalRequest) -> HttpResponse:
    """Show whether the person has a calendar feed; on POST create one, or replace the present one.

    The answer to the POST shows the secret URL, and no other page ever does, so no redirect follows.
    """
    link = ""
    if request.method == "POST":
        secret = create_calendar_feed(actor=request.actor)
        link = settings.PORTAL_ORIGIN + reverse("calendar", args=[secret])
    context = {"link": link, "feed": get_own_calendar_feed(request.actor)}
    return render(request, "entitlements/calendar_feed.html", context)


@require_POST
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_RENEWALS)
def calendar_feed_revoke(request: PortalRequest) -> HttpResponse:
    """Revoke the person's calendar feed, whose URL answers 404 from then on."""
    revoke_calendar_feed(actor=request.actor)
    messages.success(request, _("The calendar link was revoked."))
    return redirect("calendar_feed")


@require_safe
def calendar_file(request: PortalRequest, token: str) -> HttpResponse:
    """Send an .ics file, for a calendar program, with the renewals that the owner of the URL may see now.

    `token` is the secret in the URL. No session is needed, and one that comes along changes nothing. The answer is 404
    for a URL that is unknown or revoked, and 429 beyond READINGS_AN_HOUR.
    """
    feed, actor, person = find_calendar_feed(token)
    enforce_hourly_limit(READINGS_AN_HOUR, f"calendar:{feed.pk}")
    with (
        translation.override(person.language),
        tenancy.as_tenant(organization_id=actor.organization_id, person_id=actor.person_id),
    ):
        name = _("Renewals, %(organization)s") % {"organization": actor.organization_name}
        shows_customers = sees_customers(actor)
        days = make_calendar_events(list_calendar_feed_renewals(actor), shows_customers=shows_customers)
        text = (
            describe_customers_not_sharing_services(count_customers_not_sharing_services(actor))
            if shows_customers
            else ""
        )
        record_calendar_feed_read(actor=actor, feed=feed)
    return HttpResponse(build_icalendar_file(name, days, now=timezone.now(), text=text), content_type=CONTENT_TYPE)
