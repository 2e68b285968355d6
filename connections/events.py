from enum import StrEnum


class ConnectionEventKind(StrEnum):
    """The kinds of events that the event log keeps about connections and invitation links."""

    ESTABLISHED = "connection.established"
    ENDED = "connection.ended"
    SHARING_CHANGED = "connection.sharing_changed"
    LINK_REPLACED = "invitation_link.replaced"
