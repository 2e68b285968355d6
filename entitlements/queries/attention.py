"""The query of which customers need attention most, and the services by which they do."""

from dataclasses import dataclass, field

from entitlements.models import Anomaly, CustomerListing, Entitlement, UnusualUse
from entitlements.models.listing import OVER
from entitlements.queries.customers import make_expiry_condition
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import SOON, today


@dataclass(frozen=True)
class CustomersNeedingAttention:
    """Some customers for each reason to look after them, and their services and unusual numbers, by primary key.

    The order in each group is that of the customer list to which the group leads.
    """

    over: list[CustomerListing]  # with more licences assigned than purchased, the largest excess first
    ending: list[CustomerListing]  # with a service that ends within SOON, the soonest first
    falling: list[CustomerListing]  # whose usage is falling, by name
    waiting: list[CustomerListing]  # that wait for a trial, the soonest end first
    services: dict[int, list[Entitlement]] = field(default_factory=dict)  # what a customer runs or waits for
    anomalies: dict[int, list[Anomaly]] = field(default_factory=dict)  # open ones of falling numbers


def find_customers_needing_attention(actor: Actor, limit: int) -> CustomersNeedingAttention:
    """Return up to `limit` customers for each reason to look after them.

    Each condition uses an index, so the listing is not read as a whole; services are read of those customers alone.
    """
    rows = CustomerListing.objects.visible_to(actor)
    soon = make_expiry_condition(SOON)
    candidates = list(
        rows.filter(OVER)
        .order_by("-overage", "-customer")[:limit]
        .union(
            rows.filter(soon).order_by("next_expiry_on", "customer")[:limit],
            rows.filter(unusual__contains=[UnusualUse.FALLING]).order_by("name_folded", "customer")[:limit],
            rows.filter(requests__gt=0).order_by("next_expiry_on", "customer")[:limit],
        )
    )
    by_end = sorted(candidates, key=lambda row: (row.next_expiry_on, row.customer_id))
    by_name = sorted(candidates, key=lambda row: (row.name_folded, row.customer_id))
    by_excess = sorted(candidates, key=lambda row: (-row.overage, -row.customer_id))
    last = today() + SOON
    found = CustomersNeedingAttention(
        over=[row for row in by_excess if row.is_over_limit][:limit],
        ending=[row for row in by_end if today() <= row.next_expiry_on <= last][:limit],
        falling=[row for row in by_name if UnusualUse.FALLING in row.unusual][:limit],
        waiting=[row for row in by_end if row.requests][:limit],
    )
    keys = {row.customer_id for group in (found.over, found.ending, found.waiting) for row in group}
    services = Entitlement.objects.visible_to(actor).filter(
        customer__in=keys, state__in=(Entitlement.State.ACTIVE, Entitlement.State.REQUESTED)
    )
    for service in services.select_related("sku").order_by("ends_on", "sku__name", "pk") if keys else ():
        found.services.setdefault(service.customer_id, []).append(service)
    keys = {row.customer_id for row in found.falling}
    anomalies = Anomaly.objects.visible_to(actor).filter(customer__in=keys, ended_on=None).select_related("sku")
    for anomaly in anomalies.order_by("-found_on", "pk") if keys else ():
        if anomaly.is_below_usual_range:
            found.anomalies.setdefault(anomaly.customer_id, []).append(anomaly)
    return found
