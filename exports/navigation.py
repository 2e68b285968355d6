"""The entry of this app in the menus, and what a browser that waits for a file asks."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.navigation import NavigationItem
from partnerportal.lib.requests import PortalRequest


def get_finished_exports_poll_url(request: PortalRequest) -> str:
    """Return the URL at which the page asks whether an export is finished; "" if the session waits for none."""
    return reverse("exports_finished") if request.session.get("waits_for_exports") else ""


ITEMS = (NavigationItem(label=_("Exports"), icon="file-down", url_name="exports", order=100),)
POLLS = (get_finished_exports_poll_url,)
