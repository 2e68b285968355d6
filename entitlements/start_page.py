"""What this app shows on the start page: customers in numbers or one's own services, what needs attention, and to the
vendor what waits for it."""

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import OrganizationKind
from accounts.queries.own_account import is_customer, sees_customers
from connections.queries import find_distributor_of_partner
from entitlements.customer_frame import USAGE_PANEL, build_usage_panel
from entitlements.models import UnusualUse
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.activation import (
    count_late_links,
    count_unconfirmed_partners,
    list_oldest_unconfirmed_partners,
)
from entitlements.queries.attention import find_customers_needing_attention
from entitlements.queries.customers import get_portfolio_totals, list_customer_services
from entitlements.queries.feeds import list_feed_sources
from entitlements.queries.growth import list_channel_months
from entitlements.queries.partners import find_partners_needing_help, get_partner_totals
from entitlements.queries.releases import count_waiting_licence_releases, list_oldest_waiting_releases
from entitlements.queries.renewals import count_upcoming_renewals_by_day
from entitlements.queries.trials import count_undecided_trial_requests, list_oldest_undecided_trials
from entitlements.queries.usage import find_latest_usage_report_day, list_portfolio_months
from entitlements.rows.activations import awaits_membership, describe_awaited_membership
from entitlements.rows.customers import (
    ServicePages,
    list_service_attention_items,
    make_licence_bar_of_entitlements,
    make_service_sections,
)
from entitlements.rows.feeds import list_feed_attention_items
from entitlements.rows.partner_page import list_named_attention_items
from entitlements.rows.partners import list_attention_items, list_late_activation_items
from entitlements.rows.portfolio import (
    describe_customers_sharing_usage,
    describe_ends_ahead,
    make_attention_groups,
    make_days_ahead,
    make_portfolio_trend,
)
from entitlements.rows.vendor import (
    list_release_queue_items,
    list_trial_queue_items,
    list_unconfirmed_partner_items,
    make_growth_panels,
)
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.blocks import StartPageArea, StartPageBlock
from partnerportal.lib.first_steps import FirstStep
from partnerportal.lib.lists import build_list_url
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.rows import AttentionItem

PARTNERS_NAMED = 3  # partners that need help most
CUSTOMERS_SHOWN = 3  # customers that need attention, for each reason
QUEUED_SHOWN = 6  # of what waits for the vendor, those that have waited longest
QUEUED_COUNTED = 1000  # what waits is counted no further


def _customers(request: PortalRequest) -> dict[str, Any] | None:
    """Return all customers in numbers, how their use has moved, what ends next, and those to look after.

    There is nothing before the first customer.
    """
    numbers = get_portfolio_totals(request.actor)
    if not numbers.customers:
        return None
    ends = count_upcoming_renewals_by_day(request.actor)
    months = list_portfolio_months(request.actor) if numbers.share_usage else []
    falling = numbers.unusual.get(UnusualUse.FALLING, 0)
    as_of = find_latest_usage_report_day(request.actor, UnusualUse.FALLING) if falling else None
    use = {"falling": falling, "as_of": formats.format_date(as_of) if as_of else ""}
    return use | {
        "numbers": numbers,
        "trend": make_portfolio_trend(months),
        "is_counted": bool(months),
        "usage_sharing": describe_customers_sharing_usage(numbers),
        "days": make_days_ahead(ends),
        "ends": describe_ends_ahead(ends),
        "groups": make_attention_groups(numbers, find_customers_needing_attention(request.actor, CUSTOMERS_SHOWN)),
    }


def _partners(request: PortalRequest) -> dict[str, Any] | None:
    """Return which partners need help most and why, and each reason with the list of all; nothing before the first."""
    totals = get_partner_totals(request.actor)
    if not totals.partners:
        return None
    calm = _("No partner needs help at the moment.")
    items = list_named_attention_items(request.actor, find_partners_needing_help(request.actor, PARTNERS_NAMED))
    items += list_attention_items(totals) + list_late_activation_items(count_late_links(request.actor))
    return {"title": _("Partners that need help"), "attention": items, "none": calm}


