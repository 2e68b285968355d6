"""The entries of this app in the menus: an organisation's own requests, and the vendor's queue."""

from django.utils.translation import gettext_lazy as _

from partnerportal.lib.actors import Actor
from partnerportal.lib.navigation import COUNTED, NavigationItem
from support.kinds import may_ask_for_anything
from support.policies import ROLE_TABLE, SupportPermission
from support.queries import count_waiting_requests


def _count_waiting(actor: Actor) -> int:
    return count_waiting_requests(actor, COUNTED)


ITEMS = (
    NavigationItem(
        label=_("Requests"), icon="clipboard-list", url_name="own_requests", order=85, seen_by=may_ask_for_anything
    ),
    NavigationItem(
        label=_("Requests"),
        icon="clipboard-list",
        url_name="request_queue",
        order=68,
        seen_by=ROLE_TABLE[SupportPermission.VIEW_QUEUE].check_actor,
        count=_count_waiting,
    ),
)
