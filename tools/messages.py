"""Translations: extracted, checked and compiled without GNU gettext.

python -m tools.messages            merge the texts of the source into locale/*/LC_MESSAGES/django.po
python -m tools.messages --check    fail if a catalogue is out of date, incomplete, or differs in placeholders
python -m tools.messages --compile  write the .mo files that Django reads
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import polib
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from django.utils.translation.template import templatize

PROJECT = Path(__file__).resolve().parents[1]
LOCALE = PROJECT / "locale"
APPS = tuple(sorted(path.parent.name for path in PROJECT.glob("*/apps.py")))
PLURALS = {"fr": "nplurals=2; plural=(n > 1);", "ja": "nplurals=1; plural=0;"}
KEYWORDS = DEFAULT_KEYWORDS | {
    f"{name}{suffix}": DEFAULT_KEYWORDS.get(name)
    for name in ("gettext", "ngettext", "pgettext", "npgettext")
    for suffix in ("_lazy", "_noop")
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}")
Key = tuple[str, str]  # the context and the text, which together name a message


@dataclass
class Message:
    """A text of the source that is to be translated, with the files that use it."""

    text: str
    plural: str = ""
    context: str = ""
    comments: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)


def main() -> int:
    """Merge, check or compile, as the argument says. Return the exit code."""
    mode = sys.argv[1] if len(sys.argv) > 1 else "--merge"
    if mode == "--compile":
        return compile_catalogues()
    messages = source_messages()
    if mode == "--merge":
        return merge(messages)
    complaints = [text for language in PLURALS for text in complaints_about(language, messages)]
    print("\n".join(complaints) or f"{len(messages)} texts, complete in {', '.join(PLURALS)}.")
    return 1 if complaints else 0


def source_messages() -> dict[Key, Message]:
    """Return every text of the source that is to be translated."""
    messages: dict[Key, Message] = {}
    for path in sorted(source_files()):
        name = path.relative_to(PROJECT).as_posix()
        for text, plural, context, comments in extract_file(path):
            if not text:
                continue
            message = messages.setdefault((context, text), Message(text, context=context))
            message.plural = message.plural or plural
            message.files.add(name)
            message.comments += [line for line in comments if line not in message.comments]
    return messages


def source_files() -> Iterator[Path]:
    """Yield the Python files and templates of all apps, without migrations."""
    for app in APPS:
        for path in (PROJECT / app).rglob("*.py"):
            if "migrations" not in path.parts:
                yield path
    for folder in (PROJECT / "templates", *(PROJECT / app / "templates" for app in APPS)):
        yield from (path for path in folder.rglob("*") if path.suffix in {".html", ".txt", ".jinja"})


def extract_file(path: Path) -> Iterator[tuple[str, str, str, list[str]]]:
    """Yield the text, plural, context and comments of each message in a file.

    A template of Django's first becomes text like Python's, with its cotton attributes and without indentation, which
    the tokenizer would not accept.
    """
    source, method = path.read_text(), "jinja2" if path.suffix == ".jinja" else "python"
    if path.suffix in {".html", ".txt"}:
        source = "\n".join(line.strip() for line in templatize(source).splitlines())
    calls = extract(method, BytesIO(source.encode()), KEYWORDS, ["Translators:"], {"encoding": "utf-8"}, True)
    for _line, message, comments, context in calls:
        text, plural = (message[0], message[1]) if isinstance(message, tuple) else (message, "")
        yield text, plural, context or "", comments


def merge(messages: dict[Key, Message]) -> int:
    """Write the catalogue of each language with exactly these messages, and keep the translations it had. Return 0."""
    for language in PLURALS:
        path = catalogue_path(language)
        known = {key(entry): entry for entry in (polib.pofile(str(path)) if path.exists() else [])}
        catalogue = polib.POFile(wrapwidth=100)
        catalogue.metadata = {
            "Language": language,
            "MIME-Version": "1.0",
            "Content-Type": "text/plain; charset=UTF-8",
            "Content-Transfer-Encoding": "8bit",
            "Plural-Forms": PLURALS[language],
        }
        for message in sorted(messages.values(), key=lambda m: (min(m.files), m.text, m.context)):
            catalogue.append(entry_for(message, known.get((message.context, message.text)), plural_count(language)))
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue.save(str(path))
        missing = len(catalogue.untranslated_entries())
        print(f"{language}: {len(catalogue)} texts, {missing} to translate")
    return 0


def entry_for(message: Message, known: polib.POEntry | None, plurals: int) -> polib.POEntry:
    """Return the catalogue's entry of a message, with the translation of the `known` one, if there is one."""
    entry = polib.POEntry(
        msgid=message.text,
        msgid_plural=message.plural,
        msgctxt=message.context or None,
        comment="\n".join(message.comments),
        occurrences=[(name, "") for name in sorted(message.files)],
        flags=["python-format"] if "%(" in message.text + message.plural else [],
    )
    if message.plural:
        old = known.msgstr_plural if known else {}
        entry.msgstr_plural = {number: old.get(number, "") for number in range(plurals)}
    elif known:
        entry.msgstr = known.msgstr
    if known and "fuzzy" in known.flags:
        entry.flags.append("fuzzy")
    return entry


