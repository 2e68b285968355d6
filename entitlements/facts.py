"""The customers, SKUs and publishers that the lines of a feed name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from accounts.models import Organization, OrganizationKind
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


@dataclass(frozen=True)
class ReferencedPublishers:
    """The publishers that lines about SKUs name, by ORGID. One that is unknown, or no publisher, is not here."""

    publishers: Mapping[str, Organization]

    @classmethod
    def read_for_lines(cls, lines: Iterable[ValidLine]) -> "ReferencedPublishers":
        """Read the rows of all publishers that these lines name."""
        org_ids = {org_id for line in lines if (org_id := line.values.get("publisher"))}
        rows = Organization.objects.filter(kind=OrganizationKind.PUBLISHER, org_id__in=org_ids) if org_ids else ()
        return cls({row.org_id: row for row in rows})

    def find_problem(self, line: ValidLine) -> LineProblem | None:
        """Return the problem of a line that names an organisation which is no publisher, or None."""
        org_id = line.values.get("publisher")
        return UNKNOWN_PUBLISHER if org_id and org_id not in self.publishers else None


UNKNOWN_PUBLISHER = LineProblem("unknown_publisher", "No publisher has this ORGID.", "publisher")
UNKNOWN_CUSTOMER = LineProblem("unknown_customer", "No organisation has this ORGID.", "customer")
UNKNOWN_SKU = LineProblem("unknown_sku", "No SKU has this code.", "sku")


def _skus(fact: ValidLine) -> list[str]:
    return [fact.values["sku"]] if fact.type == "entitlement" else [item["sku"] for item in fact.values["lines"]]
