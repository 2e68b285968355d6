from enum import StrEnum


class ConnectionEvent(StrEnum):
    ESTABLISHED = "connection.established"
    ENDED = "connection.ended"
    LINK_REPLACED = "invitation_link.replaced"
