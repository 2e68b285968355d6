"""The rows that this app holds about a person, as they are registered with `accounts.personal_data`."""

from typing import Any

from accounts.models import Person
from accounts.personal_data import (
    FreeTextColumn,
    PersonalDataSection,
    register_free_text_column,
    register_personal_data_section,
)
from support.models import Request, RequestFile, RequestMessage, RequestRevision

TYPED = ("title", "justification", "contact_email", "contact_phone")
OF_REQUEST = "request__public_id"  # the events of a revision, a message and a file are those of its request


def register_personal_data() -> None:
    """Register this app's personal data for export and erasure: requests that the person began, and messages."""
    # They are the organisation's record, so they stay when the person's data is deleted.
    register_personal_data_section(PersonalDataSection("requests", list_requests_of_person))
    register_personal_data_section(PersonalDataSection("request_messages", list_messages_of_person))
    for column in (*TYPED, "reason"):
        register_free_text_column(FreeTextColumn(Request, column))
    for column in TYPED:
        register_free_text_column(FreeTextColumn(RequestRevision, column, OF_REQUEST))
    register_free_text_column(FreeTextColumn(RequestMessage, "body", OF_REQUEST))
    register_free_text_column(FreeTextColumn(RequestFile, "name", OF_REQUEST))


def list_requests_of_person(person: Person) -> list[Any]:
    """Return the requests that the person began, each as a dict of what an export shows."""
    rows = Request.objects.filter(person=person).order_by("pk")
    return list(rows.values("number", "organization__name", "kind", "state", *TYPED, "created_at", "submitted_at"))


def list_messages_of_person(person: Person) -> list[Any]:
    """Return the messages that the person wrote about requests, each as a dict of what an export shows."""
    rows = RequestMessage.objects.filter(person=person).order_by("pk")
    return list(rows.values("request__number", "body", "at"))
