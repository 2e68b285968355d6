"""What this app and the notices hold about a person. Registered with `accounts.personal_data`."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.models import Organization, Person
from accounts.personal_data import Holding, register_holding
from entitlements.models import CalendarFeed, Export, LicenseAssignment, ListSettings, SavedView
from notifications.models import InboxMark, NoticePreference, NoticeRead


@dataclass(frozen=True)
class OwnRows:
    """A table whose rows are one person's each, and the columns that tell them something."""

    model: Any
    columns: tuple[str, ...]

    def rows_of(self, person: Person) -> QuerySet[Any]:
        return self.model.objects.filter(person_id=person.pk).order_by("pk")

    def export(self, person: Person) -> list[dict[str, Any]]:
        rows = list(self.rows_of(person).values(*self.columns))
        named = {row["organization_id"] for row in rows if "organization_id" in row}
        names = dict(Organization.objects.filter(pk__in=named).values_list("pk", "name"))
        return [{**row, "organization_id": names.get(row.get("organization_id", 0))} for row in rows]

    def erase(self, person: Person) -> None:
        self.rows_of(person).delete()


OWN = {
    "list_settings": OwnRows(ListSettings, ("organization_id", "columns", "density")),
    "saved_views": OwnRows(SavedView, ("organization_id", "name", "query", "is_shared", "created_at")),
    "calendars": OwnRows(CalendarFeed, ("organization_id", "created_at", "last_read_at")),
    "exports": OwnRows(Export, ("organization_id", "list", "query", "state", "rows", "asked_at", "finished_at")),
    "notice_preferences": OwnRows(NoticePreference, ("organization_id", "kind", "mail", "inbox")),
    "inbox_marks": OwnRows(InboxMark, ("organization_id", "read_up_to")),
    "notices_opened": OwnRows(NoticeRead, ("notice__kind", "notice__at")),
}


def register_personal_data() -> None:
    for name, own in OWN.items():
        register_holding(Holding(name, own.export, own.erase))
    register_holding(Holding("licences_held", licences_held))  # the customer's record, from its own systems: it stays


def licences_held(person: Person) -> list[Any]:
    """Licences that a customer's systems say are held under the person's address."""
    rows = LicenseAssignment.objects.filter(holder__iexact=person.email, holder_kind="user").order_by("pk")
    return list(rows.values("holder", "customer__name", "sku__name", "assigned_at", "last_used_at", "released_at"))
