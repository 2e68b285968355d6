"""What the apps above register: the kinds of notices, and who can be reached by e-mail.

notifications knows no other app; this is the only way it learns anything of them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.utils.functional import Promise

from partnerportal.lib.actors import Actor

if TYPE_CHECKING:
    from notifications.models import Event, Notice


@dataclass(frozen=True)
class Addressee:
    """A person to tell, as they act for one organisation. `language` and `time_zone` are theirs."""

    person_id: int
    email: str
    name: str
    language: str
    time_zone: str
    organization_name: str = ""
    roles: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()  # the organisation's


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """An organisation to tell. `about_id` names the customer whose news it is: hidden once out of reach."""

    organization_id: int
    about_id: int | None = None
    about_public_id: UUID | str | None = None
    about_label: str = ""
    params: dict[str, Any] = field(default_factory=dict)


class NoticeKind:
    """One word to somebody. Subclass, say which event it follows, and decorate with `register`.

    `subject` and `body` are rendered in the reader's language each time they are shown; they read `notice.params`,
    what it is `about`, and nothing else.
    """

    code: ClassVar[str]
    event: ClassVar[str]
    label: ClassVar[str | Promise]  # for the inbox filter
    icon: ClassVar[str] = "bell"
    # Who gets it by e-mail unless they say otherwise (NoticePreference), and how: "each" or "digest".
    email_roles: ClassVar[frozenset[str]] = frozenset()
    email_default: ClassVar[str] = "each"
    email_own_only: ClassVar[bool] = False  # news of a customer: by default only the customer itself is mailed
    audience: ClassVar[frozenset[str]] = frozenset()  # the kinds of organisations that can get it; empty: all of them
    roles: ClassVar[frozenset[str]] = frozenset()  # whom of them it is for, hidden from the others; empty: everybody

    def is_for(self, roles: frozenset[str]) -> bool:
        return not self.roles or bool(self.roles & roles)

    def recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, Recipient]]":
        """Who is told of each event. Takes many at once, so that a burst costs a few queries and not thousands."""
        raise NotImplementedError

    def subject(self, notice: "Notice") -> str:
        raise NotImplementedError

    def body(self, notice: "Notice") -> str:
        raise NotImplementedError

    def path(self, notice: "Notice") -> str:
        """Where the notice leads, or ''."""
        return ""

    def action(self, notice: "Notice") -> str:
        """The words on the link."""
        return ""


Consequence = Callable[["Sequence[Event]"], None]
Directory = Callable[[Iterable[int]], dict[int, list[Addressee]]]

_kinds: dict[str, NoticeKind] = {}
_consequences: dict[str, list[Consequence]] = {}
_directory: list[Directory] = []


def register(cls: type[NoticeKind]) -> type[NoticeKind]:
    assert cls.code not in _kinds, f"two notices are called {cls.code}"
    _kinds[cls.code] = cls()
    return cls


def kinds() -> dict[str, NoticeKind]:
    return _kinds


def kind_choices(actor: Actor | None = None) -> list[tuple[str, str]]:
    """Codes with their labels in the reader's language: of all, or of what such an actor can get."""
    return [
        (code, str(kind.label))
        for code, kind in sorted(_kinds.items())
        if actor is None
        or (kind.is_for(actor.roles) and (not kind.audience or actor.organization_kind in kind.audience))
    ]


def kinds_hidden_from(roles: frozenset[str]) -> list[str]:
    """Codes of the kinds that are for others."""
    return [code for code, kind in sorted(_kinds.items()) if not kind.is_for(roles)]


def kinds_for(event_kind: str) -> list[NoticeKind]:
    return [kind for kind in _kinds.values() if kind.event == event_kind]


def after(event_kind: str) -> Callable[[Consequence], Consequence]:
    """Decorator: run this in the fan-out of such events, in its transaction, as the job role."""

    def add(function: Consequence) -> Consequence:
        _consequences.setdefault(str(event_kind), []).append(function)
        return function

    return add


def consequences(event_kind: str) -> "list[Consequence]":
    return _consequences.get(event_kind, [])


def set_directory(directory: Directory) -> None:
    _directory[:] = [directory]


def people(organization_ids: Iterable[int]) -> dict[int, list[Addressee]]:
    """Who can be mailed, by organisation."""
    return _directory[0](organization_ids)
