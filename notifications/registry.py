"""What the apps above register: kinds of notices, consequences of events, and who can be reached by e-mail.

The app notifications knows no other app; this is the only way in which it learns anything of them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from uuid import UUID

from django.utils.functional import Promise

from partnerportal.lib.actors import Actor
from partnerportal.lib.scopes import Scope

if TYPE_CHECKING:
    from notifications.models import Event, Notice


@dataclass(frozen=True)
class MailAddressee:
    """A person who can be mailed, in the organisation that they act for.

    `language` and `time_zone` are the person's own; `roles` and `features` are those in that organisation.
    """

    person_id: int
    email: str
    name: str
    language: str
    time_zone: str
    organization_name: str = ""
    roles: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()  # the organisation's


@dataclass(frozen=True, kw_only=True)
class NoticeRecipient:
    """An organisation that is to get a notice of an event, with the notice's contents.

    `about_id` is the primary key of the customer whose news it is, if any: the notice is hidden while that customer
    shares no data with the recipient, or does not share `scopes`. `hidden_from_id` is the primary key of a person whom
    the notice is about, and who does not get it. `note` is what somebody typed, if the recipient reads it, and `params`
    is what the text needs beside it; it names no person.
    """

    organization_id: int
    about_id: int | None = None
    about_public_id: UUID | str | None = None
    about_label: str = ""
    scopes: Scope | int = Scope.ACCOUNT
    hidden_from_id: int | None = None
    note: str = ""
    params: dict[str, Any] = field(default_factory=dict)


class NoticeKind:
    """A kind of notice: which event it follows, which organisations get it, and how its text reads.

    Subclass it, and decorate the subclass with `register_notice_kind`. `get_subject` and `get_body` are called in the
    reader's language each time they are shown. They read `params`, `note` and the `about_…` fields of the notice and
    nothing else.
    """

    code: ClassVar[str]
    event: ClassVar[str]
    label: ClassVar[str | Promise]  # the name of the kind in the inbox filter and in preferences
    icon: ClassVar[str] = "bell"
    # The roles that get it by e-mail unless a person chooses otherwise (NoticePreference), and how: "each" or "digest".
    email_roles: ClassVar[frozenset[str]] = frozenset()
    email_default: ClassVar[str] = "each"
    email_own_only: ClassVar[bool] = False  # news of a customer: by default only the customer itself is mailed
    # Mailed at once to every operator of its recipient, also of a suspended one, whatever they prefer.
    is_always_mailed: ClassVar[bool] = False
    audience: ClassVar[frozenset[str]] = frozenset()  # the kinds of organisations that can get it; empty: all of them
    roles: ClassVar[frozenset[str]] = frozenset()  # the roles that it is for; others do not see it; empty: all roles

    feature: ClassVar[str] = ""  # what an organisation needs in order to get it about another one; empty: nothing

    def is_for_roles(self, roles: frozenset[str]) -> bool:
        """Return whether somebody in these roles may see notices of this kind."""
        return not self.roles or bool(self.roles & roles)

    def is_granted_by_features(self, features: frozenset[str]) -> bool:
        """Return whether an organisation with these features may see notices of this kind about other ones."""
        return not self.feature or self.feature in features

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        """Yield (event, NoticeRecipient) for each organisation that is to get a notice of one of these events.

        It takes many events at once, so that a burst costs a few queries and not thousands.
        """
        raise NotImplementedError

    def get_subject(self, notice: "Notice") -> str:
        """Return the sentence that tells the news, which is also the subject of the e-mail."""
        raise NotImplementedError

    def get_body(self, notice: "Notice") -> str:
        """Return the text of the notice below its subject."""
        raise NotImplementedError

    def get_link_path(self, notice: "Notice") -> str:
        """Return the path of the page that the notice leads to, or ""."""
        return ""

    def get_link_label(self, notice: "Notice") -> str:
        """Return the words on the link to the page of `get_link_path`, or ""."""
        return ""


EventHandler = Callable[["Sequence[Event]"], None]
AddresseeLookup = Callable[[Iterable[int], bool], dict[int, list[MailAddressee]]]


class MailSubject(Protocol):
    """The protocol of what a mail about an account is about: an instance of a model with a public id."""

    public_id: UUID
    _meta: ClassVar[Any]


UndeliveredMailHandler = Callable[[UUID], None]

_kinds: dict[str, NoticeKind] = {}
_event_handlers: dict[str, list[EventHandler]] = {}
_addressee_lookup: list[AddresseeLookup] = []
_undelivered_mail_handlers: dict[str, UndeliveredMailHandler] = {}


def register_notice_kind(cls: type[NoticeKind]) -> type[NoticeKind]:
    """Register a subclass of NoticeKind, and return it: a class decorator.

    Raises AssertionError for a kind whose `code` is registered already.
    """
    assert cls.code not in _kinds, f"two notices are called {cls.code}"
    _kinds[cls.code] = cls()
    return cls


def get_notice_kinds() -> dict[str, NoticeKind]:
    """Return a dict of every registered kind of notice by its code."""
    return _kinds


def list_notice_kind_choices(actor: Actor | None = None) -> list[tuple[str, str]]:
    """Return (code, label) of the kinds of notices, as a form field offers them.

    With an actor, only the kinds that the actor can get are among them. The labels are in the reader's language.
    """
    return [
        (code, str(kind.label))
        for code, kind in sorted(_kinds.items())
        if actor is None
        or (kind.is_for_roles(actor.roles) and (not kind.audience or actor.organization_kind in kind.audience))
    ]


def list_notice_kinds_hidden_from(roles: frozenset[str]) -> list[str]:
    """Return the codes of the kinds of notices that nobody in these roles may see."""
    return [code for code, kind in sorted(_kinds.items()) if not kind.is_for_roles(roles)]


def list_notice_kinds_granted_by(features: frozenset[str]) -> list[str]:
    """Return the codes of the kinds of notices about others that an organisation with these features sees."""
    return [code for code, kind in sorted(_kinds.items()) if kind.is_granted_by_features(features)]


def list_features_required_by_notices() -> frozenset[str]:
    """Return every feature that some kind of notice requires of the organisation that is to see it."""
    return frozenset(kind.feature for kind in _kinds.values() if kind.feature)


def list_notice_kinds_for_event(event_kind: str) -> list[NoticeKind]:
    """Return the kinds of notices that follow an event of this kind."""
    return [kind for kind in _kinds.values() if kind.event == event_kind]


def register_event_handler(event_kind: str) -> Callable[[EventHandler], EventHandler]:
    """Return a decorator that registers a function to handle events of this kind.

    The function takes a sequence of these events. It runs in the transaction that writes their notices, as the job
    role. Several functions may be registered for a kind: each runs, in the order of registration.
    """

    def add(function: EventHandler) -> EventHandler:
        _event_handlers.setdefault(str(event_kind), []).append(function)
        return function

    return add


def list_event_handlers(event_kind: str) -> "list[EventHandler]":
    """Return the functions that `register_event_handler` has registered for events of this kind."""
    return _event_handlers.get(event_kind, [])


def set_addressee_lookup(lookup: AddresseeLookup) -> None:
    """Set the function by which `get_addressees_by_organization` finds who can be mailed, in place of an earlier one.

    The function takes primary keys of organisations, and whether those of suspended ones count; it returns a dict of
    lists of MailAddressee by primary key.
    """
    _addressee_lookup[:] = [lookup]


def get_addressees_by_organization(
    organization_ids: Iterable[int], *, with_suspended: bool = False
) -> dict[int, list[MailAddressee]]:
    """Return the persons who can be mailed in these organisations, by the organisation's primary key.

    In a suspended organisation nobody can, unless `with_suspended` is true.
    An app above this one has set the function that finds them, by `set_addressee_lookup`.
    """
    return _addressee_lookup[0](organization_ids, with_suspended)


def register_undelivered_mail_handler(model_label: str, handler: UndeliveredMailHandler) -> None:
    """Set the function that is told of a mail about an account that did not reach its address.

    `model_label` names the model of what the mail is about, such as "accounts.operatorinvitation"; the function takes
    its public id, and runs as the job role.
    """
    _undelivered_mail_handlers[model_label] = handler


def find_undelivered_mail_handler(model_label: str) -> UndeliveredMailHandler | None:
    """Return the function that is told of undelivered mails about this model, or None."""
    return _undelivered_mail_handlers.get(model_label)
