from enum import StrEnum


class ExportEvent(StrEnum):
    EXPORTED = "list.exported"
