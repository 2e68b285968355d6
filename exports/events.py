from enum import StrEnum


class ExportEvent(StrEnum):
    """The kinds of events that actions on exports record."""

    EXPORTED = "list.exported"
