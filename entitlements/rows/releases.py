"""Rows of the licences that customers ask to be released, as the vendor's staff see them."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from entitlements.models import LicenceRelease
from partnerportal.lib import formats
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.rows import WaitingTime


@dataclass(frozen=True)
class LicenceReleaseTableRow:
    """A row of the vendor's list of releases: a licence whose release is asked for, or was done.

    It does not name who holds the licence (CC-32).
    """

    customer: str
    org_id: str
    country: str
    service: str
    code: str
    key: str
    key_query: str  # the query with the key, for URLs that mark the licence or take the mark back
    asked: str
    released: str  # empty while it waits
    near: str  # the day of the release, in words while it is recent
    waits: WaitingTime | None  # None once it is released
    by: str  # who released it


def make_licence_release_table_rows(releases: Iterable[LicenceRelease]) -> list[LicenceReleaseTableRow]:
    """Return a LicenceReleaseTableRow for each licence whose release is asked for or was done."""
    return [_release_row(row) for row in releases]


def _release_row(row: LicenceRelease) -> LicenceReleaseTableRow:
    asked, released = formats.format_date(row.asked_at), formats.format_date(row.released_at) if row.released_at else ""
    near = formats.format_relative_time(row.released_at) if row.released_at else ""
    return LicenceReleaseTableRow(
        customer=row.customer_name,
        org_id=row.org_id,
        country=get_country_name(row.country),
        service=row.sku.name,
        code=row.sku.code,
        key=row.key,
        key_query=urlencode({"key": row.key}),
        asked=asked,
        released=released,
        near=near if near != released else "",
        waits=None if row.released_at else WaitingTime.since(row.asked_at),
        by=row.released_by or _("Reported by the feed"),
    )
