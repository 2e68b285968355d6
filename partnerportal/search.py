"""The search of the whole portal: records of every app, pages, and what can be done from everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models.person import Theme
from partnerportal.context import PageShell
from partnerportal.gathering import gather_app_declarations
from partnerportal.lib.actors import Actor
from partnerportal.lib.lists import build_list_url
from partnerportal.lib.record_search import PortalAction, RecordSearch
from partnerportal.lib.text import has_words, make_search_key

FIRST = 5  # records of each kind that are shown; the list of that kind has all
LEAST = 2  # characters from which on records are searched, because nearly everything has one
LONGEST = 200  # characters of a text that count, as in the searches of lists
THEME_ICONS = {Theme.AUTO: "monitor", Theme.LIGHT: "sun", Theme.DARK: "moon"}


@dataclass(frozen=True)
class FoundItem:
    """Something that a search has found: a link to `url`, or, with a `name`, a button that sends that name and value.

    `detail` tells it from others of that label. A link with `is_dialog` opens its page as a dialog, and a button with
    `is_export` downloads a file.
    """

    label: str
    icon: str
    url: str
    detail: str = ""
    is_dialog: bool = False
    name: str = ""
    value: str = ""
    is_export: bool = False


@dataclass(frozen=True)
class FoundGroup:
    """What a search has found of one kind. `all_url` is the list of all, or "" if there are no more.

    `words` are others by which people look for the kind.
    """

    key: str
    label: str
    items: Sequence[FoundItem]
    all_url: str = ""
    words: str = ""


@cache
def _list_searches() -> list[RecordSearch]:
    return sorted(gather_app_declarations("searches", "SEARCHES"), key=lambda search: search.order)


@cache
def _list_actions() -> list[PortalAction]:
    return sorted(gather_app_declarations("searches", "ACTIONS"), key=lambda action: action.order)


def find_everything(shell: PageShell, text: str) -> list[FoundGroup]:
    """Return what the reader may see that matches each word of a text: records first, then pages, then what to do.

    A text without words finds every page and action, and no record. Kinds of which nothing was found are left out.
    """
    text = text.replace("\0", " ")[:LONGEST].strip()  # NUL stands in no name, and the database takes none
    others = (
        FoundGroup("pages", _("Pages"), _list_pages(shell)),
        FoundGroup("actions", _("Actions"), _list_action_items(shell.actor)),
        FoundGroup("organizations", _("Switch organisation"), _list_organizations(shell)),
        FoundGroup("theme", _("Appearance"), _list_themes(shell), words=_("theme, mode")),
        FoundGroup("language", _("Language"), _list_languages()),
    )
    matching = (FoundGroup(one.key, one.label, _keep_matching(one, text)) for one in others)
    return [*find_records(shell.actor, text), *(one for one in matching if one.items)]


def find_records(actor: Actor, text: str) -> list[FoundGroup]:
    """Return the records that the actor sees of which each word of a text is part, at most FIRST of each kind.

    A text of fewer than LEAST characters, without what stands between words, finds nothing.
    """
    if len(make_search_key(text)) < LEAST or actor.organization_id is None:
        return []
    groups = []
    for search in _list_searches():
        found = search.find(actor, text, FIRST + 1) if search.seen_by(actor) else []
        if found:
            list_url = build_list_url(reverse(search.list_url_name), search.make_list_filters(text))
            all_url = list_url if len(found) > FIRST else ""
            items = [FoundItem(row.label, search.icon, row.url, row.detail) for row in found[:FIRST]]
            groups.append(FoundGroup(f"{search.list_url_name}-{search.order}", str(search.label), items, all_url))
    return groups


def _keep_matching(group: FoundGroup, text: str) -> list[FoundItem]:
    """Return the items with each word in their label, or in the label or the words of their group."""
    return [item for item in group.items if has_words(f"{group.label} {group.words} {item.label}", text)]


def _list_pages(shell: PageShell) -> list[FoundItem]:
    return [FoundItem(link.label, link.icon, link.url) for link in shell.page_links]


def _list_action_items(actor: Actor) -> list[FoundItem]:
    if actor.organization_id is None:
        return []
    return [
        FoundItem(
            label=str(one.label),
            icon=one.icon,
            url=reverse(one.url_name, args=one.args),
            is_dialog=one.is_dialog,
            name=one.name,
            value=one.value,
            is_export=one.is_export,
        )
        for one in _list_actions()
        if one.seen_by(actor)
    ]


def _list_organizations(shell: PageShell) -> list[FoundItem]:
    url = reverse("organization_switch")
    found = []
    for one in shell.organizations:
        if not one["is_current"]:
            name, kind, public_id = (str(one[key]) for key in ("name", "kind_label", "public_id"))
            found.append(FoundItem(name, "building-2", url, kind, name="organization", value=public_id))
    return found


def _list_themes(shell: PageShell) -> list[FoundItem]:
    url = reverse("preference_set")
    return [
        FoundItem(str(theme.label), THEME_ICONS[theme], url, name="theme", value=theme.value)
        for theme in Theme
        if theme != shell.theme
    ]


def _list_languages() -> list[FoundItem]:
    url = reverse("preference_set")
    others = ((code, name) for code, name in settings.LANGUAGES if code != get_language())
    return [FoundItem(str(name), "globe", url, name="language", value=code) for code, name in others]
