"""The data of the shell around every page: navigation, menus and counts, as the apps declare them.

It is lazy, so that a fragment without a shell costs no query.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

from django.conf import settings
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Organization, OrganizationKind, Role
from partnerportal.gathering import gather_app_declarations
from partnerportal.lib.actors import Actor
from partnerportal.lib.formats import join_names
from partnerportal.lib.navigation import NavigationItem, NavigationMenu
from partnerportal.lib.neighbours import Neighbours, find_neighbours
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.text import make_avatar_initials

_cached_reverse = lru_cache(maxsize=64)(reverse)  # cached, because every page links the same dozen pages


@cache
def _items_of(menu: NavigationMenu) -> list[NavigationItem]:
    """Return the entries that the apps declare for a menu, in its order."""
    return sorted(
        (item for item in gather_app_declarations("navigation", "ITEMS") if item.menu is menu),
        key=lambda item: item.order,
    )


@dataclass
class MenuLink:
    """A link in a menu, with its label, icon and badge. A `count` of 0 shows no badge."""

    label: str
    icon: str
    url: str
    is_current: bool
    count: int


@dataclass
class NavigationSection:
    """A group of links in the navigation. An empty `label` shows no heading."""

    label: str
    items: list[MenuLink]


class PageShell:
    """What the frame around every page shows: navigation, menus, bell, organisations.

    Each value is computed when a template first asks for it.
    """

    def __init__(self, request: PortalRequest) -> None:
        self.request = request
        self.actor: Actor = request.actor
        self._counts: dict[Callable[[Actor], int], int] = {}

    @cached_property
    def person(self) -> dict[str, str] | None:
        """Return the name and e-mail address of the person who is signed in, or None."""
        user = self.request.user
        return {"name": str(user), "email": user.email} if user.is_authenticated else None

    @cached_property
    def theme(self) -> str:
        return getattr(self.request.user, "theme", "auto")

    @cached_property
    def organization(self) -> dict[str, str] | None:
        """Return the entry of `organizations` for which the person acts now, or None."""
        return next((o for o in self.organizations if o["is_current"]), None)  # type: ignore[return-value]

    @cached_property
    def own_organization(self) -> Organization | None:
        """Return the organisation for which the person acts, with its account manager, or None."""
        own = (o.organization for o in self.request.operators if o.organization_id == self.actor.organization_id)
        return next(own, None)

    @cached_property
    def organizations(self) -> list[dict[str, object]]:
        """Return the organisations that the person may act for, for the menu that switches between them.

        The present one is also marked if the person is kept out of it, because the page in its place tells so.
        """
        closed = self.request.suspended or self.request.unprotected
        present = closed.pk if closed else self.actor.organization_id
        return [
            {
                "name": o.organization.name,
                "kind_label": OrganizationKind(o.organization.kind).label,
                "roles_label": join_names(Role(role).label for role in o.roles),
                "monogram": make_avatar_initials(o.organization.name),
                "public_id": str(o.organization.public_id),
                "is_current": o.organization_id == present,
            }
            for o in self.request.operators
        ]

    @cached_property
    def bell_link(self) -> MenuLink | None:
        return next(iter(self._links(NavigationMenu.BELL)), None)

    @cached_property
    def navigation_sections(self) -> list[NavigationSection]:
        """Return the sections of the navigation for the person's present organisation; an empty list without one."""
        if self.actor.organization_id is None:
            return []
        return [
            NavigationSection("", self._links(NavigationMenu.WORK)),
            NavigationSection(_("Settings"), self._links(NavigationMenu.SETTINGS)),
        ]

    @cached_property
    def settings_sections(self) -> list[NavigationSection]:
        """Return the pages of all settings, the person's and the organisation's; an empty list on any other page."""
        if self.person is None:
            return []
        own = NavigationSection(_("Your account"), self.user_menu)
        sections = [own, *(section for section in self.navigation_sections if section.label)]
        return sections if any(link.is_current for section in sections for link in section.items) else []

    @cached_property
    def user_menu(self) -> list[MenuLink]:
        return self._links(NavigationMenu.PERSON)

    @property
    def page_links(self) -> list[MenuLink]:
        """Return a link to every page of the menus, for the search of the portal."""
        pages = [link for section in self.navigation_sections for link in section.items]
        return [*pages, *self.user_menu, *self._links(NavigationMenu.HELP)]

    @cached_property
    def neighbours(self) -> Neighbours | None:
        """Return the records beside the one that is shown, in the list from which its page was opened, or None."""
        return find_neighbours(self.request)

    @cached_property
    def poll_urls(self) -> list[str]:
        """Return the URLs that the browser polls from every page, for example for the bell."""
        return [url for poll in gather_app_declarations("navigation", "POLLS") if (url := poll(self.request))]

    @cached_property
    def languages(self) -> list[dict[str, object]]:
        """Return the languages to choose from on a page outside the shell; none for people who are kept out."""
        if self.request.suspended or self.request.unprotected:
            return []
        return [{"code": c, "name": n, "is_current": c == get_language()} for c, n in settings.LANGUAGES]

    has_font = Path(settings.BASE_DIR, "partnerportal/static/fonts/inter-latin.woff2").exists()

    def _links(self, menu: NavigationMenu) -> list[MenuLink]:
        return [self._link(item) for item in _items_of(menu) if item.seen_by(self.actor)]

    def _link(self, item: NavigationItem) -> MenuLink:
        url, path = _cached_reverse(item.url_name), self.request.path
        is_current = path == url if item.is_exact else path.startswith(url)
        return MenuLink(str(item.label), item.icon, url, is_current, self._count(item))

    def _count(self, item: NavigationItem) -> int:
        """Return how many things wait there. Entries that count alike, such as inbox and bell, ask once."""
        if item.count is None or self.actor.organization_id is None:
            return 0
        if item.count not in self._counts:
            self._counts[item.count] = item.count(self.actor)
        return self._counts[item.count]


def page_shell_context(request: PortalRequest) -> dict[str, object]:
    """Context processor that adds `shell` (the frame around the page) and `actor` to every template.

    The shell is None where no actor is known, as on error pages.
    """
    if not hasattr(request, "actor"):  # the page of an error that came before ActorMiddleware
        return {"shell": None}
    return {"shell": SimpleLazyObject(lambda: PageShell(request)), "actor": request.actor}
