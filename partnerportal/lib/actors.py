"""The actor: who acts, and for which organisation. `connections.actors` builds it, because lib knows no app."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


def _reaches_nobody(scope: Any) -> list[int]:
    return []


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A person acting for one organisation, or the system.

    `person_id` and `organization_id` are primary keys. `reach(scope)` is a subquery of the organisations that share
    that scope with the actor's organisation (E-14), which shares all with itself; `scope` is a Scope, or an expression
    for one. `features` are what active programme memberships grant (CC-5).
    """

    person_id: int | None = None
    person_name: str = ""
    organization_id: int | None = None
    organization_public_id: str = ""
    organization_name: str = ""
    organization_kind: str = ""
    roles: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()
    reach: Callable[[Any], Any] = field(default=_reaches_nobody, compare=False, repr=False)
    is_system: bool = False

    @classmethod
    def system(cls, name: str = "system") -> "Actor":
        """Return the actor of a periodic job, a feed or vendor staff at the command line. It sees every row."""
        return cls(person_name=name, is_system=True)

    @property
    def is_anonymous(self) -> bool:
        """Return whether nobody acts: no person is signed in, and it is not the system."""
        return self.person_id is None and not self.is_system


ANONYMOUS = Actor()
