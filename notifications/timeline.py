"""Events in words, in the reader's language. Each app registers the words for its own kinds of events.

A customer's activity page shows the kinds that are news of a customer; the activity log shows all of them.
"""

import datetime as dt
import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications.events import LogEventKind
from notifications.models import Event
from partnerportal.lib import formats
from partnerportal.lib.errors import Message

DAY = re.compile(r"\d{4}-\d\d-\d\d")


class ActivityTopic(models.TextChoices):
    """What events are about: the choices of the activity log's filter. The order is that of the filter."""

    ACCOUNT = "account", _("Organisation")
    PEOPLE = "people", _("Operators and sign-in")
    CONNECTIONS = "connections", _("Connections and sharing")
    SERVICES = "services", _("Services and trials")
    ORDERS = "orders", _("Orders and subscriptions")
    OFFERS = "offers", _("Offers and prices")
    CATALOGUE = "catalogue", _("Catalogue settings")
    REQUESTS = "requests", _("Requests")
    FILES = "files", _("Exports and imports")
    LOG = "log", _("Activity log")


@dataclass(frozen=True)
class ActivityDescription:
    """The icon and the sentence by which activity pages and the log show events of one kind.

    `text` is the sentence, or a function that chooses it by the event. It may have the placeholders %(organization)s,
    %(counterpart)s and %(subject)s, and those that `values` returns for an event. `detail` returns a text to show after
    the sentence, or "".
    """

    icon: str
    text: Message | Callable[[Event], Message]
    values: Callable[[Event], Mapping[str, str]] = lambda event: {}
    detail: Callable[[Event], str] = lambda event: ""

    def build_sentence(self, event: Event) -> str:
        """Return the sentence for an event, in the active language."""
        values = {
            "organization": event.organization_label,
            "counterpart": event.counterpart_label,
            "subject": event.subject_label,
            **self.values(event),
        }
        return str(self.text(event) if callable(self.text) else self.text) % values


_descriptions: dict[str, ActivityDescription] = {}
_topics: dict[str, ActivityTopic] = {}
_customer_news: list[str] = []
_fields: dict[str, Message] = {}
_words: dict[str, dict[str, Message]] = {}
_numbered: set[str] = set()


def register_activity_descriptions(
    topic: ActivityTopic, descriptions: Mapping[str, ActivityDescription], *, are_customer_news: bool = False
) -> None:
    """Register how events of a topic are shown, by kind of event, such as "trial.requested".

    `are_customer_news` says whether a customer's activity page shows them too. Raises AssertionError for a kind that is
    registered already.
    """
    assert not descriptions.keys() & _descriptions.keys(), "an event has its description already"
    _descriptions.update(descriptions)
    _topics.update(dict.fromkeys(descriptions, topic))
    _customer_news.extend(descriptions if are_customer_news else ())


def find_activity_description(kind: str) -> ActivityDescription:
    """Return how events of this kind are shown; for a kind of which no app knows any more, by its code."""
    return _descriptions.get(kind) or ActivityDescription("circle-question-mark", kind.replace("%", "%%"))


def list_described_event_kinds() -> list[str]:
    """Return the kinds of events that have words."""
    return list(_descriptions)


def list_activity_event_kinds() -> list[str]:
    """Return the kinds of events that the activity page of a customer shows, such as "trial.requested"."""
    return list(_customer_news)


def list_event_kinds_of_topic(topic: str) -> list[str]:
    """Return the kinds of events of an ActivityTopic."""
    return [kind for kind, its_topic in _topics.items() if its_topic == topic]


def find_topic_label(kind: str) -> str:
    """Return the label of the topic that a kind of event belongs to, or "" for an unknown kind."""
    return str(_topics[kind].label) if kind in _topics else ""


@dataclass(frozen=True)
class ChangeRow:
    """A field that an event changed, as the log shows it.

    `is_secret` says that the values are not shown: they may name a person, or are the portal's own numbers.
    """

    label: str
    before: str
    after: str
    is_secret: bool


def register_changed_fields(
    labels: Mapping[str, Message],
    words: Mapping[str, Mapping[str, Message]] | None = None,
    *,
    numbered: Collection[str] = (),
) -> None:
    """Register labels of fields whose changes events hold, and words for codes that are their values, by field.

    `numbered` are fields whose values are primary keys, which nobody is shown. A field that several apps have keeps the
    label that was registered first, and has the words of all of them.
    """
    _numbered.update(numbered)
    for name, label in labels.items():
        _fields.setdefault(name, label)
    for name, by_code in (words or {}).items():
        _words.setdefault(name, {}).update(by_code)


def list_labelled_fields() -> set[str]:
    """Return the names of the fields whose changes have a label."""
    return set(_fields)


def build_change_rows(event: Event) -> list[ChangeRow]:
    """Return a ChangeRow for each field that an event changed, in the active language."""
    return [_build_change_row(name, values) for name, values in event.changes.items()]


def _build_change_row(name: str, values: list[Any]) -> ChangeRow:
    label = str(_fields.get(name, name))
    if len(values) != 2 or name in _numbered:
        return ChangeRow(label, "", "", is_secret=True)
    before, after = (_format_value(value, _words.get(name, {})) for value in values)
    return ChangeRow(label, before, after, is_secret=False)


def _format_value(value: Any, words: Mapping[str, Message]) -> str:
    """Return a value of JSON as people read it. A day is written as the reader writes days."""
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, list):
        return formats.join_names(_format_value(item, words) for item in value) or "–"
    if isinstance(value, int):
        return formats.format_number(value)
    if value in (None, ""):
        return "–"
    if DAY.fullmatch(str(value)):
        with suppress(ValueError):
            return formats.format_date(dt.date.fromisoformat(value))
    return str(words.get(str(value), value))


register_activity_descriptions(
    ActivityTopic.LOG,
    {LogEventKind.PRUNED: ActivityDescription("history", _("Events past their retention period were deleted"))},
)
