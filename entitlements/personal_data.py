"""The rows that this app and the notices hold about a person, as they are registered with `accounts.personal_data`."""

from typing import Any

from django.db.models.functions import Lower

from accounts.models import Person
from accounts.personal_data import (
    FreeTextColumn,
    PersonalDataSection,
    PersonalDataTable,
    register_free_text_column,
    register_invitations_section,
    register_personal_data_section,
    register_personal_data_table,
)
from entitlements.models import (
    ActivationLink,
    CalendarFeed,
    Entitlement,
    LicenseAssignment,
    RenewalStep,
    RenewalWork,
)
from notifications.models import InboxMark, NoticePreference, NoticeRead

OWN = {
    "calendars": PersonalDataTable(CalendarFeed, ("organization_id", "created_at", "last_read_at")),
    "notice_preferences": PersonalDataTable(NoticePreference, ("organization_id", "kind", "mail", "inbox")),
    "inbox_marks": PersonalDataTable(InboxMark, ("organization_id", "read_up_to")),
    "notices_opened": PersonalDataTable(NoticeRead, ("notice__kind", "notice__at")),
}


def register_personal_data() -> None:
    """Register this app's personal data for export and erasure: the person's calendar feeds, and licences held by them.

    Licences are found by the person's e-mail address.
    """
    for name, own in OWN.items():
        register_personal_data_table(name, own)
    # The customer's record comes from its own systems, so it stays when the person's data is deleted.
    register_personal_data_section(PersonalDataSection("licences_held", list_held_licences))
    register_free_text_column(FreeTextColumn(Entitlement, "reason"))
    register_free_text_column(FreeTextColumn(RenewalWork, "note"))
    register_free_text_column(FreeTextColumn(RenewalStep, "note", subject="work__public_id"))
    register_invitations_section("activation_links", ActivationLink)
    for column in ("name", "reason"):
        register_free_text_column(FreeTextColumn(ActivationLink, column))


def list_held_licences(person: Person) -> list[Any]:
    """Return the licences that are held under the person's e-mail address, each as a dict of what an export shows.

    They are held as customers' systems report them.
    """
    users = LicenseAssignment.objects.filter(holder_kind="user").annotate(address=Lower("holder"))
    rows = users.filter(address=person.email).order_by("pk")
    return list(rows.values("holder", "customer__name", "sku__name", "assigned_at", "last_used_at", "released_at"))
