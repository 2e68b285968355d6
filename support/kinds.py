"""The registry of the kinds of requests. Each is registered by the app that knows what is asked for.

A kind says what its form shows read-only, which fields it has of its own, who may ask, whether the request is allowed,
and what an approval does. This app knows no kind but those that it registers itself.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext

from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, Message, NotFound
from partnerportal.lib.policies import ActionDenied, Answer, PermissionRule
from support.models import Request

COUNTRY_CODE = "organization.country"  # of the request for another country, to which apps above add facts


@dataclass(frozen=True)
class PrefilledField:
    """A field that the form shows read-only, because whoever asks must not change it (CA-22).

    `label` and `value` are stored as they are in the source code, and translated for each reader; `is_name` is for a
    value that is the same in every language.
    """

    label: str
    value: str
    is_name: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the field as the request stores it."""
        return {"label": self.label, "value": self.value, "is_name": self.is_name}


@dataclass(frozen=True)
class LabelledText:
    """A label with a text in the reader's language."""

    label: Message
    text: Message


@dataclass(frozen=True)
class Fact:
    """One of the facts on which a decision rests, such as how many customers a partner has sold to.

    `name` and `value` are the same for every reader and make the digest; `label` and `text` are what people read.
    `text` is by default the value.
    """

    name: str
    label: Message
    value: str
    text: Message = ""

    @property
    def shown(self) -> str:
        """The value in the reader's words."""
        return str(self.text) or self.value


