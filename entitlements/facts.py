"""The facts that a feed tells, their outcomes, and the customers and SKUs that they name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from accounts.models import Organization
from entitlements.models import Sku


@dataclass(frozen=True)
class LineProblem:
    """The reason for which a line of the feed was refused: a stable code, a message, and the field that is wrong.

    `field` is a path such as lines.2.sku, or "".
    """

    code: str
    reason: str
    field: str = ""


@dataclass(frozen=True, eq=False)
class FeedFact:
    """A valid line of the vendor's feed, with all of its values.

    It is about one SKU, entitlement, order, day of use or licence that is held.
    """

    line: int
    type: str
    key: str
    values: dict[str, Any]


class LineOutcome(StrEnum):
    """The result of a line of the feed: something was added or changed, nothing changed, or the line was refused."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ERROR = "error"


Answers = dict[int, LineOutcome | LineProblem]  # by line number


@dataclass(frozen=True)
class ReferencedRows:
    """The Organization and Sku rows that lines of the feed refer to, by ORGID and by code.

    A customer or SKU that does not exist has no row here.
    """

    customers: Mapping[str, Organization]
    skus: Mapping[str, Sku]

    @classmethod
    def read_for_facts(cls, facts: Iterable[FeedFact]) -> "ReferencedRows":
        """Read the rows of all customers and SKUs that these lines refer to."""
        org_ids, codes = set(), set()
        for fact in facts:
            org_ids.add(fact.values["customer"])
            codes.update(_skus(fact))
        organizations = Organization.objects.filter(org_id__in=org_ids).only("org_id", "public_id", "name")
        skus = Sku.objects.filter(code__in=codes)
        return cls({row.org_id: row for row in organizations}, {row.code: row for row in skus})

    def find_problem(self, fact: FeedFact) -> LineProblem | None:
        """Return the problem of a line that refers to an unknown customer or SKU, or None."""
        if fact.values["customer"] not in self.customers:
            return UNKNOWN_CUSTOMER
        for number, code in enumerate(_skus(fact), 1):
            if code not in self.skus:
                field = "sku" if fact.type == "entitlement" else f"lines.{number}.sku"
                return replace(UNKNOWN_SKU, field=field)
        return None


@dataclass(frozen=True)
class ReferencedIds:
    """The primary keys of the customers and SKUs that lines of the feed refer to, by ORGID and by code.

    It serves files with many short lines, and reads less than ReferencedRows.
    """

    customers: Mapping[str, int]
    skus: Mapping[str, int]

    @classmethod
    def read_for_facts(cls, facts: Iterable[FeedFact]) -> "ReferencedIds":
        """Read the primary keys of all customers and SKUs that these lines refer to."""
        org_ids, codes = {fact.values["customer"] for fact in facts}, {fact.values["sku"] for fact in facts}
        customers = Organization.objects.filter(org_id__in=org_ids).values_list("org_id", "pk")
        return cls(dict(customers), dict(Sku.objects.filter(code__in=codes).values_list("code", "pk")))

    def find_problem(self, fact: FeedFact) -> LineProblem | None:
        """Return the problem of a line that refers to an unknown customer or SKU, or None."""
        if fact.values["customer"] not in self.customers:
            return UNKNOWN_CUSTOMER
        return UNKNOWN_SKU if fact.values["sku"] not in self.skus else None


UNKNOWN_CUSTOMER = LineProblem("unknown_customer", "No organisation has this ORGID.", "customer")
UNKNOWN_SKU = LineProblem("unknown_sku", "No SKU has this code.", "sku")


def _skus(fact: FeedFact) -> list[str]:
    return [fact.values["sku"]] if fact.type == "entitlement" else [item["sku"] for item in fact.values["lines"]]
