"""Entries of the vendor's catalogues, such as categories of offers and skills: their base, and how they are edited.

Staff of the vendor edit them on pages. An entry that is used is never deleted but retired: it stays where it is, and
nobody chooses it anew.
"""

from collections.abc import Mapping
from typing import TypeVar

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.errors import Conflict, InvalidInput, NotFound
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.states import make_changed_meanwhile_error
from partnerportal.lib.text import make_search_key, make_single_line

LANGUAGES = ("en", "fr", "ja")  # of names and other texts of catalogues and offers
LONGEST_NAME = 120  # characters

NO_NAME = _("Enter a name.")
LONG_NAME = _("Enter a name of up to %(most)s characters.")
CODE_TAKEN = _("Another entry has this code.")
NAME_TAKEN = _("Another entry has this name.")

E = TypeVar("E", bound="CatalogueEntry")


class CatalogueEntry(PublicIdModel):
    """The base of entries of a catalogue, which is the same for everyone, so that no tenant owns it.

    The code never changes, because what was published refers to it. `revision` counts the changes, so that whoever
    has opened the entry before a colleague's change is told.
    """

    code = models.SlugField(unique=True)
    revision = models.PositiveIntegerField(default=1, db_default=1)

    class Meta:
        abstract = True


class RetirableEntry(CatalogueEntry):
    """The base of entries that can be retired. A retired one stays where it is used, and is not chosen anew."""

    is_retired = models.BooleanField(default=False, db_default=False)

    class Meta:
        abstract = True


def read_entry_name(text: str, *, field: str, is_required: bool = True) -> str:
    """Return a name in one line, without invisible characters. Raises InvalidInput for none, or one that is too long.

    The errors are "name_missing" and "name_too_long"; `field` names the input at fault.
    """
    name = make_single_line(text)
    if "\0" in name or (is_required and not name):
        raise InvalidInput("name_missing", NO_NAME, field=field)
    if len(name) > LONGEST_NAME:
        raise InvalidInput("name_too_long", LONG_NAME % {"most": LONGEST_NAME}, field=field)
    return name


def read_entry_names(names: Mapping[str, str]) -> dict[str, str]:
    """Return the names of an entry by language, without those that are empty; the English one is required.

    Raises InvalidInput like `read_entry_name`, with the field "name_en", "name_fr" or "name_ja".
    """
    read = {
        language: read_entry_name(names.get(language, ""), field=f"name_{language}", is_required=language == "en")
        for language in LANGUAGES
    }
    return {language: name for language, name in read.items() if name}


def pick_name(names: Mapping[str, str], default: str) -> str:
    """Return the name in the reader's language, or else the English one, or else `default`."""
    return names.get(get_language() or "en") or names.get("en") or default


def refuse_taken_names(names: Mapping[str, str], others: Mapping[str, Mapping[str, str]]) -> None:
    """Raise Conflict("name_taken") if another entry has one of the names, without regard to case and accents.

    `names` are those of the entry by field, such as "name_en", and `others` those of the other entries likewise.
    """
    for field, name in names.items():
        if make_search_key(name) in {make_search_key(each) for each in others.get(field, {}).values()}:
            raise Conflict("name_taken", NAME_TAKEN, field=field)


def lock_entry(rows: models.QuerySet[E], entry: E, revision: int | None) -> E:
    """Return an entry, locked until the transaction ends. `revision` is the one that was seen, or None for any.

    Raises NotFound for an entry that is gone, and Conflict("changed_meanwhile") if a colleague has changed it since.
    """
    locked = rows.select_for_update().filter(pk=entry.pk).first()
    if locked is None:
        raise NotFound("not_found", "")
    if revision is not None and locked.revision != revision:
        raise make_changed_meanwhile_error()
    return locked


def list_missing_languages(names: Mapping[str, str]) -> list[str]:
    """Return the languages in which an entry has no name, so that readers see the English one."""
    return [language for language in LANGUAGES if not names.get(language)]