@dataclass(frozen=True)
class Reason:
    """A reason why a request is not allowed, as a code for programs and a sentence for people."""

    code: str
    message: Message


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a kind finds about a request: whether it is allowed now, on which facts that rests, and what it changes.

    Without `reasons` against it, a request is allowed. They follow from the facts and from the fields of the request,
    so that on the same facts a revision is either allowed or not.
    """

    facts: tuple[Fact, ...] = ()
    changes: tuple[LabelledText, ...] = ()  # what an approval will change
    reasons: tuple[Reason, ...] = ()

    @property
    def is_allowed(self) -> bool:
        """Whether nothing speaks against the request."""
        return not self.reasons

    @property
    def facts_shown(self) -> list[LabelledText]:
        """The facts in the reader's language."""
        return [LabelledText(fact.label, fact.shown) for fact in self.facts]

    @property
    def values(self) -> dict[str, str]:
        """The value of each fact, by name."""
        return {fact.name: fact.value for fact in self.facts}

    @property
    def digest(self) -> str:
        """A hash of the facts, by which whoever decides says what they have seen. It is the same in every language."""
        return sha256(json.dumps(sorted(self.values.items())).encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Return the reasons and the facts in the words of the language that is active, as a request stores them."""
        return {
            "reasons": [{"code": each.code, "message": str(each.message)} for each in self.reasons],
            "facts": [{"label": str(each.label), "text": each.shown} for each in self.facts],
        }

    @property
    def texts(self) -> dict[str, str]:
        """The words for the value of each fact, by name, in the reader's language."""
        return {fact.name: fact.shown for fact in self.facts}

    def list_differences(self, seen: Mapping[str, str], shown: Mapping[str, str]) -> list[LabelledText]:
        """Return the facts that are not as they were seen, each with what was shown and what is so now.

        `seen` holds the value of each fact by name, and `shown` the words for it, where they are known. A fact that is
        gone is named by its name.
        """
        changed = [fact for fact in self.facts if seen.get(fact.name) != fact.value]
        told = [
            LabelledText(fact.label, f"{shown[fact.name]} → {fact.shown}" if fact.name in shown else fact.shown)
            for fact in changed
        ]
        return told + [LabelledText(name, "–") for name in seen if name not in self.values]


@dataclass(frozen=True)
class PartResult:
    """What an approval has done of one part of a request that names several, such as one of its partners.

    `name` and `code` are the same for every reader, and so is `label`, a name; `number` is how many of something made
    it so. `is_done` says whether what was asked for was done of this part.
    """

    name: str
    label: str
    code: str
    number: int = 0
    is_done: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return the result as the request stores it."""
        return asdict(self)


class RequestDetailsForm(forms.Form):
    """The base of the forms for the fields that a kind of requests has of its own.

    The values are stored in the request, so `to_payload` returns only what JSON has. Names of fields differ from those
    that every request has.
    """

    def __init__(self, *args: Any, actor: Actor, request: Request, **options: Any) -> None:
        super().__init__(*args, **options)
        self.actor, self.request = actor, request

    def to_payload(self) -> dict[str, Any]:
        """Return the cleaned values as JSON has them, by field name. Empty ones are left out."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])}


def _describe_nothing(request: Request) -> list[LabelledText]:
    return []


def _describe_no_parts(results: Sequence[PartResult]) -> list[LabelledText]:
    return []


def _summarize_no_parts(results: Sequence[PartResult]) -> str:
    return ""


def _lock_nothing(actor: Actor, request: Request) -> None:
    pass


def _no_payload(actor: Actor, subject: Any, query: QueryDict) -> dict[str, Any]:
    return {}


def _no_subject(actor: Actor) -> UUID | None:
    return None


@dataclass(frozen=True)
class BeginningPage:
    """A page on which requests of some kinds are begun: a sentence that says so, and the words of its link."""

    text: Message
    label: Message
    url_name: str


@dataclass(frozen=True, kw_only=True)
class RequestKind:
    """A kind of requests that an organisation makes to the vendor, as the app that knows it declares it.

    `check` is asked at each submission, on the page of the decision and in the decision's transaction. Before it, there
    runs `lock`, so that what it reads stays so, and after it `effect`, which calls one action that records its own
    event, and returns what became of each part of a request that names several, else nothing. All of them run with what
    the asking organisation, or the vendor's staff, may see.
    """

    code: str  # at most 40 characters
    label: Message
    title: str  # with which the form opens; translated for who asks
    rule: PermissionRule  # who may ask
    find_subject: Callable[[Actor, UUID], Any]  # returns what the request is about; raises NotFound
    describe_subject: Callable[[Any], str] = str  # its label, which names no person
    prefilled: Callable[[Actor, Any], Iterable[PrefilledField]]
    details: type[RequestDetailsForm] = RequestDetailsForm
    read_query: Callable[[Actor, Any, QueryDict], dict[str, Any]] = _no_payload  # what a link to step 1 fills in
    describe_details: Callable[[Request], list[LabelledText]] = _describe_nothing  # the payload, for readers
    check: Callable[[Request], Findings]
    lock: Callable[[Actor, Request], object] = _lock_nothing  # the rows that the check reads and the effect changes
    effect: Callable[[Actor, Request], Sequence[PartResult]]
    describe_results: Callable[[Sequence[PartResult]], list[LabelledText]] = _describe_no_parts  # for readers
    summarize_results: Callable[[Sequence[PartResult]], str] = _summarize_no_parts  # the same in a sentence or two
    open_key: Callable[[Request], str]  # at most 120 characters; only one request with it can be open
    find_own_subject: Callable[[Actor], UUID | None] = _no_subject  # where the list of requests offers to begin one
    begun_on: BeginningPage | None = None  # to which the list of requests leads for the others

    def check_asker(self, actor: Actor) -> Answer:
        """Return ActionAllowed if the actor may make requests of this kind, else an ActionDenied with the reason."""
        return self.rule.check_actor(actor)

    def authorize_asker(self, actor: Actor) -> None:
        """Raise ActionRefused unless the actor may make requests of this kind."""
        answer = self.check_asker(actor)
        if isinstance(answer, ActionDenied):
            raise ActionRefused(answer.code, answer.message)


FindFacts = Callable[[Request], Iterable[Fact]]
_kinds: dict[str, RequestKind] = {}
_more_facts: dict[str, list[FindFacts]] = {}


def register_request_kind(kind: RequestKind) -> RequestKind:
    """Register a kind of requests, and return it. Raises AssertionError for a code that is registered already."""
    assert kind.code not in _kinds, f"two kinds of requests are called {kind.code}"
    assert len(kind.code) <= 40, f"the code {kind.code} is too long"
    _kinds[kind.code] = kind
    return kind


def register_request_facts(code: str, find: FindFacts) -> None:
    """Register facts that an app above the kind's own knows: a decision about such a request rests on them too."""
    _more_facts.setdefault(code, []).append(find)


def find_request_facts(request: Request) -> tuple[Fact, ...]:
    """Return the facts about a request that apps above that of its kind know."""
    return tuple(fact for find in _more_facts.get(request.kind, []) for fact in find(request))


def get_request_kind(code: str) -> RequestKind:
    """Return the kind of requests with this code. Raises NotFound for an unknown one."""
    if code not in _kinds:
        raise NotFound("not_found", "")
    return _kinds[code]


def list_request_kinds() -> list[RequestKind]:
    """Return every registered kind of requests, in the order of registration."""
    return list(_kinds.values())


def may_ask_for_anything(actor: Actor) -> bool:
    """Return whether some kind of requests is made by organisations of the actor's kind, in whatever role."""
    return any(actor.organization_kind in kind.rule.kinds for kind in _kinds.values())


def describe_prefilled(request: Request) -> list[LabelledText]:
    """Return what the form showed read-only, in the reader's language."""
    return [
        LabelledText(_translate(each["label"]), each["value"] if each["is_name"] else _translate(each["value"]))
        for each in request.prefilled
    ]


def list_results(request: Request) -> list[PartResult]:
    """Return what an approval has done of each part of a request. It is empty for kinds without parts."""
    return [PartResult(**each) for each in request.results]


def describe_kind(code: str) -> str:
    """Return the label of a kind of requests in the reader's language, or its code if no app registers it any more."""
    return str(_kinds[code].label) if code in _kinds else code


def _translate(text: str) -> str:
    return gettext(text) if text else ""
