"""What differs between two versions of an offer, in words: of texts, plans and what resellers alone see."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from marketplace.models import BillingFrequency, Term
from partnerportal.lib import formats
from partnerportal.lib.catalogue_entries import LANGUAGES
from partnerportal.lib.errors import Message

LANGUAGE_NAMES: dict[str, Message] = {
    "en": gettext_lazy("English"),
    "fr": gettext_lazy("French"),
    "ja": gettext_lazy("Japanese"),
}
TEXT_LABELS: dict[str, Message] = {
    "name": gettext_lazy("Name"),
    "summary": gettext_lazy("Summary"),
    "description": gettext_lazy("Description"),
}
CONTACT_LABELS: dict[str, Message] = {
    "name": gettext_lazy("Contact name"),
    "email": gettext_lazy("Email"),
    "phone": gettext_lazy("Phone"),
    "url": gettext_lazy("Page"),
}
PLAN_LABELS: dict[str, Message] = {
    "terms": gettext_lazy("Terms"),
    "billing": gettext_lazy("Billed"),
    "min_seats": gettext_lazy("Minimum licences"),
    "max_seats": gettext_lazy("Maximum licences"),
    "trial_days": gettext_lazy("Free trial (days)"),
    "is_byol": gettext_lazy("Bring your own licence (BYOL)"),
    "is_one_per_customer": gettext_lazy("Once per customer"),
    "is_for_audience_only": gettext_lazy("For the audience only"),
}
CHANNEL_LABELS: dict[str, Message] = {
    "marketing_url": gettext_lazy("Link to marketing material"),
    "sales_url": gettext_lazy("Link to sales material"),
    "support_url": gettext_lazy("Link to support material"),
}
WORDS = re.compile(r"[^\s、。]+[\s、。]*|[\s、。]+")
MOST_WORDS = 1500  # of both texts together, that are compared word by word; beyond, a text is shown as a whole


@dataclass(frozen=True)
class Fact:
    """One thing that a version says: where it stands in the tree, its labels, its value, and its value in words."""

    pointer: str
    place: str
    label: str
    value: Any
    text: str


@dataclass(frozen=True)
class Segment:
    """A piece of a text that was compared with another: "same", "out" for what has gone, or "in" for what has come."""

    kind: str
    text: str


@dataclass(frozen=True)
class Difference:
    """A thing that two versions say differently. A side that does not have it is None."""

    before: Fact | None
    after: Fact | None

    @property
    def fact(self) -> Fact:
        """The side that has it, the later one if both have."""
        fact = self.after or self.before
        assert fact, "a difference has a side"
        return fact

    @property
    def before_segments(self) -> list[Segment]:
        """The text of the earlier version, with what has gone from it."""
        return [segment for segment in self._segments() if segment.kind != "in"]

    @property
    def after_segments(self) -> list[Segment]:
        """The text of the later version, with what has come to it."""
        return [segment for segment in self._segments() if segment.kind != "out"]

    def _segments(self) -> list[Segment]:
        before, after = (fact.text if fact else "" for fact in (self.before, self.after))
        if isinstance(self.fact.value, str):
            return compare_words(before, after)
        return [segment for segment in (Segment("out", before), Segment("in", after)) if segment.text]


def compare_versions(before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[str, str]) -> list[Difference]:
    """Return what differs between two trees of `content.DraftSerializer`, in the order of the form.

    Plans are the same if they have the same code. `names` are those of categories by code, and of
    files by id.
    """
    old, new = dict(list_facts(before, names)), dict(list_facts(after, names))
    keys = [*new, *(key for key in old if key not in new)]
    return [
        Difference(old.get(key), new.get(key))
        for key in keys
        if (old[key].value if key in old else None) != (new[key].value if key in new else None)
    ]


def list_facts(tree: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[tuple[str, Fact]]:
    """Yield all that a version says, each with a key that names the same thing in every version."""
    for language in LANGUAGES:
        texts = tree.get("texts", {}).get(language, {})
        place = _("Listing, %(language)s") % {"language": LANGUAGE_NAMES[language]}
        yield from _list_group(f"/texts/{language}", place, TEXT_LABELS, texts)
    codes = tree.get("categories", [])
    text = formats.join_names([names.get(code, code) for code in codes])
    yield "/categories", Fact("/categories", _("Listing"), _("Categories"), codes or None, text)
    links = tree.get("links", [])
    text = "\n".join(f"{link['title']}: {link['url']}" for link in links)
    yield "/links", Fact("/links", _("Listing"), _("Links"), links or None, text)
    yield from _list_group("/support", _("Support"), CONTACT_LABELS, tree.get("support", {}))
    yield from _list_file_facts(tree, names)
    yield from _list_plan_facts(tree.get("plans", []))
    channel = tree.get("channel", {})
    yield from _list_group("/channel", _("For partners"), CHANNEL_LABELS, channel)
    yield from _list_group("/channel/contact", _("Contact for partners"), CONTACT_LABELS, channel.get("contact", {}))


def _list_file_facts(tree: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[tuple[str, Fact]]:
    documents = [document["id"] for document in tree.get("channel", {}).get("documents", [])]
    logo = [tree["logo"]] if tree.get("logo") else []
    for pointer, label, keys in (
        ("/logo", _("Logo"), logo),
        ("/screenshots", _("Screenshots"), tree.get("screenshots", [])),
        ("/channel/documents", _("Documents for partners"), documents),
    ):
        text = formats.join_names([names.get(key, key) for key in keys])
        yield pointer, Fact(pointer, _("Pictures and documents"), label, keys or None, text)


def _list_group(
    pointer: str, place: str, labels: Mapping[str, Message], values: Mapping[str, Any]
) -> Iterator[tuple[str, Fact]]:
    for key, label in labels.items():
        value = values.get(key) or None
        yield f"{pointer}/{key}", Fact(f"{pointer}/{key}", place, str(label), value, value or "")


def _list_plan_facts(plans: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Fact]]:
    plans = list(plans)
    codes = [plan["code"] for plan in plans]
    yield "/plans", Fact("/plans", _("Plans"), _("Order of plans"), codes or None, formats.join_names(codes))
    for at, plan in enumerate(plans):
        pointer, place = f"/plans/{at}", _("Plan %(code)s") % {"code": plan["code"]}
        for language in LANGUAGES:
            for key in ("name", "description"):
                value = plan.get("texts", {}).get(language, {}).get(key) or None
                label = _("%(field)s, %(language)s") % {
                    "field": TEXT_LABELS[key],
                    "language": LANGUAGE_NAMES[language],
                }
                inner = f"texts/{language}/{key}"
                yield f"/plans/{plan['code']}/{inner}", Fact(f"{pointer}/{inner}", place, label, value, value or "")
        for key, name in PLAN_LABELS.items():
            value = plan.get(key) or None
            yield (
                f"/plans/{plan['code']}/{key}",
                Fact(f"{pointer}/{key}", place, str(name), value, describe_plan_value(key, value)),
            )


def describe_plan_value(key: str, value: Any) -> str:
    """Return a value of a plan in words, or "" for none."""
    if value is None:
        return ""
    if key == "terms":
        return formats.join_names([Term(term).label for term in value])
    if key == "billing":
        return formats.join_names([BillingFrequency(frequency).label for frequency in value])
    return pgettext("value", "Yes") if value is True else formats.format_number(value)


def describe_plan_terms(plan: Mapping[str, Any]) -> str:
    """Return for how long a plan is sold and how often it is billed, in words; "" for a plan without either."""
    return " · ".join(filter(None, (describe_plan_value(key, plan.get(key) or None) for key in ("terms", "billing"))))


def compare_words(before: str, after: str) -> list[Segment]:
    """Return the pieces of two texts: those in both, and those in one of them alone. Long texts are one piece each."""
    old, new = WORDS.findall(before), WORDS.findall(after)
    if len(old) + len(new) > MOST_WORDS:
        return [Segment("out", before), Segment("in", after)]
    segments = []
    for tag, start, end, begin, stop in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            segments.append(Segment("same", "".join(old[start:end])))
            continue
        pieces = (Segment("out", "".join(old[start:end])), Segment("in", "".join(new[begin:stop])))
        segments += [piece for piece in pieces if piece.text]
    return segments
