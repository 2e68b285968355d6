from enum import StrEnum


class SupportEventKind(StrEnum):
    """The kinds of events about requests to the vendor."""

    REQUEST_SUBMITTED = "request.submitted"
    REQUEST_ANSWERED = "request.answered"
    REQUEST_WITHDRAWN = "request.withdrawn"
    REQUEST_INFORMATION_ASKED = "request.information_asked"
    REQUEST_ASSIGNED = "request.assigned"
    REQUEST_APPROVED = "request.approved"
    REQUEST_DECLINED = "request.declined"
    REQUEST_OVERTAKEN = "request.overtaken"
    REQUEST_COMMENTED = "request.commented"
