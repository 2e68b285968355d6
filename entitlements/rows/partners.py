"""Rows of partners and distributors as templates show them: every number and date is already written out in the
reader's language."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import OrganizationKind
from entitlements.models import NEVER, ActivationLink, PartnerListing
from entitlements.queries.partners import BADGE_SOON, PartnerTotals
from partnerportal.lib import charts, formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.days import SOON
from partnerportal.lib.lists import build_list_url
from partnerportal.lib.rows import AttentionItem, LastDayLabel, SeatUsageBar
from partnerportal.lib.text import make_avatar_initials


@dataclass(frozen=True)
class PartnerBadgeLabel:
    """A badge of a partner: the name of its programme, since when it is shown, and its last day if it has one."""

    name: str
    since: str
    until: LastDayLabel | None


@dataclass(frozen=True)
class PartnerTableRow:
    """A row of the list of partners or of distributors, with its numbers and dates written out."""

    name: str
    monogram: str
    subtitle: str
    path: str  # the URL of its page, relative to the list's
    org_id: str
    partner_id: str
    country: str
    badge: PartnerBadgeLabel | None  # that which ends first
    more_badges: str  # "+2": how many are not shown
    badge_names: str  # all of them, where there are several
    parent: str
    customers: str
    customers_url: str  # the list of its customers; "" if the actor's list cannot be narrowed to them
    sharing: str  # "12 share", where not all of its customers share their services; else ""
    usage: SeatUsageBar | None  # None where no customer shares its services, or none has any
    spark: str  # the SVG path of the shares of sixteen weeks; "" without history
    over: str  # by how many licences its customers are over, "" if by none
    skus: str  # how many its customers run
    sku_names: str
    expiry: LastDayLabel | None
    created: str
    status: str
    tone: str
    last_sign_in: str
    last_customer: str
    select_label: str


def make_partner_table_rows(
    actor: Actor, partners: Iterable[PartnerListing], sku_names: Mapping[int, str], program_names: Mapping[str, str]
) -> list[PartnerTableRow]:
    """Return a PartnerTableRow for each of these partners.

    `sku_names` are by primary key, and `program_names` by the programmes' codes.
    """
    select = _("Select %(name)s")
    return [_partner_row(actor, row, sku_names, program_names, select) for row in partners]


def _partner_row(
    actor: Actor, row: PartnerListing, sku_names: Mapping[int, str], program_names: Mapping[str, str], select: str
) -> PartnerTableRow:
    badges = make_badge_labels(row.badges, program_names)
    return PartnerTableRow(
        name=row.name,
        monogram=make_avatar_initials(row.name),
        subtitle=row.website,
        path=_get_path(actor, row),
        org_id=row.org_id,
        partner_id=row.partner_id,
        country=get_country_name(row.country),
        badge=badges[0] if badges else None,
        more_badges=f"+{formats.format_number(len(badges) - 1)}" if len(badges) > 1 else "",
        badge_names=formats.join_names(badge.name for badge in badges) if len(badges) > 1 else "",
        parent=row.parent_name,
        customers=formats.format_number(row.customers),
        customers_url=get_customers_of_partner_url(actor, row) if row.customers else "",
        sharing=describe_sharing(row),
        usage=make_partner_usage_bar(row),
        spark=charts.build_sparkline_path(row.weeks),
        over=formats.format_number(row.overage) if row.overage else "",
        skus=formats.format_number(row.sku_count),
        sku_names=formats.join_names(sorted(sku_names[sku] for sku in row.skus if sku in sku_names)),
        expiry=LastDayLabel.from_date(row.expires_on),
        created=_format_moment(row.created_at),
        status=describe_state(row),
        tone=choose_state_tone(row),
        last_sign_in=_format_moment(row.last_sign_in_at),
        last_customer=_format_moment(row.last_customer_at),
        select_label=select % {"name": row.name},
    )


def _get_path(actor: Actor, row: PartnerListing) -> str:
    """Return the URL that a row leads to: the page that the vendor or the distributor has of the partner."""
    if actor.organization_kind == OrganizationKind.VENDOR:
        return reverse("organization", args=[row.public_id])
    return f"{row.public_id}/"


def _format_moment(moment: dt.datetime) -> str:
    """Return the date of a moment without a place to break it, or "" for NEVER."""
    return formats.format_date(moment).replace(" ", "\N{NO-BREAK SPACE}") if moment != NEVER else ""


def make_badge_labels(badges: Iterable[Mapping[str, Any]], program_names: Mapping[str, str]) -> list[PartnerBadgeLabel]:
    """Return a PartnerBadgeLabel for each badge of a row of PartnerListing, those that end first at the beginning."""
    labels = [
        PartnerBadgeLabel(
            name=program_names.get(badge["program"], badge["program"]),
            since=formats.format_date(dt.date.fromisoformat(badge["since"])),
            until=LastDayLabel.from_date(badge["until"] and dt.date.fromisoformat(badge["until"]), BADGE_SOON),
        )
        for badge in badges
    ]
    return sorted(labels, key=lambda label: (label.until.iso if label.until else "9999", label.name))


def make_partner_usage_bar(row: PartnerListing) -> SeatUsageBar | None:
    """Return the bar of the licences of a partner's customers, or None where none shares its services or has any."""
    return SeatUsageBar.from_seat_counts(row.assigned, row.seats, row.overage) if row.seats or row.assigned else None


