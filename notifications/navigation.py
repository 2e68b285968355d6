"""The entries of this app in the menus: the inbox, in the sidebar and as the bell."""

from django.utils.translation import gettext_lazy as _

from notifications.queries import count_unread_notices
from partnerportal.lib.actors import Actor
from partnerportal.lib.navigation import NavigationItem, NavigationMenu


def _acts_for_an_organization(actor: Actor) -> bool:
    return actor.organization_id is not None


ITEMS = (
    NavigationItem(label=_("Inbox"), icon="inbox", url_name="inbox", order=90, count=count_unread_notices),
    NavigationItem(
        label=_("Inbox"), icon="bell", url_name="inbox", menu=NavigationMenu.BELL, order=10, count=count_unread_notices
    ),
    NavigationItem(
        label=_("Notifications"),
        icon="bell",
        url_name="notice_preferences",
        menu=NavigationMenu.PERSON,
        order=15,
        seen_by=_acts_for_an_organization,
    ),
)
