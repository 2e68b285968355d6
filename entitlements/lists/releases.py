"""The vendor's list of licences to release: what its address asks for, and its rows."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from entitlements.lists.requests import COUNTED, WAITING, RequestList
from entitlements.queries.releases import count_waiting_releases, list_released_licences, list_releases
from entitlements.rows.releases import release_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.keyset import keyset_page_or_first

PAGE_SIZE = 50  # rows on a page


class ReleaseList(RequestList):
    """The state of the list of releases. Licences that wait come oldest first, released ones newest first."""

    url_name = "releases"

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        self.actor, self.cursor = actor, params.get("cursor", "")
        self.is_done = params.get("view") == "released"
        self.view = "released" if self.is_done else WAITING
        self.page = keyset_page_or_first(
            list_released_licences(actor) if self.is_done else list_releases(actor),
            sort="released_at" if self.is_done else "asked_at",
            descending=self.is_done,
            size=PAGE_SIZE,
            cursor=self.cursor,
        )
        self.rows = release_rows(self.page.rows)

    @property
    def labels(self) -> dict[str, str]:
        return {WAITING: _("Waiting"), "released": _("Released")}

    @property
    def waiting(self) -> int:
        return count_waiting_releases(self.actor, COUNTED)
