"""What is held about a person, for its export and erasure. Apps above accounts register here what they hold."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.models import Organization, Person


@dataclass(frozen=True)
class Holding:
    """One kind of data about a person, for their export and erasure.

    `export` takes the person and returns the data as values for JSON. `erase` takes the person and deletes the data;
    without `erase` the data is deleted with the account, or stays because it is somebody else's record.
    """

    name: str
    export: Callable[[Person], Any]
    erase: Callable[[Person], Any] | None = None


@dataclass(frozen=True)
class PersonRows:
    """A table whose rows belong to one person each, by `person_id`, and the columns to export of it."""

    model: Any
    columns: tuple[str, ...]

    def rows_of(self, person: Person) -> QuerySet[Any]:
        return self.model.objects.filter(person_id=person.pk).order_by("pk")

    def export(self, person: Person) -> list[dict[str, Any]]:
        """Return the person's rows by column name, with the organisation's name in place of its id."""
        rows = list(self.rows_of(person).values(*self.columns))
        ids = {row["organization_id"] for row in rows if "organization_id" in row}
        names = dict(Organization.objects.filter(pk__in=ids).values_list("pk", "name"))
        return [{**row, "organization_id": names.get(row.get("organization_id", 0))} for row in rows]

    def erase(self, person: Person) -> None:
        self.rows_of(person).delete()


_holdings: dict[str, Holding] = {}


def register_holding(holding: Holding) -> None:
    """Include a kind of data in the export and erasure of persons, under its unique name, which the export shows.

    Raises AssertionError for a name that is registered already.
    """
    assert holding.name not in _holdings, f"two holdings are called {holding.name}"
    _holdings[holding.name] = holding


def register_own_rows(name: str, own: PersonRows) -> None:
    """Export a table's rows of a person under this name, and delete those rows when the person is erased.

    Raises AssertionError for a name that is registered already.
    """
    register_holding(Holding(name, own.export, own.erase))


def registered_holdings() -> list[Holding]:
    """Return every registered holding, in the order of registration."""
    return list(_holdings.values())
