"""The actor: who acts, and for which organisation. `connections.actors` builds that of a person: lib knows no app."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


def _reaches_nobody(scope: Any) -> list[int]:
    return []


class ActorKind(StrEnum):
    """The kinds of actors: a signed-in person, a machine that calls with a token, or the portal itself."""

    PERSON = "person"
    CLIENT = "client"
    SYSTEM = "system"


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody who acts: a person for one organisation, a machine with a token, or the portal itself ("the system").

    `label` is the name that the log shows: of the person, of the token or of the job. `person_id`, `client_id` and
    `organization_id` are primary keys. `permissions` say what a machine may do; a person has `roles` instead.

    `reach(scope)` returns a subquery of the organisations that share data of this scope with the actor's organisation,
    which itself is always among them (E-14). `scope` is a Scope, or an SQL expression for one. Without `sees_finance`,
    the permission to see orders and prices, it has no other organisation for orders (E-13).

    `features` are what the organisation's active programme memberships grant (CC-5). `on_behalf_of` is the actor who
    asked for the work, if that is another.
    """

    kind: ActorKind = ActorKind.PERSON
    label: str = ""
    person_id: int | None = None
    client_id: int | None = None
    organization_id: int | None = None
    organization_public_id: str = ""
    organization_name: str = ""
    organization_kind: str = ""
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()
    sees_finance: bool = False
    reach: Callable[[Any], Any] = field(default=_reaches_nobody, compare=False, repr=False)
    on_behalf_of: "Actor | None" = None

    @classmethod
    def system(cls, label: str = "system", *, on_behalf_of: "Actor | None" = None) -> "Actor":
        """Return the system as an actor, for a periodic job, a data feed or vendor staff at the command line.

        It sees the rows of all organisations. `label` names the job in the log.
        """
        return cls(kind=ActorKind.SYSTEM, label=label, on_behalf_of=on_behalf_of)

    @property
    def id(self) -> int | None:
        """The primary key of the person or of the token's client; None for the system and an anonymous visitor."""
        return self.client_id if self.kind == ActorKind.CLIENT else self.person_id

    @property
    def is_system(self) -> bool:
        """Whether the actor is the portal itself."""
        return self.kind == ActorKind.SYSTEM

    @property
    def is_anonymous(self) -> bool:
        """Whether the actor is an anonymous visitor: no signed-in person, no client and not the system."""
        return self.kind == ActorKind.PERSON and self.person_id is None


ANONYMOUS = Actor()