def describe_sharing(row: PartnerListing) -> str:
    """Return how many of a partner's customers share their services, as "12 share"; "" where all of them do."""
    if row.sharing == row.customers:
        return ""
    return ngettext("%(count)s sharing", "%(count)s sharing", row.sharing) % {
        "count": formats.format_number(row.sharing)
    }


def describe_state(row: PartnerListing) -> str:
    """Return the status of a partner in words."""
    if row.is_suspended:
        return _("Suspended")
    return _("Active") if row.is_confirmed else _("Unconfirmed")


def choose_state_tone(row: PartnerListing) -> str:
    """Return the tone in which a partner's status is shown."""
    return "bad" if row.is_suspended else "ok" if row.is_confirmed else "info"


def get_customers_of_partner_url(actor: Actor, row: PartnerListing) -> str:
    """Return the URL of the list of customers, narrowed to those of a partner; "" for an actor without such a list."""
    return build_customer_list_url(actor, {"partner": row.org_id})


def build_customer_list_url(actor: Actor, query: Mapping[str, object]) -> str:
    """Return the URL of the list of customers with these filters, for a distributor and for the vendor's staff.

    It is "" for any other actor.
    """
    is_above = actor.organization_kind in (OrganizationKind.DISTRIBUTOR, OrganizationKind.VENDOR)
    return build_list_url(reverse("customers"), query) if is_above else ""


def list_attention_items(totals: PartnerTotals) -> list[AttentionItem]:
    """Return an AttentionItem for each reason why partners need help, with the list of these partners behind it."""
    reasons = (
        ("bad", "triangle-alert", _("Over limit"), totals.over, {"over": "true", "sort": "-over"}),
        (
            "warn",
            "calendar-clock",
            _("Services end within 30 days"),
            totals.expiring,
            {"expires_within": SOON.days, "sort": "expires_on"},
        ),
        (
            "warn",
            "badge-check",
            _("Badge ends within 60 days"),
            totals.lapsing,
            {"badge_ends_within": BADGE_SOON.days, "sort": "badges"},
        ),
        (
            "info",
            "building-2",
            _("No new customers in 90 days"),
            totals.quiet,
            {"quiet": "true", "sort": "last_customer"},
        ),
    )
    return [
        AttentionItem(tone, icon, title, _count_partners(count), build_list_url(reverse("partners"), query))
        for tone, icon, title, count, query in reasons
        if count
    ]


def list_late_activation_items(counts: Mapping[str, int]) -> list[AttentionItem]:
    """Return an AttentionItem for partners and one for customers whose onboarding comes no further, if there are any.

    `counts` are those of `count_late_links`. Each leads to the links that it counts.
    """
    pages = {ActivationLink.Kind.PARTNER: "pending_partners", ActivationLink.Kind.CUSTOMER: "pending_customers"}
    items = []
    for kind, page in pages.items():
        if count := counts.get(kind, 0):
            words = ngettext("%(count)s activation link", "%(count)s activation links", count)
            title = _("Partner onboarding is stuck") if kind == "partner" else _("Customer onboarding is stuck")
            text = words % {"count": formats.format_number(count)}
            items.append(AttentionItem("warn", "send", title, text, build_list_url(reverse(page), {"state": "late"})))
    return items


def _count_partners(count: int) -> str:
    words = ngettext("%(count)s partner", "%(count)s partners", count)
    return words % {"count": formats.format_number(count)}
