from enum import StrEnum


class LogEventKind(StrEnum):
    """The kinds of events about the log itself."""

    PRUNED = "log.pruned"
