"""The vendor's list of what its systems have sent: what its URL asks for, and its rows."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from entitlements.filters import UploadFilterSet
from entitlements.models import IngestUpload
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.feeds import FeedSource, list_feed_sources, list_uploads
from entitlements.rows.feeds import UploadRow, make_upload_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.keyset import fetch_keyset_page_or_first
from partnerportal.lib.list_filters import DAYS, Choices, FilterRange, SeveralValues
from partnerportal.lib.lists import ListColumn, ListDefinition, ListTab
from partnerportal.lib.personal_lists import PersonalizedList


def pair_sources(sources: Iterable[FeedSource]) -> Choices:
    """Return pairs of the public id of a system's token, and its name."""
    return [(str(source.token.public_id), source.token.name) for source in sources]


def list_sources(actor: Actor) -> Choices:
    """Return the systems that send files, or did, by the public ids of their tokens."""
    return pair_sources(list_feed_sources(actor, with_revoked=True))


UPLOADS = ListDefinition(
    key="uploads",
    label=gettext_lazy("Feeds"),
    url_name="feeds",
    rule=(ROLE_TABLE, EntitlementPermission.VIEW_FEEDS),
    columns=(  # each column has its branch in feeds.html
        ListColumn(name="received", label=pgettext_lazy("file", "Received")),
        ListColumn(name="source", label=gettext_lazy("Source")),
        ListColumn(name="kind", label=gettext_lazy("Type")),
        ListColumn(name="lines", label=gettext_lazy("Lines"), css="num"),
        ListColumn(name="errors", label=gettext_lazy("Errors"), css="num"),
        ListColumn(name="state", label=gettext_lazy("Status")),
    ),
    filter_set=UploadFilterSet,
    fields=("source", "kind"),
    ranges=(FilterRange("received_from", "received_to", pgettext_lazy("file", "Received"), DAYS),),
    several={
        "source": SeveralValues(gettext_lazy("Source"), list_sources),
        "kind": SeveralValues.from_choices(gettext_lazy("Type"), IngestUpload.Kind.choices),
    },
)


class UploadList(PersonalizedList):
    """The vendor's list of files that its systems have sent, the latest first."""

    definition = UPLOADS
    tab_filters = ("errors",)

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        filters = UploadFilterSet(params, list_uploads(actor))
        self.filter_values = filters.cleaned_values
        options: dict[str, Any] = {"sort": "id", "descending": True, "size": self.size, "cursor": self.cursor}
        self.page = fetch_keyset_page_or_first(filters.qs, **options)
        self.sources = list_feed_sources(actor, with_revoked=True)

    @cached_property
    def rows(self) -> list[UploadRow]:
        """The rows of the page."""
        return make_upload_rows(self.page.rows)

    def list_choices(self, name: str) -> Choices:
        """Return the choices of the filter by source, which the page has read, or by kind of file."""
        return pair_sources(self.sources) if name == "source" else super().list_choices(name)

    @property
    def source_choices(self) -> Choices:
        """The choices of the filter by source: pairs of the token's public id and name."""
        return self.list_field_choices("source")

    @property
    def kind_choices(self) -> Choices:
        """The choices of the filter by kind of file: pairs of value and label."""
        return self.list_field_choices("kind")

    @property
    def filter_tabs(self) -> list[ListTab]:
        """The tab of all files, and that of files with errors."""
        chosen = bool(self.filter_values.get("errors"))
        return [
            ListTab(pgettext("files", "All"), self.build_url(errors=None, view=""), None, not chosen),
            ListTab(_("With errors"), self.build_url(errors=True, view=""), None, chosen),
        ]
