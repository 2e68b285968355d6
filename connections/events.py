from enum import StrEnum


class ConnectionEvent(StrEnum):
    """The kinds of events that actions on connections record."""

    ESTABLISHED = "connection.established"
    ENDED = "connection.ended"
    SHARING_CHANGED = "connection.sharing_changed"
    LINK_REPLACED = "invitation_link.replaced"
