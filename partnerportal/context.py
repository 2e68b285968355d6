"""The data of the shell around every page: navigation, menus and counts.

It is lazy, so that a fragment without a shell costs no query.
"""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from django.conf import settings
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Feature, Kind, Role
from entitlements.queries import waiting_releases, waiting_trials
from notifications.queries import UNREAD_SHOWN, unread_count
from partnerportal.lib.actors import Actor
from partnerportal.lib.formats import listed
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.text import monogram

_address = lru_cache(maxsize=64)(reverse)  # cached, because every page links the same dozen pages


@dataclass
class Item:
    """One entry of the navigation or of a menu. `count` is the number in its badge; 0 draws none."""

    label: str
    icon: str
    url: str
    is_current: bool = False
    count: int = 0


@dataclass
class Section:
    """A group of entries of the navigation, with a heading unless `label` is empty."""

    label: str
    items: list[Item] = field(default_factory=list)


class Shell:
    """The values that the templates of the shell read. Each is computed when a template first asks for it."""

    def __init__(self, request: PortalRequest) -> None:
        self.request = request
        self.actor: Actor = request.actor
        self.switch_url = reverse("organization_switch")
        self.inbox_url = reverse("inbox")

    @cached_property
    def person(self) -> dict[str, str] | None:
        """Return the name and e-mail address of whoever is signed in, else None."""
        user = self.request.user
        return {"name": str(user), "email": user.email} if user.is_authenticated else None

    @cached_property
    def theme(self) -> str:
        return getattr(self.request.user, "theme", "auto")

    @cached_property
    def organization(self) -> dict[str, str] | None:
        """Return the entry of `organizations` that the person acts for now, else None."""
        return next((o for o in self.organizations if o["is_current"]), None)  # type: ignore[return-value]

    @cached_property
    def organizations(self) -> list[dict[str, object]]:
        """Return the organisations that the person may act for, as the switcher shows them."""
        return [
            {
                "name": o.organization.name,
                "kind_label": Kind(o.organization.kind).label,
                "roles_label": listed(Role(role).label for role in o.roles),
                "monogram": monogram(o.organization.name),
                "public_id": str(o.organization.public_id),
                "is_current": o.organization_id == self.actor.organization_id,
            }
            for o in self.request.operators
        ]

    @cached_property
    def unread(self) -> int:
        """Return how many unread notices the organisation has, counted no further than UNREAD_SHOWN + 1."""
        return unread_count(self.actor) if self.actor.organization_id else 0

    @cached_property
    def nav(self) -> list[Section]:
        """Return the navigation that fits the kind and features of the organisation; empty without one."""
        if self.actor.organization_id is None:
            return []
        work = [self._item(_("Overview"), "layout-dashboard", "overview", exact=True)]
        if Feature.CUSTOMER_DASHBOARD in self.actor.features:
            work.append(self._item(_("Customers"), "building-2", "customers"))
            work.append(self._item(_("Usage"), "chart-line", "usage_of_customers"))
        if self.actor.organization_kind == Kind.CUSTOMER:
            work.append(self._item(_("Services"), "package", "services"))
            work.append(self._item(_("Usage"), "chart-line", "usage"))
            work.append(self._item(_("Orders"), "receipt-text", "orders"))
        if Feature.CUSTOMER_DASHBOARD in self.actor.features or self.actor.organization_kind == Kind.CUSTOMER:
            work.append(self._item(_("Renewals"), "calendar-clock", "renewals"))
        if self.actor.organization_kind == Kind.VENDOR:
            trials = waiting_trials(self.actor, UNREAD_SHOWN + 1)
            work.append(self._item(_("Trials"), "flask-conical", "trials", count=trials))
            releases = waiting_releases(self.actor, UNREAD_SHOWN + 1)
            work.append(self._item(_("Licence releases"), "user-minus", "releases", count=releases))
        work.append(self._item(_("Inbox"), "inbox", "inbox", count=self.unread))
        work.append(self._item(_("Exports"), "file-down", "exports"))
        settings_items = [
            self._item(_("Account details"), "building", "account_details"),
            self._item(_("Operators & roles"), "users", "operators"),
        ]
        return [Section("", work), Section(_("Settings"), settings_items)]

    @cached_property
    def user_menu(self) -> list[Item]:
        return [
            self._item(_("Preferences"), "settings-2", "preferences"),
            self._item(_("Two-factor sign-in"), "shield-check", "mfa_index"),
            self._item(_("Password"), "key-round", "account_change_password"),
            self._item(_("Sessions"), "monitor-smartphone", "usersessions_list"),
        ]

    @cached_property
    def jump(self) -> list[Item]:
        """Return every page that the dialog "Search or jump to…" offers."""
        pages = [item for section in self.nav for item in section.items]
        return [*pages, *self.user_menu, self._item(_("Who can do what"), "circle-question-mark", "roles_help")]

    @cached_property
    def exports_url(self) -> str:
        """Return the address that says whether an export is ready; empty unless this browser waits for one."""
        return reverse("exports_news") if self.request.session.get("waits_for_exports") else ""

    @cached_property
    def help_url(self) -> str:
        return reverse("roles_help")

    @cached_property
    def languages(self) -> list[dict[str, object]]:
        """Return the languages that a guest may choose. A person gets none, for theirs is among their preferences."""
        if self.person:
            return []
        return [{"code": c, "name": n, "is_current": c == get_language()} for c, n in settings.LANGUAGES]

    has_font = Path(settings.BASE_DIR, "partnerportal/static/fonts/inter.woff2").exists()

    def _item(self, label: str, icon: str, name: str, *, exact: bool = False, count: int = 0) -> Item:
        url = _address(name)
        path = self.request.path
        return Item(label, icon, url, path == url if exact else path.startswith(url), count)


def shell(request: PortalRequest) -> dict[str, object]:
    """Return what every template gets: the lazy `shell`, and the actor. The shell is None where no actor is known."""
    if not hasattr(request, "actor"):  # the page of an error that came before ActorMiddleware
        return {"shell": None}
    return {"shell": SimpleLazyObject(lambda: Shell(request)), "actor": request.actor}
