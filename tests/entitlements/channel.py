"""What the channel ought to be, in plain Python: who acts for whom, who is connected, and what each link still does."""

import datetime as dt
from dataclasses import dataclass, field

from partnerportal.lib.scopes import ALL, Scope

SOLD = Scope.ACCOUNT | Scope.ENTITLEMENTS | Scope.ORDERS  # what the vendor itself knows of every customer
MOST_TOKENS = 5


@dataclass
class Link:
    """A mailed invitation: an activation link, or with `roles` the invitation of an operator.

    `working` are the tokens that the next use may have, unless the link has ended; `dead` never work again.
    """

    key: int
    sender: int
    person: int  # whose address it was sent to
    state: str = "open"
    has_ended: bool = False
    working: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    roles: tuple[str, ...] = ()
    kind: str = ""
    name: str = ""
    partner: int | None = None
    sku: int | None = None
    program: str = ""
    account: int | None = None

    @property
    def is_live(self) -> bool:
        return self.state == "open" and not self.has_ended

    def refusal(self) -> str:
        """Why it gets no further token."""
        if self.state != "open":
            return "state_changed"
        return "too_many_links" if not self.has_ended and len(self.working) >= MOST_TOKENS else ""

    def add(self, token: str) -> None:
        if self.has_ended:
            self.kill()
        self.has_ended = False
        self.working.append(token)

    def kill(self) -> None:
        self.dead += self.working
        self.working = []

    def close(self, state: str) -> None:
        self.state = state
        self.kill()


@dataclass
class Channel:
    """All of it. Organisations, persons and SKUs are their primary keys."""

    today: dt.date
    granting: set[str]  # the programmes that grant the customer dashboard
    kinds: dict[int, str]
    parents: dict[int, int | None]
    names: dict[int, str] = field(default_factory=dict)  # of those that were founded, all in one country
    suspended: set[int] = field(default_factory=set)
    at_once: set[int] = field(default_factory=set)  # distributors whose new partners need no confirmation
    operators: dict[int, dict[int, set[str]]] = field(default_factory=dict)
    memberships: dict[int, dict[tuple[str, dt.date], dt.date | None]] = field(default_factory=dict)
    connections: dict[tuple[int, int], int] = field(default_factory=dict)  # (customer, partner): what is shared
    tried: set[tuple[int, int]] = field(default_factory=set)  # customers and the SKUs whose trial they had
    links: list[Link] = field(default_factory=list)
    invitations: list[Link] = field(default_factory=list)

    def of_kind(self, *kinds: str) -> list[int]:
        return [key for key, kind in self.kinds.items() if kind in kinds]

    def runs(self, organization: int) -> list[tuple[str, dt.date]]:
        """The memberships that run today, the latest start last."""
        rows = self.memberships.get(organization, {})
        today = [key for key, end in rows.items() if key[1] <= self.today and (end is None or end >= self.today)]
        return sorted(today, key=lambda key: key[1])

    def has_badge(self, organization: int) -> bool:
        return any(program in self.granting for program, _start in self.runs(organization))

    def refusal(self, organization: int, person: int, *, kinds: str = "", roles: str = "", needs_badge: bool = False):
        """The code with which somebody is refused by who they are, or ""."""
        mine = self.operators[organization][person]
        if organization in self.suspended:
            return "no_organization"
        if kinds and self.kinds[organization] not in kinds.split():
            return "wrong_kind"
        if roles and not mine & set(roles.split()):
            return "wrong_role"
        is_barred = needs_badge and self.kinds[organization] == "partner" and not self.has_badge(organization)
        return "no_badge" if is_barred else ""

    def is_partner_name_taken(self, name: str) -> bool:
        return any(taken == name for key, taken in self.names.items() if self.kinds[key] in ("partner", "distributor"))

    def of_founder(self, person: int, name: str) -> list[int]:
        """The customer organisations that somebody gets who founds one of this name again."""
        rows = [key for key, known in self.names.items() if known == name and self.kinds[key] == "customer"]
        return [key for key in rows if "admin" in self.operators[key].get(person, ())]

    def is_sent(self, same: tuple[int, str, int, str], but: Link | None = None) -> bool:
        """Whether a link of this sender, kind, addressee and name can be accepted, `but` for one."""
        others = [link for link in self.links if link is not but and link.is_live]
        return any((link.sender, link.kind, link.person, link.name) == same for link in others)

    def is_partner_of(self, partner: int, sender: int) -> bool:
        """Whether the sender's links may name the partner."""
        return self.kinds[sender] == "vendor" or sender in (partner, self.parents[partner])

    def obstacle(self, link: Link) -> str:
        """What the acceptance of an activation link would be refused for, so that it gets no further token."""
        if link.kind == "partner":
            return "name_taken" if self.is_partner_name_taken(link.name) else ""
        if link.partner is None:
            return ""
        if not self.is_partner_of(link.partner, link.sender):
            return "partner_moved"
        is_open = link.partner not in self.suspended and self.has_badge(link.partner)
        return "" if is_open else "partner_not_active"

    def works(self, link: Link, token: str) -> bool:
        if link.partner and not self.is_partner_of(link.partner, link.sender):
            return False
        return link.is_live and token in link.working and not {link.sender, link.partner} & self.suspended

    def sole_admin(self, organization: int, person: int) -> bool:
        admins = [key for key, roles in self.operators[organization].items() if "admin" in roles]
        return admins == [person]

    # Who sees whom

    def customers_of(self, viewer: int) -> dict[int, int]:
        """The customers that an organisation sees, and what they share with it; of the vendor, what it sold them."""
        if self.kinds[viewer] == "vendor":
            return dict.fromkeys(self.of_kind("customer"), int(SOLD))
        seen: dict[int, int] = {}
        for (customer, partner), scopes in self.connections.items():
            if viewer in {partner, self.parents[partner]} - {customer}:
                seen[customer] = seen.get(customer, 0) | scopes
        return seen

    def portfolio_of(self, viewer: int) -> dict[int, int]:
        seen = {} if self.kinds[viewer] == "vendor" else self.customers_of(viewer)
        for partner, parent in self.parents.items():
            if parent == viewer:
                seen[partner] = seen.get(partner, 0) | Scope.ACCOUNT
        return {**seen, viewer: int(ALL)}

    def partners_of(self, viewer: int) -> set[int]:
        if self.kinds[viewer] == "vendor":
            return set(self.of_kind("partner", "distributor"))
        return {partner for partner, parent in self.parents.items() if parent == viewer}

    def through(self, viewer: int) -> set[tuple[int, int]]:
        if self.kinds[viewer] == "vendor":
            return set(self.connections)
        return {pair for pair in self.connections if self.parents[pair[1]] == viewer != pair[0]}
