"""The list of who holds a licence, for the customer's own Admins (CC-32): what its URL asks for, and its rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from entitlements.filters import LicenceHolderFilterSet
from entitlements.models import LicenseAssignment
from entitlements.queries.usage import list_licence_holders
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.keyset import fetch_keyset_page_or_first
from partnerportal.lib.lists import ListState

SIZE = 50  # rows on a page


@dataclass(frozen=True)
class LicenceHolderTableRow:
    """A row of the list of licence users: a licence, and the person or device that holds it."""

    public_id: str
    holder: str
    is_device: bool
    service: str
    assigned: str
    last_used: str
    is_unused: bool
    asked: str  # the day since which its release is asked for, or empty
    label: str  # of the action that asks for its release


class LicenceHolderList(ListState):
    """The list of licence users as its page shows it. Invalid filters in the URL are ignored.

    It sends one query, and another to count the rows if a filter is set.
    """

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        filters = LicenceHolderFilterSet(params, list_licence_holders(actor))
        holders = filters.qs
        self.filter_values = filters.cleaned_values
        self.cursor = params.get("cursor", "")
        self.page = fetch_keyset_page_or_first(holders, sort="holder", descending=False, size=SIZE, cursor=self.cursor)
        self.rows = make_licence_holder_table_rows(self.page.rows)
        if self.filter_values:
            self.matching = holders.order_by().count()

    @property
    def all_licences_url(self) -> str:
        """The URL of the list with all licences, whether they are used or not."""
        return self.build_url(unused=None)

    @property
    def unused_licences_url(self) -> str:
        """The URL of the list with only the licences that are not used."""
        return self.build_url(unused=True)

    @property
    def shows_unused_only(self) -> bool:
        """Whether the list shows unused licences only."""
        return self.filter_values.get("unused") is True


def make_licence_holder_table_rows(assignments: Iterable[LicenseAssignment]) -> list[LicenceHolderTableRow]:
    """Return a LicenceHolderTableRow for each licence."""
    return [
        LicenceHolderTableRow(
            public_id=str(row.public_id),
            holder=row.holder,
            is_device=row.holder_kind == LicenseAssignment.HolderKind.DEVICE,
            service=row.sku.name,
            assigned=formats.format_date(row.assigned_at),
            last_used=formats.format_relative_time(row.last_used_at) if row.last_used_at else _("Never"),
            is_unused=row.is_unused,
            asked=formats.format_date(row.release_asked_at) if row.release_asked_at else "",
            label=_("Release the licence assigned to %(holder)s") % {"holder": row.holder},
        )
        for row in assignments
    ]
