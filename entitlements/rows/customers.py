"""Rows of customers, services and orders as templates show them: every number and date is already written out in the
reader's language."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entitlements.models import CustomerListing, Entitlement, Order
from entitlements.queries.customers import AHEAD
from partnerportal.lib import charts, formats
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.days import today
from partnerportal.lib.rows import AttentionItem, LastDay, SeatBar
from partnerportal.lib.scopes import Scope
from partnerportal.lib.text import make_monogram

RUNNING = (Entitlement.Section.ACTIVE, Entitlement.Section.ACTIVE_TRIALS)


@dataclass(frozen=True)
class CustomerRow:
    """A row of the customer list: a customer, with its numbers and dates written out."""

    name: str
    monogram: str
    subtitle: str
    path: str  # the address of its page, relative to the list's
    org_id: str
    country: str
    service: str  # the first by name
    more: str  # "+2": how many services are not shown
    services: str  # the names of all services, where there are more than one
    usage: SeatBar | None
    spark: str  # the SVG path of the shares of sixteen weeks; empty without history
    expiry: LastDay | None
    since: str
    shares_services: bool  # else services, licences, trials and expiry are not known
    shares_usage: bool  # else the spark is not known
    connection_id: str  # the public id of the connection; empty when the actor's organisation has none of its own
    trials: str
    select_label: str


def make_customer_rows(listings: Iterable[CustomerListing], names: dict[int, str]) -> list[CustomerRow]:
    """Return a CustomerRow for each row of the customer listing. `names` are the names of SKUs by primary key."""
    select = _("Select %(name)s")
    return [_customer_row(row, sorted(names[sku] for sku in row.skus if sku in names), select) for row in listings]


def _customer_row(row: CustomerListing, services: list[str], select: str) -> CustomerRow:
    more = len(services) - 1
    return CustomerRow(
        name=row.name,
        monogram=make_monogram(row.name),
        subtitle=row.website,
        path=f"{row.public_id}/",
        org_id=row.org_id,
        country=get_country_name(row.country),
        service=services[0] if services else "",
        more=f"+{formats.format_number(more)}" if more > 0 else "",
        services=formats.join_names(services) if more > 0 else "",
        usage=SeatBar.for_seats(row.assigned, row.seats, row.overage) if row.seats or row.assigned else None,
        spark=charts.build_sparkline_path(row.weeks or ()),  # type: ignore[attr-defined]
        expiry=LastDay.from_date(row.expires_on),
        since=formats.format_date(row.connected_at).replace(" ", "\N{NO-BREAK SPACE}"),
        shares_services=row.shares_scope(Scope.ENTITLEMENTS),
        shares_usage=row.shares_scope(Scope.USAGE),
        connection_id=str(row.connection_id or ""),  # type: ignore[attr-defined]
        trials=formats.format_number(row.trials) if row.trials else "",
        select_label=select % {"name": row.name},
    )


def collect_customer_attention(listings: Iterable[CustomerListing]) -> list[AttentionItem]:
    """Return an AttentionItem, which is a line of the overview, for each customer that needs attention.

    The reason is a customer's overage, else its trial request, else a service that ends soon.
    """
    attention = []
    for row in listings:
        url = reverse("customer", args=[row.public_id])
        day = LastDay.from_date(row.expires_on)
        if row.is_over_limit:
            attention.append(AttentionItem("bad", "triangle-alert", row.name, describe_overage(row.overage), url))
        elif row.requests and not (day and day.tone):
            text = _("A trial request is pending")
            attention.append(
                AttentionItem(
                    "info", "flask-conical", row.name, text, reverse("customer_services", args=[row.public_id])
                )
            )
        else:
            attention.append(AttentionItem("warn", "calendar-clock", row.name, _("A service ends soon"), url, day))
    return attention


def collect_service_attention(entitlements: Sequence[Entitlement]) -> list[AttentionItem]:
    """Return an AttentionItem, which is a line of the overview, for each service that needs attention (CC-49).

    A service needs it if it is over its licence, ends within 90 days, or waits for a decision.
    """
    attention = [
        AttentionItem("bad", "triangle-alert", name, describe_overage(seats))
        for name, seats in _overages(entitlements)
        if seats > 0
    ]
    for row in entitlements:
        section = row.section(today())
        running = section in RUNNING
        if running and row.ends_on and row.ends_on - today() <= AHEAD:
            trial = section == Entitlement.Section.ACTIVE_TRIALS
            text = _("Trial ends") if trial else _("Term ends")
            attention.append(
                AttentionItem("warn", "calendar-clock", row.sku.name, text, day=LastDay.from_date(row.ends_on))
            )
        if section == Entitlement.Section.PENDING_TRIALS:
            attention.append(AttentionItem("info", "flask-conical", row.sku.name, _("A trial request is pending")))
    return sorted(attention, key=lambda item: ("bad", "warn", "info").index(item.tone))


def _overages(entitlements: Iterable[Entitlement]) -> Iterable[tuple[str, int]]:
    """Return the name of each SKU that runs, and by how many seats all of its entitlements together are exceeded.

    The number is negative where seats are left, and the same as in CustomerListing.
    """
    seats: dict[int, tuple[str, int]] = {}
    for row in entitlements:
        if row.section(today()) in RUNNING:
            before = seats.get(row.sku_id, ("", 0))[1]
            seats[row.sku_id] = row.sku.name, before + row.assigned - row.quantity
    return seats.values()


def make_licence_bar(entitlements: Iterable[Entitlement]) -> SeatBar:
    """Return the bar that shows the assigned seats of all running entitlements together.

    As in the customer list, the overage is added up SKU by SKU.
    """
    running = [row for row in entitlements if row.section(today()) in RUNNING]
    overage = sum(max(seats, 0) for _name, seats in _overages(running))
    return SeatBar.for_seats(sum(row.assigned for row in running), sum(row.quantity for row in running), overage)


def describe_overage(seats: int) -> str:
    """Return a number of seats beyond the licence in words: "3 more licences assigned than purchased"."""
    return ngettext(
        "%(count)s more licence assigned than purchased", "%(count)s more licences assigned than purchased", seats
    ) % {"count": formats.format_number(seats)}


@dataclass(frozen=True)
class ServiceRow:
    """A row of the Services tab: an entitlement, with its numbers and dates written out."""

    name: str
    code: str
    kind: str
    source: str
    quantity: str
    usage: SeatBar | None  # None unless it runs
    starts: str
    expiry: LastDay | None
    state: str
    reason: str  # why a trial was declined
    cancel_url: str  # where the reader may cancel a trial or its request


@dataclass(frozen=True)
class ServiceSection:
    """A group of rows on the Services tab, such as the active trials."""

    key: str
    label: str
    empty: str  # what stands there without rows
    rows: list[ServiceRow]


def make_service_sections(entitlements: Iterable[Entitlement], *, may_cancel: bool = False) -> list[ServiceSection]:
    """Return the groups of the Services tab, with their rows (CC-48…CC-52).

    Ended entitlements are a group only where there are some. `may_cancel` says that the reader is the customer's Admin,
    who may take back requests and end trials.
    """
    section = Entitlement.Section
    empty = {
        section.ACTIVE: _("No active entitlements."),
        section.ACTIVE_TRIALS: _("No active trials."),
        section.PENDING_TRIALS: _("No pending trial requests."),
        section.EXPIRED_TRIALS: _("No expired trials."),
    }
    groups: dict[Entitlement.Section, list[ServiceRow]] = {key: [] for key in section}
    for entitlement in entitlements:
        key = entitlement.section(today())
        row = make_service_row(entitlement, running=key in RUNNING)
        if may_cancel and key in (section.ACTIVE_TRIALS, section.PENDING_TRIALS):
            row = replace(row, cancel_url=reverse("trial_cancel", args=[entitlement.public_id]))
        groups[key].append(row)
    return [
        ServiceSection(key.value, str(key.label), empty.get(key, ""), rows)
        for key, rows in groups.items()
        if rows or key in empty
    ]


def make_service_row(row: Entitlement, *, running: bool) -> ServiceRow:
    """Return the row of the Services tab for an entitlement. The row has a bar of seats if it is `running` today."""
    return ServiceRow(
        name=row.sku.name,
        code=row.sku.code,
        kind=row.get_kind_display() if row.kind == Entitlement.Kind.TRIAL else "",
        source=row.get_source_display(),
        quantity=formats.format_number(row.quantity),
        usage=SeatBar.for_seats(row.assigned, row.quantity) if running else None,
        starts=formats.format_date(row.starts_on) if row.starts_on else "",
        expiry=LastDay.from_date(row.ends_on),
        state=row.get_state_display(),
        reason=row.reason if row.state == Entitlement.State.DECLINED else "",
        cancel_url="",
    )


@dataclass(frozen=True)
class OrderLineRow:
    """A line of an order, with its numbers and amounts written out."""

    name: str
    code: str
    quantity: str
    price: str
    amount: str


@dataclass(frozen=True)
class OrderRow:
    """An order and its lines, with numbers, dates and amounts written out."""

    number: str
    placed: str
    placed_iso: str
    tone: str
    state: str
    total: str
    count: str
    lines: list[OrderLineRow]


_ORDER_TONES = {Order.State.OPEN: "info", Order.State.FULFILLED: "ok", Order.State.CANCELLED: ""}


def make_order_rows(orders: Iterable[Order]) -> list[OrderRow]:
    """Return an OrderRow for each order, with the order's lines by their position."""
    return [_order_row(order) for order in orders]


def _order_row(order: Order) -> OrderRow:
    lines = sorted(order.lines.all(), key=lambda line: line.position)
    return OrderRow(
        number=order.number,
        placed=formats.format_date(order.placed_on),
        placed_iso=order.placed_on.isoformat(),
        tone=_ORDER_TONES[Order.State(order.state)],
        state=order.get_state_display(),
        total=formats.format_money(order.total, order.currency),
        count=ngettext("%(count)s line", "%(count)s lines", len(lines)) % {"count": formats.format_number(len(lines))},
        lines=[
            OrderLineRow(
                name=line.sku.name,
                code=line.sku.code,
                quantity=formats.format_number(line.quantity),
                price=formats.format_money(line.unit_price, order.currency),
                amount=formats.format_money(line.unit_price * line.quantity, order.currency),
            )
            for line in lines
        ],
    )
