from enum import StrEnum


class ExportEventKind(StrEnum):
    """The kinds of events that the event log keeps about exports."""

    EXPORTED = "list.exported"
