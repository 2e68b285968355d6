"""The state of the vendor's list of releases: what the address asks for."""

from collections.abc import Mapping
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from entitlements import queries, rows
from entitlements.list_views import Tab
from entitlements.trial_list import COUNTED
from partnerportal.lib.actors import Actor
from partnerportal.lib.paging import Turned, keyset_or_first

PAGE_SIZE = 50


class ReleaseList(Turned):
    """What waits is shown oldest first, what is done newest first. Nonsense in the address falls back."""

    def __init__(self, actor: Actor, asked: Mapping[str, str]) -> None:
        self.actor, self.cursor = actor, asked.get("cursor", "")
        self.is_done = asked.get("view") == "released"
        self.view = "released" if self.is_done else "waiting"
        self.page = keyset_or_first(
            queries.released(actor) if self.is_done else queries.releases(actor),
            sort="released_at" if self.is_done else "asked_at",
            descending=self.is_done,
            size=PAGE_SIZE,
            cursor=self.cursor,
        )
        self.rows = rows.release_rows(self.page.rows)

    @property
    def tabs(self) -> list[Tab]:
        waiting = queries.waiting_releases(self.actor, COUNTED)
        return [
            Tab(label, self.address(view=view), count, view == self.view)
            for view, label, count in (("waiting", _("Waiting"), waiting), ("released", _("Released"), None))
        ]

    def address(self, *, view: str | None = None, cursor: str = "") -> str:
        view = view or self.view
        given = {"view": view if view != "waiting" else "", "cursor": cursor}
        query = urlencode({name: value for name, value in given.items() if value})
        return f"{reverse('releases')}?{query}" if query else reverse("releases")

    @property
    def own_address(self) -> str:
        return self.address(cursor=self.cursor)

    @property
    def export_query(self) -> str:
        return urlencode({"view": self.view})
