from enum import StrEnum


class ImportEventKind(StrEnum):
    """The kinds of events that the event log keeps about imports."""

    UPLOADED = "import.uploaded"
    CONFIRMED = "import.confirmed"
    CANCELLED = "import.cancelled"
