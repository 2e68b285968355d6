"""What the forms of an offer's sections have in common: names of fields, values, and errors by JSON pointer.

A form shows a part of the draft's tree (`content.DraftSerializer`). The field for the pointer "/texts/en/name" is named
"texts.en.name". A form checks nothing itself: `content.read_draft` does, for the page and the API alike.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from django.utils.translation import get_language

from marketplace.comparison import LANGUAGE_NAMES, list_facts
from marketplace.content import Problem
from marketplace.models import Offer
from partnerportal.lib.catalogue_entries import LANGUAGES
from partnerportal.lib.errors import Message

Tree = dict[str, Any]


class TextField(forms.CharField):
    """A field for text that takes what was typed as it is."""

    def clean(self, value: Any) -> Any:
        return value


class ChoicesField(forms.MultipleChoiceField):
    """A field for several choices that takes what was chosen as it is."""

    def clean(self, value: Any) -> Any:
        return value


class CheckboxField(forms.BooleanField):
    """A field for a tick that takes it as it is."""

    def clean(self, value: Any) -> Any:
        return value


class SectionForm(forms.Form):
    """The base of forms for a section of an offer's draft: the parts of its tree that `parts` names.

    It is always bound, to the part of the tree that it shows. `seen` is a digest of the part that the editor has begun
    with: if the stored one is another when the form comes back, a colleague has saved the section meanwhile.
    """

    parts: ClassVar[tuple[str, ...]]
    tab: ClassVar[str]
    url_name: ClassVar[str]
    template: ClassVar[str]
    use_required_attribute = False  # a draft may be incomplete

    def __init__(self, offer: Offer, tree: Mapping[str, Any]) -> None:
        self.offer = offer
        self.tree = self.pick_parts(tree)
        super().__init__(dict(flatten_tree(self.tree)))
        self.add_fields()
        for name, field in self.fields.items():
            field.place = self.name_place(name.split("."))  # type: ignore[attr-defined]

    def add_fields(self) -> None:
        """Add the fields for the tree of the form. Each section must override this."""
        raise NotImplementedError

    def name_place(self, path: list[str]) -> Message:
        """Return where in the form a field stands, which its label leaves open, or "": the list of errors says it."""
        return ""

    @classmethod
    def parse(cls, data: QueryDict) -> Tree:
        """Return the part of the tree that a form holds that was sent. Each section must override this."""
        raise NotImplementedError

    @classmethod
    def pick_parts(cls, tree: Mapping[str, Any]) -> Tree:
        """Return the parts of a tree that this form shows."""
        return {part: tree[part] for part in cls.parts if part in tree}

    def merge_into(self, tree: Mapping[str, Any]) -> Tree:
        """Return a tree with what the form holds in place of its parts."""
        return {**tree, **self.tree}

    @classmethod
    def make_digest(cls, tree: Mapping[str, Any]) -> str:
        """Return a digest of what the parts of a stored tree say that this form shows."""
        facts = [(key, fact.value) for key, fact in list_facts(cls.pick_parts(tree), {}) if fact.value is not None]
        text = json.dumps(facts)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def renamed(self) -> dict[str, str]:
        """The codes of stored plans that the form gives others, by the stored ones."""
        return {}

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Show what is wrong beside the fields that it is about, and above them what is about none of them."""
        for problem in problems:
            name = self.find_field(problem.pointer)
            if name is None or problem.message not in self.errors.get(name, []):
                self.add_error(name, problem.message)  # type: ignore[arg-type]

    def find_field(self, pointer: str) -> str | None:
        """Return the name of the field for a JSON pointer: its own, or else the nearest around or within it."""
        name = pointer.removeprefix("/").replace("/", ".")
        while name:
            if name in self.fields:
                return name
            within = next((field for field in self.fields if field.startswith(f"{name}.")), None)
            if within:
                return within
            name = name.rpartition(".")[0]
        return None

    def add_text(
        self, name: str, label: Any, *, is_optional: bool = False, help_text: Any = "", **attributes: Any
    ) -> None:
        """Add a field for a line of text."""
        widget = forms.TextInput(attributes)
        self.fields[name] = TextField(label=label, required=not is_optional, help_text=help_text, widget=widget)

    def add_area(
        self, name: str, label: Any, *, is_optional: bool = False, help_text: Any = "", **attributes: Any
    ) -> None:
        """Add a field for a text of several lines."""
        widget = forms.Textarea(attributes)
        self.fields[name] = TextField(label=label, required=not is_optional, help_text=help_text, widget=widget)

    def add_choices(
        self, name: str, label: Any, choices: Iterable[tuple[str, Any]], *, help_text: Any = "", widget: Any = None
    ) -> None:
        """Add a field for choices, several of which can be made."""
        self.fields[name] = ChoicesField(
            label=label, choices=list(choices), help_text=help_text, widget=widget or forms.CheckboxSelectMultiple
        )

    def make_languages(self, name: str, keys: Iterable[str]) -> list[dict[str, Any]]:
        """Return the fields of the texts by language that stand in the tree under `name`, such as "plans.0.texts".

        One language is open: the reader's, or the first that has texts, and besides each with an error.
        """
        named = {language: self[f"{name}.{language}.name"].value() or "" for language in LANGUAGES}
        reader = get_language() or ""
        shown = next((each for each in (reader, *LANGUAGES) if named.get(each)), reader if reader in named else "en")
        languages = []
        for language in LANGUAGES:
            fields = [self[f"{name}.{language}.{key}"] for key in keys]
            is_open = language == shown or any(field.errors for field in fields)
            languages.append(
                {
                    "code": language,
                    "label": LANGUAGE_NAMES[language],
                    "name": named[language],
                    "fields": fields,
                    "is_open": is_open,
                }
            )
        return languages


def flatten_tree(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the name and value of each leaf of a tree. A list of plain values is a leaf."""
    if isinstance(tree, Mapping):
        for key, inner in tree.items():
            yield from flatten_tree(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(tree, list) and any(isinstance(inner, Mapping) for inner in tree):
        for at, inner in enumerate(tree):
            yield from flatten_tree(inner, f"{name}.{at}")
    else:
        yield name, tree


def parse_group(data: QueryDict, name: str, keys: Iterable[str]) -> dict[str, str]:
    """Return the texts of a group of fields that was sent, such as a contact, with the line breaks of the API."""
    return {key: data.get(f"{name}.{key}", "").replace("\r\n", "\n") for key in keys}


def parse_texts(data: QueryDict, name: str, keys: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Return texts by language that were sent, without languages that have none."""
    texts = {language: parse_group(data, f"{name}.{language}", keys) for language in LANGUAGES}
    return {language: text for language, text in texts.items() if any(each.strip() for each in text.values())}


def parse_choices(data: QueryDict, name: str, allowed: Iterable[str]) -> list[str]:
    """Return those of the allowed choices that were sent, in their order."""
    chosen = set(data.getlist(name))
    return [choice for choice in allowed if choice in chosen]


def list_positions(data: QueryDict, name: str, key: str, most: int) -> list[int]:
    """Return the positions of the groups of a list that were sent, such as "plans.0" and "plans.2", at most `most`."""
    prefix, suffix = f"{name}.", f".{key}"
    texts = (field.removeprefix(prefix).removesuffix(suffix) for field in data if field.startswith(prefix))
    return sorted({int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 5})[:most]
