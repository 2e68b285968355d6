"""The rows of stops of sales, in the reader's words."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import OrganizationKind
from marketplace.models import Offer, SaleStop
from marketplace.queries.history import name_doer
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message

BY_VENDOR = gettext_lazy("Only the vendor can resume this sale.")
BY_PUBLISHER = gettext_lazy("Only the publisher can resume this sale.")


@dataclass(frozen=True)
class StopRow:
    """A stop that holds: what it stops, since when and by whom, and where it is lifted by those who may."""

    what: str
    since: dt.datetime
    by: str
    reason: str
    lift_url: str
    lifted_by: Message  # who alone lifts it, if the reader does not


def format_stopped(stop: SaleStop, names: Mapping[str, str]) -> str:
    """Return what a stop stops, in words. `names` are those of plans by code."""
    if stop.plan is None:
        return _("The whole offer")
    plan = names.get(stop.plan.code, stop.plan.code)
    if stop.term:
        plan = f"{plan} · {stop.get_term_display()}"
    if stop.market is None:
        return plan
    return _("%(plan)s in %(market)s") % {"plan": plan, "market": stop.market.local_name}


def make_stop_rows(
    actor: Actor, offer: Offer, stops: Iterable[SaleStop], names: Mapping[str, str], events: Mapping[str, Event]
) -> list[StopRow]:
    """Return rows of stops. `events` are those by which they began; persons of the other side are not named."""
    is_vendor = actor.organization_kind == OrganizationKind.VENDOR
    rows = []
    for stop in stops:
        event = events.get(str(stop.public_id))
        is_lifted_here = stop.by_vendor == is_vendor
        rows.append(
            StopRow(
                what=format_stopped(stop, names),
                since=stop.began_at,
                by=name_doer(actor, event),
                reason=stop.reason,
                lift_url=reverse("stop_lift", args=[offer.public_id, stop.public_id]) if is_lifted_here else "",
                lifted_by="" if is_lifted_here else BY_VENDOR if stop.by_vendor else BY_PUBLISHER,
            )
        )
    return rows
