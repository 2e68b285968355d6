"""What the vendor's start page says of trials, releases and the growth of the channel, in the reader's words."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entitlements.models import ActivationLink, ChannelMonth, Entitlement, LicenceRelease
from partnerportal.lib import charts, formats
from partnerportal.lib.chart_tables import ChartWithTable, describe_chart_series, draw_chart_wide_and_narrow
from partnerportal.lib.rows import AttentionItem

LATE_AFTER = dt.timedelta(days=3)  # so long something may wait before it stands out
ChannelNumber = Callable[[ChannelMonth], int]
GROWTH: tuple[tuple[str, Promise, ChannelNumber], ...] = (
    ("organizations", gettext_lazy("Organisations"), lambda month: month.organizations),
    ("connections", gettext_lazy("Connections"), lambda month: month.connections),
    ("licences", gettext_lazy("Licences purchased"), lambda month: month.seats),
)


def _choose_tone(since: dt.datetime) -> str:
    return "warn" if timezone.now() - since > LATE_AFTER else "info"


def list_trial_queue_items(trials: Iterable[Entitlement]) -> list[AttentionItem]:
    """Return an item for each request for a trial, with how long it has waited and a link to decide it."""
    return [
        AttentionItem(
            tone=_choose_tone(row.updated_at),
            icon="flask-conical",
            title=f"{row.sku.name} · {row.customer.name}",
            text=_("Requested %(when)s") % {"when": formats.format_relative_time(row.updated_at)},
            url=f"{reverse('trials')}?{urlencode({'q': row.customer.org_id})}",
        )
        for row in trials
    ]


def list_release_queue_items(releases: Iterable[LicenceRelease]) -> list[AttentionItem]:
    """Return an item for each licence that waits for its release, with how long it has waited and a link to it."""
    return [
        AttentionItem(
            tone=_choose_tone(row.asked_at),
            icon="user-minus",
            title=f"{row.sku.name} · {row.customer_name}",
            text=_("Requested %(when)s") % {"when": formats.format_relative_time(row.asked_at)},
            url=f"{reverse('releases')}?{urlencode({'q': row.org_id})}",
        )
        for row in releases
    ]


def list_unconfirmed_partner_items(links: Iterable[ActivationLink]) -> list[AttentionItem]:
    """Return an item for each new partner that waits for its confirmation, which leads to where that is given."""
    return [
        AttentionItem(
            tone=_choose_tone(link.closed_at or link.created_at),
            icon="building-2",
            title=link.name,
            text=_("Activated %(when)s") % {"when": formats.format_relative_time(link.closed_at or link.created_at)},
            url=reverse("activation_link", args=[link.public_id]),
        )
        for link in links
    ]


@dataclass(frozen=True)
class GrowthPanel:
    """How one size of the channel has grown: its chart, the present number, and the change since the first month."""

    chart: ChartWithTable
    latest: str
    change: str  # "" for none


def make_growth_panels(months: Sequence[ChannelMonth]) -> list[GrowthPanel]:
    """Return a GrowthPanel for each size of the channel over these months: organisations, connections, licences."""
    names = [formats.format_month(each.month) for each in months]
    panels = []
    for key, label, number in GROWTH:
        values = [number(each) for each in months]
        change = values[-1] - values[0]
        signed = f"{'+' if change > 0 else '−'}{formats.format_number(abs(change))}"
        chart = _make_growth_chart(key, str(label), names, values)
        panels.append(GrowthPanel(chart, formats.format_number(values[-1]), signed if change else ""))
    return panels


def _make_growth_chart(key: str, title: str, names: list[str], values: list[int]) -> ChartWithTable:
    def draw(size: charts.ChartDimensions) -> charts.Chart:
        return charts.build_line_chart(size, [(title, values)], names)

    return ChartWithTable(
        key=f"growth-{key}",
        title=title,
        description=describe_chart_series(names, values),
        drawings=draw_chart_wide_and_narrow(draw),
        head=[_("Month"), title],
        rows=[(name, [formats.format_number(value)]) for name, value in zip(names, values, strict=True)],
    )
