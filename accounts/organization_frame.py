"""The frame of an organisation's pages for the vendor's staff: header, menu of actions and tabs. Apps above add to it.

A view gets the organisation by `queries.organizations.get_managed_organization`, and is drawn by
`render_organization_page`. Nobody but the vendor's staff gets any of these pages.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, OrganizationKind
from accounts.organization_actions import MEMBERS
from accounts.organization_menu import find_common_refusal, list_organization_action_menu_items
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.programs import build_program_badges
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.errors import Message
from partnerportal.lib.known_pages import page_url
from partnerportal.lib.lists import ListTab
from partnerportal.lib.neighbours import keep_list
from partnerportal.lib.parts import PagePart
from partnerportal.lib.policies import Permission
from partnerportal.lib.requests import PortalRequest


@dataclass(frozen=True, kw_only=True)
class OrganizationPageTab:
    """A tab on the pages that the vendor's staff have of each organisation, such as Operators or Memberships.

    `url_name` names a route that takes the organisation's public id. `kinds` are the kinds of organisations that have
    the tab; empty: all. Actors without the permission `rule` do not get it. `count` returns the number on the tab.
    """

    key: str
    label: Message
    url_name: str
    order: int  # from left to right
    kinds: frozenset[str] = frozenset()
    rule: Permission = (ROLE_TABLE, AccountPermission.VIEW_ORGANIZATIONS)
    count: Callable[[Actor, Organization], int] | None = None


PartsBuilder = Callable[[Actor, Organization], Iterable[PagePart]]

_tabs: dict[str, OrganizationPageTab] = {}
_parts_builders: list[PartsBuilder] = []


def register_organization_page_tab(tab: OrganizationPageTab) -> None:
    """Add a tab to the pages of organisations. Raises AssertionError for a second tab with the same key."""
    assert tab.key not in _tabs, f"two tabs are called {tab.key}"
    _tabs[tab.key] = tab


def register_organization_overview_parts(build_parts: PartsBuilder) -> None:
    """Register a function that returns an app's panels on the overview page of an organisation, for vendor staff.

    It is called with the actor and the organisation. Registering it twice shows its panels twice.
    """
    _parts_builders.append(build_parts)


def collect_organization_overview_parts(actor: Actor, organization: Organization) -> list[PagePart]:
    """Return the panels that the apps above add to an organisation's overview page, in the order of registration."""
    return [part for build_parts in _parts_builders for part in build_parts(actor, organization)]


for _tab in (
    OrganizationPageTab(key="overview", label=_("Overview"), url_name="organization", order=0),
    OrganizationPageTab(key="operators", label=_("Operators"), url_name="organization_operators", order=10),
    OrganizationPageTab(
        key="memberships", label=_("Memberships"), url_name="organization_memberships", order=20, kinds=MEMBERS
    ),
):
    register_organization_page_tab(_tab)


def render_organization_page(
    request: PortalRequest, organization: Any, *, tab: str, template: str, context: Mapping[str, Any]
) -> HttpResponse:
    """Render a page about one organisation, with the header, the actions and the tabs that all such pages have.

    `organization` comes from `get_managed_organization`, `template` extends accounts/organization.html and gets
    `context`, and `tab` is the key of the tab that the page belongs to.
    """
    actor = request.actor
    list_label, list_url = build_organization_list_link(organization.kind)
    menu = list_organization_action_menu_items(actor, organization)
    frame = {
        "organization": organization,
        "list_label": list_label,
        "list_url": list_url,
        "country": get_country_name(organization.country),
        "badges": build_program_badges(organization.active_programs),
        "parent_url": reverse("organization", args=[organization.parent.public_id]) if organization.parent else "",
        "tabs": list(_tab_links(request, organization, tab)),
        "menu": menu,
        "menu_refusal": find_common_refusal(menu),
    }
    return render(request, template, {**frame, **context})


def build_organization_list_link(kind: str) -> tuple[str, str]:
    """Return the label and the URL of the list from which the page of an organisation of this kind is reached."""
    if kind == OrganizationKind.PARTNER:
        return gettext("Partners"), page_url("partners")
    if kind == OrganizationKind.DISTRIBUTOR:
        return gettext("Distributors"), page_url("distributors")
    if kind == OrganizationKind.PUBLISHER:
        return gettext("Publishers"), reverse("publishers")
    return gettext("Customers"), page_url("customers") if kind == OrganizationKind.CUSTOMER else ""


def _tab_links(request: PortalRequest, organization: Organization, current: str) -> Iterable[ListTab]:
    actor = request.actor
    for tab in sorted(_tabs.values(), key=lambda tab: tab.order):
        table, permission = tab.rule
        if (not tab.kinds or organization.kind in tab.kinds) and table[permission].check_actor(actor):
            count = tab.count(actor, organization) if tab.count else None
            url = keep_list(request, reverse(tab.url_name, args=[organization.public_id]))
            yield ListTab(str(tab.label), url, count, tab.key == current)
