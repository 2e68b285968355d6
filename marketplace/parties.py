"""The choice of who sells and who buys on a page: by a search, whose results are links, so that it needs no script."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.http import urlencode

from accounts.models import Organization, OrganizationKind
from marketplace.queries.eligibility import list_customers_of_seller, list_sellers, search_sellers
from marketplace.queries.prospects import describe_lost_party
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.errors import Message
from partnerportal.lib.filters import make_words_condition

SHOWN = 10  # matches; whoever has more searches further
LONGEST_SEARCH = 200


@dataclass(frozen=True)
class PartyOption:
    """An organisation to choose: its name, what tells it apart, and the query that chooses it."""

    name: str
    org_id: str
    country: str
    query: str


def read_search(params: Mapping[str, str], name: str) -> str:
    """Return the text of a search from the parameters of a page, without NUL, which PostgreSQL does not take."""
    return params.get(name, "").replace("\0", "").strip()[:LONGEST_SEARCH]


class PartyChooser:
    """The choice of a partner and a customer by the parameters `partner`, `customer`, `partner_q` and `customer_q`.

    `kept` are further parameters that its links keep. Whom the actor may not ask about counts as not chosen. Who asks
    about nobody but itself has no choice of a partner, and a publisher none of a customer.
    """

    def __init__(self, actor: Actor, params: Mapping[str, str], kept: Mapping[str, str] | None = None) -> None:
        self.actor = actor
        self.params = params
        self.kept = {name: value for name, value in (kept or {}).items() if value}
        self.chooses_partner = actor.organization_kind != OrganizationKind.PARTNER
        self.chooses_customer = actor.organization_kind != OrganizationKind.PUBLISHER
        self.partner_q = read_search(params, "partner_q")
        self.customer_q = read_search(params, "customer_q")

    @cached_property
    def partner(self) -> Organization | None:
        """The partner that is to sell: the chosen one, or else a partner or distributor that acts itself."""
        chosen = _find(list_sellers(self.actor), self.params.get("partner", ""))
        if chosen or self.actor.organization_kind in (OrganizationKind.VENDOR, OrganizationKind.PUBLISHER):
            return chosen
        return list_sellers(self.actor).filter(public_id=self.actor.organization_public_id).first()

    @cached_property
    def customer(self) -> Organization | None:
        """The chosen customer, or None."""
        if not (self.partner and self.chooses_customer):
            return None
        return _find(list_customers_of_seller(self.actor, self.partner), self.params.get("customer", ""))

    @property
    def lost_party(self) -> Message:
        """In words that one of the two was chosen and may not be asked about, or no longer, or ""."""
        chosen = {"partner": _parse(self.params.get("partner", ""))}
        if self.chooses_customer:
            chosen["customer"] = _parse(self.params.get("customer", ""))
        return describe_lost_party(chosen, self.partner, self.customer)

    @property
    def is_own_partner(self) -> bool:
        """Whether the acting organisation itself is to sell."""
        return bool(self.partner and self.partner.pk == self.actor.organization_id)

    @cached_property
    def partner_options(self) -> list[PartyOption]:
        """The partners that match the search, the first of them by name without one."""
        if not self.chooses_partner:
            return []
        rows = search_sellers(self.actor, self.partner_q, SHOWN)
        return self._options(rows, "partner", self.kept)

    @cached_property
    def customer_options(self) -> list[PartyOption]:
        """The customers of the partner that match the search, the first of them by name without one."""
        if not (self.partner and self.chooses_customer):
            return []
        rows = list_customers_of_seller(self.actor, self.partner)
        rows = rows.filter(make_words_condition(self.customer_q, "name_folded", "org_id"))
        return self._options(rows.order_by("name_folded", "pk")[:SHOWN], "customer", self.kept | self.partner_value)

    @property
    def shows_first_only(self) -> dict[str, bool]:
        """Whether there are probably more partners and customers than are shown, by "partner" and "customer"."""
        return {"partner": len(self.partner_options) == SHOWN, "customer": len(self.customer_options) == SHOWN}

    @property
    def partner_value(self) -> dict[str, str]:
        """The parameter of the chosen partner; none for the acting organisation itself."""
        return {"partner": str(self.partner.public_id)} if self.partner and not self.is_own_partner else {}

    @property
    def customer_value(self) -> dict[str, str]:
        """The parameter of the chosen customer, if there is one."""
        return {"customer": str(self.customer.public_id)} if self.customer else {}

    @property
    def query(self) -> str:
        """What is chosen, as a query string without "?"."""
        return urlencode(self.partner_value | self.customer_value)

    def _options(self, rows: Iterable[Organization], name: str, kept: dict[str, str]) -> list[PartyOption]:
        return [
            PartyOption(
                row.name, row.org_id, get_country_name(row.country), urlencode({**kept, name: str(row.public_id)})
            )
            for row in rows
        ]


def _find(organizations: QuerySet[Any], public_id: str) -> Organization | None:
    key = _parse(public_id)
    return organizations.filter(public_id=key).first() if key else None


def _parse(public_id: str) -> UUID | None:
    try:
        return UUID(public_id)
    except ValueError:
        return None
