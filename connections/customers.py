"""The frame of a customer's pages: its header, its tabs and its first page. The apps above register what they add.

A view gets the customer by `get_customer_with_tab_counts`, whose one query serves header and tabs, and is drawn by
`render_customer_page`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import OuterRef
from django.db.models.expressions import Combinable
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from connections import queries, rows
from connections.policies import ROLE_TABLE, ConnectionPermission
from connections.queries import ConnectedCustomer
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.known_pages import page_url
from partnerportal.lib.lists import ListTab
from partnerportal.lib.neighbours import keep_list
from partnerportal.lib.parts import PagePart
from partnerportal.lib.policies import Permission
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.rows import AttentionItem
from partnerportal.lib.scopes import Scope


@dataclass(frozen=True, kw_only=True)
class CustomerPageTab:
    """A tab on the pages that a partner has of each customer, such as Services or Orders.

    `url_name` names a route that takes the customer's public id. Actors without the permission `rule` do not get the
    tab. `scope` is what the customer must share for it: if it does not, the tab stays, and its page says so. `count`
    makes the database expression for a number on the tab, from the actor and a reference to the customer's primary key.
    The query that finds the customer reads all of these numbers.
    """

    key: str
    label: Message
    url_name: str
    order: int  # from left to right
    rule: Permission = (ROLE_TABLE, ConnectionPermission.VIEW_CUSTOMERS)
    scope: Scope = Scope.ACCOUNT
    count: Callable[[Actor, OuterRef], Combinable] | None = None


@dataclass(frozen=True, kw_only=True)
class CustomerOverviewSection:
    """What one app adds to a customer's overview page: things that need attention, and panels.

    `calm` is a sentence such as "nothing ends soon", shown if no app reports anything that needs attention. The panels
    of `lead` stand above that, and those of `parts` below.
    """

    lead: Sequence[PagePart] = ()
    attention: Sequence[AttentionItem] = ()
    calm: Message = ""
    parts: Sequence[PagePart] = ()


SectionBuilder = Callable[[Actor, ConnectedCustomer], CustomerOverviewSection]

_tabs: dict[str, CustomerPageTab] = {}
_section_builders: list[SectionBuilder] = []


def register_customer_page_tab(tab: CustomerPageTab) -> None:
    """Add a tab to the pages of every customer.

    Raises AssertionError for a second tab with the same key.
    """
    assert tab.key not in _tabs, f"two tabs are called {tab.key}"
    _tabs[tab.key] = tab


def register_customer_overview_section(build_section: SectionBuilder) -> None:
    """Register a function that returns an app's part of a customer's overview page.

    The page calls `build_section` with the actor and the customer, and expects a CustomerOverviewSection. Registering a
    function twice shows its part twice.
    """
    _section_builders.append(build_section)


register_customer_page_tab(CustomerPageTab(key="overview", label=_("Overview"), url_name="customer", order=0))
register_customer_page_tab(
    CustomerPageTab(key="activity", label=_("Activity"), url_name="customer_activity", order=100)
)


def collect_customer_overview_sections(actor: Actor, customer: ConnectedCustomer) -> list[CustomerOverviewSection]:
    """Return what each app adds to a customer's overview page, as a list in the order of registration."""
    return [build_section(actor, customer) for build_section in _section_builders]


def get_customer_with_tab_counts(actor: Actor, public_id: UUID) -> ConnectedCustomer:
    """Return the customer with this public id, with the numbers that its tabs show to the actor.

    Raises NotFound if the actor may not see this customer, also because the connection has ended (CC-29).
    """
    counts = {tab.key: tab.count(actor, OuterRef("subject")) for tab in _tabs_for(actor) if tab.count}
    return queries.get_connected_customer(actor, public_id, counts)


def render_customer_page(
    request: PortalRequest,
    customer: ConnectedCustomer,
    *,
    tab: str,
    template: str,
    context: Mapping[str, Any],
    status: int = 200,
) -> HttpResponse:
    """Render a page about one customer, with the header and the tabs that all such pages have.

    `template` extends connections/customer.html and gets `context`; `tab` is the key of the tab that the page belongs
    to. If the customer does not share what the tab needs, the page says instead what is missing, who decides, and whom
    to ask.
    """
    actor = request.actor
    if not customer.shares_scope(_tabs[tab].scope):
        template, context = "connections/customer_not_shared.html", {"label": _tabs[tab].label}
    end_url, end_reason = rows.find_connection_end_url_or_refusal(actor, customer.connection_id)
    frame = {
        "customer": customer.organization,
        "list_url": page_url("customers"),
        "connected_at": customer.connected_at,
        "is_own": customer.connection_id is not None,
        "partners": queries.list_partners_of_customer(actor, customer.organization.pk),
        "tabs": list(_tab_links(request, customer, tab)),
        "shared": rows.build_shared_scope_rows(customer.scopes),
        "sharing_url": rows.get_sharing_url(customer.connection_id),
        "end_url": end_url,
        "end_reason": end_reason,
    }
    return render(request, template, {**frame, **context}, status=status)


def _tabs_for(actor: Actor) -> list[CustomerPageTab]:
    tabs = sorted(_tabs.values(), key=lambda tab: tab.order)
    return [tab for tab in tabs if _may_open(actor, tab)]


def _may_open(actor: Actor, tab: CustomerPageTab) -> bool:
    table, permission = tab.rule
    return bool(table[permission].check_actor(actor))


def _tab_links(request: PortalRequest, customer: ConnectedCustomer, current: str) -> Iterable[ListTab]:
    for tab in _tabs_for(request.actor):
        url = keep_list(request, reverse(tab.url_name, args=[customer.organization.public_id]))
        count = customer.counts.get(tab.key) if customer.shares_scope(tab.scope) else None
        yield ListTab(str(tab.label), url, count, tab.key == current)
