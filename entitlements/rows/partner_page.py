"""What the page of one partner shows of it, in the reader's language: what to look after, its badges, its months."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import ProgramMembership
from entitlements.models import NEVER, PartnerListing
from entitlements.queries.partners import BADGE_SOON, QUIET, MonthOfLicences
from entitlements.rows.customers import describe_overage
from entitlements.rows.partners import build_customer_list_url
from entitlements.rows.usage import describe_licence_limit, format_percent_or_dash, make_licence_limit_label
from partnerportal.lib import charts, formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.chart_tables import (
    ChartWithTable,
    describe_chart_series,
    draw_chart_wide_and_narrow,
    format_number_or_dash,
)
from partnerportal.lib.days import SOON, today
from partnerportal.lib.rows import AttentionItem, LastDayLabel


def list_partner_attention_items(actor: Actor, partner: PartnerListing) -> list[AttentionItem]:
    """Return an AttentionItem for each thing to look after with a partner: overage, ends, badges, no new customer."""
    customers = {"partner": partner.org_id}
    items = []
    if partner.overage:
        title = ngettext("%(count)s customer over its limit", "%(count)s customers over their limit", partner.over)
        title %= {"count": formats.format_number(partner.over)}
        url = build_customer_list_url(actor, customers | {"over": "true", "sort": "-over"})
        items.append(AttentionItem("bad", "triangle-alert", title, describe_overage(partner.overage), url))
    if partner.expires_on and partner.expires_on - today() <= SOON:
        url = build_customer_list_url(actor, customers | {"expires_within": str(SOON.days), "sort": "expires_on"})
        day = LastDayLabel.from_date(partner.expires_on)
        text = _("The earliest last day among this partner’s customers")
        items.append(AttentionItem("warn", "calendar-clock", _("Services end soon"), text, url, day))
    if partner.next_lapse_on - today() <= BADGE_SOON:
        day = LastDayLabel.from_date(partner.next_lapse_on, BADGE_SOON)
        text = _("The partner will lose the features that come with the badge.")
        items.append(AttentionItem("warn", "badge-check", _("A badge ends soon"), text, day=day))
    if not partner.badges:
        items.append(AttentionItem("warn", "badge-check", _("No badge"), _("The partner can’t see its customers.")))
    before = timezone.now() - QUIET
    if partner.last_customer_at < before and partner.created_at < before:
        text = _("No customers yet.")
        if partner.last_customer_at != NEVER:
            text = _("Latest customer: %(date)s.") % {"date": formats.format_date(partner.last_customer_at)}
        items.append(AttentionItem("info", "building-2", _("No new customers in 90 days"), text))
    return items


def list_named_attention_items(actor: Actor, partners: Iterable[PartnerListing]) -> list[AttentionItem]:
    """Return an AttentionItem for each of these partners that needs help, which names the reasons and leads to it."""
    named = []
    for partner in partners:
        reasons = list_partner_attention_items(actor, partner)
        if reasons:
            text = " · ".join(str(reason.title) for reason in reasons)
            url = reverse("partner", args=[partner.public_id])
            named.append(AttentionItem(reasons[0].tone, "users", partner.name, text, url))
    return named


@dataclass(frozen=True)
class MembershipRow:
    """A programme membership in a partner's history, with its dates written out. It is a badge while it runs."""

    name: str
    since: str
    until: LastDayLabel | None
    status: str
    tone: str  # "ok" while it runs, "info" before, "" afterwards


def make_membership_rows(memberships: Iterable[ProgramMembership]) -> list[MembershipRow]:
    """Return a MembershipRow for each membership, in this order."""
    return [_membership_row(row) for row in memberships]


def _membership_row(row: ProgramMembership) -> MembershipRow:
    if row.starts_on > today():
        status, tone = _("Upcoming"), "info"
    elif row.ends_on and row.ends_on < today():
        status, tone = _("Ended"), ""
    else:
        status, tone = _("Active"), "ok"
    until = LastDayLabel.from_date(row.ends_on, BADGE_SOON)
    return MembershipRow(row.program.name, formats.format_date(row.starts_on), until, status, tone)


def draw_partner_chart(sums: Sequence[MonthOfLicences], months: Sequence[dt.date]) -> ChartWithTable | None:
    """Return the chart of the licences of a partner's customers in each of these months, or None if there are none."""
    if not sums:
        return None
    by_month = {row.month: row for row in sums}
    names = [formats.format_month(month) for month in months]
    assigned = [by_month[month].assigned if month in by_month else None for month in months]
    purchased = [by_month[month].purchased if month in by_month else None for month in months]
    title, limit = _("Licences assigned"), sums[-1].purchased
    drawn = draw_chart_wide_and_narrow(
        lambda dimensions: charts.build_line_chart(dimensions, [(title, assigned)], names, purchased)
    )
    shares = [
        format_percent_or_dash(value or 0, of) if of is not None else format_number_or_dash(None)
        for value, of in zip(assigned, purchased, strict=True)
    ]
    return ChartWithTable(
        key="partner",
        title=title,
        description=describe_chart_series(names, assigned, describe_licence_limit(limit)),
        head=[_("Month"), _("Assigned"), _("Purchased"), _("Share")],
        rows=[
            (name, [format_number_or_dash(value), format_number_or_dash(of), share])
            for name, value, of, share in zip(names, assigned, purchased, shares, strict=True)
        ],
        drawings=drawn,
        limit=make_licence_limit_label(limit, drawn),
    )