def _own_services(request: PortalRequest) -> dict[str, Any]:
    """Return how many services the customer has, and which of them to act on."""
    actor = request.actor
    entitlements = list_customer_services(actor, actor.organization_id)
    sections = {section.key: section.rows for section in make_service_sections(entitlements)}
    counts = {
        "usage": make_licence_bar_of_entitlements(entitlements),
        "running": sections["active"] + sections["active_trials"],
        "is_shared": True,  # one's own always are
        "services_url": reverse("services"),
        "running_count": len(sections["active"]),
        "trial_count": len(sections["active_trials"]),
        "pending_count": len(sections["pending_trials"]),
    }
    calm = _("Nothing ends in the next 90 days, and no limit is exceeded.")
    return counts | _attention(list_service_attention_items(entitlements, ServicePages.of_own_organization()), calm)


def _own_usage(request: PortalRequest) -> dict[str, Any] | None:
    """Return how the customer has used its licences in thirteen months, or None if nothing was reported."""
    assert request.actor.organization_id is not None, "the block is seen by customers"
    return build_usage_panel(request.actor, request.actor.organization_id, ServicePages.of_own_organization())


def _own_licences(request: PortalRequest) -> dict[str, Any] | None:
    """Return the services that run of those that an organisation has though it is no customer, or None without any.

    They have no entry in the menu, for which every page would have to ask: the account details lead to them too.
    """
    entitlements = list_customer_services(request.actor, request.actor.organization_id)
    if not entitlements:
        return None
    sections = {section.key: section.rows for section in make_service_sections(entitlements)}
    return {
        "usage": make_licence_bar_of_entitlements(entitlements),
        "running": sections["active"] + sections["active_trials"],
    }


def _awaited_membership(request: PortalRequest) -> dict[str, Any] | None:
    """Return what a new partner waits for, and whom it may ask; nothing for any other organisation."""
    awaited, own = describe_awaited_membership(request.actor), request.operator.organization
    if not awaited:
        return None
    return {
        "awaited": awaited,
        "organization": own,
        "distributor": find_distributor_of_partner(request.actor, own.pk),
    }


def _attention(items: list[AttentionItem], calm: str) -> dict[str, Any]:
    return {"title": _("Needs attention"), "attention": items, "none": calm}


def may_hold_own_licences(actor: Actor) -> bool:
    """Return whether the actor's organisation may hold licences itself, although it is not a customer."""
    return actor.organization_kind in (
        OrganizationKind.DISTRIBUTOR,
        OrganizationKind.PARTNER,
        OrganizationKind.PUBLISHER,
    )


def _trial_queue(request: PortalRequest) -> dict[str, Any]:
    """Return the requests for trials that have waited longest for the vendor's decision."""
    items = list_trial_queue_items(list_oldest_undecided_trials(request.actor, QUEUED_SHOWN))
    title = _("Trial requests waiting: %(number)s")
    queue = _queue(title, items, count_undecided_trial_requests, request, _("No trial requests are waiting."))
    return queue | {"all_url": reverse("trials")}


def _release_queue(request: PortalRequest) -> dict[str, Any]:
    """Return the licences whose release has been waited for longest."""
    items = list_release_queue_items(list_oldest_waiting_releases(request.actor, QUEUED_SHOWN))
    title = _("Licence releases waiting: %(number)s")
    queue = _queue(title, items, count_waiting_licence_releases, request, _("No licence releases are waiting."))
    return queue | {"all_url": reverse("releases")}


def _queue(
    title: str, items: list[AttentionItem], count: Callable[[Actor, int], int], request: PortalRequest, calm: str
) -> dict[str, Any]:
    number = count(request.actor, QUEUED_COUNTED) if len(items) == QUEUED_SHOWN else len(items)
    return {"title": title % {"number": formats.format_number(number)}, "attention": items, "none": calm}


def _new_partners(request: PortalRequest) -> dict[str, Any]:
    """Return the new partners that have waited longest for the vendor to confirm them."""
    items = list_unconfirmed_partner_items(list_oldest_unconfirmed_partners(request.actor, QUEUED_SHOWN))
    title = _("New partners to confirm: %(number)s")
    queue = _queue(title, items, count_unconfirmed_partners, request, _("No new partners are waiting."))
    return queue | {"all_url": build_list_url(reverse("pending_partners"), {"state": "unconfirmed"})}


def _feeds(request: PortalRequest) -> dict[str, Any]:
    """Return the vendor's systems whose last file had errors, or that have sent nothing for long."""
    items = list_feed_attention_items(list_feed_sources(request.actor))
    texts = {"title": _("Feeds"), "none": _("No feed needs attention at the moment.")}
    return texts | {"attention": items, "all_url": reverse("feeds")}


