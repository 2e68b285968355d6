"""What is held about a person, for those who ask for it or want it gone. Apps above register what they hold."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.models import Organization, Person


@dataclass(frozen=True)
class Holding:
    """`export` gives what JSON can hold. Without `erase` it stays: it goes with the account, or is another's record."""

    name: str
    export: Callable[[Person], Any]
    erase: Callable[[Person], Any] | None = None


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


_holdings: dict[str, Holding] = {}


def register_holding(holding: Holding) -> None:
    """Have it exported under its name, which is taken once, and erased."""
    assert holding.name not in _holdings, f"two holdings are called {holding.name}"
    _holdings[holding.name] = holding


def register_own_rows(name: str, own: OwnRows) -> None:
    """Have the rows of a person's own exported under that name, and deleted with the person."""
    register_holding(Holding(name, own.export, own.erase))


def holdings() -> list[Holding]:
    return list(_holdings.values())
