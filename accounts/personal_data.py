"""What is held about a person, for its export and erasure. Apps above accounts register here what they hold."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import QuerySet

from accounts.models import Organization, Person

ERASED = "(erased)"  # what stands for a person who is erased, also in the log


@dataclass(frozen=True)
class PersonalDataSection:
    """One kind of data held about a person: a section of their export, and how an erasure deletes it.

    `export` takes the person and returns the data as values for JSON. `erase` takes the person and deletes the data;
    without `erase` the data is deleted with the account, or stays because it is somebody else's record.
    """

    name: str
    export: Callable[[Person], Any]
    erase: Callable[[Person], Any] | None = None


@dataclass(frozen=True)
class PersonalDataTable:
    """A table with rows that each belong to one person (`person_id`), and the columns that an export shows."""

    model: Any
    columns: tuple[str, ...]

    def list_rows(self, person: Person) -> QuerySet[Any]:
        """Return the person's rows of the table, as a queryset in the order of their primary keys."""
        return self.model.objects.filter(person_id=person.pk).order_by("pk")

    def export_rows(self, person: Person) -> list[dict[str, Any]]:
        """Return the person's rows of the table, as a list of dicts by column name.

        The organisation's name takes the place of its id.
        """
        rows = list(self.list_rows(person).values(*self.columns))
        ids = {row["organization_id"] for row in rows if "organization_id" in row}
        names = dict(Organization.objects.filter(pk__in=ids).values_list("pk", "name"))
        return [{**row, "organization_id": names.get(row.get("organization_id", 0))} for row in rows]

    def erase_rows(self, person: Person) -> None:
        """Delete the person's rows of the table."""
        self.list_rows(person).delete()


@dataclass(frozen=True)
class FreeTextColumn:
    """A column of texts that people type about a row, and that may name a person.

    The column has a max_length: an erased text is cut to it. `subject` is the lookup of the public id that events about
    the row have: its own, or that of what the row belongs to.
    """

    model: Any
    column: str
    subject: str = "public_id"


_sections: dict[str, PersonalDataSection] = {}
_free_text_columns: list[FreeTextColumn] = []
_invitations: list[Any] = []


def register_personal_data_section(section: PersonalDataSection) -> None:
    """Register a kind of data, so that every export and erasure of a person includes it.

    Its name is unique, and the export shows it. Raises AssertionError for a name that is registered already.
    """
    assert section.name not in _sections, f"two sections are called {section.name}"
    _sections[section.name] = section


def register_personal_data_table(name: str, table: PersonalDataTable) -> None:
    """Register a table whose rows of a person are exported under this name, and deleted with the person.

    Raises AssertionError for a name that is registered already.
    """
    register_personal_data_section(PersonalDataSection(name, table.export_rows, table.erase_rows))


def register_invitations_section(name: str, model: Any) -> None:
    """Register a model of mailed invitations: those to an address of the person are exported, and deleted with it.

    Which person has sent an invitation is its organisation's record, which names them by a number alone.
    """
    _invitations.append(model)
    columns = ("email", "organization__name", "state", "created_at", "expires_at", "closed_at")

    def list_rows(person: Person) -> QuerySet[Any]:
        addresses = EmailAddress.objects.filter(user=person).values_list("email", flat=True)
        return model.objects.filter(email__in={person.email, *(email.lower() for email in addresses)}).order_by("pk")

    register_personal_data_section(PersonalDataSection(name, lambda person: list(list_rows(person).values(*columns))))


def delete_invitations_to(addresses: Collection[str]) -> None:
    """Delete the mailed invitations to these addresses, given in lower case, whoever has sent them."""
    for model in _invitations:
        model.objects.filter(email__in=addresses).delete()


def list_personal_data_sections() -> list[PersonalDataSection]:
    """Return every registered PersonalDataSection, in the order of registration."""
    return list(_sections.values())


def register_free_text_column(column: FreeTextColumn) -> None:
    """Register a column of typed texts, so that erasing a person overwrites their addresses and names there."""
    _free_text_columns.append(column)


def list_free_text_columns() -> list[FreeTextColumn]:
    """Return every registered FreeTextColumn, in the order of registration."""
    return list(_free_text_columns)
