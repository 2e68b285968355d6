"""The actor: who acts, and for which organisation. `connections.actors` builds that of a person: lib knows no app."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


def _reaches_nobody(scope: Any) -> list[int]:
    return []


class ActorKind(StrEnum):
    """The kinds of actors: a person who is signed in, a machine that shows a token, or the portal itself."""

    PERSON = "person"
    CLIENT = "client"
    SYSTEM = "system"


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A person acting for one organisation, a client with a token, or the system.

    `label` is what the log calls it: the person's name, the token's name, or that of the job. `person_id`, `client_id`
    and `organization_id` are primary keys. `permissions` are what a client may do; a person has `roles` instead.
    `reach(scope)` is a subquery of the organisations that share that scope with the actor's organisation (E-14), which
    shares all with itself; `scope` is a Scope, or an expression for one. Without `sees_finance`, nobody else's orders
    are within reach (E-13). `features` are what active programme memberships grant (CC-5). `on_behalf_of` is whoever
    asked for what the actor does, if that is another.
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
        """Return the actor of a periodic job, a feed or vendor staff at the command line. It sees every row."""
        return cls(kind=ActorKind.SYSTEM, label=label, on_behalf_of=on_behalf_of)

    @property
    def id(self) -> int | None:
        """The primary key of the person or the client, or None for the system and for nobody."""
        return self.client_id if self.kind == ActorKind.CLIENT else self.person_id

    @property
    def is_system(self) -> bool:
        """Return whether the portal itself acts."""
        return self.kind == ActorKind.SYSTEM

    @property
    def is_anonymous(self) -> bool:
        """Return whether nobody acts: no person is signed in, and it is neither a client nor the system."""
        return self.kind == ActorKind.PERSON and self.person_id is None


ANONYMOUS = Actor()
