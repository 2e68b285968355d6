"""The actor: who acts, and for which organisation. `connections.actors` builds it, because lib knows no app."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A person acting for one organisation, or the system.

    `person_id` and `organization_id` are primary keys. `reach` is a lazy subquery of the organisations whose shared
    data the actor may see; `features` are what active programme memberships grant (CC-5).
    """

    person_id: int | None = None
    person_name: str = ""
    organization_id: int | None = None
    organization_public_id: str = ""
    organization_name: str = ""
    organization_kind: str = ""
    roles: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()
    reach: Any = field(default=None, compare=False, repr=False)
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
