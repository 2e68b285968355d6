"""What people begin from every page of this app: an export of one of the lists that they work with most."""

from functools import partial

from django.utils.translation import gettext_lazy as _

from exports.catalogue import find_exported_list
from exports.policies import authorize_list_export
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused
from partnerportal.lib.record_search import PortalAction

LABELS = {
    "customers": _("Export customers"),
    "all_customers": _("Export customers"),  # as vendor staff see them, who see no other
    "renewals": _("Export renewals"),
    "usage": _("Export usage"),
    "partners": _("Export partners"),
    "distributors": _("Export distributors"),
}


def _may_export(key: str, actor: Actor) -> bool:
    try:
        authorize_list_export(actor, find_exported_list(key), None)
    except ActionRefused:
        return False
    return True


ACTIONS = tuple(
    PortalAction(
        label=label,
        icon="file-down",
        url_name="export_new",
        order=60 + place,
        name="list",
        value=key,
        is_export=True,
        seen_by=partial(_may_export, key),
    )
    for place, (key, label) in enumerate(LABELS.items())
)
