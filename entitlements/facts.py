"""The customers and SKUs that the lines of a feed name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from accounts.models import Organization
from entitlements.models import Sku
from partnerportal.lib.json_lines.facts import LineProblem, ValidLine


@dataclass(frozen=True)
class ReferencedCustomersAndSkus:
    """The Organization and Sku rows that lines of the feed refer to, by ORGID and by code.

    A customer or SKU that does not exist has no row here.
    """

    customers: Mapping[str, Organization]
    skus: Mapping[str, Sku]

    @classmethod
    def read_for_lines(cls, lines: Iterable[ValidLine]) -> "ReferencedCustomersAndSkus":
        """Read the rows of all customers and SKUs that these lines refer to."""
        org_ids, codes = set(), set()
        for fact in lines:
            org_ids.add(fact.values["customer"])
            codes.update(_skus(fact))
        organizations = Organization.objects.filter(org_id__in=org_ids).only("org_id", "public_id", "name")
        skus = Sku.objects.filter(code__in=codes)
        return cls({row.org_id: row for row in organizations}, {row.code: row for row in skus})

    def find_problem(self, line: ValidLine) -> LineProblem | None:
        """Return the problem of a line that refers to an unknown customer or SKU, or None."""
        if line.values["customer"] not in self.customers:
            return UNKNOWN_CUSTOMER
        for number, code in enumerate(_skus(line), 1):
            if code not in self.skus:
                field = "sku" if line.type == "entitlement" else f"lines.{number}.sku"
                return replace(UNKNOWN_SKU, field=field)
        return None


@dataclass(frozen=True)
class ReferencedCustomerAndSkuIds:
    """The primary keys of the customers and SKUs that lines of the feed refer to, by ORGID and by code.

    It serves files with many short lines, and reads less than ReferencedCustomersAndSkus.
    """

    customers: Mapping[str, int]
    skus: Mapping[str, int]

    @classmethod
    def read_for_lines(cls, lines: Iterable[ValidLine]) -> "ReferencedCustomerAndSkuIds":
        """Read the primary keys of all customers and SKUs that these lines refer to."""
        org_ids, codes = {fact.values["customer"] for fact in lines}, {fact.values["sku"] for fact in lines}
        customers = Organization.objects.filter(org_id__in=org_ids).values_list("org_id", "pk")
        return cls(dict(customers), dict(Sku.objects.filter(code__in=codes).values_list("code", "pk")))

    def find_problem(self, line: ValidLine) -> LineProblem | None:
        """Return the problem of a line that refers to an unknown customer or SKU, or None."""
        if line.values["customer"] not in self.customers:
            return UNKNOWN_CUSTOMER
        return UNKNOWN_SKU if line.values["sku"] not in self.skus else None


UNKNOWN_CUSTOMER = LineProblem("unknown_customer", "No organisation has this ORGID.", "customer")
UNKNOWN_SKU = LineProblem("unknown_sku", "No SKU has this code.", "sku")


def _skus(fact: ValidLine) -> list[str]:
    return [fact.values["sku"]] if fact.type == "entitlement" else [item["sku"] for item in fact.values["lines"]]
