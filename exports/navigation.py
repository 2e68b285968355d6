"""The entry of this app in the menus, and what a browser that waits for a file asks."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.navigation import Item
from partnerportal.lib.requests import PortalRequest


def news_url(request: PortalRequest) -> str:
    """Return the address that says whether an export is ready; "" unless this browser waits for one."""
    return reverse("exports_news") if request.session.get("waits_for_exports") else ""


ITEMS = (Item(label=_("Exports"), icon="file-down", url_name="exports", order=100),)
POLLS = (news_url,)
