"""What people begin from every page of this app: an invitation."""

from django.utils.translation import gettext_lazy as _

from connections.policies import ROLE_TABLE, ConnectionPermission
from partnerportal.lib.record_search import PortalAction

ACTIONS = (
    PortalAction(
        label=_("Invite customers"),
        icon="user-plus",
        url_name="invite",
        order=10,
        is_dialog=True,
        seen_by=ROLE_TABLE[ConnectionPermission.SEE_INVITATION_LINK].check_actor,
    ),
)
