"""Rows of customers, services and orders as templates show them: every number and date is already written out in the
reader's language."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Organization, OrganizationKind
from entitlements.counting import LicenceTotals, count_licence_totals, get_listed_licence_totals
from entitlements.models import CustomerListing, Entitlement, Order, Sku
from entitlements.queries.customers import AHEAD
from partnerportal.lib import charts, formats
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.days import today
from partnerportal.lib.rows import AttentionItem, LastDayLabel, SeatUsageBar
from partnerportal.lib.scopes import Scope
from partnerportal.lib.text import make_avatar_initials

RUNNING = (Entitlement.Section.ACTIVE, Entitlement.Section.ACTIVE_TRIALS)


@dataclass(frozen=True)
class CustomerTableRow:
    """A row of the customer list: a customer, with its numbers and dates written out."""

    name: str
    monogram: str
    subtitle: str
    path: str  # the URL of its page, relative to the list's
    org_id: str
    email: str  # of its contact details; "" without one
    country: str
    service: str  # the first by name
    more: str  # "+2": how many services are not shown
    services: str  # the names of all services, where there are more than one
    usage: SeatUsageBar | None
    spark: str  # the SVG path of the shares of sixteen weeks; empty without history
    expiry: LastDayLabel | None
    since: str
    shares_services: bool  # else services, licences, trials and expiry are not known
    shares_usage: bool  # else the spark is not known
    connection_id: str  # the public id of the connection; empty when the actor's organisation has none of its own
    trials: str
    add_ons: str  # their names
    kind: str
    level: str  # trial or production; "" where it runs nothing
    created: str
    status: str
    is_suspended: bool
    partners: str  # through which a distributor sees it
    manager: str  # who looks after it at the vendor, in the list of the vendor's staff
    select_label: str


def make_customer_table_rows(
    listings: Iterable[CustomerListing],
    skus: Mapping[int, Sku],
    partners: Mapping[int, list[str]],
    *,
    managers: Mapping[int, str] | None = None,
) -> list[CustomerTableRow]:
    """Return a CustomerTableRow for each row of the customer listing.

    `skus` are by primary key, and `partners` the names of those through which a distributor sees each customer. Rows of
    the vendor's list, to which the names of account managers come, lead to the vendor's pages of organisations.
    """
    select, reader = _("Select %(name)s"), formats.ReaderFormats()
    kinds = {kind: str(label) for kind, label in OrganizationKind.choices}
    states = {"active": _("Active"), "suspended": _("Suspended")}
    levels = {kind: str(kind.label) for kind in Entitlement.Kind}
    name_country = cache(get_country_name)  # many customers share one
    rows = []
    for row in listings:
        running = [skus[sku] for sku in row.skus if sku in skus]
        add_ons = sorted(sku.name for sku in running if sku.kind == Sku.Kind.ADD_ON)
        services = sorted(sku.name for sku in running if sku.kind != Sku.Kind.ADD_ON)
        words = {"kind": kinds[row.kind], "status": states[row.state], "select_label": select % {"name": row.name}}
        words |= {"country": name_country(row.country), "level": levels[row.level] if row.level else ""}
        words["manager"] = "" if managers is None else managers.get(row.customer_id, "")
        words["path"] = f"{row.public_id}/" if managers is None else reverse("organization", args=[row.public_id])
        usage = make_licence_bar(get_listed_licence_totals(row), {sku.pk: sku.name for sku in running}, reader)
        words |= {
            "add_ons": reader.join_names(add_ons),
            "partners": reader.join_names(partners.get(row.customer_id, [])),
        }
        rows.append(_customer_row(row, services, usage, words, reader))
    return rows


def _customer_row(
    row: CustomerListing,
    services: list[str],
    usage: SeatUsageBar | None,
    words: Mapping[str, str],
    reader: formats.ReaderFormats,
) -> CustomerTableRow:
    more = len(services) - 1
    return CustomerTableRow(
        name=row.name,
        monogram=make_avatar_initials(row.name),
        subtitle=row.website,
        org_id=row.org_id,
        email=row.contact_email or "",  # type: ignore[attr-defined]
        service=services[0] if services else "",
        more=f"+{reader.format_number(more)}" if more > 0 else "",
        services=reader.join_names(services) if more > 0 else "",
        usage=usage,
        spark=charts.build_sparkline_path(row.weekly_usage["weeks"] if row.weekly_usage else ()),  # type: ignore[attr-defined]
        expiry=LastDayLabel.from_date(row.expires_on, reader=reader),
        since=reader.format_date(row.connected_at).replace(" ", "\N{NO-BREAK SPACE}"),
        shares_services=row.shares_scope(Scope.ENTITLEMENTS),
        shares_usage=row.shares_scope(Scope.USAGE),
        connection_id=str(row.connection_id or ""),  # type: ignore[attr-defined]
        trials=reader.format_number(row.trials) if row.trials else "",
        created=reader.format_date(row.created_at).replace(" ", "\N{NO-BREAK SPACE}"),
        is_suspended=row.is_suspended,
        **words,
    )


@dataclass(frozen=True)
class ServicePages:
    """Where what needs attention at the services of one organisation leads to."""

    usage: str  # "" where the customer does not share it
    services: str
    renewals: str  # "" where each end has a page of its own, on which its customer's partner works

    @classmethod
    def of_customer(cls, customer: Organization, *, shares_usage: bool = True) -> "ServicePages":
        """Return the pages that a partner has of this customer."""
        return cls(
            usage=reverse("customer_usage", args=[customer.public_id]) if shares_usage else "",
            services=reverse("customer_services", args=[customer.public_id]),
            renewals="",
        )

    @classmethod
    def of_own_organization(cls) -> "ServicePages":
        """Return the pages that an organisation has of its own services."""
        return cls(usage=reverse("usage"), services=reverse("services"), renewals=reverse("renewals"))

    def get_renewal_url(self, entitlement: Entitlement) -> str:
        """Return the URL of the page on which the end of this entitlement is dealt with."""
        return self.renewals or reverse("renewal_work", args=[entitlement.public_id])


def list_service_attention_items(entitlements: Sequence[Entitlement], pages: ServicePages) -> list[AttentionItem]:
    """Return an AttentionItem, which is a line of the overview, for each service that needs attention (CC-49).

    A service needs it if it is over its licence, ends within 90 days, or waits for a decision. Each line leads to one
    of `pages`, where something can be done about it.
    """
    names = {row.sku_id: row.sku.name for row in entitlements}
    overages = count_licence_totals(entitlements, today()).overage_by_sku
    url = f"{pages.usage}#proposals" if pages.usage else pages.services
    verb = _("See proposal") if pages.usage else _("See services")
    attention = [
        AttentionItem("bad", "triangle-alert", names[sku], describe_overage(seats), url, verb=verb)
        for sku, seats in overages.items()
    ]
    for row in entitlements:
        section = row.choose_section(today())
        running = section in RUNNING
        if running and row.ends_on and row.ends_on - today() <= AHEAD:
            trial = section == Entitlement.Section.ACTIVE_TRIALS
            text = _("Trial ends") if trial else _("Term ends")
            attention.append(
                AttentionItem(
                    "warn",
                    "calendar-clock",
                    row.sku.name,
                    text,
                    pages.get_renewal_url(row),
                    LastDayLabel.from_date(row.ends_on),
                    verb=_("See renewal"),
                )
            )
        if section == Entitlement.Section.PENDING_TRIALS:
            text = _("A trial request is pending")
            attention.append(
                AttentionItem("info", "flask-conical", row.sku.name, text, pages.services, verb=_("See request"))
            )
    return sorted(attention, key=lambda item: ("bad", "warn", "info").index(item.tone))


def make_licence_bar(
    totals: LicenceTotals, sku_names: Mapping[int, str], reader: formats.ReaderFormats | None = None
) -> SeatUsageBar | None:
    """Return the bar of a customer's paid licences, with the overage of each SKU and what is on trial in words.

    Returns None where there are no licences at all. `reader` is who reads, where that is known already.
    """
    if not (totals.has_paid or totals.trial_purchased or totals.trial_assigned):
        return None
    return SeatUsageBar.from_seat_counts(
        totals.assigned,
        totals.purchased,
        totals.overage,
        overages=tuple((sku_names[sku], seats) for sku, seats in totals.overage_by_sku.items() if sku in sku_names),
        trial=(totals.trial_assigned, totals.trial_purchased),
        reader=reader,
    )


def make_licence_bar_of_entitlements(entitlements: Sequence[Entitlement]) -> SeatUsageBar | None:
    """Return the bar of the licences of these entitlements, which are all of one customer, as they count today."""
    names = {row.sku_id: row.sku.name for row in entitlements}
    return make_licence_bar(count_licence_totals(entitlements, today()), names)


def describe_overage(seats: int) -> str:
    """Return a number of seats beyond the licence in words: "3 more licences assigned than purchased"."""
    return ngettext(
        "%(count)s more licence assigned than purchased", "%(count)s more licences assigned than purchased", seats
    ) % {"count": formats.format_number(seats)}


@dataclass(frozen=True)
class ServiceTableRow:
    """A row of the Services tab: an entitlement, with its numbers and dates written out."""

    public_id: str
    name: str
    code: str
    kind: str
    source: str
    quantity: str
    usage: SeatUsageBar | None  # None unless it runs
    starts: str
    expiry: LastDayLabel | None
    state: str
    reason: str  # why a trial was declined
    waits: str  # since when a request for a trial waits, from whom, and for whom; "" for all else
    cancel_url: str  # where the reader may cancel a trial or its request


@dataclass(frozen=True)
class ServiceSection:
    """A group of rows on the Services tab, such as the active trials."""

    key: str
    label: str
    empty: str  # what stands there without rows
    rows: list[ServiceTableRow]

    @property
    def has_menu(self) -> bool:
        """Whether the reader may do something with one of the rows."""
        return any(row.cancel_url for row in self.rows)


def make_service_sections(
    entitlements: Iterable[Entitlement], *, may_cancel: bool = False, requesters: Mapping[UUID, str] | None = None
) -> list[ServiceSection]:
    """Return the groups of the Services tab, with their rows (CC-48…CC-52).

    Ended entitlements are a group only where there are some. `may_cancel` says that the reader is the customer's Admin,
    who may take back requests and end trials. `requesters` are the names of those of its people who have asked for a
    trial, by the public id of the request; nobody else is told them.
    """
    section = Entitlement.Section
    empty = {
        section.ACTIVE: _("No active entitlements."),
        section.ACTIVE_TRIALS: _("No active trials."),
        section.PENDING_TRIALS: _("No pending trial requests."),
        section.EXPIRED_TRIALS: _("No expired trials."),
    }
    groups: dict[Entitlement.Section, list[ServiceTableRow]] = {key: [] for key in section}
    for entitlement in entitlements:
        key = entitlement.choose_section(today())
        row = make_service_table_row(entitlement, is_running=key in RUNNING)
        if key == section.PENDING_TRIALS:
            row = replace(row, waits=_describe_request(entitlement, (requesters or {}).get(entitlement.public_id, "")))
        if may_cancel and key in (section.ACTIVE_TRIALS, section.PENDING_TRIALS):
            row = replace(row, cancel_url=reverse("trial_cancel", args=[entitlement.public_id]))
        groups[key].append(row)
    return [
        ServiceSection(key.value, str(key.label), empty.get(key, ""), rows)
        for key, rows in groups.items()
        if rows or key in empty
    ]


def make_service_table_row(entitlement: Entitlement, *, is_running: bool) -> ServiceTableRow:
    """Return the row of the Services tab for an entitlement. If it `is_running` today, the row has a bar of seats."""
    return ServiceTableRow(
        public_id=str(entitlement.public_id),
        name=entitlement.sku.name,
        code=entitlement.sku.code,
        kind=entitlement.get_kind_display() if entitlement.kind == Entitlement.Kind.TRIAL else "",
        source=entitlement.get_source_display(),
        quantity=formats.format_number(entitlement.quantity),
        usage=SeatUsageBar.from_seat_counts(entitlement.assigned, entitlement.quantity) if is_running else None,
        starts=formats.format_date(entitlement.starts_on) if entitlement.starts_on else "",
        expiry=LastDayLabel.from_date(entitlement.ends_on),
        state=entitlement.get_state_display(),
        reason=entitlement.reason if entitlement.state == Entitlement.State.DECLINED else "",
        waits="",
        cancel_url="",
    )


def _describe_request(entitlement: Entitlement, name: str) -> str:
    text = _("Requested on %(date)s by %(name)s · waiting for the vendor") if name else ""
    text = text or _("Requested on %(date)s · waiting for the vendor")
    return text % {"date": formats.format_date(entitlement.updated_at), "name": name}


@dataclass(frozen=True)
class OrderLineTableRow:
    """A line of an order, with its numbers and amounts written out."""

    name: str
    code: str
    quantity: str
    price: str
    amount: str


@dataclass(frozen=True)
class OrderTableRow:
    """An order and its lines, with numbers, dates and amounts written out."""

    number: str
    placed: str
    placed_iso: str
    tone: str
    state: str
    total: str
    count: str
    lines: list[OrderLineTableRow]


_ORDER_TONES = {Order.State.OPEN: "info", Order.State.FULFILLED: "ok", Order.State.CANCELLED: ""}


def make_order_table_rows(orders: Iterable[Order]) -> list[OrderTableRow]:
    """Return an OrderTableRow for each order, with the order's lines by their position."""
    return [_order_row(order) for order in orders]


def _order_row(order: Order) -> OrderTableRow:
    lines = sorted(order.lines.all(), key=lambda line: line.position)
    return OrderTableRow(
        number=order.number,
        placed=formats.format_date(order.placed_on),
        placed_iso=order.placed_on.isoformat(),
        tone=_ORDER_TONES[Order.State(order.state)],
        state=order.get_state_display(),
        total=formats.format_money(order.total, order.currency),
        count=ngettext("%(count)s line", "%(count)s lines", len(lines)) % {"count": formats.format_number(len(lines))},
        lines=[
            OrderLineTableRow(
                name=line.sku.name,
                code=line.sku.code,
                quantity=formats.format_number(line.quantity),
                price=formats.format_money(line.unit_price, order.currency),
                amount=formats.format_money(line.unit_price * line.quantity, order.currency),
            )
            for line in lines
        ],
    )
