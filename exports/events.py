from enum import StrEnum


class ExportEvent(StrEnum):
    """The kinds of events that the event log keeps about exports."""

    EXPORTED = "list.exported"