def complaints_about(language: str, messages: dict[Key, Message]) -> Iterator[str]:
    """Yield a sentence for everything that is wrong with a language's catalogue."""
    path = catalogue_path(language)
    name = path.relative_to(PROJECT).as_posix()
    if not path.exists():
        yield f"{name} is missing; run: make messages"
        return
    entries = {key(entry): entry for entry in polib.pofile(str(path)) if not entry.obsolete}
    for (_context, text), message in messages.items():
        if (_context, text) not in entries:
            yield f"{name} lacks {text!r} of {min(message.files)}; run: make messages"
    for entry_key, entry in entries.items():
        if entry_key not in messages:
            yield f"{name} has {entry.msgid!r}, which no source uses; run: make messages"
        elif bool(entry.msgid_plural) != bool(messages[entry_key].plural):
            yield f"{name} and the source disagree about the plural of {entry.msgid!r}; run: make messages"
        elif "fuzzy" in entry.flags or not entry.translated():
            yield f"{name} does not translate {entry.msgid!r}"
        elif different := differing_placeholders(entry):
            yield f"{name} changes the placeholders {different} of {entry.msgid!r}"


def differing_placeholders(entry: polib.POEntry) -> str:
    """Return the placeholders that the translation has and the text has not, or the other way round; "" for none.

    A plural form may leave the number out ("one customer"), but the last form must have all placeholders.
    """
    if not entry.msgid_plural:
        return ", ".join(sorted(placeholders(entry.msgid) ^ placeholders(entry.msgstr)))
    allowed = placeholders(entry.msgid) | placeholders(entry.msgid_plural)
    forms = [placeholders(form) for _number, form in sorted(entry.msgstr_plural.items())]
    strange = set().union(*forms) - allowed
    return ", ".join(sorted(strange | (placeholders(entry.msgid_plural) ^ forms[-1])))


def placeholders(text: str) -> set[str]:
    """Return the placeholders of a text, such as %(count)s."""
    return set(PLACEHOLDER.findall(text)) - {"%%"}


def compile_catalogues() -> int:
    """Write the .mo file of each catalogue that has changed since. Return the exit code 0."""
    for path in LOCALE.glob("*/LC_MESSAGES/django.po"):
        target = path.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < path.stat().st_mtime:
            polib.pofile(str(path)).save_as_mofile(str(target))
    return 0


def catalogue_path(language: str) -> Path:
    """Return the path of a language's catalogue."""
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def plural_count(language: str) -> int:
    """Return how many plural forms a language has."""
    return int(PLURALS[language].split("=", 1)[1][0])


def key(entry: polib.POEntry) -> Key:
    """Return the key of the message that an entry translates."""
    return (entry.msgctxt or "", entry.msgid)


if __name__ == "__main__":
    sys.exit(main())
