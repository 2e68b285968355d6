"""The rows of an offer's history: its published versions, and the choices of two to compare."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.models import Offer, OfferVersion

VERSIONS_SHOWN = 100  # the newest; the API has all


@dataclass(frozen=True)
class VersionRow:
    """A published version: its number, when it was published and by whom, and a URL that compares it with the last."""

    number: int
    at: dt.datetime
    person: str
    is_live: bool
    compare_url: str


def make_version_rows(offer: Offer, versions: Iterable[OfferVersion], persons: Mapping[int, str]) -> list[VersionRow]:
    """Return the rows of published versions. `persons` says who published each, by its number."""
    url = reverse("offer_compare", args=[offer.public_id])
    return [
        VersionRow(
            number=number,
            at=version.changed_at,
            person=persons.get(number, ""),
            is_live=version.pk == offer.live_version_id,
            compare_url=f"{url}?from={number - 1}&to={number}" if number > 1 else "",
        )
        for version in versions
        if (number := version.number)
    ]


@dataclass(frozen=True)
class ComparedVersion:
    """One of two versions that are compared: its name in URLs and its label."""

    name: str
    label: str


def make_compared_version(version: OfferVersion) -> ComparedVersion:
    """Return how a version is named where it is compared with another."""
    if version.number is None:
        return ComparedVersion("draft", _("Draft"))
    return ComparedVersion(str(version.number), _("Version %(number)s") % {"number": version.number})


def make_version_choices(offer: Offer, versions: Iterable[OfferVersion]) -> list[tuple[str, str]]:
    """Return the choices of versions to compare: the draft if there is one, and the published ones."""
    names = [ComparedVersion("draft", _("Draft"))] if offer.has_draft else []  # type: ignore[attr-defined]
    names += [make_compared_version(version) for version in versions]
    return [(name.name, name.label) for name in names]