def _growth(request: PortalRequest) -> dict[str, Any] | None:
    """Return how the channel has grown in twelve months, or None before the first night."""
    months = list_channel_months(request.actor)
    return {"panels": make_growth_panels(months), "as_of": months[-1].written_at} if months else None


def has_partners_below(actor: Actor) -> bool:
    """Return whether the actor's organisation is a distributor, whose first question is which partner needs help."""
    return actor.organization_kind == OrganizationKind.DISTRIBUTOR


def _may_activate_partners(actor: Actor) -> bool:
    return has_partners_below(actor) and bool(ROLE_TABLE[EntitlementPermission.ACTIVATE_PARTNERS].check_actor(actor))


def _has_partner(request: PortalRequest) -> bool:
    return bool(get_partner_totals(request.actor).partners)


def _has_service(request: PortalRequest) -> bool:
    return bool(list_customer_services(request.actor, request.actor.organization_id))


def _has_feed(request: PortalRequest) -> bool:
    return bool(list_feed_sources(request.actor))


_is_vendor = ROLE_TABLE[EntitlementPermission.VIEW_TRIALS].check_actor

FIRST_STEPS = (
    FirstStep(
        label=gettext_lazy("Invite your first partner"),
        icon="user-plus",
        url_name="activation_send",
        url_args=("partners",),
        action=gettext_lazy("Send link"),
        order=10,
        seen_by=_may_activate_partners,
        is_done=_has_partner,
    ),
    FirstStep(
        label=gettext_lazy("Connect your first system to receive services and usage"),
        icon="file-up",
        url_name="feeds",
        action=gettext_lazy("View feeds"),
        order=15,
        seen_by=ROLE_TABLE[EntitlementPermission.MANAGE_FEEDS].check_actor,
        is_done=_has_feed,
    ),
    FirstStep(
        label=gettext_lazy("Request your first trial"),
        icon="flask-conical",
        url_name="trial_request",
        action=gettext_lazy("Request a trial"),
        order=60,
        seen_by=ROLE_TABLE[EntitlementPermission.REQUEST_TRIALS].check_actor,
        is_done=_has_service,
    ),
)
BLOCKS = (
    StartPageBlock(
        area=StartPageArea.WORK, order=10, template="ui/attention.html", context=_trial_queue, seen_by=_is_vendor
    ),
    StartPageBlock(
        area=StartPageArea.WORK, order=15, template="ui/attention.html", context=_release_queue, seen_by=_is_vendor
    ),
    StartPageBlock(
        area=StartPageArea.WORK, order=20, template="ui/attention.html", context=_new_partners, seen_by=_is_vendor
    ),
    StartPageBlock(area=StartPageArea.SIDE, order=2, template="ui/attention.html", context=_feeds, seen_by=_is_vendor),
    StartPageBlock(
        area=StartPageArea.STRIP,
        order=10,
        template="entitlements/start_page/growth.html",
        context=_growth,
        seen_by=_is_vendor,
    ),
    StartPageBlock(
        area=StartPageArea.WORK,
        order=5,
        template="entitlements/start_page/awaited.html",
        context=_awaited_membership,
        seen_by=awaits_membership,
    ),
    StartPageBlock(
        area=StartPageArea.STRIP,
        order=10,
        template="entitlements/start_page/customers.html",
        context=_customers,
        seen_by=sees_customers,
    ),
    StartPageBlock(
        area=StartPageArea.WORK,
        order=10,
        template="entitlements/start_page/portfolio.html",
        context=_customers,
        seen_by=sees_customers,
    ),
    StartPageBlock(
        area=StartPageArea.STRIP,
        order=10,
        template="entitlements/start_page/services.html",
        context=_own_services,
        seen_by=is_customer,
    ),
    StartPageBlock(area=StartPageArea.WORK, order=15, template=USAGE_PANEL, context=_own_usage, seen_by=is_customer),
    StartPageBlock(
        area=StartPageArea.WORK, order=20, template="ui/attention.html", context=_own_services, seen_by=is_customer
    ),
    StartPageBlock(
        area=StartPageArea.WORK,
        order=25,
        template="entitlements/parts/licences.html",
        context=_own_services,
        seen_by=is_customer,
    ),
    StartPageBlock(
        area=StartPageArea.WORK,
        order=40,
        template="entitlements/start_page/own_licences.html",
        context=_own_licences,
        seen_by=may_hold_own_licences,
    ),
    StartPageBlock(
        area=StartPageArea.WORK, order=5, template="ui/attention.html", context=_partners, seen_by=has_partners_below
    ),
)
