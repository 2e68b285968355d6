"""What this app shows on the start page: the way to its own organisation, for who has nothing else, and to the vendor
which badges end and which organisations have no Admin."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import OrganizationKind
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.organizations import count_admin_vacancies, list_admin_vacancies, list_ending_memberships
from accounts.queries.own_account import is_customer, sees_customers
from accounts.rows.organizations import list_ending_badge_items, list_vacancy_items
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.blocks import StartPageArea, StartPageBlock
from partnerportal.lib.known_pages import page_url
from partnerportal.lib.lists import build_list_url
from partnerportal.lib.requests import PortalRequest

SHOWN = 6  # badges and organisations that a block names


def _has_nothing_else(actor: Actor) -> bool:
    is_vendor = actor.organization_kind == OrganizationKind.VENDOR
    return not (sees_customers(actor) or is_customer(actor) or is_vendor)


def _ending_badges(request: PortalRequest) -> dict[str, Any]:
    """Return the badges that end within 60 days, those that end first."""
    items = list_ending_badge_items(list_ending_memberships(request.actor, SHOWN))
    texts = {"title": _("Badges ending soon"), "none": _("No badge ends in the next 60 days.")}
    return texts | {"attention": items, "all_url": build_list_url(reverse("memberships"), {"ends_within": 60})}


def _vacancies(request: PortalRequest) -> dict[str, Any]:
    """Return the organisations that have no Admin."""
    items = list_vacancy_items(list_admin_vacancies(request.actor, SHOWN))
    return {
        "title": _("Organisations without an Admin"),
        "attention": items,
        "none": _("Every organisation has an Admin."),
        "all_links": _link_lists_of_vacancies(request.actor) if items else [],
    }


def _link_lists_of_vacancies(actor: Actor) -> list[dict[str, str]]:
    """Return a label and the URL of the list of organisations without an Admin, for each kind that has any."""
    counts = count_admin_vacancies(actor)
    lists = (
        (OrganizationKind.DISTRIBUTOR, _("Distributors"), page_url("distributors")),
        (OrganizationKind.PARTNER, _("Partners"), page_url("partners")),
        (OrganizationKind.CUSTOMER, _("Customers"), page_url("customers")),
        (OrganizationKind.PUBLISHER, _("Publishers"), reverse("publishers")),
    )
    return [
        {
            "label": label if counts is None else f"{label} ({formats.format_number(counts[kind])})",
            "url": build_list_url(url, {"admin": "none"}),
        }
        for kind, label, url in lists
        if counts is None or counts.get(kind)
    ]


_is_vendor = ROLE_TABLE[AccountPermission.VIEW_ORGANIZATIONS].check_actor

BLOCKS = (
    StartPageBlock(
        area=StartPageArea.SIDE, order=4, template="ui/attention.html", context=_ending_badges, seen_by=_is_vendor
    ),
    StartPageBlock(
        area=StartPageArea.SIDE, order=6, template="ui/attention.html", context=_vacancies, seen_by=_is_vendor
    ),
    StartPageBlock(
        area=StartPageArea.WORK,
        order=10,
        template="accounts/start_page/organization.html",
        seen_by=_has_nothing_else,
    ),
)
