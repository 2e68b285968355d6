"""The words in which activity pages and the log tell the events of connections."""

from django.utils.translation import gettext_lazy as _

from connections.consent import combine_scopes, format_scope_names
from connections.events import ConnectionEventKind as Kind
from notifications.models import Event
from notifications.timeline import (
    ActivityDescription,
    ActivityTopic,
    register_activity_descriptions,
    register_changed_fields,
)
from partnerportal.lib.scopes import find_scope_by_code


def _shared(event: Event) -> str:
    return format_scope_names(combine_scopes(map(find_scope_by_code, event.changes["scopes"][1])))


def register_connection_words() -> None:
    """Register how activity pages and the log show the events of this app."""
    register_activity_descriptions(
        ActivityTopic.CONNECTIONS,
        {
            Kind.ESTABLISHED: ActivityDescription("link", _("%(organization)s connected to %(counterpart)s")),
            Kind.SHARING_CHANGED: ActivityDescription(
                "eye", _("%(organization)s changed what it shares with %(counterpart)s"), detail=_shared
            ),
            Kind.ENDED: ActivityDescription("unlink", _("%(organization)s ended the connection with %(counterpart)s")),
        },
        are_customer_news=True,
    )
    register_activity_descriptions(
        ActivityTopic.CONNECTIONS,
        {Kind.LINK_REPLACED: ActivityDescription("link", _("The invitation link of %(subject)s was replaced"))},
    )
    register_changed_fields({"scopes": _("Shared")}, words={"state": {"ended": _("Ended")}})
